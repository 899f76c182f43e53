"""The runs on Home: each with its state, its exams as a small line, and a menu; runs that were started together as one."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from studentsim.config import RunConfig
from studentsim.ui import charts, components, data, sentences, words
from studentsim.ui.cards import RunCard
from studentsim.ui.home import deleting, filters, groups, saying, ticks
from studentsim.ui.shell import COMPARE, NEW, WATCH
from studentsim.ui.still import still

ALL, FIRST, FOUND = 1000, 5, 30
"""Most runs that are listed at all; how many rows of them without being asked, and how many where the list was narrowed."""
AGAIN, MORE, WORDS, DOWNLOAD, DELETE = (
    "Run again with changes", "Repeat with more seeds", "Name, tags and note", "Download everything", "Delete",
)  # fmt: skip
NOTE = 160
"""Characters of a note that its row shows."""


def recent(engine: data.Engine, runs: Sequence[RunCard], every: Sequence[RunCard]) -> None:
    """The runs made here, newest first; the older ones folded away. ``every`` run there is may be ticked."""
    st.header("Recent simulations", anchor=False)
    if not runs:
        st.info(
            f"You have not run a simulation yet. *Watch a student learn* starts one. {_takes(engine)}",
            icon=":material/info:",
        )
        return
    asked = filters.asked(runs, shown=len(runs) > FIRST)
    found = filters.narrowed(runs, asked)
    ticks.bar(engine, every, key="home.ticked")
    entries = groups.entries(found)
    if asked and not found:
        st.info(f"No simulation is so. {filters.in_words(asked)}", icon=":material/info:")
        st.button("Show all of them", key="home.all", on_click=filters.clear)
        return
    first = FOUND if asked else FIRST
    for entry in entries[:first]:
        _entry(engine, entry)
    if older := entries[first:]:
        count = sum(len(entry) for entry in older)
        fold = st.expander(f"{words.plural(count, 'earlier simulation')}", key="home.older", on_change="rerun")
        if fold.open:
            with fold:
                for entry in older:
                    _entry(engine, entry)


def _takes(engine: data.Engine) -> str:
    """How long the run takes that Home starts: the same estimate as on New simulation."""
    guess = data.estimate(engine, RunConfig())
    return sentences.estimate(guess.low, guess.high, guess.runs)


def _entry(engine: data.Engine, runs: Sequence[RunCard]) -> None:
    if len(runs) == 1:
        row(engine, runs[0])
    else:
        groups.row(engine, runs, each=row)


def row(engine: data.Engine, run: RunCard, halves: Sequence[int] = (3, 1)) -> None:
    """One run: what it is, its last exam, its exams as a small line, its state, and what can be done with it."""
    with st.container(border=True):
        about, standing = st.columns(halves, vertical_alignment="center")
        with about.container(gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                ticks.box(run.run_id, run.title)
                label = run.name or words.capital(run.way)
                st.page_link(WATCH, label=words.literal(label), query_params={"run": run.run_id})
                components.status_badge(run.status)
                for tag in run.tags:
                    st.badge(words.literal(tag), icon=":material/label:", color="gray")
            st.caption(words.literal(_told(run)))
            if run.note:
                st.caption(f":material/sticky_note_2: {words.literal(words.shortened(run.note, NOTE))}")
        with standing.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
            if len(run.accuracies) > 1:
                _spark(run)
            _menu(engine, run)


def _told(run: RunCard) -> str:
    lessons = "" if run.status == "finished" else f"lesson {run.turn} of {run.turns}"
    when = run.recorded or words.ago(time.time() - run.started)
    who = f"{run.student}: {run.way}" if run.name and not run.recorded else run.student
    return " · ".join(filter(None, [who, f"seed {run.seed}", run.exam, lessons, when, run.student_version]))


def _spark(run: RunCard) -> None:
    told = ", ".join(str(words.hundred(a)) for a in run.accuracies)
    with st.container(width=120):
        sketch = charts.spark(run.accuracies, run.strategy)
        still(sketch, key=f"home.spark.{run.run_id}", alt=f"Right answers of 100, exam by exam: {told}")


def _menu(engine: data.Engine, run: RunCard) -> None:
    chosen = st.menu_button(
        "More",
        [AGAIN, MORE, WORDS, DOWNLOAD, DELETE],
        key=f"home.more.{run.run_id}",
        type="tertiary",
    )
    if chosen == AGAIN:
        st.switch_page(NEW, query_params={"like": run.run_id})
    if chosen == MORE:
        st.switch_page(COMPARE, query_params={"runs": run.run_id})
    if chosen == WORDS:
        saying.about(engine, run)
    if chosen == DOWNLOAD:
        ticks.take_away(engine, [run.run_id])
    if chosen == DELETE:
        deleting.confirm(engine, [run])
