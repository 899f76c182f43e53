"""An open question: its options and what they show, the solutions, the prompt, and its results in the runs."""

from __future__ import annotations

import streamlit as st

from studentsim.curriculum.generator import MISCONCEPTIONS, SKILLS
from studentsim.datasets import curriculum_lookup
from studentsim.datasets.curriculum_coverage import DIFFICULTY_LABELS, SPLIT_LABELS
from studentsim.labels import category_names, formatting
from studentsim.store import ingest, queries
from studentsim.student.embedded.profiles import PROFILES
from studentsim.student.embedded.prompt_text import prompt_text
from studentsim.types import Option, Question
from studentsim.ui import components, data, literal
from studentsim.ui.answers.view import AnswersView
from studentsim.ui.filtered_list import FilteredList
from studentsim.ui.layout import ANSWERS_PAGE, QUESTIONS_PAGE
from studentsim.ui.questions import sentences

MAX_RUNS = 12
"""Runs listed under a question at most."""
EXAMPLE_PROFILE = "balanced"
"""Profile whose level the example prompt has."""


def render_question_card(engine: data.Engine, questions: FilteredList) -> None:
    """The question that the view names, or a note that the bank has none, and the runs that asked it."""
    question_id = questions.view.question
    question = curriculum_lookup.find_question(question_id)
    questions.close_button()
    if question is None:
        st.info(
            "The built-in bank has no question of this name. Choose one from the list.", icon=":material/search_off:"
        )
    else:
        with st.container(border=True):
            _render_question(question)
    _render_runs(engine, question_id)


def _render_question(question: Question) -> None:
    skill = SKILLS[question.skill or ""]
    literal.caption(
        f"{category_names.curriculum_category_label(question.category)} · {DIFFICULTY_LABELS[skill.difficulty]} · "
        f"for {SPLIT_LABELS[question.split]} · {question.id}"
    )
    st.text(question.problem)
    for option in question.options:
        _render_option(option, is_correct=option.letter == question.correct)
    st.markdown("**The right working**")
    literal.working(question.rationale)
    with st.expander("What each wrong answer tells, with its working"):
        for option in question.options:
            if option.misconception:
                _render_misconception(option)
    with st.expander("As the model student sees it"):
        profile = PROFILES[EXAMPLE_PROFILE]
        level = profile.level(question.skill, question.category, question.difficulty)
        literal.code(prompt_text(level, profile.leaning, question.problem))
        st.caption(
            "The first marks say how well the student knows this kind of question (0 to 20) and which slips it leans to, here the balanced "
            "beginner; the last says that it is to write its working. The built-in student isn't shown the "
            "options: it works the value out, and ticks the option that shows it. A model of your own is shown the options too."
        )
    components.render_link(QUESTIONS_PAGE, f"The skill: {skill.title}", ":material/school:", {"skill": skill.id})


def _render_option(option: Option, *, is_correct: bool) -> None:
    with components.row("xsmall"):
        st.text(f"{option.letter})  {option.text}", width="content")
        if is_correct:
            st.badge("right answer", icon=":material/check:", color="blue")
        else:
            literal.caption(sentences.describe_option(option.misconception, is_correct=False), width="content")


def _render_misconception(option: Option) -> None:
    misconception = MISCONCEPTIONS[option.misconception or ""]
    st.markdown(
        f"**{option.letter}) {formatting.escape_markdown(option.text)}: {formatting.escape_markdown(misconception.title)}**"
    )
    st.text(misconception.explanation)
    literal.working(option.solution or "")
    st.text(f"What a teacher could ask: {misconception.hint}")


def _render_runs(engine: data.Engine, question_id: str) -> None:
    """Its results in every run that asked it, each with a link to its answers. Writes: reads new events into the database."""
    ingest.sync_journals(engine.database, engine.runs_dir)
    st.markdown("**How it went**")
    question_runs = queries.fetch_question_runs(engine.database, question_id)
    if question_runs.empty:
        st.text("No simulation on this computer has asked it yet.")
    for row in question_runs.head(MAX_RUNS).itertuples():
        config = data.parse_usable_config(row.config)
        title = formatting.run_title(config) if config else row.run_id
        result_text = sentences.describe_results(int(row.answers), int(row.correct), bool(row.last_right))
        literal.link(
            ANSWERS_PAGE, title, ":material/list_alt:", AnswersView(run=row.run_id, question=question_id).to_params()
        )
        literal.caption(result_text)
    if len(question_runs) > MAX_RUNS:
        st.caption(f"The newest {MAX_RUNS} of {len(question_runs)} simulations that asked it.")
