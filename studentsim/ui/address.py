"""The address in the browser, kept true to what is shown.

In Streamlit 1.67 a page link that leads to the page it stands on hands its parameters to the script but leaves the browser's
address as it was: a copied link would show something else, and Back would skip the step. Writing the parameters again mends
both; where the address is right already nothing happens.
"""

from __future__ import annotations

import streamlit as st

_KEY = "address.last"


def keep() -> None:
    """Bring the browser's address up to date. For a page with links to itself; called once, before anything reads the link.

    On a visit's first page nothing is written: an address that somebody wrote by hand may spell the same parameters
    otherwise, and a second spelling would hold up the Back button.
    """
    now = {name: st.query_params.get_all(name) for name in st.query_params}
    before = st.session_state.get(_KEY)
    st.session_state[_KEY] = now
    if before is not None and before != now:
        st.query_params.from_dict(now)
