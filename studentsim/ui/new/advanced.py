"""All other settings, in an expander: seeds, generation, question counts and training."""

from __future__ import annotations

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.labels import formatting, language_models
from studentsim.labels.strategy_styles import STRATEGY_STYLES, strategy_style
from studentsim.settings import ALL_PROJECTIONS
from studentsim.ui.new import prefill
from studentsim.ui.new.form import RunForm, persisted, render_setting, render_settings_side_by_side, setting_field


def render_advanced_settings(form: RunForm) -> None:
    """The fields, each with a caption. Writes ``form.settings`` and ``form.dpo``."""
    with st.expander("Advanced: seeds, how the student writes, how it learns", key="new.advanced"):
        st.button(
            "Use the paper's protocol", key="new.paper", icon=":material/article:", on_click=prefill.apply_paper_preset
        )
        st.caption(
            "The source paper's own: 20 lessons of 40, exams of 40, a trained marker, its rounding, its DPO. It was made for a "
            "model a thousand times larger; the embedded student learns more slowly by it."
        )
        departures = st.container()
        _render_run_settings(form)
        _render_learning_settings(form)
        with departures:
            _render_departures(form)


def _render_departures(form: RunForm) -> None:
    """Where the form's settings depart from the paper's, if its preset was applied."""
    if st.session_state[prefill.PRESET_KEY] != "paper":
        return
    try:
        departures = language_models.preset_departures(RunConfig.make(**form.settings, dpo=form.dpo))
    except ConfigError:  # shown at its field
        return
    lines = [
        f"- {formatting.escape_markdown(d.aspect)}: {_format_departure_value(d.run_value)}; "
        f"in the paper {_format_departure_value(d.paper_value)}"
        for d in departures
    ]
    st.markdown("\n".join(["**Where this is not as in the paper**", "", *lines]) if lines else "All as in the paper.")


def _format_departure_value(text: str) -> str:
    """A departure's value as Markdown, strategies by the names that the page uses."""
    parts = text.removeprefix("one of ").split(", ")
    if all(part in STRATEGY_STYLES for part in parts):
        text = " or ".join(strategy_style(part).name for part in parts)
    return formatting.escape_markdown(text)


def _render_run_settings(form: RunForm) -> None:
    st.markdown("**Seeds and exams**")
    render_settings_side_by_side(form, "seed", "exam_seed", "validation")
    st.markdown("**How it writes**")
    first, second, third = st.columns(3)
    with first:
        render_setting(form, "temperature", 0.1)
    with second:
        render_setting(form, "min_p", 0.01)
    with third:
        render_setting(form, "max_new_tokens")
    st.markdown("**How questions are counted out**")
    first, second = st.columns(2)
    with first:
        render_setting(form, "threshold", 0.05)
    with second:
        render_setting(form, "mix_rule")


LEARNING_SETTINGS: tuple[dict[str, float], ...] = (
    {"learning_rate": 1e-4, "epochs": 1, "batch_size": 1, "max_grad_norm": 0.1},
    {"beta": 0.05, "loss": 1, "label_smoothing": 0.05, "reference": 1},
    {"lora_rank": 1, "lora_alpha": 1, "sft_weight": 0.1, "rehearsal": 0.1},
)
"""The settings of each column -> the step of its field, where it is a number."""


def _render_learning_settings(form: RunForm) -> None:
    st.markdown("**How it learns: DPO with LoRA on its own mistakes**")
    for column, steps in zip(st.columns(len(LEARNING_SETTINGS)), LEARNING_SETTINGS, strict=True):
        with column:
            for name, step in steps.items():
                render_setting(form, name, step)
    info = setting_field("lora_targets")
    label = formatting.capitalize_first(str(info.title))
    form.dpo["lora_targets"] = tuple(st.multiselect(label, list(ALL_PROJECTIONS), **persisted("lora_targets")))
    form.add_error_slot("lora_targets", label)
    st.caption(str(info.description))
