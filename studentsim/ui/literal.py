"""Streamlit's text elements for plain text: whatever others wrote is shown literally, never as Markdown.

Each takes one or several sentences, joined by blanks; where all of them are blank it shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from studentsim.labels.formatting import escape_markdown


def _render(element: Callable[..., object], *sentences: str, **options: Any) -> None:
    """``element`` (of ``st``) with the joined sentences, escaped; ``options`` are the element's own."""
    if text := " ".join(filter(None, sentences)):
        element(escape_markdown(text), **options)


markdown, caption, info, warning = (
    partial(_render, element) for element in (st.markdown, st.caption, st.info, st.warning)
)
header, subheader = (partial(_render, element, anchor=False) for element in (st.header, st.subheader))


def link(
    page: str, label: str, icon: str | None = None, params: Mapping[str, str] | None = None, **options: Any
) -> None:
    """A link to a page with these query parameters; ``options`` are those of ``st.page_link``."""
    st.page_link(page, label=escape_markdown(label), icon=icon, query_params=params and dict(params), **options)
