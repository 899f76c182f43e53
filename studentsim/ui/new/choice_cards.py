"""Choice cards: the student profiles and the strategies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from studentsim.labels import category_names, formatting
from studentsim.labels.strategy_styles import STRATEGY_STYLES
from studentsim.student.embedded.profiles import PROFILES, category_mastery
from studentsim.ui import charts, literal
from studentsim.ui.new.form import RunForm, render_choice_button
from studentsim.ui.svg_component import render_sketch


def render_profile_choice(form: RunForm) -> None:
    """A card for each student profile, with its mastery before any lesson. Writes ``student`` and ``student_table``."""
    st.caption(
        "The bars: of 100 questions of each category, about how many it answers rightly before any lesson. An exam asks fewer, so it "
        "comes out some way above or below."
    )
    _render_cards("student", {id: profile.title for id, profile in PROFILES.items()}, _render_profile, "distribute")
    form.add_error_slot("student", "Student")
    form.settings["student"] = chosen = st.session_state["new.student"]
    table = form.settings.get("student_table")
    if chosen in PROFILES:
        form.settings["student_table"] = None
    elif table:
        title = formatting.escape_markdown(table.get("title") or chosen)
        st.info(f"As in that simulation: {title}, a student with a table of its own.", icon=":material/person:")


def _render_profile(profile_id: str) -> None:
    profile = PROFILES[profile_id]
    literal.caption(profile.summary)
    mastery = category_mastery(profile)
    mastery_text = "; ".join(
        f"{category_names.curriculum_category_label(c)} {formatting.round_percent(m)}" for c, m in mastery.items()
    )
    mastery_by_label = {category_names.brief_category_label(c, mastery): m for c, m in mastery.items()}
    render_sketch(
        charts.mastery_sketch(mastery_by_label), key=f"new.mastery.{profile_id}", alt=f"Knows of 100: {mastery_text}"
    )


def render_strategy_choice(form: RunForm) -> None:
    """A card for each strategy: what it does and when to use it. Writes ``strategy``."""
    _render_cards("strategy", {id: style.name for id, style in STRATEGY_STYLES.items()}, _render_strategy)
    form.add_error_slot("strategy", "Way of choosing")
    form.settings["strategy"] = st.session_state["new.strategy"]


def _render_strategy(strategy: str) -> None:
    st.markdown(STRATEGY_STYLES[strategy].summary)
    st.caption(STRATEGY_STYLES[strategy].when_to_use)


def _render_cards(
    field: str, titles: dict[str, str], render_body: Callable[[str], None], vertical_alignment: Any = "top"
) -> None:
    """Three cards a row. A card's title is its button, so that keyboards and screen readers can choose it."""
    ids = list(titles)
    for start in range(0, len(ids), 3):
        for column, id in zip(st.columns(3), ids[start : start + 3], strict=False):
            with column.container(border=True, height="stretch", gap="xsmall", vertical_alignment=vertical_alignment):
                render_choice_button(
                    titles[id],
                    key=f"new.{field}.{id}",
                    is_chosen=st.session_state[f"new.{field}"] == id,
                    on_click=st.session_state.__setitem__,
                    args=(f"new.{field}", id),
                    width="stretch",
                )
                render_body(id)
