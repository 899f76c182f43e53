"""The filters of Questions. The link is their state: each widget shows its parameter, and a change writes the link."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from studentsim.curriculum.generator import SKILLS
from studentsim.datasets.curriculum_coverage import DIFFICULTY_LABELS, SPLIT_LABELS
from studentsim.labels import category_names
from studentsim.types import CATEGORIES
from studentsim.ui import components, glossary, literal
from studentsim.ui.device import is_phone
from studentsim.ui.layout import QUESTIONS_PAGE
from studentsim.ui.questions import sentences
from studentsim.ui.questions.view import QuestionsView
from studentsim.ui.url_state import MAX_VALUE_CHARS

CHOICE_WIDTH_PIXELS = 170
"""Width of a select box: two fit side by side on a phone."""


def render_filters(view: QuestionsView) -> None:
    """All filters; in an expander on a phone, where they would fill the screen."""
    if not is_phone():
        _render_filter_fields(view)
        return
    count = len(view.active_filters)
    with st.expander(f"Filters ({count} set)" if count else "Filters", icon=":material/filter_alt:"):
        _render_filter_fields(view)


def _render_filter_fields(view: QuestionsView) -> None:
    """Two rows of fields, and a link to the unfiltered view if a filter is active."""
    skills = [s.id for s in SKILLS.values() if view.category in ("", s.category)]
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        _render_select(
            view,
            "category",
            "Category",
            CATEGORIES,
            category_names.curriculum_category_label,
            "all categories",
            help=glossary.term_help("category"),
        )
        _render_select(
            view, "skill", "Skill", skills, lambda v: SKILLS[v].title, "all skills", width=2 * CHOICE_WIDTH_PIXELS - 20
        )
        _render_select(
            view,
            "difficulty",
            "Difficulty",
            [str(d) for d in DIFFICULTY_LABELS],
            lambda v: DIFFICULTY_LABELS[int(v)],
            "all",
        )
        components.reserve_row_height(components.FIELD_ROW_HEIGHT_PX)
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        _render_segments(view, "split", "Asked in", SPLIT_LABELS)
        _render_search(view)
        components.reserve_row_height(components.FIELD_ROW_HEIGHT_PX)
    if view.active_filters:
        literal.link(QUESTIONS_PAGE, "Remove all filters", ":material/filter_alt_off:", {})


def render_no_matches(view: QuestionsView) -> None:
    """For a view without questions: a link to remove each filter."""
    st.info("No questions match. Remove a filter:", icon=":material/filter_alt_off:")
    for name in view.active_filters:
        literal.link(
            QUESTIONS_PAGE,
            f"Remove {sentences.describe_filter(view, name)}",
            ":material/close:",
            view.with_changes(**{name: ""}).to_params(),
        )


def set_link_parameter(field: str, value: str) -> None:
    """Set one parameter of the link. For callbacks, after which the page reruns."""
    view, _ = QuestionsView.from_params(st.query_params.to_dict())
    st.query_params.from_dict(view.with_changes(**{field: value}).to_params())


def _on_field_changed(field: str, key: str) -> None:
    set_link_parameter(field, (st.session_state.get(key) or "").strip())


def _render_select(
    view: QuestionsView,
    field: str,
    label: str,
    options: Sequence[str],
    option_label: Callable[[str], str],
    placeholder: str,
    *,
    width: int = CHOICE_WIDTH_PIXELS,
    help: str | None = None,
) -> None:
    key = f"questions.{field}"
    value = getattr(view, field)
    st.session_state[key] = value or None
    shown_options = [*options, *([value] if value and value not in options else [])]
    st.selectbox(
        label, shown_options, index=None, key=key, placeholder=placeholder, format_func=option_label, width=width, help=help,
        on_change=_on_field_changed, args=(field, key),
    )  # fmt: skip


def _render_segments(view: QuestionsView, field: str, label: str, option_labels: dict[str, str]) -> None:
    key = f"questions.{field}"
    st.session_state[key] = getattr(view, field) or None
    st.segmented_control(
        label, list(option_labels), format_func=option_labels.__getitem__, key=key, width="content", wrap=True,
        on_change=_on_field_changed, args=(field, key),
    )  # fmt: skip


def _render_search(view: QuestionsView) -> None:
    key = "questions.search"
    st.session_state[key] = view.search
    st.text_input(
        "Text", key=key, max_chars=MAX_VALUE_CHARS, placeholder="in a question or its working", icon=":material/search:",
        on_change=_on_field_changed, args=("search", key), width=2 * CHOICE_WIDTH_PIXELS - 40,
    )  # fmt: skip
