"""Text to HTML: everything a dataset, a student or a user wrote is escaped here."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

LONG_WORD_CHARS = 24
"""A longer word may be broken in a table cell; shorter ones widen their column."""


def escape_html(text: object) -> str:
    """``text`` escaped for an element or a quoted attribute; control characters become U+FFFD."""
    return html.escape(_CONTROL_CHARACTERS.sub("\ufffd", str(text)), quote=True)


def inline_html(text: object) -> str:
    """The same for use within a sentence: ``<bdi>`` isolates its writing direction."""
    return f"<bdi>{escape_html(text)}</bdi>"


def paragraph_html(text: object, css_class: str = "") -> str:
    """A paragraph of plain text."""
    class_html = f' class="{css_class}"' if css_class else ""
    return f'<p dir="auto"{class_html}>{escape_html(text)}</p>'


def paragraphs_html(*texts: str, css_class: str = "") -> str:
    """A paragraph of each text that is not blank."""
    return "".join(paragraph_html(text, css_class) for text in texts if text)


def definitions_html(entries: Iterable[tuple[str, str]], css_class: str = "") -> str:
    """A list of terms (plain text), each with its definition (HTML)."""
    items = "".join(f"<dt>{escape_html(term)}</dt><dd>{definition}</dd>" for term, definition in entries)
    class_html = f' class="{css_class}"' if css_class else ""
    return f"<dl{class_html}>{items}</dl>"


def table_html(
    headings: list[str], rows: list[list[object]], *, caption: str, numeric_columns: frozenset[int] = frozenset()
) -> str:
    """A table of plain texts; columns in ``numeric_columns`` are right-aligned. A cell that is ``Html`` is not escaped."""

    def cell_html(value: object, i: int, tag: str) -> str:
        is_long = any(len(word) > LONG_WORD_CHARS for word in str(value).split())
        css = ' class="n"' if i in numeric_columns else ' class="t"' if is_long and not isinstance(value, Html) else ""
        scope = ' scope="col"' if tag == "th" else ""
        return f"<{tag}{scope}{css}>{value if isinstance(value, Html) else inline_html(value)}</{tag}>"

    head_html = "".join(cell_html(name, i, "th") for i, name in enumerate(headings))
    body_html = "".join(f"<tr>{''.join(cell_html(v, i, 'td') for i, v in enumerate(row))}</tr>" for row in rows)
    return f"<table><caption>{escape_html(caption)}</caption><thead><tr>{head_html}</tr></thead><tbody>{body_html}</tbody></table>"


def section_html(title: str, *blocks: str) -> str:
    """A section under its heading; ``title`` is plain text, ``blocks`` are HTML."""
    return f"<section>\n<h2>{escape_html(title)}</h2>\n{''.join(blocks)}\n</section>"


class Html(str):
    """Text that is HTML already, made by this package."""
