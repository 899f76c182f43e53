"""Scrolls to what has just opened, where it came up out of sight: on a narrow window a card stands above the list it was opened from."""

from __future__ import annotations

import streamlit as st

JS = """
export default function ({ data, parentElement }) {
  if (parentElement.dataset.shown === data.what) return;
  parentElement.dataset.shown = data.what;
  parentElement.style.scrollMargin = "5rem 0 30vh"; // clear of the page's header, and with a beginning of what follows
  requestAnimationFrame(() => parentElement.scrollIntoView({ block: "nearest" }));
}
"""


def into_view(what: str, *, key: str) -> None:
    """Brings this place into sight when it stands for another ``what`` than before; where it is in sight nothing happens."""
    _mounted()(key=key, data={"what": what}, height=1)


@st.cache_resource
def _mounted():
    return st.components.v2.component("studentsim_into_view", js=JS, isolate_styles=False)
