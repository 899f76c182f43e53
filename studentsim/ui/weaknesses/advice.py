"""What to practise next, as it is drawn."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, words
from studentsim.ui.shell import ANSWERS, NEW
from studentsim.ui.weaknesses import practice
from studentsim.ui.weaknesses.data import View
from studentsim.ui.weaknesses.place import Place


def section(shown: View, place: Place) -> None:
    """The list, each line with its evidence and the two ways on."""
    lines = practice.advice(shown.found)
    st.subheader("What to practise next?", anchor=False)
    if not lines:
        st.markdown(words.literal(practice.nothing(shown.found)))
        st.page_link(
            NEW, label="New simulation like this one", icon=":material/add_circle:", query_params={"like": place.run}
        )
        return
    st.markdown(words.literal(practice.lead(lines)))
    for number, line in enumerate(lines, start=1):
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**{number}. {words.literal(line.what)}**")
            for sentence in line.why:
                st.text(sentence)
            if line.ask:
                st.text(line.ask)
            _ways_on(shown, place, line)


def _ways_on(shown: View, place: Place, line: practice.Advice) -> None:
    with st.container(horizontal=True, gap="small"):
        focus = {"like": place.run, "focus": line.category}
        st.page_link(
            NEW,
            label=f"New simulation focused on “{words.literal(shown.found.label(line.category))}”",
            icon=":material/add_circle:",
            query_params=focus,
        )
        there = Place(place.run, line.category, line.skill)
        where = there.answers(lesson=shown.found.last)
        st.page_link(ANSWERS, label="Read its wrong answers", icon=":material/menu_book:", query_params=where)
        for slip, count in line.slips:
            to = there.answers(lesson=shown.found.last, slip=slip)
            components.slip_link(ANSWERS, slip, count, to, icon=":material/menu_book:")
