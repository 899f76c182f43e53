"""Scrolls to what has just opened: on a narrow window a card appears above the list it was opened from, and a page that goes on
to show something else would keep its scroll position.
"""

from __future__ import annotations

import streamlit as st

JS = """
export default function ({ data, parentElement }) {
  const state = data.page ? (window.studentsimPlace ??= {}) : parentElement.dataset; // a page's outlives the element
  if (state.shown === data.what) return;
  state.shown = data.what;
  parentElement.style.scrollMargin = "5rem 0 30vh"; // clear of the page's header, and with a beginning of what follows
  requestAnimationFrame(() => parentElement.scrollIntoView({ block: "nearest" }));
}
"""


def scroll_into_view(target_id: str, *, key: str) -> None:
    """Scroll here when ``target_id`` has changed; nothing happens where it is in view already."""
    _scroll_component()(key=key, data={"what": target_id}, height=1)


def scroll_to_top(page_id: str) -> None:
    """Mark the top of a page; scroll here when the session last showed another ``page_id``."""
    _scroll_component()(key="top", data={"what": page_id, "page": True}, height=1)


@st.cache_resource
def _scroll_component():
    return st.components.v2.component("studentsim_into_view", js=JS, isolate_styles=False)
