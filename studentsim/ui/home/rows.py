"""The runs on Home: each with its state, its exams as a small line, and a menu."""

from __future__ import annotations

import time

import streamlit as st

from studentsim.config import RunConfig
from studentsim.ui import charts, components, data, sentences, words
from studentsim.ui.cards import RunCard
from studentsim.ui.shell import NEW, WATCH
from studentsim.ui.still import still

ALL, FIRST = 1000, 5
"""Most runs that are listed at all, and how many of them without being asked."""
AGAIN, DELETE = "Run again with changes", "Delete"


def recent(engine: data.Engine, runs: list[RunCard]) -> None:
    """The runs made here, newest first; the older ones folded away."""
    st.header("Recent simulations", anchor=False)
    if not runs:
        st.info(
            f"You have not run a simulation yet. *Watch a student learn* starts one. {_takes(engine)}",
            icon=":material/info:",
        )
    for run in runs[:FIRST]:
        row(engine, run)
    if older := runs[FIRST:]:
        fold = st.expander(f"{words.plural(len(older), 'earlier simulation')}", key="home.older", on_change="rerun")
        if fold.open:
            with fold:
                for run in older:
                    row(engine, run)


def _takes(engine: data.Engine) -> str:
    """How long the run takes that Home starts: the same estimate as on New simulation."""
    guess = data.estimate(engine, RunConfig())
    return sentences.estimate(guess.low, guess.high, guess.runs)


def row(engine: data.Engine, run: RunCard) -> None:
    """One run: what it is, its last exam, its exams as a small line, its state, and what can be done with it."""
    student, _, way = run.title.partition(": ")  # a name of one's own holds no colon
    with st.container(border=True):
        about, standing = st.columns([3, 1], vertical_alignment="center")
        with about.container(gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                label = words.capital(way) if way else run.title
                st.page_link(WATCH, label=words.literal(label), query_params={"run": run.run_id})
                components.status_badge(run.status)
            st.caption(words.literal(_told(run, student if way else "")))
        with standing.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
            if len(run.accuracies) > 1:
                _spark(run)
            _menu(engine, run)


def _told(run: RunCard, student: str) -> str:
    lessons = "" if run.status == "finished" else f"lesson {run.turn} of {run.turns}"
    when = run.recorded or words.ago(time.time() - run.started)
    return " · ".join(filter(None, [student, run.exam, lessons, when, run.student_version]))


def _spark(run: RunCard) -> None:
    told = ", ".join(str(words.hundred(a)) for a in run.accuracies)
    with st.container(width=120):
        sketch = charts.spark(run.accuracies, run.strategy)
        still(sketch, key=f"home.spark.{run.run_id}", alt=f"Right answers of 100, exam by exam: {told}")


def _menu(engine: data.Engine, run: RunCard) -> None:
    chosen = st.menu_button(
        "More",
        [AGAIN, DELETE],
        key=f"home.more.{run.run_id}",
        type="tertiary",
    )
    if chosen == AGAIN:
        st.switch_page(NEW, query_params={"like": run.run_id})
    if chosen == DELETE:
        _confirm(engine, run)


@st.dialog("Delete this simulation?", icon=":material/delete:")
def _confirm(engine: data.Engine, run: RunCard) -> None:
    st.text(run.title)
    if run.status in words.AT_WORK:
        st.markdown("It is at work. Stop it first: open it, then *Stop for good*.")
        return
    st.markdown("Its answers, exams and everything it learnt are removed from this computer. Nothing brings them back.")
    with st.container(horizontal=True):
        if st.button(
            "Delete for good",
            type="primary",
            icon=":material/delete:",
            key="home.delete",
            on_click=data.act,
            args=(engine, "delete", run.run_id),
        ):
            data.forget(run.run_id)
            st.rerun()
        if st.button("Keep it", key="home.keep"):
            st.rerun()
