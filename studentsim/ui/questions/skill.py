"""The card of a skill: what it is, its wordings, a solution, and its misconceptions, with an example of each."""

from __future__ import annotations

import streamlit as st

from studentsim.curriculum.generator import SKILLS, fill_phrasing, generate_question, sample_numbers
from studentsim.curriculum.schema import Skill
from studentsim.labels import formatting
from studentsim.rng import derive_rng
from studentsim.ui import data, literal
from studentsim.ui.answers.view import AnswersView
from studentsim.ui.layout import ANSWERS_PAGE
from studentsim.ui.questions import sentences
from studentsim.ui.questions.view import QuestionsView


def render_skill_card(view: QuestionsView) -> None:
    """The card of the skill that the view names."""
    skill = SKILLS[view.skill]
    with st.container(border=True):
        literal.subheader(skill.title)
        st.text(sentences.describe_skill(skill))
        st.markdown("**How it is asked**")
        for example in _example_wordings(skill):
            st.text(example)
        question = generate_question(skill.id, "study", 0)
        st.markdown("**The right working, of this question**")
        st.text(question.problem)
        literal.working(question.rationale)
        st.markdown("**Slips that lead to wrong answers**")
        for option in question.options:
            if misconception := next((s for s in skill.misconceptions if s.id == option.misconception), None):
                with st.expander(
                    formatting.escape_markdown(
                        f"{misconception.title} ({sentences.MISCONCEPTION_KIND_LABELS[misconception.kind]})"
                    )
                ):
                    st.text(misconception.explanation)
                    st.caption("The same question, with this slip:")
                    literal.working(option.solution or "")
                    st.text(f"What a teacher could ask: {misconception.hint}")
        if run_id := data.current_run_id():
            literal.link(
                ANSWERS_PAGE,
                "Answers on this skill in the simulation looked at last",
                ":material/list_alt:",
                AnswersView(run=run_id, skill=skill.id).to_params(),
            )


def _example_wordings(skill: Skill) -> list[str]:
    """An example of each wording with numbers of the study split; the same at every visit."""
    rng = derive_rng("questions page", skill.id)
    return [
        fill_phrasing(wording, numbers, rng)
        for wording in skill.phrasings
        if (numbers := sample_numbers(skill, "study", rng))
    ]
