"""The filters of Answers. Their state is the link: each widget shows what the link says, and a change writes the link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from studentsim.ui import category_names, components, glossary, words
from studentsim.ui.answers import counts, sentences
from studentsim.ui.answers.data import Sheet
from studentsim.ui.answers.view import OTHER, View, mark_of
from studentsim.ui.linked import LONGEST
from studentsim.ui.shell import ANSWERS
from studentsim.ui.titles import skill_title, slip_title

SHOWN = "answers.view"
"""Session key: the view that is shown, which a link without any filter does not name."""
WIDTH = 170
"""Pixels of one choice: two fit beside each other on a phone, four on a desk."""

MARKS, PHASES = 262, (152, 262)
"""Pixels of the choices of marks, and of where they were asked, without and with second tries: what stands beside them keeps its place."""

_ALL = {"lesson": "all lessons", "category": "all categories", "skill": "all skills", "slip": "all slips"}


def filters(shown: Sheet, *, folded: bool) -> None:
    """All filters; folded where they would leave no room for what they let through: on a phone, and beside an open card."""
    if not folded:
        _filters(shown)
        return
    count = len(shown.view.narrowed)
    with st.expander(f"Filters ({count} set)" if count else "Filters", icon=":material/filter_alt:"):
        _filters(shown)


def _filters(shown: Sheet) -> None:
    """Two rows, and, where any filter is in force, the way back to all answers."""
    among = shown.categories
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        _marks(shown)
        _phase(shown)
        _search(shown)
        components.keeps(components.FIELD)
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        _choice(shown, "lesson", "Lesson", lambda v: f"lesson {v}" if v else "before any lesson")
        _choice(
            shown, "category", "Category", lambda v: category_names.label(str(v), among), help=glossary.help("category")
        )
        _choice(shown, "skill", "Skill", lambda v: skill_title(str(v)))
        _choice(shown, "slip", "Slip", lambda v: slip_title(str(v)))
        components.keeps(components.FIELD)
    _value(shown)
    if shown.view.narrowed:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if shown.view.question:
                _remove(shown, "question", "The answers to one question only: show all questions")
            st.page_link(
                ANSWERS, label="Remove all filters", icon=":material/filter_alt_off:",
                query_params=shown.view.whole.params(),
            )  # fmt: skip


def nothing_matches(shown: Sheet) -> None:
    """An empty view: which filter to remove, with what it would leave."""
    st.info("No answers match. Remove a filter:", icon=":material/filter_alt_off:")
    for name in shown.view.narrowed:
        without = shown.view.to(**{name: None if name == "lesson" else ""})
        left = ""
        if name not in ("search", "question"):
            count = counts.counted(shown.tally, without).answers
            left = f": {words.plural(count, 'answer')} then" if count else ""
        _remove(shown, name, f"Remove {sentences.value_of(shown.view, name, shown.categories)}{left}")
    st.page_link(
        ANSWERS, label="Look at all answers", icon=":material/list_alt:", query_params=shown.view.whole.params()
    )


def set_to(field: str, value: Any) -> None:
    """Have the link say something else of one field. For callbacks: the page is drawn again after it."""
    view: View = st.session_state[SHOWN]
    st.query_params.from_dict(view.to(**{field: value}).params())


def _remove(shown: Sheet, name: str, label: str) -> None:
    st.page_link(
        ANSWERS, label=words.literal(label), icon=":material/close:",
        query_params=shown.view.to(**{name: None if name == "lesson" else ""}).params(),
    )  # fmt: skip


def _take(field: str, key: str, empty: Any = "") -> None:
    value = st.session_state.get(key)
    set_to(field, empty if value is None else value.strip() if isinstance(value, str) else value)


def _marks(shown: Sheet) -> None:
    """Any of the three; none of them asks for nothing."""
    key = "answers.mark"
    st.session_state[key] = list(shown.view.kinds)
    st.segmented_control(
        "Mark", list(sentences.KINDS), selection_mode="multi", format_func=sentences.KINDS.__getitem__, key=key, width=MARKS,
        on_change=lambda: set_to("mark", mark_of(st.session_state[key])),
    )  # fmt: skip


def _phase(shown: Sheet) -> None:
    key, there = "answers.phase", {"exam", "study", shown.view.phase, *shown.tally.phase}
    names = {phase: name for phase, name in sentences.PHASES.items() if phase in there}
    st.session_state[key] = shown.view.phase or None
    st.segmented_control(
        "Asked in", list(names), format_func=names.__getitem__, key=key, on_change=_take, args=("phase", key), width=PHASES[len(names) > 2],
    )  # fmt: skip


def _search(shown: Sheet) -> None:
    key = "answers.search"
    st.session_state[key] = shown.view.search
    st.text_input(
        "Text", key=key, max_chars=LONGEST, placeholder="in a question or a working", icon=":material/search:",
        on_change=_take, args=("search", key), width=2 * WIDTH - 40,
    )  # fmt: skip


def _value(shown: Sheet) -> None:
    """Only where any answer's letter and value disagree, or these are asked for: most students never write both."""
    count = int(counts.within(shown.tally, shown.view.to(value=OTHER)).answers.sum())
    if not count and not shown.view.value:
        return
    key = "answers.value"
    st.session_state[key] = shown.view.value == OTHER
    st.checkbox(
        f"Letter and value disagree ({count:,})", key=key, help="The value written beside the letter is another option's.",
        on_change=lambda: set_to("value", OTHER if st.session_state[key] else ""),
    )  # fmt: skip


def _choice(shown: Sheet, field: str, label: str, name: Callable[[str | int], str], help: str | None = None) -> None:
    key = f"answers.{field}"
    found = counts.options(shown.tally, shown.view, field)
    value = getattr(shown.view, field)
    st.session_state[key] = None if value in ("", None) else value
    st.selectbox(
        label, list(found), index=None, key=key, placeholder=_ALL[field], on_change=_take,
        args=(field, key, None if field == "lesson" else ""), width=WIDTH,
        format_func=lambda option: f"{name(option)} ({found.get(option, 0):,})", help=help,
    )  # fmt: skip
