"""Runs that were started together, as one row of the list: how far they are, what they come to on average, and all of them in a fold."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from studentsim.ui import data, words
from studentsim.ui.cards import RunCard
from studentsim.ui.compare.intervals import mean_interval
from studentsim.ui.compare.started import Told, told_of
from studentsim.ui.home import deleting, saying, ticks
from studentsim.ui.shell import COMPARE, WATCH
from studentsim.ui.watch import links

CSS = Path(__file__).with_suffix(".css")
"""Here and not on every page: a browser looks for what ``:has`` asks at each change."""
NARROW = (5, 3)
"""The shares of a row's two halves within a fold."""
LONGEST = 160
"""Characters of a group's title, which may go on in further lines (groups.css); its help has it whole."""
WORDS, TAG, DOWNLOAD, STOP, DELETE = (
    "Name and note",
    "Tag all of them",
    "Download everything",
    "Stop what is not finished",
    "Delete all of them",
)


def entries(runs: Sequence[RunCard]) -> list[list[RunCard]]:
    """The rows of the list, in the order of their newest run: single runs, and groups of two or more in the order of their seeds."""
    found: dict[str, list[RunCard]] = {}
    for run in runs:
        found.setdefault(run.group or run.run_id, []).append(run)
    return [sorted(together, key=lambda run: (run.seed, run.run_id)) for together in found.values()]


def row(
    engine: data.Engine, runs: Sequence[RunCard], *, each: Callable[[data.Engine, RunCard, Sequence[int]], None]
) -> None:
    """One group; ``each`` draws one of its runs."""
    name = runs[0].group
    told = told_of([run.config for run in runs if run.config is not None])
    st.html(CSS)
    with st.container(border=True):
        about, more = st.columns([5, 1], vertical_alignment="center")
        with about.container(gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"home.group.head.{name}"):
                title = words.capital(told.title)
                short = words.shortened(title, LONGEST)
                ticks.box(name, title)
                page, query = _opened_by(runs, told)
                whole = words.literal(title) if len(title) > words.LINE else None
                st.page_link(page, label=words.literal(short), icon=":material/stacks:", query_params=query, help=whole)
                st.badge(standing(runs), icon=":material/repeat:", color="gray")
            st.caption(words.literal(_said(runs, told)))
        with more.container(horizontal=True, horizontal_alignment="right"):
            _menu(engine, runs)
        fold = st.expander(f"The {len(runs)} runs", key=f"home.group.{name}", on_change="rerun")
        if fold.open:
            with fold:
                for run in runs:
                    each(engine, run, NARROW)


def _opened_by(runs: Sequence[RunCard], told: Told) -> tuple[str, dict[str, str]]:
    """A race with one seed is watched; all else is compared."""
    if told.ways == len(runs) <= links.MOST:
        return WATCH, links.race([run.run_id for run in runs])
    return COMPARE, {"runs": runs[0].group}


def standing(runs: Sequence[RunCard]) -> str:
    """How many are in which state: ``all 5 finished``, ``2 finished, 1 learning, 2 waiting for their turn``."""
    states = Counter(run.status for run in runs)
    told = ", ".join(words.status_of(count, status) for status, count in states.items())
    return f"all {told}" if len(states) == 1 else told


def average(runs: Sequence[RunCard]) -> str:
    """What the runs that sat the last exam come to on average, with its interval over seeds and questions; blank for fewer than two."""
    sat = [run.last for run in runs if run.last is not None]
    turn = max((turn for *_, turn in sat), default=0)
    last = [(correct, questions) for correct, questions, at in sat if at == turn]
    if len(last) < 2 or not turn:
        return ""
    shares = [correct / questions for correct, questions in last]
    asked = min(questions for _, questions in last)
    low, high = mean_interval(shares, asked)
    mean = words.hundred(sum(shares) / len(shares))
    bounds = f"({words.hundred(low)} to {words.hundred(high)})"
    return f"on average {mean} of 100 {bounds} right after {words.plural(turn, 'lesson')}, in {len(last)} runs"


def _said(runs: Sequence[RunCard], told: Told) -> str:
    when = words.ago(time.time() - max(run.started for run in runs))
    mean = average(runs) if told.ways == 1 else ""
    return " · ".join(filter(None, [told.student, told.size, mean, when]))


def _menu(engine: data.Engine, runs: Sequence[RunCard]) -> None:
    going = [run.run_id for run in runs if run.status in words.CANCELLABLE]
    options = [WORDS, TAG, DOWNLOAD, *([STOP] if going else []), DELETE]
    chosen = st.menu_button("More", options, key=f"home.more.{runs[0].group}", type="tertiary")
    if chosen == WORDS:
        saying.about_all(engine, runs)
    if chosen == TAG:
        saying.tag_all(engine, runs)
    if chosen == DOWNLOAD:
        ticks.take_away(engine, [run.run_id for run in runs])
    if chosen == STOP:
        _stop(engine, going, len(runs))
    if chosen == DELETE:
        deleting.confirm(engine, runs)


@st.dialog("Stop what is not finished?", icon=":material/stop:")
def _stop(engine: data.Engine, run_ids: Sequence[str], of: int) -> None:
    st.markdown(
        f"{words.plural(len(run_ids), 'simulation')} of {of} {'is' if len(run_ids) == 1 else 'are'} cancelled. The lessons done so far "
        "stay, but they cannot go on."
    )
    with st.container(horizontal=True):
        if st.button(
            "Stop for good",
            type="primary",
            icon=":material/stop:",
            key="home.stop",
            on_click=_cancel,
            args=(engine, run_ids),
        ):
            st.rerun()
        if st.button("Let them go on", key="home.go_on"):
            st.rerun()


def _cancel(engine: data.Engine, run_ids: Sequence[str]) -> None:
    for run_id in reversed(run_ids):  # those that wait first: none of them begins meanwhile
        data.act(engine, "cancel", run_id)
