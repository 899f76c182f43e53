"""Keeps the browser's URL in step with what is shown.

In Streamlit 1.67 a page link to the page it is on passes its parameters to the script but leaves the browser's URL unchanged: a
copied link would show something else, and Back would skip the step. Writing the parameters again fixes both; where the URL is
right already it does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import streamlit as st
from streamlit.errors import StreamlitAPIException

_LAST_URL_KEY = "address.last"


def sync_browser_url(page: str) -> None:
    """Update the browser's URL; called once on each page, before anything reads the link.

    Only where the same page was shown before. On a session's first page the parameters may be spelt differently by hand, and a second
    spelling would block the Back button. A link from another page has set the URL itself; parameters written again here would reach a
    browser that has meanwhile gone back, as those of another page.
    """
    params = {name: st.query_params.get_all(name) for name in st.query_params}
    previous = st.session_state.get(_LAST_URL_KEY)
    st.session_state[_LAST_URL_KEY] = (page, params)
    if previous is not None and previous != (page, params) and previous[0] == page:
        _rewrite_params(params)


def _rewrite_params(params: Mapping[str, list[str]]) -> None:
    """Write the whole URL by writing one parameter; those bound to a widget may not be written, so the first other one."""
    for name, values in params.items():
        with suppress(StreamlitAPIException):
            st.query_params[name] = values
            return
    if not params:
        st.query_params.from_dict({})
