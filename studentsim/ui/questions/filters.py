"""The filters of Questions. Their state is the link: each widget shows what the link says, and a change writes the link."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from studentsim.bank.curriculum import SKILLS
from studentsim.records import CATEGORIES
from studentsim.ui import category_names, components, glossary, words
from studentsim.ui.device import on_phone
from studentsim.ui.linked import LONGEST
from studentsim.ui.questions import sentences
from studentsim.ui.questions.coverage import DIFFICULTIES, SPLITS
from studentsim.ui.questions.view import View
from studentsim.ui.shell import QUESTIONS

WIDTH = 170
"""Pixels of one choice: two fit beside each other on a phone."""


def filters(view: View) -> None:
    """All filters, folded on a phone, where they would fill the screen."""
    if not on_phone():
        _filters(view)
        return
    count = len(view.narrowed)
    with st.expander(f"Filters ({count} set)" if count else "Filters", icon=":material/filter_alt:"):
        _filters(view)


def _filters(view: View) -> None:
    """Two rows, and, where any filter is in force, the way back to all questions."""
    skills = [s.id for s in SKILLS.values() if view.category in ("", s.category)]
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        _choice(
            view,
            "category",
            "Category",
            CATEGORIES,
            category_names.own_label,
            "all categories",
            help=glossary.help("category"),
        )
        _choice(view, "skill", "Skill", skills, lambda v: SKILLS[v].title, "all skills", width=2 * WIDTH - 20)
        _choice(view, "difficulty", "Difficulty", [str(d) for d in DIFFICULTIES], lambda v: DIFFICULTIES[int(v)], "all")
        components.keeps(components.FIELD)
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        _segments(view, "split", "Asked in", SPLITS)
        _search(view)
        components.keeps(components.FIELD)
    if view.narrowed:
        st.page_link(QUESTIONS, label="Remove all filters", icon=":material/filter_alt_off:", query_params={})


def nothing_matches(view: View) -> None:
    """An empty view: which filter to remove."""
    st.info("No questions match. Remove a filter:", icon=":material/filter_alt_off:")
    for name in view.narrowed:
        st.page_link(
            QUESTIONS, label=words.literal(f"Remove {sentences.value_of(view, name)}"), icon=":material/close:",
            query_params=view.to(**{name: ""}).params(),
        )  # fmt: skip


def set_to(field: str, value: str) -> None:
    """Have the link say something else of one field. For callbacks: the page is drawn again after it."""
    view, _ = View.read(st.query_params.to_dict())
    st.query_params.from_dict(view.to(**{field: value}).params())


def _take(field: str, key: str) -> None:
    set_to(field, (st.session_state.get(key) or "").strip())


def _choice(
    view: View,
    field: str,
    label: str,
    options: Sequence[str],
    name: Callable[[str], str],
    none: str,
    *,
    width: int = WIDTH,
    help: str | None = None,
) -> None:
    key = f"questions.{field}"
    value = getattr(view, field)
    st.session_state[key] = value or None
    shown = [*options, *([value] if value and value not in options else [])]
    st.selectbox(
        label, shown, index=None, key=key, placeholder=none, format_func=name, on_change=_take, args=(field, key), width=width,
        help=help,
    )  # fmt: skip


def _segments(view: View, field: str, label: str, names: dict[str, str]) -> None:
    key = f"questions.{field}"
    st.session_state[key] = getattr(view, field) or None
    st.segmented_control(
        label, list(names), format_func=names.__getitem__, key=key, on_change=_take, args=(field, key), width="content",
        wrap=True,
    )  # fmt: skip


def _search(view: View) -> None:
    key = "questions.search"
    st.session_state[key] = view.search
    st.text_input(
        "Text", key=key, max_chars=LONGEST, placeholder="in a question or its working", icon=":material/search:",
        on_change=_take, args=("search", key), width=2 * WIDTH - 40,
    )  # fmt: skip
