"""All other settings, folded away, since the defaults teach well: luck, how the student writes, how it learns."""

from __future__ import annotations

import streamlit as st

from studentsim.config import ALL_PROJECTIONS, Learning, RunConfig
from studentsim.errors import ConfigError
from studentsim.ui import language_models, words
from studentsim.ui.looks import STRATEGIES, look
from studentsim.ui.new import fill
from studentsim.ui.new.form import KEEP, Form, choice, numbers


def advanced(form: Form) -> None:
    """Each with one plain sentence."""
    with st.expander("Advanced: luck, how the student writes, how it learns", key="new.advanced"):
        st.button("Use the paper's protocol", key="new.paper", icon=":material/article:", on_click=fill.paper)
        st.caption(
            "The source paper's own: 20 lessons of 40, exams of 40, a trained marker, its rounding, its DPO. It was made for a "
            "model a thousand times larger; the embedded student learns more slowly by it."
        )
        departures = st.container()
        _run(form)
        _learning(form)
        with departures:
            _departures(form)


def _departures(form: Form) -> None:
    """In what the form's settings are not the paper's, once its protocol was asked for."""
    if st.session_state[fill.PRESET] != "paper":
        return
    try:
        found = language_models.departures(RunConfig.make(**form.settings, learning=form.learning))
    except ConfigError:  # said at its field
        return
    said = [f"- {words.literal(d.what)}: {_plainly(d.ours)}; in the paper {_plainly(d.papers)}" for d in found]
    st.markdown("\n".join(["**Where this is not as in the paper**", "", *said]) if said else "All as in the paper.")


def _plainly(text: str) -> str:
    """A departure's words with ways of choosing called as everywhere on the page; to be shown as Markdown."""
    parts = text.removeprefix("one of ").split(", ")
    if all(part in STRATEGIES for part in parts):
        text = " or ".join(look(part).name for part in parts)
    return words.literal(text)


def _run(form: Form) -> None:
    number = numbers(form, form.settings, RunConfig)
    st.markdown("**Luck and exams**")
    first, second, third = st.columns(3)
    with first:
        number("seed", "Seed", "The same seed repeats the run exactly.")
    with second:
        number(
            "exam_seed", "Exam seed", "Runs with the same one sit the same exam with the same luck: compare only those."
        )
    with third:
        number("validation", "Held-out pairs", "Looked at after each lesson, never learnt from.")
    st.markdown("**How it writes**")
    first, second, third = st.columns(3)
    with first:
        number("temperature", "Temperature", "1 shows what it half knows; 0 is its single likeliest answer.", step=0.1)
    with second:
        number(
            "min_p",
            "Smallest share",
            "Words less likely than this share of the likeliest are never written.",
            step=0.01,
        )
    with third:
        number("max_new_tokens", "Longest answer", "In tokens; a longer one is cut off.")
    st.markdown("**How questions are counted out**")
    first, second = st.columns(2)
    with first:
        number(
            "threshold",
            "Unsure below",
            "A question counts as unsure if its likeliest answer has a lower chance, 0 to 1.",
            step=0.05,
        )
    with second:
        rules = {"largest-remainder": "to the largest remainders", "paper": "to the first category, as the paper does"}
        choice(
            form,
            form.settings,
            "mix_rule",
            "What is left over goes",
            "When shares don't come to whole questions.",
            rules,
        )


def _learning(form: Form) -> None:
    st.markdown("**How it learns: DPO with LoRA on its own mistakes**")
    number = numbers(form, form.learning, Learning)
    first, second, third = st.columns(3)
    with first:
        number("learning_rate", "Learning rate", "How big a step it takes. Too big, and it unlearns.", step=1e-4)
        number("epochs", "Passes", "How often it goes over a lesson's pairs.")
        number("batch", "Pairs a step", "Pairs that are learnt from together.")
        number("max_grad_norm", "Longest step", "Gradients longer than this are shortened to it.", step=0.1)
    with second:
        number("beta", "Beta", "How closely it stays with what it was; larger is closer.", step=0.05)
        losses = {"sigmoid": "sigmoid (DPO)", "robust": "robust", "ipo": "IPO", "hinge": "hinge"}
        choice(form, form.learning, "loss", "Loss", "How a pair's two workings are weighed against each other.", losses)
        number(
            "label_smoothing",
            "Doubted pairs",
            "Share of pairs taken to be the wrong way round; in the robust loss only.",
            step=0.05,
        )
        references = {"last-turn": "itself, last lesson", "base": "itself, before any lesson"}
        choice(form, form.learning, "reference", "Compared with", "Whom it should not stray too far from.", references)
    with third:
        number("lora_rank", "LoRA rank", "How much the adapter can hold.")
        number("lora_alpha", "LoRA alpha", "The adapter's weight is alpha divided by rank.")
        number(
            "sft_weight", "Imitating the right working", "Above 0 it also learns what to say; 0 is plain DPO.", step=0.1
        )
        number(
            "rehearsal",
            "Hold on what is not practised",
            "How strongly it stays as it was; 0: whatever is practised, all gets better.",
            step=0.1,
        )
    form.learning["lora_targets"] = tuple(
        st.multiselect("Parts that get an adapter", list(ALL_PROJECTIONS), key="new.lora_targets", persist_state=KEEP)
    )
    form.under("lora_targets", "Parts that get an adapter")
    st.caption("Projections of the model; all seven, as in the paper.")
