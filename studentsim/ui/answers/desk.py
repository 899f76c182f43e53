"""The list and the open card beside each other; on a phone one of them at a time."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import words
from studentsim.ui.answers import counts, data, filters
from studentsim.ui.answers.card import card
from studentsim.ui.answers.data import Sheet
from studentsim.ui.answers.listing import listing
from studentsim.ui.data import Engine
from studentsim.ui.device import on_phone
from studentsim.ui.shell import ANSWERS

NAMED = 8
"""Slips named beside the list at most."""


def desk(engine: Engine, shown: Sheet) -> None:
    """List and card. An open card stays open, whatever the filter lets through."""
    opened = shown.view.answer is not None
    if on_phone():
        if opened:
            card(shown, *data.card(engine, shown))
        else:
            _list(engine, shown)
        return
    # Always two columns: the list then stays the same element, and keeps its place, when a card opens.
    left, right = st.columns([1, 1] if opened else [3, 2], gap="medium")
    with left:
        _list(engine, shown)
    with right:
        if opened:
            card(shown, *data.card(engine, shown))
        elif shown.listing.seqs.size:
            _slips(shown)


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
        st.page_link(
            ANSWERS,
            label=words.literal(f"{count:,} × {counts.slip_title(slip)}"),
            icon="",
            query_params=shown.view.to(slip=slip, mark="wrong").params(),
        )
    if len(slips) > NAMED:
        st.caption(f"and {len(slips) - NAMED} more: choose them under Slip.")
