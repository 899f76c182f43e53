"""The open answer: question, options, the student's working, grade, misconception, and the question's history."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from studentsim.datasets import curriculum_lookup
from studentsim.labels import formatting
from studentsim.labels.titles import misconception_title
from studentsim.narration import run_summary
from studentsim.types import Question
from studentsim.ui import components, literal
from studentsim.ui.answers import conversation, counts, sentences
from studentsim.ui.answers.data import AnswersPageData
from studentsim.ui.layout import ANSWERS_PAGE, QUESTIONS_PAGE

MAX_ATTEMPT_LINKS = 16
"""Links in a question's history at most: those nearest to the open answer."""


def render_open_answer(
    page_data: AnswersPageData, row: dict[str, Any] | None, history: pd.DataFrame, attempts: list[dict[str, Any]]
) -> None:
    """The open answer with links to its neighbours; ``attempts`` are all at its question in its turn, ``history`` all in the run."""
    _render_navigation(page_data)
    if row is None:
        st.info("This simulation has no such answer. Choose one from the list.", icon=":material/search_off:")
        return
    question = curriculum_lookup.find_question(row["question_id"], row["problem"])
    with st.container(border=True):
        with components.row("xsmall"):
            components.render_grade_badge(row)
            literal.caption(run_summary.answer_context_label(row, page_data.categories), width="content")
        st.text(row["problem"])
        _render_options(row)
        conversation.render_conversation(page_data, row, attempts)
        _render_misconception(page_data, row, question)
        _render_history(page_data, row, history)
        _render_links(page_data, row, question)
        _render_technical_view(row)


def _render_navigation(page_data: AnswersPageData) -> None:
    """The answer's position in the list, links to the previous and the next one, and a Close button."""
    seq, answers = page_data.view.answer or 0, page_data.filtered_list
    position = page_data.listing.position(seq)
    position_text = f"{position:,} of {len(page_data.listing.seqs):,}" if position else "not in this list"
    with components.row("small"):
        answers.step_links(*page_data.listing.neighbors(seq), position_text)
        answers.close_button()


def _render_options(row: dict[str, Any]) -> None:
    """The options, the correct and the chosen one with a badge."""
    with st.container(gap="xsmall"):
        for option in run_summary.parse_options(row):
            is_correct, is_chosen = option["letter"] == row["correct"], option["letter"] == row["letter"]
            with components.row("xsmall"):
                st.text(f"{option['letter']})  {option['text']}", width="content")
                if is_correct:
                    st.badge("right answer", icon=":material/check:", color="blue")
                if is_chosen:
                    st.badge(
                        "ticked",
                        icon=":material/edit:" if is_correct else ":material/close:",
                        color="blue" if is_correct else "orange",
                    )
                misconception = option.get("misconception")
                if misconception and not is_correct:
                    literal.caption(misconception_title(misconception), width="content")


def _render_misconception(page_data: AnswersPageData, row: dict[str, Any], question: Question | None) -> None:
    """A wrong answer's misconception, the reference working, and a link to answers with the same misconception."""
    title, explanation = sentences.explain_misconception(row)
    if title:
        st.markdown(f"**The slip: {formatting.escape_markdown(title)}**")
    if explanation:
        st.text(explanation)
    if question is not None and not row["is_correct"]:
        st.markdown("**A right working**")
        literal.working(question.rationale)
    if title and row["misconception"] != page_data.view.slip:
        others = page_data.view.with_changes(slip=row["misconception"], answer=row["seq"])
        count = counts.count_answers(page_data.tally, others).answers
        if count > 1:
            literal.link(
                ANSWERS_PAGE,
                f"The {count:,} answers of this view with this slip",
                ":material/filter_alt:",
                others.to_params(),
            )


def _render_history(page_data: AnswersPageData, row: dict[str, Any], history: pd.DataFrame) -> None:
    """All attempts at the same question in the run, each a link."""
    st.markdown("**The same question over the lessons**")
    st.text(sentences.describe_history(history))
    if len(history) < 2:
        return
    open_index = int((history.seq < row["seq"]).sum())
    first = max(0, min(open_index - MAX_ATTEMPT_LINKS // 2, len(history) - MAX_ATTEMPT_LINKS))
    with components.row("small"):
        for _, attempt in history.iloc[first : first + MAX_ATTEMPT_LINKS].iterrows():
            if int(attempt.seq) == row["seq"]:
                st.badge(f"{sentences.attempt_label(attempt)}, shown here", color="gray")
                continue
            page_data.filtered_list.link(sentences.attempt_label(attempt), "", answer=int(attempt.seq))
    if len(history) > MAX_ATTEMPT_LINKS:
        st.caption(f"The {MAX_ATTEMPT_LINKS} nearest of {len(history)} are linked here.")


def _render_links(page_data: AnswersPageData, row: dict[str, Any], question: Question | None) -> None:
    with st.container(horizontal=True, gap="small"):
        if question is not None:
            literal.link(QUESTIONS_PAGE, "This question in the bank", ":material/quiz:", {"question": question.id})
        if page_data.view.question != row["question_id"]:
            view = page_data.view.without_filters.with_changes(question=row["question_id"], answer=row["seq"])
            literal.link(ANSWERS_PAGE, "All answers to it", ":material/history:", view.to_params())


def _render_technical_view(row: dict[str, Any]) -> None:
    """The answer's raw fields, for researchers."""
    with st.expander("Technical view"):
        figures = {
            "log-probability of what it wrote": _format_figure(row["logprob"], 2),
            "P(right working)": _format_figure(row["p_correct"], 4),
            "milliseconds": _format_figure(row["milliseconds"], 1),
            "result it reached": row["value"],
            "option that this result shows": row["value_letter"],
            "difficulty (1 to 3)": row["difficulty"],
            "skill": row["skill"],
            "misconception": row["misconception"],
            "question": row["question_id"],
            "answer (seq in the journal)": row["seq"],
            "attempt": row["attempt"],
            "marked by": row["graded_by"],
            "marked right (assigned_correct)": row["assigned_correct"],
            "trained marker (grader_correct)": row["grader_correct"],
        }
        literal.code("\n".join(f"{name}: {'none' if v is None else v}" for name, v in figures.items()))


def _format_figure(value: float | None, digits: int) -> str | None:
    return None if value is None else f"{value:.{digits}f}"
