"""Streamlit's text elements for plain text: whatever others wrote is shown literally, never as Markdown.

Each takes one or several sentences, joined by blanks; where all of them are blank it shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from studentsim.labels.formatting import escape_markdown, format_working
from studentsim.ui.glossary import term_help


def _render(element: Callable[..., object], *sentences: str, term: str = "", **options: Any) -> None:
    """``element`` (of ``st``) with the joined sentences, escaped; ``term`` of the glossary is its help, ``options`` are its own."""
    if text := " ".join(filter(None, sentences)):
        element(escape_markdown(text), **({"help": term_help(term)} if term else {}), **options)


markdown, caption, info, warning = (
    partial(_render, element) for element in (st.markdown, st.caption, st.info, st.warning)
)
header, subheader = (partial(_render, element, anchor=False) for element in (st.header, st.subheader))


def bold(text: str, **options: Any) -> None:
    """A line in bold."""
    st.markdown(f"**{escape_markdown(text)}**", **options)


def checked(text: str) -> None:
    """A line after a check mark."""
    st.markdown(f":material/check: {escape_markdown(text)}")


def code(text: str) -> None:
    """A text with its line breaks, in a box; long lines wrap."""
    st.code(text, language=None, wrap_lines=True)


def working(text: str) -> None:
    """A bank's working of a question."""
    code(format_working(text))


def link(
    page: str, label: str, icon: str | None = None, params: Mapping[str, str] | None = None, **options: Any
) -> None:
    """A link to a page with these query parameters; ``options`` are those of ``st.page_link``."""
    st.page_link(page, label=escape_markdown(label), icon=icon, query_params=params and dict(params), **options)
