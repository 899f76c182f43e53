"""A practice answer as the conversation it was part of: try, mark, the teacher's words, next try. Whichever of the tries is open."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.ui import components, words
from studentsim.ui.answers import sentences
from studentsim.ui.answers.data import Sheet
from studentsim.ui.data import Engine
from studentsim.ui.shell import ANSWERS
from studentsim.ui.teaching import judgement
from studentsim.ui.teaching.names import SAID

STUDENT, TEACHER = ":material/face:", ":material/school:"


def tries(engine: Engine, shown: Sheet, row: dict[str, Any] | None, history: pd.DataFrame) -> list[dict[str, Any]]:
    """All attempts at the open answer's question in its lesson, whole and in order; the answer alone where there was but one."""
    if row is None:
        return []
    if row["phase"] == "exam":
        return [row]
    same = history[(history.turn == row["turn"]) & (history.phase != "exam")]
    if len(same) < 2:
        return [row]
    return _whole(engine.database, str(engine.folder), shown.view.run, shown.last_seq, tuple(map(int, same.seq)))


@st.cache_data(max_entries=64, show_spinner=False)
def _whole(_database: Database, folder: str, run_id: str, last_seq: int, seqs: tuple[int, ...]) -> list[dict[str, Any]]:
    return queries.answer_cards(_database, run_id, seqs)


def conversation(shown: Sheet, row: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """What the student wrote and what the teacher made of it: one answer, or all tries at the question in this lesson."""
    if len(rows) < 2:
        st.markdown("**What the student wrote**")
        _wrote(row)
        _marked(row)
        return
    st.markdown(f"**What was said: {words.plural(len(rows), 'try', 'tries')}**")
    for one in rows:
        _try(shown, one, here=one["seq"] == row["seq"])


def _try(shown: Sheet, row: dict[str, Any], *, here: bool) -> None:
    """One attempt, and what the teacher answered."""
    with st.chat_message("student", avatar=STUDENT):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(f"**{judgement.ordinal(row)}**", width="content")
            label, icon, color = (
                components.RIGHT if row["right"] else components.WRONG if row["letter"] else components.UNANSWERED
            )
            st.badge(label, icon=icon, color=color)  # type: ignore[arg-type]
            if here:
                st.badge("shown here", color="gray")
            else:
                st.page_link(
                    ANSWERS, label="Open this try", icon=":material/open_in_full:",
                    query_params=shown.view.to(answer=row["seq"]).params(),
                )  # fmt: skip
        _wrote(row)
    with st.chat_message("teacher", avatar=TEACHER):
        _marked(row)
        if row["feedback"]:
            st.caption(
                words.literal(f"The teacher's words ({SAID.get(row['feedback_level'], row['feedback_level'])}):")
            )
            st.text(row["feedback"])


def _wrote(row: dict[str, Any]) -> None:
    st.code((row["text"] or "").strip() or "(nothing)", language=None, wrap_lines=True)
    if told := sentences.disagreement(row):
        st.markdown(f":material/compare_arrows: {words.literal(told)}")


def _marked(row: dict[str, Any]) -> None:
    """The mark by the key, and what is to be said where the teacher or a marker saw it otherwise."""
    if told := judgement.told(row):
        st.markdown(f":material/warning: **{words.literal(' '.join(told))}**")
    st.text(sentences.mark({**row, "marked_by": "key"} if row["phase"] != "exam" else row))
