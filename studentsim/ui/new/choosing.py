"""Who learns, and how its practice is chosen: cards, of which one is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from studentsim.student.profiles import PROFILES, category_mastery
from studentsim.ui import category_names, charts, words
from studentsim.ui.looks import STRATEGIES
from studentsim.ui.new.form import Form
from studentsim.ui.still import still


def student(form: Form) -> None:
    """A card for each student: who it is, and what it knows before any lesson."""
    st.caption(
        "The bars: of 100 questions of each category, about how many it answers rightly before any lesson. An exam asks fewer, so it "
        "comes out some way above or below."
    )
    _cards("student", {id: profile.title for id, profile in PROFILES.items()}, _profile, "distribute")
    form.under("student", "Student")
    form.settings["student"] = chosen = st.session_state["new.student"]
    table = form.settings.get("student_table")
    if chosen in PROFILES:
        form.settings["student_table"] = None
    elif table:
        title = words.literal(table.get("title") or chosen)
        st.info(f"As in that simulation: {title}, a student with a table of its own.", icon=":material/person:")


def _profile(id: str) -> None:
    profile = PROFILES[id]
    st.caption(words.literal(profile.summary))
    knows = category_mastery(profile)
    told = "; ".join(f"{category_names.own_label(c)} {words.hundred(m)}" for c, m in knows.items())
    named = {category_names.brief(c, knows): m for c, m in knows.items()}
    still(charts.mastery(named), key=f"new.mastery.{id}", alt=f"Knows of 100: {told}")


def strategy(form: Form) -> None:
    """A card for each way of choosing: what it does, and when one would use it."""
    _cards("strategy", {id: look.name for id, look in STRATEGIES.items()}, _way)
    form.under("strategy", "Way of choosing")
    form.settings["strategy"] = st.session_state["new.strategy"]


def _way(id: str) -> None:
    st.markdown(STRATEGIES[id].summary)
    st.caption(STRATEGIES[id].when)


def _cards(field: str, titles: dict[str, str], draw: Callable[[str], None], align: Any = "top") -> None:
    """Three cards a row. A card's button bears its title, so that keyboard and screen reader know what they choose."""
    for row in _threes(list(titles)):
        for column, id in zip(st.columns(3), row, strict=False):
            chosen = st.session_state[f"new.{field}"] == id
            with column.container(border=True, height="stretch", gap="xsmall", vertical_alignment=align):
                st.button(
                    words.literal(titles[id]),
                    key=f"new.{field}.{id}",
                    type="primary" if chosen else "secondary",
                    icon=":material/radio_button_checked:" if chosen else ":material/radio_button_unchecked:",
                    width="stretch",
                    wrap=True,
                    on_click=st.session_state.__setitem__,
                    args=(f"new.{field}", id),
                )
                draw(id)


def _threes(items: Sequence[str]) -> list[Sequence[str]]:
    return [items[i : i + 3] for i in range(0, len(items), 3)]
