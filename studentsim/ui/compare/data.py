"""Data of Compare: all runs, those that the link selects, and their comparison, cached by each run's last event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from studentsim.analysis import curves, setting_differences
from studentsim.analysis.differences import AccuracyDifference, compute_differences, last_shared_turn
from studentsim.analysis.run_groups import ComparedRun, RunGroup, group_runs_by_settings, list_run_ids
from studentsim.labels import formatting
from studentsim.runs.demo import SMOLLM2_STUDY
from studentsim.runs.groups import MAX_GROUP_RUNS
from studentsim.store import ingest, queries
from studentsim.store.database import Database
from studentsim.types import FIVE_OPTION_CHANCE
from studentsim.ui.data import Engine, cached_query, parse_usable_config, read_states

MAX_SELECTED = 12
"""Runs and groups selected for one comparison at most."""
MAX_COMPARED_RUNS = MAX_GROUP_RUNS
"""Runs in one comparison at most, each of a group counted."""


@dataclass(frozen=True)
class RunSelection:
    """What the link names: the runs and groups that exist, those that do not, and how many exceed ``MAX_SELECTED``."""

    names: tuple[str, ...]
    unknown_names: tuple[str, ...] = ()
    excess_count: int = 0


@dataclass(frozen=True)
class Comparison:
    """Runs side by side. ``comparable_groups`` sat the same exam; ``differences`` are theirs in the exam after ``turn``."""

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
    """Of ``queries.fetch_selection_score_summary``, for the runs of all groups."""
    chance: float
    """Accuracy of guessing, 0 to 1."""

    @property
    def is_active(self) -> bool:
        """Whether a run is queued or at work, so that figures change by themselves."""
        return any(run.status in formatting.ACTIVE_STATUSES for group in self.groups for run in group.runs)

    @property
    def max_turns(self) -> int:
        """Lessons of the longest run."""
        return max((run.config.turns for group in self.groups for run in group.runs), default=1)


def load_runs(engine: Engine) -> dict[str, ComparedRun]:
    """All runs by id, newest first. Writes: reads new events of the journals into the database."""
    ingest.sync_journals(engine.database, engine.runs_dir)
    states_by_id = read_states(engine)
    return {
        row.run_id: ComparedRun(
            run_id=row.run_id,
            config=config,
            status=states_by_id[row.run_id].status,
            is_recorded=bool(row.recorded) if pd.notna(row.recorded) else False,
            started_at=float(row.started),
            turn=int(row.turn),
            last_seq=int(row.last_seq),
            group_id=row.group_id if isinstance(row.group_id, str) else "",
        )
        for row in queries.fetch_runs(engine.database).itertuples()
        if row.run_id in states_by_id and (config := parse_usable_config(row.config)) is not None
    }


def describe_damaged_runs(engine: Engine, runs: Mapping[str, ComparedRun]) -> list[str]:
    """What is wrong with each run that is damaged, and what can be done; ``runs`` are those that can be compared all the same."""
    states = read_states(engine).values()
    return [
        f"{formatting.run_title(runs[state.run_id].config) if state.run_id in runs else state.run_id}: {state.message} {state.remedy}"
        for state in states
        if state.status == "damaged"
    ]


def runs_by_group(runs: Mapping[str, ComparedRun]) -> dict[str, list[ComparedRun]]:
    """The runs of each group that was started together, by group id, the newest group first."""
    groups: dict[str, list[ComparedRun]] = {}
    for run in runs.values():
        if run.group_id:
            groups.setdefault(run.group_id, []).append(run)
    return {name: sorted(group, key=lambda run: run.run_id) for name, group in groups.items()}


def parse_selection(link_values: Sequence[str], runs: Mapping[str, ComparedRun]) -> RunSelection:
    """The runs and groups that ``?runs=a,b`` names, in its order, each once. ``link_values``: the parameter may be repeated."""
    requested_names = list(dict.fromkeys(part for text in link_values for part in text.split(",") if part.strip()))
    available_names = {*runs, *runs_by_group(runs)}
    found_names = [name for name in requested_names if name in available_names]
    return RunSelection(
        tuple(found_names[:MAX_SELECTED]),
        tuple(n for n in requested_names if n not in available_names),
        max(0, len(found_names) - MAX_SELECTED),
    )


def resolve_runs(names: Sequence[str], runs: Mapping[str, ComparedRun]) -> list[ComparedRun]:
    """The runs behind ids of runs and groups, each once, at most ``MAX_COMPARED_RUNS``."""
    groups = runs_by_group(runs)
    resolved = [run for name in names for run in (groups.get(name) or [runs[name]])]
    return list({run.run_id: run for run in resolved}.values())[:MAX_COMPARED_RUNS]


def propose_selection(runs: Mapping[str, ComparedRun], last_viewed_id: str | None) -> list[str]:
    """The default selection: the run viewed last, or the newest, with every run that can be compared with it fairly.

    These have the same settings but for strategy, seed and number of turns; of runs with the same strategy and seed the newest
    counts. A group whose runs are all among them is proposed as a group.
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
            SMOLLM2_STUDY.contains_run(s[0].run_id),  # recorded last, but not the study to show first
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
        name
        for name, group in runs_by_group(runs).items()
        if len(group) > 1 and {run.run_id for run in group} <= set(proposed_ids)
    }
    names = [runs[run_id].group_id if runs[run_id].group_id in complete_groups else run_id for run_id in proposed_ids]
    return list(dict.fromkeys(names))[:MAX_SELECTED]


def load_comparison(engine: Engine, runs: Sequence[ComparedRun]) -> Comparison:
    """The comparison of one or more runs as ``load_runs`` read them."""
    cache_key = tuple((run.run_id, run.last_seq, run.status, run.config.name) for run in runs)
    return cached_query(engine, cache_key, lambda database: _compare_runs(database, runs))


def _compare_runs(database: Database, runs: Sequence[ComparedRun]) -> Comparison:
    groups, excluded_runs = group_runs_by_settings(runs)
    ids = list_run_ids(groups)
    comparable_groups = _largest_same_exam_set(groups)
    exams = queries.fetch_exams_of_runs(database, ids)
    turn = last_shared_turn(comparable_groups, exams)
    group_differences: list[AccuracyDifference] = []
    category_results = pd.DataFrame(columns=["run_id", "category", "correct", "questions"])
    if turn is not None:
        run_ids = list_run_ids(comparable_groups)
        group_differences = compute_differences(
            comparable_groups, queries.fetch_exam_correctness(database, run_ids, turn), turn
        )
        category_results = queries.fetch_exam_categories(database, run_ids, turn)
    chances = queries.fetch_chance_accuracy(database, ids)
    return Comparison(
        groups=groups,
        excluded_runs=excluded_runs,
        comparable_groups=comparable_groups,
        differences=group_differences,
        turn=turn,
        exams=curves.group_means_frame(groups, exams),
        exam_runs=curves.run_accuracies_frame(groups, exams),
        categories=curves.category_means_frame(comparable_groups, category_results),
        practice=curves.group_means_frame(groups, queries.fetch_practice_of_runs(database, ids), same_questions=False),
        lookups=queries.fetch_selection_score_summary(
            database, {run.run_id: run.config.threshold for group in groups for run in group.runs}
        ),
        chance=next((chances[run_id] for run_id in ids if run_id in chances), FIVE_OPTION_CHANCE),
    )


def _largest_same_exam_set(groups: Sequence[RunGroup]) -> list[RunGroup]:
    """The largest set of groups that sat the same exam; the first of equally large ones."""
    exams: dict[object, list[RunGroup]] = {}
    for group in groups:
        exams.setdefault(group.exam_key, []).append(group)
    return max(exams.values(), key=len, default=[])
