"""What Compare asks for: the runs there are, those the link chooses, and their comparison, cached by how far each has come."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from studentsim.runs import groups as started
from studentsim.runs.recorded import SMOLLM2
from studentsim.store import ingest, queries
from studentsim.store.database import Database
from studentsim.ui import words
from studentsim.ui.compare import curves, settings
from studentsim.ui.compare.differences import Difference, differences, last_shared
from studentsim.ui.compare.groups import Group, Run, grouped
from studentsim.ui.data import Engine, config_of

MOST = 12
"""Runs, and groups of runs, that are chosen for one comparison at most."""
MOST_RUNS = started.LARGEST
"""Runs in one comparison at most, those of its groups counted one by one."""


@dataclass(frozen=True)
class Choice:
    """What the link names: the runs and groups there are, those there are not, and how many beyond ``MOST``."""

    names: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    too_many: int = 0


@dataclass(frozen=True)
class Comparison:
    """Runs side by side. ``compared`` are the groups that sat the same exam; ``told`` their differences after ``turn``."""

    groups: list[Group]
    left_out: list[Run]
    compared: list[Group]
    told: list[Difference]
    turn: int | None
    exams: pd.DataFrame
    exam_runs: pd.DataFrame
    categories: pd.DataFrame
    practice: pd.DataFrame
    looked_at: pd.DataFrame
    """Of ``queries.looked_at``, for the runs of all groups."""
    chance: float

    @property
    def alive(self) -> bool:
        """Whether figures may still change by themselves."""
        return any(run.status in words.ALIVE for group in self.groups for run in group.runs)

    @property
    def turns(self) -> int:
        """Lessons of the longest run."""
        return max((run.config.turns for group in self.groups for run in group.runs), default=1)


def all_runs(engine: Engine) -> dict[str, Run]:
    """All runs by id, newest first. Writes: takes in what is new in their journals."""
    ingest.sync(engine.database, engine.runs_folder)
    states = engine.manager.states()
    return {
        row.run_id: Run(
            run_id=row.run_id,
            config=config_of(json.loads(row.config)),
            status=states[row.run_id].status,
            recorded=bool(row.recorded) if pd.notna(row.recorded) else False,
            started=float(row.started),
            turn=int(row.turn),
            last_seq=int(row.last_seq),
            started_with=row.group_id if isinstance(row.group_id, str) else "",
        )
        for row in queries.runs(engine.database).itertuples()
        if row.run_id in states
    }


def started_together(runs: Mapping[str, Run]) -> dict[str, list[Run]]:
    """The groups of runs that were started together, by id, the newest first, each with those of its runs that there are."""
    found: dict[str, list[Run]] = {}
    for run in runs.values():
        if run.started_with:
            found.setdefault(run.started_with, []).append(run)
    return {name: sorted(of, key=lambda run: run.run_id) for name, of in found.items()}


def asked_for(links: Sequence[str], runs: Mapping[str, Run]) -> Choice:
    """The runs and groups that ``?runs=a,b`` names (it may stand there more than once), in its order, each once."""
    named = list(dict.fromkeys(part for text in links for part in text.split(",") if part.strip()))
    there = {*runs, *started_together(runs)}
    known = [name for name in named if name in there]
    return Choice(tuple(known[:MOST]), tuple(n for n in named if n not in there), max(0, len(known) - MOST))


def runs_of(names: Sequence[str], runs: Mapping[str, Run]) -> list[Run]:
    """The runs that are meant by names of runs and groups, each once, at most ``MOST_RUNS``."""
    groups = started_together(runs)
    found = [run for name in names for run in (groups.get(name) or [runs[name]])]
    return list({run.run_id: run for run in found}.values())[:MOST_RUNS]


def proposal(runs: Mapping[str, Run], watched: str | None) -> list[str]:
    """What to compare where nothing was chosen: the run looked at last, or the newest, with all that may be set beside it.

    That is, the same settings but for the way of choosing and the seed, so that the comparison is a fair one; of runs with the
    same seed too, the newest. A group whose runs are all among them is proposed as one thing.
    """
    sat = [run for run in runs.values() if run.turn >= 0]
    fair: dict[str, list[Run]] = {}
    for run in sat:
        flat = settings.flat(run.config)
        fair.setdefault(repr([v for k, v in flat.items() if k not in ("strategy", "seed", "turns")]), []).append(run)
    sets = sorted(
        fair.values(),
        key=lambda s: (
            watched not in [r.run_id for r in s],
            len({r.config.strategy for r in s}) < 2,
            SMOLLM2.holds(s[0].run_id),  # recorded last, but not what a first look is for
        ),
    )
    draws = {(run.config.strategy, run.config.seed): run.run_id for run in reversed(sets[0])} if sets else {}
    fit = [run.run_id for run in (sets[0] if sets else []) if draws[run.config.strategy, run.config.seed] == run.run_id]
    whole = {name for name, of in started_together(runs).items() if len(of) > 1 and {r.run_id for r in of} <= set(fit)}
    names = [runs[run_id].started_with if runs[run_id].started_with in whole else run_id for run_id in fit]
    return list(dict.fromkeys(names))[:MOST]


def comparison(engine: Engine, runs: Sequence[Run]) -> Comparison:
    """The comparison of these runs (one or more) as they stand.

    What is taken from the journals was taken in by ``all_runs``.
    """
    stand = tuple((run.run_id, run.last_seq, run.status, run.config.name) for run in runs)
    return _comparison(engine.database, str(engine.folder), stand, list(runs))


@st.cache_data(max_entries=16, show_spinner=False)
def _comparison(
    _database: Database, folder: str, stand: tuple[tuple[str, int, str, str], ...], _runs: list[Run]
) -> Comparison:
    """Kept by how far each run has come: its last seq grows with every event, so no entry can be stale."""
    groups, left_out = grouped(_runs)
    ids = [run.run_id for group in groups for run in group.runs]
    compared = _same_exam(groups)
    exams = queries.exams_of(_database, ids)
    turn = last_shared(compared, exams)
    told: list[Difference] = []
    by_category = pd.DataFrame(columns=["run_id", "category", "correct", "questions"])
    if turn is not None:
        shared = [run.run_id for group in compared for run in group.runs]
        told = differences(compared, queries.exam_marks(_database, shared, turn), turn)
        by_category = queries.exam_categories_of(_database, shared, turn)
    chances = queries.guessing(_database, ids)
    return Comparison(
        groups=groups,
        left_out=left_out,
        compared=compared,
        told=told,
        turn=turn,
        exams=curves.means(groups, exams),
        exam_runs=curves.singles(groups, exams),
        categories=curves.categories(compared, by_category),
        practice=curves.means(groups, queries.practice_of(_database, ids), same_questions=False),
        looked_at=queries.looked_at(
            _database, {run.run_id: run.config.threshold for group in groups for run in group.runs}
        ),
        chance=next((chances[run_id] for run_id in ids if run_id in chances), 0.2),
    )


def _same_exam(groups: Sequence[Group]) -> list[Group]:
    """The most groups that sat one exam; of equally many, the first."""
    exams: dict[object, list[Group]] = {}
    for group in groups:
        exams.setdefault(group.exam, []).append(group)
    return max(exams.values(), key=len, default=[])
