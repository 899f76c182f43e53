"""What each group practised, by category, beside the mistakes in its exams."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from studentsim.analysis import mix_table
from studentsim.analysis.mix_table import CategoryCounts, MixRow
from studentsim.analysis.run_groups import RunGroup
from studentsim.narration import mix_summary
from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.ui import charts, components, glossary, literal
from studentsim.ui.data import Engine, cached_query
from studentsim.ui.figure_cache import cached_figure

COLUMN_LABELS = {
    "way": "way",
    "category": "category",
    "mistakes": "mistakes in exams before a lesson",
    "questions": "questions practised",
    "share": "share of its questions",
}


def render_practice_mix(engine: Engine, groups: Sequence[RunGroup]) -> None:
    """Figure, numbers, and a sentence for each group; nothing before a lesson has begun."""
    cache_key = tuple((group.label, tuple((run.run_id, run.last_seq) for run in group.runs)) for group in groups)
    columns, strategy_counts = cached_query(engine, "", _count_mixes, cache_key)
    if not any(sum(questions) for _, _, questions in strategy_counts):
        return
    notes = [f"{group.label}: {mix_summary.describe_mix_source(group.config)}" for group in groups]
    components.render_figure(
        "What did each practise, and after which mistakes?",
        cached_figure(charts.mix_by_strategy_figure, strategy_counts, columns, of_hundred=True, revision="compare"),
        _counts_frame(columns, strategy_counts),
        key="compare.mix",
        alt=f"Mistakes and practice of each way by category. {' '.join(notes)}",
        columns=COLUMN_LABELS,
    )
    st.caption(
        "Upper, orange: of 100 mistakes in the exams that came before a lesson, those in each category. Lower, blue: of 100 questions "
        "practised in all lessons. The darker, the larger the share.",
        help=glossary.term_help("mix"),
    )
    for note in notes:
        literal.markdown(note)


def _count_mixes(
    database: Database, groups: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
) -> tuple[tuple[str, ...], list[tuple[str, CategoryCounts, CategoryCounts]]]:
    """``groups``: label, and id and last seq of each run."""
    all_run_ids = [run_id for _, runs in groups for run_id, _ in runs]
    lessons = mix_table.mix_rows(queries.fetch_practice_mix(database, all_run_ids))
    exams = _exams_before_lessons(mix_table.mix_rows(queries.fetch_next_mix(database, all_run_ids)), lessons)
    rows_by_group = [
        tuple([row for row in rows if row["run_id"] in dict(runs)] for rows in (exams, lessons)) for _, runs in groups
    ]
    columns, counts = mix_table.align_run_mixes(rows_by_group)
    return columns, [(label, *label_counts) for (label, _), label_counts in zip(groups, counts, strict=True)]


def _exams_before_lessons(exams: Sequence[MixRow], lessons: Sequence[MixRow]) -> list[MixRow]:
    """The rows of exams that a practised lesson followed."""
    followed_exams = {(row["run_id"], row["exam_turn"]) for row in lessons}
    return [row for row in exams if (row["run_id"], row["turn"]) in followed_exams]


def _counts_frame(
    columns: Sequence[str], strategy_counts: Sequence[tuple[str, CategoryCounts, CategoryCounts]]
) -> pd.DataFrame:
    rows = [
        (label, column, wrong, practised, practised / sum(questions) if sum(questions) else None)
        for label, mistakes, questions in strategy_counts
        for column, wrong, practised in zip(columns, mistakes, questions, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMN_LABELS))
