"""The list of a view: a table that brings its rows as they are scrolled to, or, on a phone, cards in pages."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studentsim.ui import components, words
from studentsim.ui.answers import data, filters, sentences
from studentsim.ui.answers.data import Sheet
from studentsim.ui.data import Engine
from studentsim.ui.device import on_phone
from studentsim.ui.shell import ANSWERS

HEIGHT = 560
"""Of the list on a desk, in pixels; a table of fewer rows is lower."""
ROW = 35
ROW_WIDTH, MARK_WIDTH = 52, 88
WIDTHS = {False: (205, 165), True: (128, 114)}
"""Of question and slip while no card is open, and beside one: with row and mark they are in sight on a screen 1280 wide."""

SHOW_AS = 190
"""Pixels of both ways of showing them."""


def as_cards(shown: Sheet) -> bool:
    """Whether the list is shown as cards: as the link says, else by the device."""
    return shown.view.show == "cards" or (not shown.view.show and on_phone())


def listing(engine: Engine, shown: Sheet) -> None:
    """How many, the way of showing them, and the list itself."""
    count = len(shown.listing.seqs)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
        st.caption(f"{words.plural(shown.shown.answers, 'answer')}, in the order they were given.", width="content")
        key = "answers.show"
        st.session_state[key] = "cards" if as_cards(shown) else "table"
        st.segmented_control(
            "Show as", ["table", "cards"], key=key, required=True, label_visibility="collapsed", width=SHOW_AS,
            on_change=lambda: filters.set_to("show", st.session_state[key]),
            format_func={"table": ":material/table_rows: table", "cards": ":material/view_agenda: cards"}.__getitem__,
        )  # fmt: skip
    if count < shown.shown.answers:
        st.info(sentences.too_many(shown.shown.answers), icon=":material/info:")
    if not as_cards(shown):
        _table(shown)
    elif on_phone():
        _cards(engine, shown)
    else:  # scrolled by itself, as the table is, so that the card that opens beside it is in view
        with st.container(height=HEIGHT, border=False, key=f"answers.cards.{shown.key}"):
            _cards(engine, shown)


def _table(shown: Sheet) -> None:
    """The rows travel in pieces, as they are scrolled to (``lazy``): 100,000 rows open as fast as 100."""
    column = st.column_config
    question, slip = WIDTHS[shown.view.answer is not None]
    st.dataframe(
        shown.listing.table,
        key=f"answers.grid.{shown.key}",
        lazy=True,
        hide_index=True,
        height=min(HEIGHT, ROW * (len(shown.listing.seqs) + 1) + 3),
        placeholder="",
        alt="The answers of this view; the button at the beginning of a row opens it",
        column_config={
            "row": column.ButtonColumn(
                "row", key="answers.open", on_click=_open, args=(shown.listing.seqs,), type="secondary", width=ROW_WIDTH,
                pinned=True, help="Opens the whole answer.",
            ),
            "mark": column.TextColumn("mark", width=MARK_WIDTH),
            "question": column.TextColumn("question", width=question),
            "slip": column.TextColumn("slip", width=slip),
            "result": column.TextColumn("its result", width=80),
            "lesson": column.NumberColumn("lesson", width=60),
            "asked in": column.TextColumn("asked in", width=75),
            "category": column.TextColumn("category", width=90),
            "skill": column.TextColumn("skill", width=200),
            "answer": column.NumberColumn(
                "answer", width=70, format="plain", help="Which answer of the simulation it is: its seq in the files to download."
            ),
        },
    )  # fmt: skip


def _open(seqs: Sequence[int]) -> None:
    """The button's text is the row's number in the order of ``seqs``, so sorting the table cannot open another answer."""
    filters.set_to("answer", int(seqs[int(st.session_state["answers.open"].label) - 1]))


def _cards(engine: Engine, shown: Sheet) -> None:
    for row in data.cards(engine, shown):
        components.answer(row, shown.categories)
        st.page_link(
            ANSWERS, label="Open this answer", icon=":material/open_in_full:",
            query_params=shown.view.to(answer=row["seq"]).params(),
        )  # fmt: skip
    _pager(shown)


def _pager(shown: Sheet) -> None:
    count, page = len(shown.listing.seqs), data.page(shown)
    if count <= data.PAGE:
        return
    first, last = (page - 1) * data.PAGE + 1, min(page * data.PAGE, count)
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="answers.pager"
    ):
        earlier = shown.view.to(page=page - 1).params() if page > 1 else None
        components.step(ANSWERS, "Earlier", ":material/chevron_left:", earlier, key="answers.Earlier")
        st.caption(f"{first:,} to {last:,} of {count:,}", width="content")
        later = shown.view.to(page=page + 1).params() if last < count else None
        components.step(ANSWERS, "Later", ":material/chevron_right:", later, key="answers.Later")
