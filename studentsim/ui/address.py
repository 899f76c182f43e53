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

_KEY = "address.last"


def keep(page: str) -> None:
    """Bring the browser's address up to date; called once on each page, before anything reads the link.

    Only on a page that was shown before, too. On a visit's first page somebody may have spelt the parameters otherwise by hand, and a
    second spelling would hold up the Back button. A link from another page has set the address itself; what was written again here
    would reach a browser that has meanwhile gone back as the parameters of the page it is on then.
    """
    now = {name: st.query_params.get_all(name) for name in st.query_params}
    before = st.session_state.get(_KEY)
    st.session_state[_KEY] = (page, now)
    if before is not None and before != (page, now) and before[0] == page:
        _write_again(now)


def _write_again(now: Mapping[str, list[str]]) -> None:
    """The whole address, by one parameter of it: those that a widget is bound to are the widget's to write, and may not be written."""
    for name, values in now.items():
        with suppress(StreamlitAPIException):
            st.query_params[name] = values
            return
    if not now:
        st.query_params.from_dict({})
