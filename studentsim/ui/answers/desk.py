"""The list and the open card beside each other; on a phone one of them at a time."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, words
from studentsim.ui.answers import conversation, data, filters
from studentsim.ui.answers.card import card
from studentsim.ui.answers.data import Sheet
from studentsim.ui.answers.listing import listing
from studentsim.ui.data import Engine
from studentsim.ui.device import on_phone
from studentsim.ui.into_view import into_view
from studentsim.ui.shell import ANSWERS

NAMED = 8
"""Slips named beside the list at most."""


def desk(engine: Engine, shown: Sheet) -> None:
    """Filters, list and card. An open card stays open, whatever the filter lets through, and takes the filters' place: they
    fold away into the list's column, so that the card begins high up. It stands left of the list, so that on a narrow window, where
    columns come one below the other, it comes first.
    """
    st.session_state[filters.SHOWN] = shown.view
    opened = shown.view.answer is not None
    if on_phone():
        if not opened:
            filters.filters(shown, folded=True)
            _list(engine, shown)
        else:
            _card(engine, shown)
        return
    with st.container():  # always there, as are the columns: the list stays the same element when a card opens
        if not opened:
            filters.filters(shown, folded=False)
    left, right = st.columns([1, 1] if opened else [1, 2], gap="medium")
    with left:
        if opened:
            into_view(str(shown.view.answer), key="answers.into_view")
            _card(engine, shown)
        elif shown.listing.seqs.size:
            _slips(shown)
    with right:
        with st.container():
            if opened:
                filters.filters(shown, folded=True)
        _list(engine, shown)


def _card(engine: Engine, shown: Sheet) -> None:
    row, history = data.card(engine, shown)
    card(shown, row, history, conversation.tries(engine, shown, row, history))


def _list(engine: Engine, shown: Sheet) -> None:
    if shown.listing.seqs.size:
        listing(engine, shown)
    elif shown.view.narrowed:
        filters.nothing_matches(shown)


def _slips(shown: Sheet) -> None:
    """What stands beside the list while no card is open: the view's slips, each a link."""
    st.caption("Press the number at the beginning of a row to open the whole answer, or read them one by one.")
    st.page_link(
        ANSWERS,
        label="Open the first",
        icon=":material/open_in_full:",
        query_params=shown.view.to(answer=int(shown.listing.seqs[0])).params(),
    )
    slips = list(shown.base.slips.items())
    if not slips or shown.view.slip:
        return
    st.markdown(
        f"**Slips behind {'these' if shown.base.wrong > 1 else 'this'} {words.plural(shown.base.wrong, 'wrong answer')}**"
    )
    for slip, count in slips[:NAMED]:
        components.slip_link(ANSWERS, slip, count, shown.view.to(slip=slip, mark="wrong").params())
    if len(slips) > NAMED:
        st.caption(f"and {len(slips) - NAMED} more: choose them under Slip.")
