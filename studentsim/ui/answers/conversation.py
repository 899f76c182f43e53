"""An answer as the conversation it is part of: attempt, grade, feedback, next attempt, whichever attempt is open."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from studentsim.labels import formatting
from studentsim.labels.teacher_settings import FEEDBACK_CONTENT_LABELS
from studentsim.narration import grades
from studentsim.store import queries
from studentsim.ui import components, literal
from studentsim.ui.answers import sentences
from studentsim.ui.answers.data import AnswersPageData
from studentsim.ui.data import Engine, cached_query

STUDENT_AVATAR, TEACHER_AVATAR = ":material/face:", ":material/school:"


def load_attempts(
    engine: Engine, page_data: AnswersPageData, row: dict[str, Any] | None, history: pd.DataFrame
) -> list[dict[str, Any]]:
    """All attempts at the open answer's question in its turn, in order, as rows of ``queries.fetch_answers_by_seq``."""
    if row is None:
        return []
    if row["phase"] == "exam":
        return [row]
    attempts = history[(history.turn == row["turn"]) & (history.phase != "exam")]
    if len(attempts) < 2:
        return [row]
    seqs = tuple(map(int, attempts.seq))
    return cached_query(engine, page_data.last_seq, queries.fetch_answers_by_seq, page_data.view.run, seqs)


def render_conversation(page_data: AnswersPageData, row: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """The student's text and its grade: of one answer, or of all attempts ``rows`` at the question in this turn."""
    if len(rows) < 2:
        st.markdown("**What the student wrote**")
        _render_answer_text(row)
        _render_grade(row)
        return
    st.markdown(f"**What was said: {formatting.pluralize(len(rows), 'try', 'tries')}**")
    for attempt in rows:
        _render_attempt(page_data, attempt, is_open=attempt["seq"] == row["seq"])


def _render_attempt(page_data: AnswersPageData, row: dict[str, Any], *, is_open: bool) -> None:
    """One attempt with its grade and feedback."""
    with st.chat_message("student", avatar=STUDENT_AVATAR):
        with components.row("xsmall"):
            st.markdown(f"**{grades.attempt_ordinal(row)}**", width="content")
            components.render_grade_badge(row)
            if is_open:
                st.badge("shown here", color="gray")
            else:
                page_data.filtered_list.link("Open this try", ":material/open_in_full:", answer=row["seq"])
        _render_answer_text(row)
    with st.chat_message("teacher", avatar=TEACHER_AVATAR):
        _render_grade(row)
        if row["feedback"]:
            literal.caption(
                f"The teacher's words ({FEEDBACK_CONTENT_LABELS.get(row['feedback_level'], row['feedback_level'])}):"
            )
            st.text(row["feedback"])


def _render_answer_text(row: dict[str, Any]) -> None:
    literal.code((row["text"] or "").strip() or "(nothing)")
    if mismatch := sentences.describe_value_mismatch(row):
        st.markdown(f":material/compare_arrows: {formatting.escape_markdown(mismatch)}")


def _render_grade(row: dict[str, Any]) -> None:
    """The grade by the key, after a note where the teacher's or a trained grader's differs."""
    if notes := grades.describe_grading(row):
        st.markdown(f":material/warning: **{formatting.escape_markdown(' '.join(notes))}**")
    st.text(sentences.describe_grade({**row, "graded_by": "key"} if row["phase"] != "exam" else row))
