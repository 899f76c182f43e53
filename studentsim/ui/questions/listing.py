"""The list of questions that a view lets through; its rows travel as they are scrolled to."""

from __future__ import annotations

import zlib

import pandas as pd
import streamlit as st

from studentsim.ui import category_names, components, words
from studentsim.ui.questions import filters
from studentsim.ui.questions.coverage import DIFFICULTIES, SPLITS
from studentsim.ui.questions.view import View
from studentsim.ui.shell import QUESTIONS
from studentsim.ui.titles import skill_title

HEIGHT = 560
ROW = 35
_ICONS = {
    "Open the first": ":material/open_in_full:", "Previous": ":material/chevron_left:", "Next": ":material/chevron_right:",
}  # fmt: skip


def listing(found: pd.DataFrame, view: View) -> None:
    """The questions as a table; the button of a row, the question's number in the bank, opens it."""
    st.caption(f"{words.plural(len(found), 'question')}. Press the number at the beginning of a row to open it.")
    _one_by_one(found, view)
    column = st.column_config
    st.dataframe(
        _told(found),
        key=f"questions.grid.{zlib.crc32(repr([getattr(view, name) for name in view.narrowed]).encode()):08x}",
        lazy=True,
        hide_index=True,
        height=min(HEIGHT, ROW * (len(found) + 1) + 3),
        alt="The questions of this view; the button at the beginning of a row opens it",
        column_config={
            "row": column.ButtonColumn(
                "row", key="questions.open", on_click=_open, args=(found.id,), type="secondary", width=56, pinned=True,
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


def _one_by_one(found: pd.DataFrame, view: View) -> None:
    """Ways through the list that need no mouse: to its first question, or to those beside the open one."""
    ids = found.id.tolist()
    if view.question not in ids:
        places = {"Open the first": 0}
    else:
        here = ids.index(view.question)
        places = {"Previous": here - 1, "Next": here + 1}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for label, place in places.items():
            there = view.to(question=ids[place]).params() if 0 <= place < len(ids) else None
            components.step(QUESTIONS, label, _ICONS[label], there, key=f"questions.{label}")
        if view.question in ids:
            st.caption(f"{here + 1:,} of {len(ids):,}", width="content")


def _told(found: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": [str(number) for number in range(1, len(found) + 1)],
            "question": found.problem,
            "skill": found.skill.map(skill_title),
            "difficulty": found.difficulty.map(DIFFICULTIES),
            "asked in": found.split.map(SPLITS),
            "category": found.category.map(category_names.own_label),
            "right answer": found.rationale.str.rsplit("Answer: ", n=1).str[-1],
        }
    )


def _open(ids: pd.Series) -> None:
    """The button's text is the row's number in the order of ``ids``, so sorting the table cannot open another question."""
    filters.set_to("question", str(ids.iloc[int(st.session_state["questions.open"].label) - 1]))
