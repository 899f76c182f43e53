"""The recorded studies on Home: the embedded student's in words and as a figure, SmolLM2's in words, and links to each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from studentsim import presets
from studentsim.analysis.curves import group_means_frame
from studentsim.analysis.differences import AccuracyDifference, compute_differences, last_shared_turn
from studentsim.analysis.run_groups import ComparedRun, RunGroup, group_runs_by_settings, list_run_ids
from studentsim.config import parse_stored_config
from studentsim.labels import formatting
from studentsim.runs.demo import SMOLLM2_STUDY, is_embedded_study_run
from studentsim.selection.registry import BASELINE_STRATEGY, DEFAULT_STRATEGY
from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.types import FIVE_OPTION_CHANCE
from studentsim.ui import charts, components, data, literal, recorded_race
from studentsim.ui.cards import RunCard
from studentsim.ui.compare.data import MAX_SELECTED
from studentsim.ui.figure_cache import cached_figure
from studentsim.ui.home import rows, run_selection, sentences
from studentsim.ui.layout import COMPARE_PAGE

COLUMN_LABELS = {"label": "way of choosing", "turn": "lessons so far", "runs": "runs", **components.SCORE_COLUMNS}
COMPARED_STRATEGIES = (DEFAULT_STRATEGY.id, BASELINE_STRATEGY.id)
"""The two strategies that the study compares: the first against the second."""


@dataclass(frozen=True)
class StudyFigures:
    """Figures of the recorded runs. ``exams`` is ``curves.group_means_frame``'s frame; ``strategy_difference`` compares
    ``COMPARED_STRATEGIES``, ``teaching_effects`` each strategy with no teaching; ``initial_exam`` has ``category, correct, questions``
    of the exam before any lesson; ``chance`` is the accuracy of guessing, 0 to 1.
    """

    groups: list[RunGroup]
    exams: pd.DataFrame
    strategy_difference: AccuracyDifference | None
    teaching_effects: list[AccuracyDifference]
    initial_exam: pd.DataFrame
    chance: float


def render_studies(engine: data.Engine, runs: list[RunCard]) -> None:
    """What the recorded ``runs`` show; nothing without any. Runs of an earlier version's study are only listed."""
    smollm2_runs = [run for run in runs if SMOLLM2_STUDY.contains_run(run.run_id)]
    _render_embedded_study(engine, [run for run in runs if run not in smollm2_runs])
    _render_small_model_study(engine, smollm2_runs)


def _render_embedded_study(engine: data.Engine, runs: list[RunCard]) -> None:
    """The embedded student's study: words, figure, and the list of its runs."""
    current_runs = [run for run in runs if is_embedded_study_run(run.run_id)] or runs
    figures = _load_study(engine, current_runs)
    if figures is None:
        return
    result_text = sentences.describe_study_result(figures.exams, figures.strategy_difference, figures.teaching_effects)
    literal.header("What does teaching change?")
    components.render_recorded_badge(current_runs[0].recorded_label)
    if gap_text := sentences.describe_initial_gap(
        formatting.student_title(figures.groups[0].config), figures.initial_exam, figures.chance
    ):
        literal.markdown(gap_text)
    st.markdown(result_text)
    components.render_figure(
        "How many of 100 never-practised questions does it answer rightly?",
        cached_figure(charts.study_figure, figures.exams, chance=figures.chance),
        figures.exams,
        key="home.study",
        alt=result_text.replace("*", ""),
        columns=COLUMN_LABELS,
    )
    recorded_race.render_race_link(current_runs)
    label = f"Look into the {formatting.pluralize(len(runs), 'recorded run')}"
    key = "home.recorded"
    components.render_folded(label, key, _render_run_list, engine, figures, runs, current_runs, key)


def _render_small_model_study(engine: data.Engine, runs: list[RunCard]) -> None:
    """SmolLM2's study in words, with a link to its curves on Compare, beside the paper's."""
    figures = _load_study(engine, runs)
    if figures is None:
        return
    literal.subheader("And a real language model?")
    components.render_recorded_badge(runs[0].recorded_label)
    result_text = sentences.describe_study_result(figures.exams, figures.strategy_difference, figures.teaching_effects)
    st.markdown(f"{sentences.describe_small_model(figures.groups)} {result_text}")
    paper_run_ids = [
        run.run_id
        for strategy in presets.PAPER_STRATEGIES
        for g in figures.groups
        if g.strategy == strategy
        for run in g.runs
    ]
    literal.link(
        COMPARE_PAGE,
        "Compare its ways of choosing, beside the paper's curves",
        ":material/compare_arrows:",
        {"runs": ",".join(paper_run_ids[:MAX_SELECTED]), "paper": "1"},
    )
    label = f"Look into its {formatting.pluralize(len(runs), 'recorded run')}"
    key = "home.recorded.small"
    components.render_folded(label, key, _render_run_list, engine, figures, runs, runs, key)


def _load_study(engine: data.Engine, runs: list[RunCard]) -> StudyFigures | None:
    """Figures of the ``runs``; None without runs, or where none has sat an exam."""
    if not runs:
        return None
    # a recorded run is finished and does not change
    figures = data.cached_query(engine, [run.started_at for run in runs], _load_figures, [run.run_id for run in runs])
    return None if figures.exams.empty else figures


def _render_run_list(
    engine: data.Engine, figures: StudyFigures, runs: list[RunCard], current_runs: list[RunCard], key: str
) -> None:
    """The study's ``runs``, ``current_runs`` (those in the figure) first."""
    run_selection.render_selection_bar(engine, runs, key=f"{key}.ticked")
    literal.caption(sentences.describe_study_basis(figures.groups))
    for run in current_runs:
        rows.render_run_row(engine, run)
    if earlier_runs := [run for run in runs if run not in current_runs]:
        st.caption("These came with an earlier version, and are not in the picture above.")
        for run in earlier_runs:
            rows.render_run_row(engine, run)


def _load_figures(database: Database, ids: list[str]) -> StudyFigures:
    groups, _ = group_runs_by_settings([_load_run(database, run_id) for run_id in ids])
    exams = queries.fetch_exams_of_runs(database, ids)
    initial_exam = queries.fetch_exam_categories(database, ids[:1], 0)
    chances = queries.fetch_chance_accuracy(database, ids)
    return StudyFigures(
        groups=groups,
        exams=group_means_frame(groups, exams),
        strategy_difference=_compare_strategies(database, groups, exams),
        teaching_effects=_compute_teaching_effects(database, groups, exams),
        initial_exam=initial_exam,
        chance=next(iter(chances.values()), FIVE_OPTION_CHANCE),
    )


def _load_run(database: Database, run_id: str) -> ComparedRun:
    row = queries.fetch_run(database, run_id)
    return ComparedRun(
        run_id, parse_stored_config(row.config), row.status, row.recorded, row.started, row.turn, row.last_seq
    )


def _compare_strategies(
    database: Database, groups: Sequence[RunGroup], exams: pd.DataFrame
) -> AccuracyDifference | None:
    """``COMPARED_STRATEGIES`` after the last exam that all their runs share; None where one is missing."""
    pair = [group for strategy in COMPARED_STRATEGIES for group in groups if group.strategy == strategy]
    return (
        next(iter(_compute_differences(database, pair, exams, pair[-1])), None)
        if len(pair) == len(COMPARED_STRATEGIES)
        else None
    )


def _compute_teaching_effects(
    database: Database, groups: Sequence[RunGroup], exams: pd.DataFrame
) -> list[AccuracyDifference]:
    """Each strategy against no teaching, after the last exam that all share; empty without such a control."""
    control = next((group for group in groups if group.strategy in sentences.UNTAUGHT_STRATEGIES), None)
    taught_groups = [group for group in groups if group.strategy not in sentences.CONTROL_STRATEGIES]
    return (
        _compute_differences(database, [*taught_groups, control], exams, control) if control and taught_groups else []
    )


def _compute_differences(
    database: Database, groups: Sequence[RunGroup], exams: pd.DataFrame, reference: RunGroup
) -> list[AccuracyDifference]:
    turn = last_shared_turn(groups, exams)
    if turn is None:
        return []
    exam_grades = queries.fetch_exam_correctness(database, list_run_ids(groups), turn)
    return compute_differences(groups, exam_grades, turn, reference=reference)
