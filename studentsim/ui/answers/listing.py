"""The list of a view: a table that loads its rows on scrolling, or pages of cards."""

from __future__ import annotations

import streamlit as st

from studentsim.labels import formatting
from studentsim.ui import components
from studentsim.ui.answers import data, sentences
from studentsim.ui.answers.data import AnswersPageData
from studentsim.ui.data import Engine
from studentsim.ui.device import is_phone
from studentsim.ui.filtered_list import MAX_HEIGHT_PX

ROW_COLUMN_WIDTH_PX, MARK_COLUMN_WIDTH_PX = 52, 88
TEXT_COLUMN_WIDTHS_PX = {False: (205, 165), True: (128, 114)}
"""Widths of question and slip, by whether a card is open: with row and mark they fit a screen of 1280 pixels."""

SWITCH_WIDTH_PX = 190
"""Width of the switch between table and cards."""


def shows_cards(page_data: AnswersPageData) -> bool:
    """Whether the list is shown as cards: by the link, else on phones."""
    return page_data.view.show == "cards" or (not page_data.view.show and is_phone())


def render_listing(engine: Engine, page_data: AnswersPageData) -> None:
    """The number of answers, the switch between table and cards, and the list."""
    answers, count = page_data.filtered_list, page_data.shown_counts.answers
    as_cards = shows_cards(page_data)
    with components.row("small", horizontal_alignment="distribute"):
        st.caption(f"{formatting.pluralize(count, 'answer')}, in the order they were given.", width="content")
        answers.segments(
            "show", "Show as", {"table": ":material/table_rows: table", "cards": ":material/view_agenda: cards"},
            value="cards" if as_cards else "table", required=True, label_visibility="collapsed", width=SWITCH_WIDTH_PX,
        )  # fmt: skip
    if len(page_data.listing.seqs) < count:
        st.info(sentences.describe_truncated_list(count), icon=":material/info:")
    if not as_cards:
        _render_table(page_data)
    elif is_phone():
        _render_cards(engine, page_data)
    else:  # in a scroll area of its own, as the table is, so that the open card beside it stays in view
        with st.container(height=MAX_HEIGHT_PX, border=False, key=f"answers.cards.{answers.filter_key}"):
            _render_cards(engine, page_data)


def _render_table(page_data: AnswersPageData) -> None:
    """100,000 rows open as fast as 100."""
    column = st.column_config
    question, misconception = TEXT_COLUMN_WIDTHS_PX[page_data.view.answer is not None]
    widths = {
        "mark": MARK_COLUMN_WIDTH_PX,
        "question": question,
        "slip": misconception,
        "asked in": 75,
        "category": 90,
        "skill": 200,
    }
    columns = {name: column.TextColumn(name, width=width) for name, width in widths.items()} | {
        "result": column.TextColumn("its result", width=80),
        "lesson": column.NumberColumn("lesson", width=60),
        "answer": column.NumberColumn(
            "answer", width=70, format="plain", help="Which answer of the simulation it is: its seq in the files to download."
        ),
    }  # fmt: skip
    page_data.filtered_list.table(
        page_data.listing.table, page_data.listing.seqs, columns, button_width=ROW_COLUMN_WIDTH_PX, help="Opens the whole answer.",
        placeholder="",
    )  # fmt: skip


def _render_cards(engine: Engine, page_data: AnswersPageData) -> None:
    for row in data.load_card_answers(engine, page_data):
        components.render_answer_card(row, page_data.categories)
        page_data.filtered_list.link("Open this answer", ":material/open_in_full:", answer=row["seq"])
    _render_pager(page_data)


def _render_pager(page_data: AnswersPageData) -> None:
    count, page = len(page_data.listing.seqs), data.current_page(page_data)
    if count <= data.CARDS_PER_PAGE:
        return
    answers = page_data.filtered_list
    first, last = (page - 1) * data.CARDS_PER_PAGE + 1, min(page * data.CARDS_PER_PAGE, count)
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="answers.pager"
    ):
        answers.step_link("Earlier", ":material/chevron_left:", page - 1 if page > 1 else None, "page")
        st.caption(f"{first:,} to {last:,} of {count:,}", width="content")
        answers.step_link("Later", ":material/chevron_right:", page + 1 if last < count else None, "page")
