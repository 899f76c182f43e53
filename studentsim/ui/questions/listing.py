"""The table of the questions that match a view; rows are sent to the browser as it scrolls."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from studentsim.datasets.curriculum_coverage import DIFFICULTY_LABELS, SPLIT_LABELS
from studentsim.labels import category_names, formatting
from studentsim.labels.titles import skill_title
from studentsim.ui import components
from studentsim.ui.filtered_list import FilteredList

COLUMN_WIDTHS_PX = {
    "question": 250,
    "skill": 220,
    "category": 170,
    "difficulty": 80,
    "asked in": 90,
    "right answer": 90,
}


def render_question_table(matches: pd.DataFrame, questions: FilteredList) -> None:
    """The questions as a table; a row's number is the button that opens it."""
    st.caption(
        f"{formatting.pluralize(len(matches), 'question')}. Press the number at the beginning of a row to open it."
    )
    ids = matches.id.tolist()
    _render_navigation(ids, questions)
    columns = {name: st.column_config.TextColumn(name, width=width) for name, width in COLUMN_WIDTHS_PX.items()}
    questions.table(_table_frame(matches), ids, columns, button_width=56, help="Opens the question.")


def _render_navigation(ids: list[str], questions: FilteredList) -> None:
    """Links to the first question, or to the neighbours of the open one, for use without a mouse."""
    with components.row("small"):
        if questions.view.question in ids:
            current = ids.index(questions.view.question)
            before, after = [None, *ids][current], [*ids, None][current + 1]
            questions.step_links(before, after, f"{current + 1:,} of {len(ids):,}")
        else:
            questions.step_link("Open the first", ":material/open_in_full:", ids[0])


def _table_frame(matches: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": [str(number) for number in range(1, len(matches) + 1)],
            "question": matches.problem,
            "skill": matches.skill.map(skill_title),
            "difficulty": matches.difficulty.map(DIFFICULTY_LABELS),
            "asked in": matches.split.map(SPLIT_LABELS),
            "category": matches.category.map(category_names.curriculum_category_label),
            "right answer": matches.rationale.str.rsplit("Answer: ", n=1).str[-1],
        }
    )
