"""The end of the form: what will happen, how long it takes, and Start."""

from __future__ import annotations

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.ui import components, data, repeat, words
from studentsim.ui.new import estimate as estimates
from studentsim.ui.new import model_check
from studentsim.ui.new.form import Form
from studentsim.ui.teaching import names


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
                guess = data.estimate(engine, config) if config is not None else None
                if config is not None and guess is not None:
                    st.markdown(_estimate(engine, config, guess), width="content")
            _repeat(engine, form, config, guess)
    return run_id


def _repeat(engine: data.Engine, form: Form, config: RunConfig | None, guess: estimates.Estimate | None) -> None:
    """The same with several seeds; leads to Compare once begun."""
    try:
        racers, guesses = ([config], [guess]) if config is not None and guess is not None else ([], [])
        group = repeat.offer(engine, racers, key="new", guesses=guesses)
    except StudentsimError as error:
        form.show(error)
        return
    if group:
        repeat.go_to(group)


def _summary(config: RunConfig) -> str:
    exams = words.plural(len(config.exam_turns()), "exam")
    return (
        f"{words.student(config)}, {words.way(config)}: {words.plural(config.turns, 'lesson')} of "
        f"{words.plural(config.questions, 'question')}, {exams} of {config.exam:,}"
        + "".join(f"; {said}" for said in names.extras(names.of(config)))
    )


def _estimate(engine: data.Engine, config: RunConfig, guess: estimates.Estimate) -> str:
    text = f"{model_check.estimate(config, guess)} It goes on if you close the page."
    at_work = sum(state.live for state in engine.manager.states().values())
    if not at_work:
        return text
    full = at_work >= engine.manager.limit
    wait = "this one starts when there is room" if full else "beside it this one takes longer"
    return f"{text} {words.plural(at_work, 'simulation')} at work: {wait}."
