"""The table of the questions that match a view; rows are sent to the browser as it scrolls."""

from __future__ import annotations

import zlib

import pandas as pd
import streamlit as st

from studentsim.datasets.curriculum_coverage import DIFFICULTY_LABELS, SPLIT_LABELS
from studentsim.labels import category_names, formatting
from studentsim.labels.titles import skill_title
from studentsim.ui import components
from studentsim.ui.layout import QUESTIONS_PAGE
from studentsim.ui.questions import filters
from studentsim.ui.questions.view import QuestionsView

MAX_HEIGHT_PIXELS = 560
ROW_HEIGHT_PIXELS = 35
_NAVIGATION_ICONS = {
    "Open the first": ":material/open_in_full:",
    "Previous": ":material/chevron_left:",
    "Next": ":material/chevron_right:",
}


def render_question_table(matches: pd.DataFrame, view: QuestionsView) -> None:
    """The questions as a table; a row's number is the button that opens it."""
    st.caption(
        f"{formatting.pluralize(len(matches), 'question')}. Press the number at the beginning of a row to open it."
    )
    _render_navigation(matches, view)
    column = st.column_config
    st.dataframe(
        _table_frame(matches),
        key=f"questions.grid.{zlib.crc32(repr([getattr(view, name) for name in view.active_filters]).encode()):08x}",
        lazy=True,
        hide_index=True,
        height=min(MAX_HEIGHT_PIXELS, ROW_HEIGHT_PIXELS * (len(matches) + 1) + 3),
        alt="The questions of this view; the button at the beginning of a row opens it",
        column_config={
            "row": column.ButtonColumn(
                "row", key="questions.open", on_click=_open_question, args=(matches.id,), type="secondary", width=56, pinned=True,
                help="Opens the question.",
            ),
            "question": column.TextColumn("question", width=250),
            "skill": column.TextColumn("skill", width=220),
            "category": column.TextColumn("category", width=170),
            "difficulty": column.TextColumn("difficulty", width=80),
            "asked in": column.TextColumn("asked in", width=90),
            "right answer": column.TextColumn("right answer", width=90),
        },
    )  # fmt: skip


def _render_navigation(matches: pd.DataFrame, view: QuestionsView) -> None:
    """Links to the first question, or to the neighbours of the open one, for use without a mouse."""
    ids = matches.id.tolist()
    if view.question not in ids:
        targets = {"Open the first": 0}
    else:
        current = ids.index(view.question)
        targets = {"Previous": current - 1, "Next": current + 1}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for label, index in targets.items():
            link_parameters = view.with_changes(question=ids[index]).to_params() if 0 <= index < len(ids) else None
            components.render_step_link(
                QUESTIONS_PAGE, label, _NAVIGATION_ICONS[label], link_parameters, key=f"questions.{label}"
            )
        if view.question in ids:
            st.caption(f"{current + 1:,} of {len(ids):,}", width="content")


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


def _open_question(ids: pd.Series) -> None:
    """Open the question of the pressed button, whose label is its 1-based index in ``ids``, however the table is sorted."""
    filters.set_link_parameter("question", str(ids.iloc[int(st.session_state["questions.open"].label) - 1]))
