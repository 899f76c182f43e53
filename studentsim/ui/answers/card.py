"""One answer, open: the question, its options, the student's working, the mark, the slip, and the question's history."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from studentsim.records import Question
from studentsim.ui import components, words
from studentsim.ui import sentences as said
from studentsim.ui.answers import conversation, counts, filters, sentences
from studentsim.ui.answers.data import Sheet
from studentsim.ui.questions import known
from studentsim.ui.shell import ANSWERS, QUESTIONS
from studentsim.ui.titles import slip_title

ATTEMPTS = 16
"""Links in a question's history at most, those nearest to the open answer."""


def card(shown: Sheet, row: dict[str, Any] | None, history: pd.DataFrame, tries: list[dict[str, Any]]) -> None:
    """The open answer, with the ways to the ones beside it; ``tries`` are all at its question in its lesson."""
    _way(shown)
    if row is None:
        st.info("This simulation has no such answer. Choose one from the list.", icon=":material/search_off:")
        return
    question = known.question(row["question_id"], row["problem"])
    with st.container(border=True):
        label, icon, color = (
            components.RIGHT if row["right"] else components.WRONG if row["letter"] else components.UNANSWERED
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.badge(label, icon=icon, color=color)  # type: ignore[arg-type]
            st.caption(words.literal(said.where(row, shown.categories)), width="content")
        st.text(row["problem"])
        _options(row)
        conversation.conversation(shown, row, tries)
        _slip(shown, row, question)
        _history(shown, row, history)
        _onward(shown, row, question)
        _technical(row)


def _way(shown: Sheet) -> None:
    """Where in the list one is; the answers before and after, and the way out."""
    seq = shown.view.answer or 0
    place, (before, after) = shown.listing.position(seq), shown.listing.beside(seq)
    count = len(shown.listing.seqs)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for seq, label, icon in (
            (before, "Previous", ":material/chevron_left:"),
            (after, "Next", ":material/chevron_right:"),
        ):
            there = None if seq is None else shown.view.to(answer=seq).params()
            components.step(ANSWERS, label, icon, there, key=f"answers.{label}")
        st.caption(f"{place:,} of {count:,}" if place else "not in this list", width="content")
        st.button(
            "Close", icon=":material/close:", key="answers.close", type="tertiary",
            on_click=filters.set_to, args=("answer", None),
        )  # fmt: skip


def _options(row: dict[str, Any]) -> None:
    """The options; the right one and the ticked one are named, not only coloured."""
    with st.container(gap="xsmall"):
        for option in said.options_of(row):
            right, ticked = option["letter"] == row["correct"], option["letter"] == row["letter"]
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.text(f"{option['letter']})  {option['text']}", width="content")
                if right:
                    st.badge("right answer", icon=":material/check:", color="blue")
                if ticked:
                    st.badge(
                        "ticked",
                        icon=":material/edit:" if right else ":material/close:",
                        color="blue" if right else "orange",
                    )
                slip = option.get("misconception")
                if slip and not right:
                    st.caption(words.literal(slip_title(slip)), width="content")


def _slip(shown: Sheet, row: dict[str, Any], question: Question | None) -> None:
    """Which slip led to a wrong answer, in plain words, and what the working should have been."""
    title, explanation = sentences.slip_behind(row)
    if title:
        st.markdown(f"**The slip: {words.literal(title)}**")
    if explanation:
        st.text(explanation)
    if question is not None and not row["right"]:
        st.markdown("**A right working**")
        st.code(words.working(question.rationale), language=None, wrap_lines=True)
    if title and row["misconception"] != shown.view.slip:
        others = shown.view.to(slip=row["misconception"], answer=row["seq"])
        count = counts.counted(shown.tally, others).answers
        if count > 1:
            st.page_link(
                ANSWERS, label=f"The {count:,} answers of this view with this slip",
                icon=":material/filter_alt:", query_params=others.params(),
            )  # fmt: skip


def _history(shown: Sheet, row: dict[str, Any], history: pd.DataFrame) -> None:
    """How the same question went over the lessons; every attempt is a link."""
    st.markdown("**The same question over the lessons**")
    st.text(sentences.history(history))
    if len(history) < 2:
        return
    here = int((history.seq < row["seq"]).sum())
    first = max(0, min(here - ATTEMPTS // 2, len(history) - ATTEMPTS))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for _, one in history.iloc[first : first + ATTEMPTS].iterrows():
            if int(one.seq) == row["seq"]:
                st.badge(f"{sentences.attempt(one)}, shown here", color="gray")
                continue
            st.page_link(
                ANSWERS, label=sentences.attempt(one), icon="",
                query_params=shown.view.to(answer=int(one.seq)).params(),
            )  # fmt: skip
    if len(history) > ATTEMPTS:
        st.caption(f"The {ATTEMPTS} nearest of {len(history)} are linked here.")


def _onward(shown: Sheet, row: dict[str, Any], question: Question | None) -> None:
    with st.container(horizontal=True, gap="small"):
        if question is not None:
            st.page_link(
                QUESTIONS, label="This question in the bank", icon=":material/quiz:",
                query_params={"question": question.id},
            )  # fmt: skip
        if shown.view.question != row["question_id"]:
            only = shown.view.whole.to(question=row["question_id"], answer=row["seq"])
            st.page_link(ANSWERS, label="All answers to it", icon=":material/history:", query_params=only.params())


def _technical(row: dict[str, Any]) -> None:
    """What a researcher wants to know of the answer."""
    with st.expander("Technical view"):
        figures = {
            "log-probability of what it wrote": _figure(row["logprob"], 2),
            "P(right working)": _figure(row["p_right"], 4),
            "milliseconds": _figure(row["milliseconds"], 1),
            "result it reached": row["value"],
            "option that this result shows": row["value_letter"],
            "difficulty (1 to 3)": row["difficulty"],
            "skill": row["skill"],
            "misconception": row["misconception"],
            "question": row["question_id"],
            "answer (seq in the journal)": row["seq"],
            "attempt": row["attempt"],
            "marked by": row["marked_by"],
            "told it was right (said_right)": row["said_right"],
            "trained marker (marker_right)": row["marker_right"],
        }
        st.code(
            "\n".join(f"{name}: {'none' if v is None else v}" for name, v in figures.items()),
            language=None,
            wrap_lines=True,
        )


def _figure(value: float | None, digits: int) -> str | None:
    return None if value is None else f"{value:.{digits}f}"
