"""Scrolls to what has just opened, where it came up out of sight: on a narrow window a card stands above the list it was opened from,
and a page that goes on to another place would keep its scroll position.
"""

from __future__ import annotations

import streamlit as st

JS = """
export default function ({ data, parentElement }) {
  const told = data.page ? (window.studentsimPlace ??= {}) : parentElement.dataset; // a page's outlives the element
  if (told.shown === data.what) return;
  told.shown = data.what;
  parentElement.style.scrollMargin = "5rem 0 30vh"; // clear of the page's header, and with a beginning of what follows
  requestAnimationFrame(() => parentElement.scrollIntoView({ block: "nearest" }));
}
"""


def scroll_into_view(target_id: str, *, key: str) -> None:
    """Brings this place into sight when it stands for another ``target_id`` than before; where it is in sight nothing happens."""
    _scroll_component()(key=key, data={"what": target_id}, height=1)


def scroll_to_top(page_id: str) -> None:
    """Here begins a page that shows this place: it is brought into sight when the visit comes from another place, on whatever page."""
    _scroll_component()(key="top", data={"what": page_id, "page": True}, height=1)


@st.cache_resource
def _scroll_component():
    return st.components.v2.component("studentsim_into_view", js=JS, isolate_styles=False)
