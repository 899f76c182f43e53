"""New simulation: student, way of choosing, category mix, length; then Start."""

from __future__ import annotations

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.ui import components, data, sentences, shell
from studentsim.ui.new import category_mix, form

with shell.page("New simulation") as engine:
    slots = form.Slots()
    st.title("New simulation")
    st.markdown(
        "Four choices, each with a sensible answer already made. Change what you are curious about, then start."
    )

    st.header("1. Which student?")
    settings = form.student(slots)
    st.header("2. How are its practice questions chosen?")
    settings |= form.strategy(slots)
    st.header("3. From which categories?")
    settings |= category_mix.category_mix(slots)
    st.header("4. For how long?")
    settings |= form.length(slots)
    settings |= form.advanced(slots)

    try:
        config, wrong = RunConfig.make(**settings), None
    except ConfigError as error:
        config, wrong = None, error
    with st.container(horizontal=True, vertical_alignment="center"):
        try:
            run_id = components.start_button(
                "Start", lambda token: data.start(engine, config, token), key="new.start", disabled=config is None
            )
        except ConfigError as error:
            run_id, wrong = None, error
        if config is not None:
            seconds, measured = data.estimate(engine, config)
            st.markdown(sentences.estimate(seconds, measured=measured, exams=len(config.exam_turns())))
    slots.under("start")
    if wrong:
        slots.show(wrong)
    if run_id:
        st.switch_page(shell.WATCH, query_params={"run": run_id})
