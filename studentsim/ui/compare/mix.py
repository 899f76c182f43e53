"""What each way practised, by category, beside the mistakes in its exams."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.ui import charts, components, glossary, mix_sentences, mix_table, words
from studentsim.ui.compare.groups import Group
from studentsim.ui.data import Engine
from studentsim.ui.drawn import drawn
from studentsim.ui.mix_table import Counts, Row

COLUMNS = {
    "way": "way", "category": "category", "mistakes": "mistakes in exams before a lesson", "questions": "questions practised",
    "share": "share of its questions",
}  # fmt: skip


def section(engine: Engine, groups: Sequence[Group]) -> None:
    """Picture, a sentence for each way, and the numbers; nothing where nobody has begun a lesson."""
    ids = tuple((group.label, tuple((run.run_id, run.last_seq) for run in group.runs)) for group in groups)
    columns, ways = _counted(engine.database, str(engine.folder), ids)
    if not any(sum(questions) for _, _, questions in ways):
        return
    told = [f"{group.label}: {mix_sentences.rests_on(group.config)}" for group in groups]
    components.picture(
        "What did each practise, and after which mistakes?",
        drawn(charts.mix_by_way, ways, columns, of_hundred=True, revision="compare"),
        _frame(columns, ways),
        key="compare.mix",
        alt=f"Mistakes and practice of each way by category. {' '.join(told)}",
        columns=COLUMNS,
    )
    st.caption(
        "Upper, orange: of 100 mistakes in the exams that came before a lesson, those in each category. Lower, blue: of 100 questions "
        "practised in all lessons. The darker, the larger the share.",
        help=glossary.help("mix"),
    )
    for said in told:
        st.markdown(words.literal(said))


@st.cache_data(max_entries=16, show_spinner=False)
def _counted(
    _database: Database, folder: str, groups: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
) -> tuple[tuple[str, ...], list[tuple[str, Counts, Counts]]]:
    """Each run's last seq grows with every event, so no entry can be stale."""
    every = [run_id for _, runs in groups for run_id, _ in runs]
    lessons = mix_table.rows(queries.practice_mix_of(_database, every))
    exams = _before_a_lesson(mix_table.rows(queries.next_mix_of(_database, every)), lessons)
    found = [
        tuple([row for row in rows if row["run_id"] in dict(runs)] for rows in (exams, lessons)) for _, runs in groups
    ]
    columns, counts = mix_table.side_by_side(found)
    return columns, [(label, *both) for (label, _), both in zip(groups, counts, strict=True)]


def _before_a_lesson(exams: Sequence[Row], lessons: Sequence[Row]) -> list[Row]:
    """Exams after which something was practised."""
    led = {(row["run_id"], row["exam_turn"]) for row in lessons}
    return [row for row in exams if (row["run_id"], row["turn"]) in led]


def _frame(columns: Sequence[str], ways: Sequence[tuple[str, Counts, Counts]]) -> pd.DataFrame:
    rows = [
        (way, column, wrong, asked, asked / sum(questions) if sum(questions) else None)
        for way, mistakes, questions in ways
        for column, wrong, asked in zip(columns, mistakes, questions, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
