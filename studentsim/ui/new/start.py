"""The end of the form: what will happen, how long it takes, and Start."""

from __future__ import annotations

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.ui import components, data, sentences, words
from studentsim.ui.looks import look
from studentsim.ui.new.form import Form


def start(engine: data.Engine, form: Form) -> str | None:
    """Start, with what it will do and how long that takes; the run's id once started."""
    with st.container(border=True):
        said = st.container()
        form.under("start", "Start")
        config = form.config()
        with said:
            if config is not None:
                st.markdown(f"**{words.literal(_summary(config))}**")
            with st.container(horizontal=True, vertical_alignment="center"):
                try:
                    run_id = components.start_button(
                        "Start",
                        lambda token: data.start(engine, config, token),
                        key="new.start",
                        disabled=config is None,
                    )
                except StudentsimError as error:
                    run_id = None
                    form.show(error)
                if config is not None:
                    st.markdown(_estimate(engine, config), width="content")
    return run_id


def _summary(config: RunConfig) -> str:
    exams = words.plural(len(config.exam_turns()), "exam")
    return (
        f"{words.student(config)}, {look(config.strategy).name.lower()}: {words.plural(config.turns, 'lesson')} of "
        f"{words.plural(config.questions, 'question')}, {exams} of {config.exam:,}"
    )


def _estimate(engine: data.Engine, config: RunConfig) -> str:
    seconds, measured = data.estimate(engine, config)
    text = sentences.estimate(seconds, measured=measured, exams=len(config.exam_turns()))
    at_work = sum(state.live for state in engine.manager.states().values())
    wait = f" {words.plural(at_work, 'simulation')} at work: this one starts when there is room."
    return text + (wait if at_work >= engine.manager.limit else "")
