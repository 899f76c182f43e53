"""Text into HTML: everything a bank, a student or a user wrote goes through here."""

from __future__ import annotations

import html
import re

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

LONG_WORD = 24
"""A word of more characters may be broken in a table; others keep their column wide enough."""


def escape(text: object) -> str:
    """``text`` so that a browser shows it as it is, in an element or in a quoted attribute."""
    return html.escape(_CONTROL.sub("\ufffd", str(text)), quote=True)


def inline(text: object) -> str:
    """The same within a sentence of ours; its writing direction is its own and spills over nothing."""
    return f"<bdi>{escape(text)}</bdi>"


def paragraph(text: object, css: str = "") -> str:
    """A paragraph of its own."""
    return f'<p dir="auto" class="{css}">{escape(text)}</p>' if css else f'<p dir="auto">{escape(text)}</p>'


def table(head: list[str], rows: list[list[object]], *, caption: str, numbers: frozenset[int] = frozenset()) -> str:
    """A table of plain texts; columns in ``numbers`` are set to the right. A cell that is ``Html`` stands as it is."""

    def cell(value: object, i: int, tag: str) -> str:
        long = any(len(word) > LONG_WORD for word in str(value).split())
        css = ' class="n"' if i in numbers else ' class="t"' if long and not isinstance(value, Html) else ""
        scope = ' scope="col"' if tag == "th" else ""
        return f"<{tag}{scope}{css}>{value if isinstance(value, Html) else inline(value)}</{tag}>"

    top = "".join(cell(name, i, "th") for i, name in enumerate(head))
    body = "".join(f"<tr>{''.join(cell(v, i, 'td') for i, v in enumerate(row))}</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


class Html(str):
    """Text that is HTML already, made by this package."""
