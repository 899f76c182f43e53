"""What will happen, how long it takes, and Start: pinned to the window's lower edge, so that it is in sight wherever one is in the form."""

from __future__ import annotations

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.ui import components, data, repeat, words
from studentsim.ui.new import beside, model_check
from studentsim.ui.new import estimate as estimates
from studentsim.ui.new.form import Form
from studentsim.ui.shell import WATCH
from studentsim.ui.teaching import names


def start(engine: data.Engine, form: Form) -> str | None:
    """Start, with what it will do and how long that takes; the run's id once started. In the form's own end it is told in full."""
    told, run_id = st.container(), None
    with st.bottom, st.container(horizontal=True, vertical_alignment="center"):
        button = st.container(width="content")
        short = st.container(gap="xsmall", width="stretch")
        with short:
            form.under("start", "Start")
        config = form.config()
        try:
            with button:
                run_id = components.start_button(
                    "Start", lambda token: data.start(engine, config, token), key="new.start", disabled=config is None
                )
        except StudentsimError as error:
            form.show(error)
        guess = None
        if config is not None:
            guess = data.estimate(engine, config)
            short.caption(words.literal(f"{_length(config)}. {model_check.brief_estimate(config, guess)}".rstrip()))
            with told.container(border=True, gap="xsmall"):
                st.markdown(f"**{words.literal(_summary(config))}**")
                st.markdown(_estimate(engine, config, guess))
        with told:
            _repeat(engine, form, [config] if config else [], [guess] if guess else [])
    return run_id


def _repeat(engine: data.Engine, form: Form, configs: list[RunConfig], guesses: list[estimates.Estimate]) -> None:
    """The same with several seeds; leads to Compare once begun."""
    others = beside.now()
    try:
        group = repeat.offer(engine, configs, key="new", guesses=guesses, like=others.seeds)
    except StudentsimError as error:
        form.show(error)
        return
    if group:
        repeat.go_to(group, *others.names)


def go_to(run_id: str) -> None:
    """Leave for what was started: on Watch, or on Compare where it is to stand beside others."""
    if others := beside.now().names:
        repeat.go_to(run_id, *others)
    st.switch_page(WATCH, query_params={"run": run_id})


def _length(config: RunConfig) -> str:
    exams = words.plural(len(config.exam_turns()), "exam")
    lessons = words.plural(config.turns, "lesson")
    return f"{lessons} of {words.plural(config.questions, 'question')}, {exams} of {config.exam:,}"


def _summary(config: RunConfig) -> str:
    return f"{words.student(config)}, {words.way(config)}: {_length(config)}" + "".join(
        f"; {said}" for said in names.extras(names.of(config))
    )


def _estimate(engine: data.Engine, config: RunConfig, guess: estimates.Estimate) -> str:
    text = f"{model_check.estimate(config, guess)} It goes on if you close the page."
    return f"{text} {data.others_first(engine)}".rstrip()
