"""The length of a run (lessons, questions, exams) and its name."""

from __future__ import annotations

import streamlit as st

from studentsim.config import RunConfig
from studentsim.exam import wilson_interval
from studentsim.labels import formatting
from studentsim.ui.new.form import RunForm, persisted, render_settings_side_by_side

LENGTH_PRESETS = {
    "Quick look": {"turns": 6, "questions_per_turn": 20, "exam_size": 120, "exam_every": 2},
    "Usual": {"turns": 20, "questions_per_turn": 40, "exam_size": 240, "exam_every": 2},
    "Thorough": {"turns": 40, "questions_per_turn": 40, "exam_size": 600, "exam_every": 4},
}


def render_length_fields(form: RunForm) -> None:
    """Presets, and fields for lessons, questions, exam size, exam interval and name."""
    with st.container(horizontal=True):
        for name, values in LENGTH_PRESETS.items():
            st.button(name, key=f"new.length.{name}", on_click=_apply_length, args=(values,))
    render_settings_side_by_side(form, "turns", "questions_per_turn", "exam_size", "exam_every")
    st.caption(_describe_exam_precision(int(form.settings["exam_size"] or 0)))
    form.settings["name"] = st.text_input(
        "Name, if you like",
        max_chars=80,
        placeholder=f"without one: {formatting.run_title(RunConfig.model_construct(**{**form.settings, 'name': ''}))}",
        **persisted("name"),
    )
    form.add_error_slot("name", "Name")


def _apply_length(values: dict[str, int]) -> None:
    for field, value in values.items():
        st.session_state[f"new.{field}"] = value


def _describe_exam_precision(exam_size: int) -> str:
    """Half-width of the Wilson interval of an exam of that size where it is widest, at half of the questions right."""
    if exam_size < 2:
        return ""
    low, high = wilson_interval(exam_size // 2, exam_size)
    half_width = round(50 * (high - low))
    return f"With {formatting.pluralize(exam_size, 'exam question')} a result is sure to about {half_width} of 100, up or down."
