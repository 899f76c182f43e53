"""One skill: what it is, how it is asked, and which slips it draws, with an example of each."""

from __future__ import annotations

import streamlit as st

from studentsim import luck
from studentsim.bank.curriculum import SKILLS, draw, make, phrase
from studentsim.bank.skill import Skill
from studentsim.ui import data, words
from studentsim.ui.answers import View as AnswersView
from studentsim.ui.questions import sentences
from studentsim.ui.questions.view import View
from studentsim.ui.shell import ANSWERS


def skill_card(view: View) -> None:
    """The card of the skill that the view names."""
    skill = SKILLS[view.skill]
    with st.container(border=True):
        st.subheader(words.literal(skill.title), anchor=False)
        st.text(sentences.about(skill))
        st.markdown("**How it is asked**")
        for example in _examples(skill):
            st.text(example)
        question = make(skill.id, "study", 0)
        st.markdown("**The right working, of this question**")
        st.text(question.problem)
        st.code(words.working(question.rationale), language=None, wrap_lines=True)
        st.markdown("**Slips that lead to wrong answers**")
        for option in question.options:
            if slip := next((s for s in skill.slips if s.id == option.misconception), None):
                with st.expander(words.literal(f"{slip.title} ({sentences.KINDS[slip.kind]})")):
                    st.text(slip.explanation)
                    st.caption("The same question, with this slip:")
                    st.code(words.working(option.working or ""), language=None, wrap_lines=True)
                    st.text(f"What a teacher could ask: {slip.hint}")
        if run_id := data.watched():
            st.page_link(
                ANSWERS, label="Answers on this skill in the simulation looked at last", icon=":material/list_alt:",
                query_params=AnswersView(run=run_id, skill=skill.id).params(),
            )  # fmt: skip


def _examples(skill: Skill) -> list[str]:
    """One example of each wording, with numbers that practice may have; the same at every visit."""
    rng = luck.stream("questions page", skill.id)
    return [phrase(wording, numbers, rng) for wording in skill.phrasings if (numbers := draw(skill, "study", rng))]
