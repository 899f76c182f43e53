"""Home: what the product is, the recorded studies, one button that starts a run with the default settings, and the list of runs.

streamlit run app.py
"""

from __future__ import annotations

import streamlit as st

from studentsim.config import RunConfig
from studentsim.labels import language_models
from studentsim.ui import components, data, layout, literal
from studentsim.ui.home import rows, study

with layout.page_frame("Home") as engine:
    components.render_page_title("Watch a student learn")
    st.markdown(
        "A small language model plays a student: it answers multiple-choice maths questions, is marked, and learns from its own "
        "mistakes. Every second lesson it sits the same exam, of questions it has never practised, so you can see what practice changed. "
        "Try ways of choosing the practice questions, and see which one teaches better."
    )
    # fixed widths: the row wraps before its links are drawn as it does afterwards, so that nothing below jumps
    with components.row("medium"):
        run_id = components.render_start_button(
            "Watch a student learn",
            lambda token: data.start_run(engine, RunConfig(), token),
            key="home.start",
            width=300,
        )
        literal.link(layout.WATCH_PAGE, "Start a race", ":material/flag:", {"race": "new"}, width=140)
        literal.link(layout.NEW_SIMULATION_PAGE, "Choose everything yourself", ":material/tune:", width=230)
        for entry in language_models.list_models():
            label = f"Let {entry.title} learn, a real language model"
            literal.link(layout.NEW_SIMULATION_PAGE, label, ":material/forum:", {"model": entry.name}, width=340)
    if run_id:
        st.switch_page(layout.WATCH_PAGE, query_params={"run": run_id})

    with st.spinner("Reading what the simulations wrote …"):
        runs = data.list_recent_runs(engine, limit=rows.MAX_RUNS)
    local_runs = [run for run in runs if not run.recorded_label]
    if local_runs:
        rows.render_recent_runs(engine, local_runs, runs)
    study.render_studies(engine, [run for run in runs if run.recorded_label])
    if not local_runs:
        rows.render_recent_runs(engine, local_runs, runs)
