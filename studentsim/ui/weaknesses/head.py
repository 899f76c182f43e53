"""The top of Weaknesses: which run, where in it one is, the first sentence, and the ways to what it names."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, data, words
from studentsim.ui.shell import ANSWERS, HOME, WATCH, WEAKNESSES
from studentsim.ui.titles import slip_title
from studentsim.ui.weaknesses import heat, sentences
from studentsim.ui.weaknesses.data import View, report_of
from studentsim.ui.weaknesses.findings import explanation
from studentsim.ui.weaknesses.place import Place


def choose(engine: data.Engine) -> None:
    """A run to look into."""
    components.choose_run(
        data.recent(engine, limit=data.OFFERED), title="Weaknesses", page=WEAKNESSES, home=HOME,
        question="Of which simulation do you want to see where the student is weak?",
        empty="There is no simulation to look into yet.",
    )  # fmt: skip


def head(engine: data.Engine, shown: View, place: Place, lost: list[str]) -> None:
    """Title and state, what the link asked for in vain, and the opening sentence of this place."""
    opened = " ".join((place.run, place.category, place.skill, place.slip))
    components.page_title(shown.title, words.who(shown.config), place=f"Weaknesses {opened}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        components.status_badge(shown.status)
        st.page_link(WATCH, label="Watch", icon=":material/visibility:", query_params={"run": place.run}, width=84)
        st.page_link(WEAKNESSES, label="Another simulation", icon=":material/swap_horiz:", width=176)
        if not shown.found.exams.empty:
            _report(engine, shown)
    for sentence in lost:
        st.warning(f"{words.literal(sentence)} What there is stands below.", icon=":material/search_off:")
    if shown.found.exams.empty:
        st.info(sentences.NO_EXAM, icon=":material/info:")
        st.page_link(WATCH, label="Watch it", icon=":material/arrow_forward:", query_params={"run": place.run})
        return
    heat.trail(shown.found, place)
    if place.category:
        st.header(words.literal(sentences.opened(shown.found, place)), anchor=False)
        return
    st.header(words.literal(sentences.opening(shown.found)), anchor=False)
    _named(shown, place)


def _named(shown: View, place: Place) -> None:
    """The ways to the answers behind what the opening names: the weakest category's slips, or what no option showed."""
    category = sentences.weakest(shown.found)
    if not category:
        return
    there, it, lesson = Place(place.run, category), sentences.behind_wrong(shown.found, category), shown.found.last
    with st.container(horizontal=True, gap="small"):
        if it.unanswered_first:
            st.page_link(
                ANSWERS, label=f"{it.silent} × no option shows the result", icon=":material/menu_book:",
                query_params=there.answers(lesson=lesson, mark="unanswered"),
            )  # fmt: skip
        for slip in it.slips[: sentences.SLIPS_NAMED]:
            to = there.answers(lesson=lesson, slip=slip)
            components.slip_link(ANSWERS, slip, it.made, to, icon=":material/menu_book:")
    for slip in it.slips[: sentences.SLIPS_NAMED]:
        if explanation(slip):
            st.caption(words.literal(f"{words.capital(slip_title(slip))}: {explanation(slip)}"))


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
        width=256,  # as the links beside it: so that the row breaks into lines before they are drawn as it does then
    )
