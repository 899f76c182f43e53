"""Home: what this is, one button that starts a run with nothing to set, and the runs there are.

streamlit run app.py
"""

from __future__ import annotations

import streamlit as st

from studentsim.config import RunConfig
from studentsim.ui import components, data, shell

with shell.page("Home") as engine:
    st.title("Watch a student learn")
    st.markdown(
        "A small language model plays a student: it answers multiple-choice maths questions, is marked, and learns from its own "
        "mistakes. Every second lesson it sits an exam of questions it has never seen, so you can see what practice changed. "
        "Try ways of choosing the practice questions, and see which one teaches better."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        run_id = components.start_button(
            "Watch a student learn", lambda token: data.start(engine, RunConfig(), token), key="home.start"
        )
        st.page_link(shell.NEW, label="or choose everything yourself", icon=":material/tune:")
    if run_id:
        st.switch_page(shell.WATCH, query_params={"run": run_id})

    st.header("Recent simulations")
    runs = data.recent(engine, limit=8)
    if not runs:
        st.info(
            "There is no simulation yet. The button above starts one; it takes about a minute.", icon=":material/info:"
        )
    for run in runs:
        components.run_row(run, page=shell.WATCH)
