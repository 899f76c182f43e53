"""All other settings, in an expander: seeds, generation, question counts and training."""

from __future__ import annotations

from functools import partial

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.labels import formatting, language_models
from studentsim.labels.strategy_styles import STRATEGY_STYLES, strategy_style
from studentsim.settings import ALL_PROJECTIONS, DPOSettings
from studentsim.ui.new import prefill
from studentsim.ui.new.form import RunForm, persisted, render_number_field, render_number_fields, render_select_field


def render_advanced_settings(form: RunForm) -> None:
    """The fields, each with a caption. Writes ``form.settings`` and ``form.dpo``."""
    with st.expander("Advanced: luck, how the student writes, how it learns", key="new.advanced"):
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
    number_fields = partial(render_number_fields, form, form.settings, RunConfig)
    st.markdown("**Luck and exams**")
    number_fields(
        ("seed", "Seed", "The same seed repeats the run exactly."),
        ("exam_seed", "Exam seed", "Runs with the same one sit the same exam with the same luck: compare only those."),
        ("validation", "Held-out pairs", "Looked at after each lesson, never learnt from."),
    )
    st.markdown("**How it writes**")
    number_fields(
        ("temperature", "Temperature", "1 shows what it half knows; 0 is its single likeliest answer.", 0.1),
        ("min_p", "Smallest share", "Words less likely than this share of the likeliest are never written.", 0.01),
        ("max_new_tokens", "Longest answer", "In tokens; a longer one is cut off."),
    )
    st.markdown("**How questions are counted out**")
    first, second = st.columns(2)
    with first:
        caption = "A question counts as unsure if its likeliest answer has a lower chance, 0 to 1."
        render_number_field(form, form.settings, RunConfig, "threshold", "Unsure below", caption, 0.05)
    with second:
        rules = {"largest-remainder": "to the largest remainders", "paper": "to the first category, as the paper does"}
        form.settings["mix_rule"] = render_select_field(
            form, "mix_rule", "What is left over goes", rules, "When shares don't come to whole questions."
        )


def _render_learning_settings(form: RunForm) -> None:
    st.markdown("**How it learns: DPO with LoRA on its own mistakes**")
    number_field = partial(render_number_field, form, form.dpo, DPOSettings)
    first, second, third = st.columns(3)
    with first:
        number_field("learning_rate", "Learning rate", "How big a step it takes. Too big, and it unlearns.", 1e-4)
        number_field("epochs", "Passes", "How often it goes over a lesson's pairs.")
        number_field("batch_size", "Pairs a step", "Pairs that are learnt from together.")
        number_field("max_grad_norm", "Longest step", "Gradients longer than this are shortened to it.", 0.1)
    with second:
        number_field("beta", "Beta", "How closely it stays with what it was; larger is closer.", 0.05)
        losses = {"sigmoid": "sigmoid (DPO)", "robust": "robust", "ipo": "IPO", "hinge": "hinge"}
        caption = "How a pair's two workings are weighed against each other."
        form.dpo["loss"] = render_select_field(form, "loss", "Loss", losses, caption)
        caption = "Share of pairs taken to be the wrong way round; in the robust loss only."
        number_field("label_smoothing", "Doubted pairs", caption, 0.05)
        references = {"last-turn": "itself, last lesson", "base": "itself, before any lesson"}
        form.dpo["reference"] = render_select_field(
            form, "reference", "Compared with", references, "Whom it should not stray too far from."
        )
    with third:
        number_field("lora_rank", "LoRA rank", "How much the adapter can hold.")
        number_field("lora_alpha", "LoRA alpha", "The adapter's weight is alpha divided by rank.")
        caption = "Above 0 it also learns what to say; 0 is plain DPO."
        number_field("sft_weight", "Imitating the right working", caption, 0.1)
        caption = "How strongly it stays as it was; 0: whatever is practised, all gets better."
        number_field("rehearsal", "Hold on what is not practised", caption, 0.1)
    label = "Parts that get an adapter"
    form.dpo["lora_targets"] = tuple(st.multiselect(label, list(ALL_PROJECTIONS), **persisted("lora_targets")))
    form.add_error_slot("lora_targets", label)
    st.caption("Projections of the model; all seven, as in the paper.")
