"""The list and the open card side by side; on a phone one of them at a time."""

from __future__ import annotations

import streamlit as st

from studentsim.labels import formatting
from studentsim.ui.answers import conversation, data, filters
from studentsim.ui.answers.card import render_open_answer
from studentsim.ui.answers.data import AnswersPageData
from studentsim.ui.answers.listing import render_listing
from studentsim.ui.data import Engine
from studentsim.ui.device import is_phone
from studentsim.ui.scroll_into_view import scroll_into_view

MAX_LISTED_MISCONCEPTIONS = 8
"""Misconceptions named beside the list at most."""


def render_list_and_card(engine: Engine, page_data: AnswersPageData) -> None:
    """Filters, list and card. An open card stays open, whatever the filter, and the filters fold away into the list's column, so that
    the card starts high up. It is left of the list, so that it comes first in a narrow window, where columns stack.
    """
    is_open = page_data.view.answer is not None
    if is_phone():
        if not is_open:
            filters.render_filters(page_data, folded=True)
            _render_list(engine, page_data)
        else:
            _render_card(engine, page_data)
        return
    with st.container():  # always there, as are the columns: the list stays the same element when a card opens
        if not is_open:
            filters.render_filters(page_data, folded=False)
    left, right = st.columns([1, 1] if is_open else [1, 2], gap="medium")
    with left:
        if is_open:
            scroll_into_view(str(page_data.view.answer), key="answers.into_view")
            _render_card(engine, page_data)
        elif page_data.listing.seqs.size:
            _render_misconceptions(page_data)
    with right:
        with st.container():
            if is_open:
                filters.render_filters(page_data, folded=True)
        _render_list(engine, page_data)


def _render_card(engine: Engine, page_data: AnswersPageData) -> None:
    row, history = data.load_open_answer(engine, page_data)
    render_open_answer(page_data, row, history, conversation.load_attempts(engine, page_data, row, history))


def _render_list(engine: Engine, page_data: AnswersPageData) -> None:
    if page_data.listing.seqs.size:
        render_listing(engine, page_data)
    elif page_data.view.active_filters:
        filters.render_no_matches(page_data)


def _render_misconceptions(page_data: AnswersPageData) -> None:
    """Beside the list while no card is open: a link to the first answer, and the view's misconceptions as links."""
    st.caption("Press the number at the beginning of a row to open the whole answer, or read them one by one.")
    page_data.filtered_list.link("Open the first", ":material/open_in_full:", answer=int(page_data.listing.seqs[0]))
    counts = list(page_data.base_counts.misconceptions.items())
    if not counts or page_data.view.slip:
        return
    wrong = page_data.base_counts.wrong
    st.markdown(f"**Slips behind {'these' if wrong > 1 else 'this'} {formatting.pluralize(wrong, 'wrong answer')}**")
    for misconception, count in counts[:MAX_LISTED_MISCONCEPTIONS]:
        page_data.misconception_link(misconception, count)
    if len(counts) > MAX_LISTED_MISCONCEPTIONS:
        st.caption(f"and {len(counts) - MAX_LISTED_MISCONCEPTIONS} more: choose them under Slip.")
