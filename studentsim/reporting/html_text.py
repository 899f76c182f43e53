"""Text into HTML: everything a bank, a student or a user wrote goes through here."""

from __future__ import annotations

import html
import re

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

LONG_WORD_CHARS = 24
"""A word of more characters may be broken in a table; others keep their column wide enough."""


def escape_html(text: object) -> str:
    """``text`` so that a browser shows it as it is, in an element or in a quoted attribute."""
    return html.escape(_CONTROL_CHARACTERS.sub("\ufffd", str(text)), quote=True)


def inline_html(text: object) -> str:
    """The same within a sentence of ours; its writing direction is its own and spills over nothing."""
    return f"<bdi>{escape_html(text)}</bdi>"


def paragraph_html(text: object, css_class: str = "") -> str:
    """A paragraph of its own."""
    return (
        f'<p dir="auto" class="{css_class}">{escape_html(text)}</p>'
        if css_class
        else f'<p dir="auto">{escape_html(text)}</p>'
    )


def table_html(
    headings: list[str], rows: list[list[object]], *, caption: str, numeric_columns: frozenset[int] = frozenset()
) -> str:
    """A table of plain texts; columns in ``numeric_columns`` are set to the right. A cell that is ``Html`` stands as it is."""

    def cell_html(value: object, i: int, tag: str) -> str:
        long = any(len(word) > LONG_WORD_CHARS for word in str(value).split())
        css = ' class="n"' if i in numeric_columns else ' class="t"' if long and not isinstance(value, Html) else ""
        scope = ' scope="col"' if tag == "th" else ""
        return f"<{tag}{scope}{css}>{value if isinstance(value, Html) else inline_html(value)}</{tag}>"

    head_html = "".join(cell_html(name, i, "th") for i, name in enumerate(headings))
    body_html = "".join(f"<tr>{''.join(cell_html(v, i, 'td') for i, v in enumerate(row))}</tr>" for row in rows)
    return f"<table><caption>{escape_html(caption)}</caption><thead><tr>{head_html}</tr></thead><tbody>{body_html}</tbody></table>"


class Html(str):
    """Text that is HTML already, made by this package."""
