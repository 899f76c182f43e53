"""A complete HTML file around sections, without scripts or external resources; its content security policy forbids both."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from studentsim.reporting.html_text import escape_html
from studentsim.reporting.style import CSS


def document_html(title: str, sections: Sequence[str]) -> str:
    """The file's text; ``title`` is plain text, ``sections`` are HTML made by this package."""
    style_hash = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style_hash}'; base-uri 'none'; form-action 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape_html(title)}</title>\n<style>{CSS}</style>\n</head>\n<body>\n"
        + "\n".join(sections)
        + "\n</body>\n</html>\n"
    )
