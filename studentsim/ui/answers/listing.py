"""The list of a view: a table that loads its rows on scrolling, or pages of cards."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studentsim.labels import formatting
from studentsim.ui import components, literal
from studentsim.ui.answers import data, filters, sentences
from studentsim.ui.answers.data import AnswersPageData
from studentsim.ui.data import Engine
from studentsim.ui.device import is_phone
from studentsim.ui.layout import ANSWERS_PAGE

LIST_HEIGHT_PX = 560
"""Height of the list on a desktop; a table of few rows is lower."""
ROW_HEIGHT_PX = 35
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
    count = len(page_data.listing.seqs)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
        st.caption(
            f"{formatting.pluralize(page_data.shown_counts.answers, 'answer')}, in the order they were given.",
            width="content",
        )
        key = "answers.show"
        st.session_state[key] = "cards" if shows_cards(page_data) else "table"
        st.segmented_control(
            "Show as", ["table", "cards"], key=key, required=True, label_visibility="collapsed", width=SWITCH_WIDTH_PX,
            on_change=lambda: filters.update_link("show", st.session_state[key]),
            format_func={"table": ":material/table_rows: table", "cards": ":material/view_agenda: cards"}.__getitem__,
        )  # fmt: skip
    if count < page_data.shown_counts.answers:
        st.info(sentences.describe_truncated_list(page_data.shown_counts.answers), icon=":material/info:")
    if not shows_cards(page_data):
        _render_table(page_data)
    elif is_phone():
        _render_cards(engine, page_data)
    else:  # in a scroll area of its own, as the table is, so that the open card beside it stays in view
        with st.container(height=LIST_HEIGHT_PX, border=False, key=f"answers.cards.{page_data.filter_key}"):
            _render_cards(engine, page_data)


def _render_table(page_data: AnswersPageData) -> None:
    """Rows are loaded on scrolling (``lazy``): 100,000 rows open as fast as 100."""
    column = st.column_config
    question, misconception = TEXT_COLUMN_WIDTHS_PX[page_data.view.answer is not None]
    st.dataframe(
        page_data.listing.table,
        key=f"answers.grid.{page_data.filter_key}",
        lazy=True,
        hide_index=True,
        height=min(LIST_HEIGHT_PX, ROW_HEIGHT_PX * (len(page_data.listing.seqs) + 1) + 3),
        placeholder="",
        alt="The answers of this view; the button at the beginning of a row opens it",
        column_config={
            "row": column.ButtonColumn(
                "row", key="answers.open", on_click=_open_answer, args=(page_data.listing.seqs,), type="secondary", pinned=True,
                width=ROW_COLUMN_WIDTH_PX, help="Opens the whole answer.",
            ),
            "mark": column.TextColumn("mark", width=MARK_COLUMN_WIDTH_PX),
            "question": column.TextColumn("question", width=question),
            "slip": column.TextColumn("slip", width=misconception),
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


def _open_answer(seqs: Sequence[int]) -> None:
    """Open the answer of the pressed button, whose text is the row's number in ``seqs``, however the table is sorted."""
    filters.update_link("answer", int(seqs[int(st.session_state["answers.open"].label) - 1]))


def _render_cards(engine: Engine, page_data: AnswersPageData) -> None:
    for row in data.load_card_answers(engine, page_data):
        components.render_answer_card(row, page_data.categories)
        literal.link(
            ANSWERS_PAGE,
            "Open this answer",
            ":material/open_in_full:",
            page_data.view.with_changes(answer=row["seq"]).to_params(),
        )
    _render_pager(page_data)


def _render_pager(page_data: AnswersPageData) -> None:
    count, page = len(page_data.listing.seqs), data.current_page(page_data)
    if count <= data.CARDS_PER_PAGE:
        return
    first, last = (page - 1) * data.CARDS_PER_PAGE + 1, min(page * data.CARDS_PER_PAGE, count)
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="answers.pager"
    ):
        earlier = page_data.view.with_changes(page=page - 1).to_params() if page > 1 else None
        components.render_step_link(ANSWERS_PAGE, "Earlier", ":material/chevron_left:", earlier, key="answers.Earlier")
        st.caption(f"{first:,} to {last:,} of {count:,}", width="content")
        later = page_data.view.with_changes(page=page + 1).to_params() if last < count else None
        components.render_step_link(ANSWERS_PAGE, "Later", ":material/chevron_right:", later, key="answers.Later")
