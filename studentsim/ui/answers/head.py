"""The top of Answers: which run, what the link asked for in vain, the first sentence, and the ways to what it names."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, data, words
from studentsim.ui.answers import sentences
from studentsim.ui.answers.data import Sheet
from studentsim.ui.device import on_phone
from studentsim.ui.shell import ANSWERS, HOME, WATCH, WEAKNESSES


def choose(engine: data.Engine) -> None:
    """A run whose answers to read."""
    components.choose_run(
        data.recent(engine, limit=data.OFFERED), title="Answers", page=ANSWERS, home=HOME,
        question="The answers of which simulation do you want to read?", empty="There are no answers to read yet.",
    )  # fmt: skip


def head(shown: Sheet) -> None:
    """Title, ways to the run's other pages, and the sentence. Short while a card is open: the card is what one came for."""
    components.page_title(shown.title, shown.who, place=f"Answers {shown.view.run}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        components.status_badge(shown.status)
        if not _stand_below(shown):
            _ways(shown)
            components.keeps(components.LINK)
    if shown.lost:
        st.warning(words.literal(sentences.left_out(shown.lost)), icon=":material/search_off:")
    with st.container(gap="xsmall"):
        st.header(words.literal(sentences.opening(shown.view, shown.base, shown.shown, shown.categories)), anchor=False)
        if shown.view.answer is None:
            _named(shown)
    if shown.alive:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption("The simulation goes on: newer answers appear when this page is drawn again.", width="content")
            st.button("Look again", icon=":material/refresh:", key="answers.again", type="tertiary")


def below(shown: Sheet) -> None:
    """On a phone, under an open card, the ways to the run's other pages: above it they would take three lines."""
    if _stand_below(shown):
        with st.container(horizontal=True, gap="small"):
            _ways(shown)


def _stand_below(shown: Sheet) -> bool:
    return shown.view.answer is not None and on_phone()


def _ways(shown: Sheet) -> None:
    run = {"run": shown.view.run}
    for script, label, icon, query, width in (
        (WATCH, "Watch", ":material/visibility:", run, 84),
        (WEAKNESSES, "Weaknesses", ":material/target:", run, 124),
        (ANSWERS, "Another simulation", ":material/swap_horiz:", None, 176),
    ):  # of a width, so that they break into lines before they are drawn as they do then
        st.page_link(script, label=label, icon=icon, query_params=query, width=width)


def _named(shown: Sheet) -> None:
    """The ways to the answers that the sentence names: those that no option showed, those of the commonest slip."""
    view, base = shown.view, shown.base
    slip, unanswered = sentences.leading(view, base), sentences.unanswered_first(view, base)
    unanswered = unanswered and view.mark != "unanswered"
    if not (unanswered or slip):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if unanswered:
            st.page_link(
                ANSWERS, label=f"{base.unanswered:,} × no option shows its result", icon=":material/filter_alt:",
                query_params=view.to(mark="unanswered").params(),
            )  # fmt: skip
        if slip:
            to = view.to(slip=slip, mark="wrong").params()
            components.slip_link(ANSWERS, slip, base.slips[slip], to, icon=":material/filter_alt:")
        components.keeps(components.LINK)
