"""The top of Weaknesses: which run, where in it one is, and the first sentence."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, data, words
from studentsim.ui.shell import HOME, WATCH, WEAKNESSES
from studentsim.ui.weaknesses import heat, sentences
from studentsim.ui.weaknesses.data import View, report_of
from studentsim.ui.weaknesses.place import Place

LISTED = 30
"""Runs offered where the link names none."""


def choose(engine: data.Engine) -> None:
    """A run to look into."""
    st.title("Weaknesses", anchor=False)
    runs = data.recent(engine, limit=LISTED)
    if not runs:
        components.nothing_here("There is no simulation to look into yet.", page=HOME, label="Start one on Home")
        return
    st.markdown("Of which simulation do you want to see where the student is weak?")
    for run in runs:
        components.run_row(run, page=WEAKNESSES)


def head(engine: data.Engine, shown: View, place: Place, lost: list[str]) -> None:
    """Title and state, what the link asked for in vain, and the opening sentence of this place."""
    st.title(words.literal(shown.title), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        components.status_badge(shown.status)
        st.page_link(WATCH, label="Watch", icon=":material/visibility:", query_params={"run": place.run})
        st.page_link(WEAKNESSES, label="Another simulation", icon=":material/swap_horiz:")
        if not shown.found.exams.empty:
            _report(engine, shown)
    for sentence in lost:
        st.warning(f"{words.literal(sentence)} What there is stands below.", icon=":material/search_off:")
    if shown.found.exams.empty:
        st.info(sentences.NO_EXAM, icon=":material/info:")
        st.page_link(WATCH, label="Watch it", icon=":material/arrow_forward:", query_params={"run": place.run})
        return
    heat.trail(place)
    said = sentences.opened(shown.found, place) if place.category else sentences.opening(shown.found)
    st.header(words.literal(said), anchor=False)


def _report(engine: data.Engine, shown: View) -> None:
    """The report, made when it is asked for."""
    st.download_button(
        "Download the report to print",
        lambda: report_of(engine, shown),
        file_name=f"report-{shown.run.run_id}.html",
        mime="text/html",
        key="weaknesses.report",
        on_click="ignore",
        icon=":material/download:",
        help="One file for a colleague: it opens in any browser, without this app, and prints on A4.",
    )
