"""The address in the browser, kept true to what is shown.

In Streamlit 1.67 a page link that leads to the page it stands on hands its parameters to the script but leaves the browser's
address as it was: a copied link would show something else, and Back would skip the step. Writing the parameters again mends
both; where the address is right already nothing happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import streamlit as st
from streamlit.errors import StreamlitAPIException

_LAST_URL_KEY = "address.last"


def sync_browser_url(page: str) -> None:
    """Bring the browser's address up to date; called once on each page, before anything reads the link.

    Only on a page that was shown before, too. On a visit's first page somebody may have spelt the parameters otherwise by hand, and a
    second spelling would hold up the Back button. A link from another page has set the address itself; what was written again here
    would reach a browser that has meanwhile gone back as the parameters of the page it is on then.
    """
    params = {name: st.query_params.get_all(name) for name in st.query_params}
    previous = st.session_state.get(_LAST_URL_KEY)
    st.session_state[_LAST_URL_KEY] = (page, params)
    if previous is not None and previous != (page, params) and previous[0] == page:
        _rewrite_params(params)


def _rewrite_params(params: Mapping[str, list[str]]) -> None:
    """The whole address, by one parameter of it: those that a widget is bound to are the widget's to write, and may not be written."""
    for name, values in params.items():
        with suppress(StreamlitAPIException):
            st.query_params[name] = values
            return
    if not params:
        st.query_params.from_dict({})
