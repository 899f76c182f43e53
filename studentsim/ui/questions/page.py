"""The Questions page from top to bottom. Only the list and the count need the whole bank, so the rest is rendered before it is loaded."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from studentsim.datasets.curriculum_coverage import category_coverage_frame
from studentsim.ui import components, data, literal
from studentsim.ui.device import is_phone
from studentsim.ui.filtered_list import FilteredList
from studentsim.ui.layout import QUESTIONS_PAGE
from studentsim.ui.questions import bank, filters, sentences
from studentsim.ui.questions.card import render_question_card
from studentsim.ui.questions.listing import render_question_table
from studentsim.ui.questions.overview import render_coverage, render_skills
from studentsim.ui.questions.skill import render_skill_card
from studentsim.ui.questions.view import QuestionsView
from studentsim.ui.scroll_into_view import scroll_into_view


def render_questions_page(engine: data.Engine, view: QuestionsView, invalid_parameters: list[str]) -> None:
    """Title and headline, filters, the list, and left of it the open question, the skill, or what the bank covers."""
    components.render_page_title("Questions")
    if invalid_parameters:
        literal.warning(sentences.describe_invalid_parameters(invalid_parameters), icon=":material/search_off:")
    header_area = st.container()
    if not view.active_filters:
        _render_header(header_area, view, 0)
    questions = FilteredList(QUESTIONS_PAGE, "questions", "question", "question", view)
    filters.render_filters(questions)
    if is_phone() and view.question:
        render_question_card(engine, questions)
        return
    # Always two columns, so that the list stays the same element when a card opens.
    # The card is left, so that it comes first where a narrow window stacks the columns.
    left, right = st.columns([1, 1] if view.question or view.skill else [2, 3], gap="medium")
    with left:
        if view.question:
            scroll_into_view(view.question, key="questions.into_view")
            render_question_card(engine, questions)
        elif view.skill:
            render_skill_card(view)
        elif view.category or view.difficulty:
            render_skills(view)
        else:
            render_coverage()
    with right:
        frame = bank.load_questions(engine)
        matches = bank.filter_questions(frame, view)
        if len(matches):
            render_question_table(matches, questions)
        else:
            questions.no_matches(partial(sentences.describe_filter, view))
    if view.active_filters:
        _render_header(header_area, view, len(matches))


def _render_header(container: DeltaGenerator, view: QuestionsView, count: int) -> None:
    total = int(category_coverage_frame().questions.sum())
    with container:
        literal.header(sentences.describe_view(view, count, total))
