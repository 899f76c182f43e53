"""Home: what this is, a recorded study to look at, one button that starts a run with nothing to set, and the runs there are.

streamlit run app.py
"""

from __future__ import annotations

import streamlit as st

from studentsim.config import RunConfig
from studentsim.ui import components, data, language_models, shell
from studentsim.ui.home import rows, study

with shell.page("Home") as engine:
    components.page_title("Watch a student learn")
    st.markdown(
        "A small language model plays a student: it answers multiple-choice maths questions, is marked, and learns from its own "
        "mistakes. Every second lesson it sits the same exam, of questions it has never practised, so you can see what practice changed. "
        "Try ways of choosing the practice questions, and see which one teaches better."
    )
    # widths that are known beforehand: the row then wraps before its links are drawn as it does afterwards, and nothing below jumps
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        run_id = components.start_button(
            "Watch a student learn", lambda token: data.start(engine, RunConfig(), token), key="home.start", width=300
        )
        st.page_link(shell.WATCH, label="Start a race", icon=":material/flag:", query_params={"race": "new"}, width=140)
        st.page_link(shell.NEW, label="Choose everything yourself", icon=":material/tune:", width=230)
        for entry in language_models.offered():
            label = f"Let {entry.title} learn, a real language model"
            st.page_link(shell.NEW, label=label, icon=":material/forum:", query_params={"model": entry.name}, width=340)
    if run_id:
        st.switch_page(shell.WATCH, query_params={"run": run_id})

    with st.spinner("Reading what the simulations wrote …"):
        runs = data.recent(engine, limit=rows.ALL)
    own = [run for run in runs if not run.recorded]
    if own:
        rows.recent(engine, own, runs)
    study.study(engine, [run for run in runs if run.recorded])
    if not own:
        rows.recent(engine, own, runs)
