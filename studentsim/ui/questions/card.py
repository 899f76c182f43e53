"""One question, open: as the student sees it, what each option stands for, the workings, and how it went in the runs."""

from __future__ import annotations

import json

import streamlit as st

from studentsim.bank.curriculum import SKILLS, SLIPS
from studentsim.records import Option, Question
from studentsim.store import ingest, queries
from studentsim.student.profiles import PROFILES
from studentsim.student.reading import prompt_text
from studentsim.ui import category_names, components, data, words
from studentsim.ui.answers import View as AnswersView
from studentsim.ui.cards import config_of
from studentsim.ui.questions import filters, known, sentences
from studentsim.ui.questions.coverage import DIFFICULTIES, SPLITS
from studentsim.ui.questions.view import View
from studentsim.ui.shell import ANSWERS, QUESTIONS

RUNS = 12
"""Simulations listed under a question at most."""

STUDENT = "balanced"
"""Whose level stands before the question as it is shown here."""


def card(engine: data.Engine, view: View) -> None:
    """The open question; one that the bank does not have is said so, with its answers if any run asked it."""
    question = known.question(view.question)
    st.button(
        "Close",
        icon=":material/close:",
        key="questions.close",
        type="tertiary",
        on_click=filters.set_to,
        args=("question", ""),
    )
    if question is None:
        st.info(
            "The built-in bank has no question of this name. Choose one from the list.", icon=":material/search_off:"
        )
    else:
        with st.container(border=True):
            _question(question)
    _runs(engine, view.question)


def _question(question: Question) -> None:
    skill = SKILLS[question.skill or ""]
    st.caption(
        words.literal(
            f"{category_names.own_label(question.category)} · {DIFFICULTIES[skill.difficulty]} · for {SPLITS[question.split]} · "
            f"{question.id}"
        )
    )
    st.text(question.problem)
    for option in question.options:
        _option(option, right=option.letter == question.correct)
    st.markdown("**The right working**")
    st.code(words.working(question.rationale), language=None, wrap_lines=True)
    with st.expander("What each wrong answer tells, with its working"):
        for option in question.options:
            if option.misconception:
                _slip(option)
    with st.expander("As the model student sees it"):
        student = PROFILES[STUDENT]
        level = student.level(question.skill, question.category, question.difficulty)
        st.code(prompt_text(level, student.leaning, question.problem), language=None, wrap_lines=True)
        st.caption(
            "The first marks say how well the student knows this kind of question (0 to 20) and which slips it leans to, here the balanced "
            "beginner; the last says that it is to write its working. The built-in student isn't shown the "
            "options: it works the value out, and ticks the option that shows it. A model of your own is shown the options too."
        )
    components.link(QUESTIONS, f"The skill: {skill.title}", ":material/school:", {"skill": skill.id})


def _option(option: Option, *, right: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.text(f"{option.letter})  {option.text}", width="content")
        if right:
            st.badge("right answer", icon=":material/check:", color="blue")
        else:
            st.caption(words.literal(sentences.stands_for(option.misconception, right=False)), width="content")


def _slip(option: Option) -> None:
    slip = SLIPS[option.misconception or ""]
    st.markdown(f"**{option.letter}) {words.literal(option.text)}: {words.literal(slip.title)}**")
    st.text(slip.explanation)
    st.code(words.working(option.working or ""), language=None, wrap_lines=True)
    st.text(f"What a teacher could ask: {slip.hint}")


def _runs(engine: data.Engine, question_id: str) -> None:
    """How the question went in every run that asked it; each a link to its answers. Writes: takes in what is new in the journals."""
    ingest.sync(engine.database, engine.runs_folder)
    st.markdown("**How it went**")
    asked = queries.question_runs(engine.database, question_id)
    if asked.empty:
        st.text("No simulation on this computer has asked it yet.")
    for row in asked.head(RUNS).itertuples():
        title = words.title(config_of(json.loads(row.config)))
        told = sentences.went(int(row.answers), int(row.correct), bool(row.last_right))
        st.page_link(
            ANSWERS, label=words.literal(title), icon=":material/list_alt:",
            query_params=AnswersView(run=row.run_id, question=question_id).params(),
        )  # fmt: skip
        st.caption(words.literal(told))
    if len(asked) > RUNS:
        st.caption(f"The newest {RUNS} of {len(asked)} simulations that asked it.")
