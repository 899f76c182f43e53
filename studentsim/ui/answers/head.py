"""The top of Answers: which run, what the link asked for in vain, and the first sentence."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, data, words
from studentsim.ui.answers import sentences
from studentsim.ui.answers.data import Sheet
from studentsim.ui.shell import ANSWERS, HOME, WATCH, WEAKNESSES

LISTED = 30
"""Runs offered where the link names none."""


def choose(engine: data.Engine) -> None:
    """A run whose answers to read."""
    st.title("Answers", anchor=False)
    runs = data.recent(engine, limit=LISTED)
    if not runs:
        components.nothing_here("There are no answers to read yet.", page=HOME, label="Start a simulation on Home")
        return
    st.markdown("The answers of which simulation do you want to read?")
    for run in runs:
        components.run_row(run, page=ANSWERS)


def head(shown: Sheet) -> None:
    """Title, ways to the run's other pages, and the sentence."""
    run = {"run": shown.view.run}
    st.title(words.literal(shown.title), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        components.status_badge(shown.status)
        st.page_link(WATCH, label="Watch", icon=":material/visibility:", query_params=run)
        st.page_link(WEAKNESSES, label="Weaknesses", icon=":material/target:", query_params=run)
        st.page_link(ANSWERS, label="Another simulation", icon=":material/swap_horiz:")
    if shown.lost:
        st.warning(words.literal(sentences.left_out(shown.lost)), icon=":material/search_off:")
    st.header(words.literal(sentences.opening(shown.view, shown.base, shown.shown)), anchor=False)
    if shown.alive:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption("The simulation goes on: newer answers appear when this page is drawn again.", width="content")
            st.button("Look again", icon=":material/refresh:", key="answers.again", type="tertiary")
