"""Questions from top to bottom. Only the list and the count need the whole bank, so all the rest is drawn before it."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from studentsim.ui import components, data, words
from studentsim.ui.device import on_phone
from studentsim.ui.into_view import into_view
from studentsim.ui.questions import bank, filters, sentences
from studentsim.ui.questions.card import card
from studentsim.ui.questions.coverage import by_category
from studentsim.ui.questions.listing import listing
from studentsim.ui.questions.overview import overview, skills
from studentsim.ui.questions.skill import skill_card
from studentsim.ui.questions.view import View


def desk(engine: data.Engine, view: View, lost: list[str]) -> None:
    """Title and sentence, filters, the list and beside it the open question or the chosen skill, what the bank covers."""
    components.page_title("Questions")
    if lost:
        st.warning(words.literal(sentences.left_out(lost)), icon=":material/search_off:")
    sentence = st.container()
    if not view.narrowed:
        _say(sentence, view, 0)
    filters.filters(view)
    if on_phone() and view.question:
        card(engine, view)
        return
    # Always two columns: the list then stays the same element when a card opens beside it.
    # The card stands left, so that it comes first on a narrow window, where columns come one below the other.
    left, right = st.columns([1, 1] if view.question or view.skill else [2, 3], gap="medium")
    with left:
        if view.question:
            into_view(view.question, key="questions.into_view")
            card(engine, view)
        elif view.skill:
            skill_card(view)
        elif view.category or view.difficulty:
            skills(view)
        else:
            overview()
    with right:
        frame = bank.questions(engine)
        found = bank.matching(frame, view)
        if len(found):
            listing(found, view)
        else:
            filters.nothing_matches(view)
    if view.narrowed:
        _say(sentence, view, len(found))


def _say(place: DeltaGenerator, view: View, count: int) -> None:
    total = int(by_category().questions.sum())
    place.header(words.literal(sentences.opening(view, count, total)), anchor=False)
