"""What to practise next."""

from __future__ import annotations

import streamlit as st

from studentsim.analysis import advice
from studentsim.analysis.weakness_selection import WeaknessesSelection
from studentsim.labels import formatting
from studentsim.ui import components
from studentsim.ui.layout import ANSWERS_PAGE, NEW_SIMULATION_PAGE
from studentsim.ui.weaknesses.data import WeaknessesView


def render_advice(view: WeaknessesView, selection: WeaknessesSelection) -> None:
    """The list, each line with its evidence and links to a new simulation and to the answers."""
    lines = advice.build_advice(view.findings)
    st.subheader("What to practise next?", anchor=False)
    if not lines:
        st.markdown(formatting.escape_markdown(advice.describe_no_advice(view.findings)))
        st.page_link(
            NEW_SIMULATION_PAGE,
            label="New simulation like this one",
            icon=":material/add_circle:",
            query_params={"like": selection.run},
        )
        return
    st.markdown(formatting.escape_markdown(advice.describe_advice_basis(lines)))
    for number, line in enumerate(lines, start=1):
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**{number}. {formatting.escape_markdown(line.title)}**")
            for sentence in line.evidence:
                st.text(sentence)
            if line.teacher_prompt:
                st.text(line.teacher_prompt)
            _render_links(view, selection, line)


def _render_links(view: WeaknessesView, selection: WeaknessesSelection, line: advice.PracticeAdvice) -> None:
    with st.container(horizontal=True, gap="small"):
        focus_params = {"like": selection.run, "focus": line.category}
        st.page_link(
            NEW_SIMULATION_PAGE,
            label=f"New simulation focused on “{formatting.escape_markdown(view.findings.category_label(line.category))}”",
            icon=":material/add_circle:",
            query_params=focus_params,
        )
        line_selection = WeaknessesSelection(selection.run, line.category, line.skill)
        answers_params = line_selection.answers_params(lesson=view.findings.last_exam_turn)
        st.page_link(
            ANSWERS_PAGE, label="Read its wrong answers", icon=":material/menu_book:", query_params=answers_params
        )
        for misconception, count in line.misconceptions:
            misconception_params = line_selection.answers_params(
                lesson=view.findings.last_exam_turn, slip=misconception
            )
            components.render_misconception_link(
                ANSWERS_PAGE, misconception, count, misconception_params, icon=":material/menu_book:"
            )
