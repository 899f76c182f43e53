"""What to practise next."""

from __future__ import annotations

import streamlit as st

from studentsim.analysis import advice
from studentsim.analysis.weakness_selection import WeaknessesSelection
from studentsim.labels import formatting
from studentsim.ui import components, literal
from studentsim.ui.layout import ANSWERS_PAGE, NEW_SIMULATION_PAGE
from studentsim.ui.weaknesses.data import WeaknessesView


def render_advice(view: WeaknessesView, selection: WeaknessesSelection) -> None:
    """The list, each line with its evidence and links to a new simulation and to the answers."""
    lines = advice.build_advice(view.findings)
    literal.subheader("What to practise next?")
    if not lines:
        literal.markdown(advice.describe_no_advice(view.findings))
        literal.link(
            NEW_SIMULATION_PAGE, "New simulation like this one", ":material/add_circle:", {"like": selection.run}
        )
        return
    literal.markdown(advice.describe_advice_basis(lines))
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
        literal.link(
            NEW_SIMULATION_PAGE,
            f"New simulation focused on “{view.findings.category_label(line.category)}”",
            ":material/add_circle:",
            focus_params,
        )
        line_selection = WeaknessesSelection(selection.run, line.category, line.skill)
        answers_params = line_selection.answers_params(lesson=view.findings.last_exam_turn)
        literal.link(ANSWERS_PAGE, "Read its wrong answers", ":material/menu_book:", answers_params)
        for misconception, count in line.misconceptions:
            misconception_params = line_selection.answers_params(
                lesson=view.findings.last_exam_turn, slip=misconception
            )
            components.render_misconception_link(
                ANSWERS_PAGE, misconception, count, misconception_params, icon=":material/menu_book:"
            )
