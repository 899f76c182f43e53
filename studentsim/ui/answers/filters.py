"""The filters of Answers. Their state is the link: each widget shows the link's value, and a change writes the link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from studentsim.labels import category_names, formatting
from studentsim.labels.titles import misconception_title, skill_title
from studentsim.ui import components, glossary, literal
from studentsim.ui.answers import counts, sentences
from studentsim.ui.answers.data import AnswersPageData
from studentsim.ui.answers.view import OTHER_VALUE, AnswersView, mark_from_kinds
from studentsim.ui.layout import ANSWERS_PAGE
from studentsim.ui.url_state import MAX_VALUE_CHARS

VIEW_KEY = "answers.view"
"""Session key of the shown view, which differs from a link without filters."""
CHOICE_WIDTH_PX = 170
"""Width of one select box: two fit side by side on a phone, four on a desktop."""

MARKS_WIDTH_PX, PHASE_WIDTHS_PX = 262, (152, 262)
"""Fixed widths of the mark filter and of the phase filter without and with second tries, so that their neighbours do not move."""

_ALL_LABELS = {"lesson": "all lessons", "category": "all categories", "skill": "all skills", "slip": "all slips"}


def render_filters(page_data: AnswersPageData, *, folded: bool) -> None:
    """All filters; ``folded`` into an expander where they would leave no room for the list: on a phone, and beside an open card."""
    if not folded:
        _render_filter_rows(page_data)
        return
    count = len(page_data.view.active_filters)
    with st.expander(f"Filters ({count} set)" if count else "Filters", icon=":material/filter_alt:"):
        _render_filter_rows(page_data)


def _render_filter_rows(page_data: AnswersPageData) -> None:
    """Two rows of filters, and a link to remove those that are set."""
    categories = page_data.categories
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        _render_mark_filter(page_data)
        _render_phase_filter(page_data)
        _render_search_field(page_data)
        components.reserve_row_height(components.FIELD_ROW_HEIGHT_PX)
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        _render_choice(page_data, "lesson", "Lesson", lambda v: f"lesson {v}" if v else "before any lesson")
        _render_choice(
            page_data,
            "category",
            "Category",
            lambda v: category_names.category_label(str(v), categories),
            help=glossary.term_help("category"),
        )
        _render_choice(page_data, "skill", "Skill", lambda v: skill_title(str(v)))
        _render_choice(page_data, "slip", "Slip", lambda v: misconception_title(str(v)))
        components.reserve_row_height(components.FIELD_ROW_HEIGHT_PX)
    _render_value_filter(page_data)
    if page_data.view.active_filters:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if page_data.view.question:
                _render_remove_link(page_data, "question", "The answers to one question only: show all questions")
            literal.link(
                ANSWERS_PAGE,
                "Remove all filters",
                ":material/filter_alt_off:",
                page_data.view.without_filters.to_params(),
            )


def render_no_matches(page_data: AnswersPageData) -> None:
    """An empty view: links that remove each filter, with the number of answers then."""
    st.info("No answers match. Remove a filter:", icon=":material/filter_alt_off:")
    for name in page_data.view.active_filters:
        view_without = page_data.view.with_changes(**{name: None if name == "lesson" else ""})
        count_text = ""
        if name not in ("search", "question"):
            count = counts.count_answers(page_data.tally, view_without).answers
            count_text = f": {formatting.pluralize(count, 'answer')} then" if count else ""
        value_label = sentences.filter_value_label(page_data.view, name, page_data.categories)
        _render_remove_link(page_data, name, f"Remove {value_label}{count_text}")
    literal.link(ANSWERS_PAGE, "Look at all answers", ":material/list_alt:", page_data.view.without_filters.to_params())


def update_link(field: str, value: Any) -> None:
    """Change one field of the link; for widget callbacks, after which the page reruns."""
    view: AnswersView = st.session_state[VIEW_KEY]
    st.query_params.from_dict(view.with_changes(**{field: value}).to_params())


def _render_remove_link(page_data: AnswersPageData, field: str, label: str) -> None:
    literal.link(
        ANSWERS_PAGE,
        label,
        ":material/close:",
        page_data.view.with_changes(**{field: None if field == "lesson" else ""}).to_params(),
    )


def _apply_widget_value(field: str, key: str, empty: Any = "") -> None:
    value = st.session_state.get(key)
    update_link(field, empty if value is None else value.strip() if isinstance(value, str) else value)


def _render_mark_filter(page_data: AnswersPageData) -> None:
    """Any of the three answer kinds; none selected filters nothing."""
    key = "answers.mark"
    st.session_state[key] = list(page_data.view.answer_kinds)
    st.segmented_control(
        "Mark", list(sentences.KIND_LABELS), selection_mode="multi", format_func=sentences.KIND_LABELS.__getitem__, key=key,
        width=MARKS_WIDTH_PX, on_change=lambda: update_link("mark", mark_from_kinds(st.session_state[key])),
    )  # fmt: skip


def _render_phase_filter(page_data: AnswersPageData) -> None:
    key, phases = "answers.phase", {"exam", "study", page_data.view.phase, *page_data.tally.phase}
    names = {phase: name for phase, name in sentences.PHASE_LABELS.items() if phase in phases}
    st.session_state[key] = page_data.view.phase or None
    st.segmented_control(
        "Asked in", list(names), format_func=names.__getitem__, key=key, width=PHASE_WIDTHS_PX[len(names) > 2],
        on_change=_apply_widget_value, args=("phase", key),
    )  # fmt: skip


def _render_search_field(page_data: AnswersPageData) -> None:
    key = "answers.search"
    st.session_state[key] = page_data.view.search
    st.text_input(
        "Text", key=key, max_chars=MAX_VALUE_CHARS, placeholder="in a question or a working", icon=":material/search:",
        on_change=_apply_widget_value, args=("search", key), width=2 * CHOICE_WIDTH_PX - 40,
    )  # fmt: skip


def _render_value_filter(page_data: AnswersPageData) -> None:
    """Shown only where some answer's letter and value disagree, or the filter is set: most students never write both."""
    count = int(counts.filter_tally(page_data.tally, page_data.view.with_changes(value=OTHER_VALUE)).answers.sum())
    if not count and not page_data.view.value:
        return
    key = "answers.value"
    st.session_state[key] = page_data.view.value == OTHER_VALUE
    st.checkbox(
        f"Letter and value disagree ({count:,})", key=key, help="The value written beside the letter is another option's.",
        on_change=lambda: update_link("value", OTHER_VALUE if st.session_state[key] else ""),
    )  # fmt: skip


def _render_choice(
    page_data: AnswersPageData,
    field: str,
    label: str,
    format_option: Callable[[str | int], str],
    help: str | None = None,
) -> None:
    key = f"answers.{field}"
    counts_by_option = counts.filter_options(page_data.tally, page_data.view, field)
    value = getattr(page_data.view, field)
    st.session_state[key] = None if value in ("", None) else value
    st.selectbox(
        label, list(counts_by_option), index=None, key=key, placeholder=_ALL_LABELS[field], on_change=_apply_widget_value,
        args=(field, key, None if field == "lesson" else ""), width=CHOICE_WIDTH_PX,
        format_func=lambda option: f"{format_option(option)} ({counts_by_option.get(option, 0):,})", help=help,
    )  # fmt: skip
