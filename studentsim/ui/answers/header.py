"""The top of Answers: run, invalid link parameters, the summary sentence, and links to what it names."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, literal
from studentsim.ui.answers import sentences
from studentsim.ui.answers.data import AnswersPageData
from studentsim.ui.device import is_phone
from studentsim.ui.layout import ANSWERS_PAGE, WATCH_PAGE, WEAKNESSES_PAGE


def render_header(page_data: AnswersPageData) -> None:
    """Title, links to the run's other pages, and the summary sentence; shorter while a card is open."""
    components.render_page_title(page_data.title, page_data.subtitle, scroll_id=f"Answers {page_data.view.run}")
    with components.row("small"):
        components.render_status_badge(page_data.status)
        if not _has_links_below(page_data):
            _render_page_links(page_data)
            components.reserve_row_height(components.LINK_ROW_HEIGHT_PX)
    if page_data.invalid_params:
        literal.warning(sentences.describe_ignored_params(page_data.invalid_params), icon=":material/search_off:")
    with st.container(gap="xsmall"):
        literal.header(
            sentences.describe_view(page_data.view, page_data.base_counts, page_data.shown_counts, page_data.categories)
        )
        if page_data.view.answer is None:
            _render_summary_links(page_data)
    if page_data.is_active:
        with components.row("small"):
            st.caption("The simulation goes on: newer answers appear when this page is reloaded.", width="content")
            st.button("Look again", icon=":material/refresh:", key="answers.again", type="tertiary")


def render_links_below_card(page_data: AnswersPageData) -> None:
    """On a phone, links to the run's other pages below the open card: above it they would take three lines."""
    if _has_links_below(page_data):
        with st.container(horizontal=True, gap="small"):
            _render_page_links(page_data)


def _has_links_below(page_data: AnswersPageData) -> bool:
    return page_data.view.answer is not None and is_phone()


def _render_page_links(page_data: AnswersPageData) -> None:
    run = {"run": page_data.view.run}
    for script, label, icon, query, width in (
        (WATCH_PAGE, "Watch", ":material/visibility:", run, 84),
        (WEAKNESSES_PAGE, "Weaknesses", ":material/target:", run, 124),
        (ANSWERS_PAGE, "Another simulation", ":material/swap_horiz:", None, 176),
    ):  # fixed widths, so that placeholders break into the same lines
        literal.link(script, label, icon, query, width=width)


def _render_summary_links(page_data: AnswersPageData) -> None:
    """Links to the answers that the sentence names: unanswered ones, and those of the leading misconception."""
    view, base = page_data.view, page_data.base_counts
    misconception = sentences.leading_misconception(view, base)
    unanswered = sentences.is_unanswered_commonest(view, base) and view.mark != "unanswered"
    if not (unanswered or misconception):
        return
    with components.link_row(gap="small"):
        if unanswered:
            label = f"{base.unanswered:,} × no option shows its result"
            page_data.filtered_list.link(label, ":material/filter_alt:", mark="unanswered")
        if misconception:
            page_data.misconception_link(misconception, base.misconceptions[misconception], ":material/filter_alt:")
