"""The recorded studies on Home: the embedded student's in words and as a picture, SmolLM2's in words, and the way to each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from studentsim import presets
from studentsim.runs.recorded import SMOLLM2, of_this_study
from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.ui import charts, components, data, recorded_race, words
from studentsim.ui.cards import RunCard, config_of
from studentsim.ui.compare.curves import means
from studentsim.ui.compare.data import MOST
from studentsim.ui.compare.differences import Difference, differences, last_shared
from studentsim.ui.compare.groups import Group, Run, grouped
from studentsim.ui.drawn import drawn
from studentsim.ui.home import rows, sentences, ticks
from studentsim.ui.shell import COMPARE

COLUMNS = {
    "label": "way of choosing", "turn": "lessons so far", "runs": "runs", "correct": "right", "questions": "questions",
    "accuracy": "share right", "low": "95 % from", "high": "95 % to",
}  # fmt: skip
COMPARED = ("category", "random")
"""The two ways that the study was recorded to compare: the one named first, against the other."""


@dataclass(frozen=True)
class Study:
    """The recorded runs' figures. ``exams`` is ``curves.means``'s frame; ``told`` sets ``COMPARED`` against each other, ``taught`` each
    way of teaching against none; ``start`` has ``category, correct, questions`` of the exam before any lesson.
    """

    groups: list[Group]
    exams: pd.DataFrame
    told: Difference | None
    taught: list[Difference]
    start: pd.DataFrame
    chance: float


def study(engine: data.Engine, runs: list[RunCard]) -> None:
    """What the recorded ``runs`` show; nothing if there are none. Those of an earlier version's study are listed, no more."""
    small = [run for run in runs if SMOLLM2.holds(run.run_id)]
    _embedded(engine, [run for run in runs if run not in small])
    _small(engine, small)


def _embedded(engine: data.Engine, runs: list[RunCard]) -> None:
    """The embedded student's study."""
    current = [run for run in runs if of_this_study(run.run_id)] or runs
    found = _found(engine, current)
    if found is None:
        return
    finding = sentences.finding(found.exams, found.told, found.taught)
    st.header("What does teaching change?", anchor=False)
    components.recorded_badge(current[0].recorded)
    if gap := sentences.gap(words.student(found.groups[0].config), found.start):
        st.markdown(words.literal(gap))
    st.markdown(finding)
    components.picture(
        "How many of 100 never-practised questions does it answer rightly?",
        drawn(charts.study, found.exams, chance=found.chance),
        found.exams,
        key="home.study",
        alt=finding.replace("*", ""),
        columns=COLUMNS,
    )
    recorded_race.offer(current)
    label = f"Look into the {words.plural(len(runs), 'recorded run')}"
    fold = st.expander(label, key="home.recorded", on_change="rerun")
    if fold.open:
        with fold:
            ticks.bar(engine, runs, key="home.recorded.ticked")
            _listed(engine, found, current, [run for run in runs if run not in current])


def _small(engine: data.Engine, runs: list[RunCard]) -> None:
    """SmolLM2's study: what it shows in words, and the way to its picture on Compare, beside the paper's curves."""
    found = _found(engine, runs)
    if found is None:
        return
    st.subheader("And a real language model?", anchor=False)
    components.recorded_badge(runs[0].recorded)
    st.markdown(f"{sentences.small_model(found.groups)} {sentences.finding(found.exams, found.told, found.taught)}")
    papers = [run.run_id for way in presets.STRATEGIES for g in found.groups if g.strategy == way for run in g.runs]
    st.page_link(
        COMPARE,
        label="Compare its ways of choosing, beside the paper's curves",
        icon=":material/compare_arrows:",
        query_params={"runs": ",".join(papers[:MOST]), "paper": "1"},
    )
    label = f"Look into its {words.plural(len(runs), 'recorded run')}"
    fold = st.expander(label, key="home.recorded.small", on_change="rerun")
    if fold.open:
        with fold:
            ticks.bar(engine, runs, key="home.recorded.small.ticked")
            _listed(engine, found, runs, [])


def _found(engine: data.Engine, runs: list[RunCard]) -> Study | None:
    """The runs' figures; None where there are no runs, or none has sat an exam."""
    if not runs:
        return None
    found = _gathered(engine.database, str(engine.folder), tuple((run.run_id, run.started) for run in runs))
    return None if found.exams.empty else found


def _listed(engine: data.Engine, found: Study, current: list[RunCard], earlier: list[RunCard]) -> None:
    st.caption(words.literal(sentences.basis(found.groups)))
    for run in current:
        rows.row(engine, run)
    if earlier:
        st.caption("These came with an earlier version, and are not in the picture above.")
        for run in earlier:
            rows.row(engine, run)


@st.cache_data(max_entries=8, show_spinner=False)
def _gathered(_database: Database, folder: str, stand: tuple[tuple[str, float], ...]) -> Study:
    """The figures of these runs, kept by when each was recorded: a recorded run is finished and does not change."""
    ids = [run_id for run_id, _ in stand]
    groups, _ = grouped([_run(_database, run_id) for run_id in ids])
    exams = queries.exams_of(_database, ids)
    first = queries.exam_categories_of(_database, ids[:1], 0)
    chances = queries.guessing(_database, ids)
    return Study(
        groups=groups,
        exams=means(groups, exams),
        told=_compared(_database, groups, exams),
        taught=_against_none(_database, groups, exams),
        start=first,
        chance=next(iter(chances.values()), 0.2),
    )


def _run(database: Database, run_id: str) -> Run:
    row = queries.run(database, run_id)
    return Run(run_id, config_of(row.config), row.status, row.recorded, row.started, row.turn, row.last_seq)


def _compared(database: Database, groups: Sequence[Group], exams: pd.DataFrame) -> Difference | None:
    """``COMPARED``, after the last lesson that all of their runs share; None where one is not there."""
    pair = [group for strategy in COMPARED for group in groups if group.strategy == strategy]
    return next(iter(_differences(database, pair, exams, pair[-1])), None) if len(pair) == len(COMPARED) else None


def _against_none(database: Database, groups: Sequence[Group], exams: pd.DataFrame) -> list[Difference]:
    """Each way of teaching against no teaching, after the last lesson that all share; empty where there is no such control."""
    control = next((group for group in groups if group.strategy == "none"), None)
    taught = [group for group in groups if group.strategy not in sentences.CONTROLS]
    return _differences(database, [*taught, control], exams, control) if control and taught else []


def _differences(
    database: Database, groups: Sequence[Group], exams: pd.DataFrame, reference: Group
) -> list[Difference]:
    turn = last_shared(groups, exams)
    if turn is None:
        return []
    marks = queries.exam_marks(database, [run.run_id for group in groups for run in group.runs], turn)
    return differences(groups, marks, turn, reference=reference)
