"""What Compare asks for: the runs there are, those the link chooses, and their comparison, cached by how far each has come."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from studentsim.analysis import curves, setting_differences
from studentsim.analysis.differences import AccuracyDifference, compute_differences, last_shared_turn
from studentsim.analysis.run_groups import ComparedRun, RunGroup, group_runs_by_settings
from studentsim.config import parse_stored_config
from studentsim.labels import formatting
from studentsim.runs import groups as started
from studentsim.runs.demo import SMOLLM2_STUDY
from studentsim.store import ingest, queries
from studentsim.store.database import Database
from studentsim.ui.data import Engine

MAX_SELECTED = 12
"""Runs, and groups of runs, that are chosen for one comparison at most."""
MAX_COMPARED_RUNS = started.MAX_GROUP_RUNS
"""Runs in one comparison at most, those of its groups counted one by one."""


@dataclass(frozen=True)
class RunSelection:
    """What the link names: the runs and groups there are, those there are not, and how many beyond ``MAX_SELECTED``."""

    names: tuple[str, ...]
    unknown_names: tuple[str, ...] = ()
    excess_count: int = 0


@dataclass(frozen=True)
class Comparison:
    """Runs side by side. ``comparable_groups`` are the groups that sat the same exam; ``differences`` their differences after ``turn``."""

    groups: list[RunGroup]
    excluded_runs: list[ComparedRun]
    comparable_groups: list[RunGroup]
    differences: list[AccuracyDifference]
    turn: int | None
    exams: pd.DataFrame
    exam_runs: pd.DataFrame
    categories: pd.DataFrame
    practice: pd.DataFrame
    lookups: pd.DataFrame
    """Of ``queries.looked_at``, for the runs of all groups."""
    chance: float

    @property
    def is_active(self) -> bool:
        """Whether figures may still change by themselves."""
        return any(run.status in formatting.ACTIVE_STATUSES for group in self.groups for run in group.runs)

    @property
    def max_turns(self) -> int:
        """Lessons of the longest run."""
        return max((run.config.turns for group in self.groups for run in group.runs), default=1)


def load_runs(engine: Engine) -> dict[str, ComparedRun]:
    """All runs by id, newest first. Writes: takes in what is new in their journals."""
    ingest.sync_journals(engine.database, engine.runs_dir)
    states_by_id = engine.manager.get_states()
    return {
        row.run_id: ComparedRun(
            run_id=row.run_id,
            config=parse_stored_config(json.loads(row.config)),
            status=states_by_id[row.run_id].status,
            is_recorded=bool(row.recorded) if pd.notna(row.recorded) else False,
            started_at=float(row.started),
            turn=int(row.turn),
            last_seq=int(row.last_seq),
            group_id=row.group_id if isinstance(row.group_id, str) else "",
        )
        for row in queries.fetch_runs(engine.database).itertuples()
        if row.run_id in states_by_id
    }


def runs_by_group(runs: Mapping[str, ComparedRun]) -> dict[str, list[ComparedRun]]:
    """The groups of runs that were started together, by id, the newest first, each with those of its runs that there are."""
    groups: dict[str, list[ComparedRun]] = {}
    for run in runs.values():
        if run.group_id:
            groups.setdefault(run.group_id, []).append(run)
    return {name: sorted(of, key=lambda run: run.run_id) for name, of in groups.items()}


def parse_selection(link_values: Sequence[str], runs: Mapping[str, ComparedRun]) -> RunSelection:
    """The runs and groups that ``?runs=a,b`` names (it may stand there more than once), in its order, each once."""
    requested_names = list(dict.fromkeys(part for text in link_values for part in text.split(",") if part.strip()))
    available_names = {*runs, *runs_by_group(runs)}
    known_names = [name for name in requested_names if name in available_names]
    return RunSelection(
        tuple(known_names[:MAX_SELECTED]),
        tuple(n for n in requested_names if n not in available_names),
        max(0, len(known_names) - MAX_SELECTED),
    )


def resolve_runs(names: Sequence[str], runs: Mapping[str, ComparedRun]) -> list[ComparedRun]:
    """The runs that are meant by names of runs and groups, each once, at most ``MAX_COMPARED_RUNS``."""
    groups = runs_by_group(runs)
    resolved = [run for name in names for run in (groups.get(name) or [runs[name]])]
    return list({run.run_id: run for run in resolved}.values())[:MAX_COMPARED_RUNS]


def propose_selection(runs: Mapping[str, ComparedRun], last_viewed_id: str | None) -> list[str]:
    """What to compare where nothing was chosen: the run looked at last, or the newest, with all that may be set beside it.

    That is, the same settings but for the way of choosing and the seed, so that the comparison is a fair one; of runs with the
    same seed too, the newest. A group whose runs are all among them is proposed as one thing.
    """
    examined_runs = [run for run in runs.values() if run.turn >= 0]
    runs_by_settings: dict[str, list[ComparedRun]] = {}
    for run in examined_runs:
        values = setting_differences.flatten_settings(run.config)
        runs_by_settings.setdefault(
            repr([v for k, v in values.items() if k not in ("strategy", "seed", "turns")]), []
        ).append(run)
    fair_sets = sorted(
        runs_by_settings.values(),
        key=lambda s: (
            last_viewed_id not in [r.run_id for r in s],
            len({r.config.strategy for r in s}) < 2,
            SMOLLM2_STUDY.contains_run(s[0].run_id),  # recorded last, but not what a first look is for
        ),
    )
    newest_by_seed = (
        {(run.config.strategy, run.config.seed): run.run_id for run in reversed(fair_sets[0])} if fair_sets else {}
    )
    proposed_ids = [
        run.run_id
        for run in (fair_sets[0] if fair_sets else [])
        if newest_by_seed[run.config.strategy, run.config.seed] == run.run_id
    ]
    complete_groups = {
        name for name, of in runs_by_group(runs).items() if len(of) > 1 and {r.run_id for r in of} <= set(proposed_ids)
    }
    names = [runs[run_id].group_id if runs[run_id].group_id in complete_groups else run_id for run_id in proposed_ids]
    return list(dict.fromkeys(names))[:MAX_SELECTED]


def load_comparison(engine: Engine, runs: Sequence[ComparedRun]) -> Comparison:
    """The comparison of these runs (one or more) as they stand.

    What is taken from the journals was taken in by ``load_runs``.
    """
    cache_key = tuple((run.run_id, run.last_seq, run.status, run.config.name) for run in runs)
    return _cached_comparison(engine.database, str(engine.data_dir), cache_key, list(runs))


@st.cache_data(max_entries=16, show_spinner=False)
def _cached_comparison(
    _database: Database, folder: str, cache_key: tuple[tuple[str, int, str, str], ...], _runs: list[ComparedRun]
) -> Comparison:
    """Kept by how far each run has come: its last seq grows with every event, so no entry can be stale."""
    groups, left_out = group_runs_by_settings(_runs)
    ids = [run.run_id for group in groups for run in group.runs]
    comparable_groups = _largest_same_exam_set(groups)
    exams = queries.fetch_exams_of_runs(_database, ids)
    turn = last_shared_turn(comparable_groups, exams)
    group_differences: list[AccuracyDifference] = []
    category_results = pd.DataFrame(columns=["run_id", "category", "correct", "questions"])
    if turn is not None:
        run_ids = [run.run_id for group in comparable_groups for run in group.runs]
        group_differences = compute_differences(
            comparable_groups, queries.fetch_exam_correctness(_database, run_ids, turn), turn
        )
        category_results = queries.fetch_exam_categories(_database, run_ids, turn)
    chances = queries.fetch_chance_accuracy(_database, ids)
    return Comparison(
        groups=groups,
        excluded_runs=left_out,
        comparable_groups=comparable_groups,
        differences=group_differences,
        turn=turn,
        exams=curves.group_means_frame(groups, exams),
        exam_runs=curves.run_accuracies_frame(groups, exams),
        categories=curves.category_means_frame(comparable_groups, category_results),
        practice=curves.group_means_frame(groups, queries.fetch_practice_of_runs(_database, ids), same_questions=False),
        lookups=queries.fetch_selection_score_summary(
            _database, {run.run_id: run.config.threshold for group in groups for run in group.runs}
        ),
        chance=next((chances[run_id] for run_id in ids if run_id in chances), 0.2),
    )


def _largest_same_exam_set(groups: Sequence[RunGroup]) -> list[RunGroup]:
    """The most groups that sat one exam; of equally many, the first."""
    exams: dict[object, list[RunGroup]] = {}
    for group in groups:
        exams.setdefault(group.exam_key, []).append(group)
    return max(exams.values(), key=len, default=[])
