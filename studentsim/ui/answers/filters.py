"""The filters of Answers."""

from __future__ import annotations

import streamlit as st

from studentsim.labels import formatting
from studentsim.ui import components, glossary
from studentsim.ui.answers import counts, sentences
from studentsim.ui.answers.data import AnswersPageData
from studentsim.ui.answers.view import OTHER_VALUE, mark_from_kinds

MARKS_WIDTH_PX, PHASE_WIDTHS_PX = 262, (152, 262)
"""Fixed widths of the mark filter and of the phase filter without and with second tries, so that their neighbours do not move."""


def render_filters(page_data: AnswersPageData, *, folded: bool) -> None:
    """Two rows of filters, and a link to remove those that are set; ``folded`` on a phone, and beside an open card."""
    answers, view = page_data.filtered_list, page_data.view
    with answers.filter_box(folded=folded):
        with components.field_row():
            _render_mark_filter(page_data)
            phases = {"exam", "study", view.phase, *page_data.tally.phase}
            names = {phase: name for phase, name in sentences.PHASE_LABELS.items() if phase in phases}
            answers.segments("phase", "Asked in", names, width=PHASE_WIDTHS_PX[len(names) > 2])
            answers.search_field("in a question or a working")
        with components.field_row():
            for field, label, placeholder in (
                ("lesson", "Lesson", "all lessons"),
                ("category", "Category", "all categories"),
                ("skill", "Skill", "all skills"),
                ("slip", "Slip", "all slips"),
            ):
                _render_choice(page_data, field, label, placeholder)
        _render_value_filter(page_data)
        if view.active_filters:
            with components.row("small"):
                if view.question:
                    answers.remove_link("question", "The answers to one question only: show all questions")
                answers.remove_all_link()


def render_no_matches(page_data: AnswersPageData) -> None:
    """An empty view: links that remove each filter, with the number of answers then."""
    view = page_data.view

    def describe_filter(name: str) -> str:
        text = sentences.filter_value_label(name, getattr(view, name), page_data.categories)
        if name in ("search", "question"):
            return text
        count = counts.count_answers(page_data.tally, view.with_changes(**{name: view.empty_value(name)})).answers
        return f"{text}: {formatting.pluralize(count, 'answer')} then" if count else text

    page_data.filtered_list.no_matches(describe_filter)
    page_data.filtered_list.remove_all_link("Look at all answers", ":material/list_alt:")


def _render_mark_filter(page_data: AnswersPageData) -> None:
    """Any of the three answer kinds; none selected filters nothing."""
    key = "answers.mark"
    st.session_state[key] = list(page_data.view.answer_kinds)
    st.segmented_control(
        "Mark", list(sentences.KIND_LABELS), selection_mode="multi", format_func=sentences.KIND_LABELS.__getitem__, key=key,
        width=MARKS_WIDTH_PX,
        on_change=lambda: page_data.filtered_list.update("mark", mark_from_kinds(st.session_state[key])),
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
        on_change=lambda: page_data.filtered_list.update("value", OTHER_VALUE if st.session_state[key] else ""),
    )  # fmt: skip


def _render_choice(page_data: AnswersPageData, field: str, label: str, placeholder: str) -> None:
    """One of a filter's values that occur under the other filters, with the number of answers of each."""
    answer_counts = counts.filter_options(page_data.tally, page_data.view, field)

    def option_label(value: str | int) -> str:
        return f"{sentences.filter_value_label(field, value, page_data.categories)} ({answer_counts.get(value, 0):,})"

    help = glossary.term_help("category") if field == "category" else None
    page_data.filtered_list.select(field, label, list(answer_counts), option_label, placeholder, help=help)
