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


def into_view(what: str, *, key: str) -> None:
    """Brings this place into sight when it stands for another ``what`` than before; where it is in sight nothing happens."""
    _mounted()(key=key, data={"what": what}, height=1)


def top_of(place: str) -> None:
    """Here begins a page that shows this place: it is brought into sight when the visit comes from another place, on whatever page."""
    _mounted()(key="top", data={"what": place, "page": True}, height=1)


@st.cache_resource
def _mounted():
    return st.components.v2.component("studentsim_into_view", js=JS, isolate_styles=False)
