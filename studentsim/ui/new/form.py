"""The settings of a new run as form parts. Each part draws itself and returns the settings it holds, by RunConfig's names.

Under each field lies a slot, so that a wrong setting is said where it was made: ``Slots.show(error)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import streamlit as st

from studentsim.config import Learning, RunConfig
from studentsim.errors import ConfigError
from studentsim.student.profiles import PROFILES, category_mastery
from studentsim.ui import charts, words
from studentsim.ui.looks import STRATEGIES

DEFAULT = RunConfig()


class Slots:
    """A place under each field for what is wrong with it."""

    def __init__(self) -> None:
        self._places: dict[str, Any] = {}

    def under(self, field: str) -> None:
        """Reserve the place here for ``field`` (a name of RunConfig)."""
        self._places[field] = st.empty()

    def show(self, error: ConfigError) -> None:
        """Say the error under its field; under the Start button where it has none on this page."""
        name = error.field.removeprefix("learning.").split(".")[0]
        place = self._places.get(name) or self._places["start"]
        place.error(f"{words.literal(error.problem)} {words.literal(error.remedy)}", icon=":material/error:")


def student(slots: Slots) -> dict[str, Any]:
    """A card for each; the chosen one's button says so."""
    st.caption(
        "The bars tell about how many of 100 questions of each category the student answers rightly before any lesson."
    )
    st.session_state.setdefault("new.student", DEFAULT.student)
    profiles = list(PROFILES.values())
    for row in range(0, len(profiles), 3):
        for column, profile in zip(st.columns(3), profiles[row : row + 3], strict=False):
            with column.container(border=True, height="stretch", vertical_alignment="distribute"):
                _student_card(profile.id)
    slots.under("student")
    return {"student": st.session_state["new.student"]}


def _student_card(id: str) -> None:
    profile = PROFILES[id]
    chosen = st.session_state["new.student"] == id
    st.markdown(f"**{words.literal(profile.title)}**")
    st.caption(words.literal(profile.summary))
    figure = charts.mastery(category_mastery(profile), revision=id)
    st.plotly_chart(
        figure,
        width="stretch",
        key=f"new.mastery.{id}",
        config={"staticPlot": True},
        alt=f"What {profile.title} knows, by category",
    )
    st.button(
        "Chosen" if chosen else "Choose",
        key=f"new.choose.{id}",
        type="primary" if chosen else "secondary",
        icon=":material/check:" if chosen else None,
        width="stretch",
        help=profile.title,
        on_click=lambda: st.session_state.update({"new.student": id}),
    )


def strategy(slots: Slots) -> dict[str, Any]:
    """The ways of choosing practice questions, each with what it does and when one would use it."""
    names = list(STRATEGIES)
    chosen = st.radio(
        "How are the practice questions chosen?",
        names,
        index=names.index(DEFAULT.strategy),
        format_func=lambda s: STRATEGIES[s].name,
        captions=[f"{look.summary} {look.when}" for look in STRATEGIES.values()],
        key="new.strategy",
        label_visibility="collapsed",
    )
    slots.under("strategy")
    return {"strategy": chosen}


# ------------------------------------------------------------------ numbers


def length(slots: Slots) -> dict[str, Any]:
    """How long the run is: lessons, questions, exam, rhythm."""
    settings: dict[str, Any] = {}
    number = _numbers(slots, settings, RunConfig, DEFAULT)
    columns = st.columns(4)
    with columns[0]:
        number("turns", "Lessons", "In each lesson the student practises, is marked, and learns from its mistakes.")
    with columns[1]:
        number("questions", "Practice questions a lesson", "Chosen in the way picked above.")
    with columns[2]:
        number(
            "exam",
            "Questions in each exam",
            "Never practised. 240 tell a result to about 6 of 100; 40 only to about 15.",
        )
    with columns[3]:
        number(
            "exam_every",
            "An exam every … lessons",
            "There is always one before the first lesson and one after the last.",
        )
    return settings


def advanced(slots: Slots) -> dict[str, Any]:
    """Name, chance, and how the student learns: folded away, since the defaults teach well."""
    settings: dict[str, Any] = {}
    learning: dict[str, Any] = {}
    with st.expander("Advanced: name, chance, and how the student learns", key="new.advanced"):
        settings["name"] = st.text_input(
            "Name", max_chars=80, key="new.name", placeholder="made from the student and the way of choosing"
        )
        slots.under("name")
        number = _numbers(slots, settings, RunConfig, DEFAULT)
        columns = st.columns(4)
        with columns[0]:
            number("seed", "Seed", "The same seed repeats the run exactly.")
        with columns[1]:
            number(
                "exam_seed",
                "Exam seed",
                "Runs with the same exam seed sit the same exam with the same luck: compare only those.",
            )
        with columns[2]:
            number(
                "temperature",
                "Temperature",
                "1 shows what a student half knows; 0 is its single likeliest answer.",
                step=0.1,
            )
        with columns[3]:
            number("validation", "Held-out pairs", "Looked at after each lesson, never learnt from.")
        _learning(slots, learning)
    return {**settings, "learning": learning}


def _learning(slots: Slots, settings: dict[str, Any]) -> None:
    number = _numbers(slots, settings, Learning, DEFAULT.learning)
    st.markdown("**Learning: DPO with LoRA on its own mistakes**")
    columns = st.columns(4)
    with columns[0]:
        number(
            "learning_rate",
            "Learning rate",
            "How big a step it takes. Too big, and it unlearns.",
            step=1e-4,
            format="%.6f",
            low=1e-7,
        )
        number("epochs", "Passes", "How often it goes over a lesson's pairs.")
    with columns[1]:
        number("beta", "Beta", "How closely it stays with what it was; larger is closer.", step=0.05, low=0.01)
        number("batch", "Pairs a step", "Pairs that are learnt from together.")
    with columns[2]:
        number("lora_rank", "LoRA rank", "How much the adapter can hold.")
        number("lora_alpha", "LoRA alpha", "The adapter's scale is alpha divided by rank.")
    with columns[3]:
        _choice(
            slots, settings, "loss", "Loss", {"sigmoid": "sigmoid", "robust": "robust", "ipo": "IPO", "hinge": "hinge"}
        )
        _choice(
            slots,
            settings,
            "reference",
            "Compared with",
            {"last-turn": "itself, last lesson", "base": "itself, before any lesson"},
        )
    number(
        "sft_weight",
        "Weight of imitating the right working",
        "Above 0 it also learns what to say; 0 is plain DPO.",
        step=0.1,
    )


def _choice(slots: Slots, settings: dict[str, Any], field: str, label: str, options: dict[str, str]) -> None:
    settings[field] = st.selectbox(label, list(options), format_func=options.__getitem__, key=f"new.{field}")
    slots.under(field)


def _numbers(slots: Slots, settings: dict[str, Any], model: type, default: Any) -> Callable[..., None]:
    """A maker of number fields: bounds and default as the model states them, an error slot under each."""

    def number(
        field: str,
        label: str,
        help: str,
        *,
        step: float | None = None,
        format: str | None = None,
        low: float | None = None,
    ) -> None:
        bounds = {
            name: getattr(m, name)
            for m in model.model_fields[field].metadata
            for name in ("ge", "gt", "le", "lt")
            if hasattr(m, name)
        }
        whole = int in (model.model_fields[field].annotation, *get_args(model.model_fields[field].annotation))
        kind = int if whole else float
        settings[field] = st.number_input(
            label,
            min_value=kind(low if low is not None else bounds.get("ge", 0)),
            max_value=kind(bounds["le"] if "le" in bounds else bounds["lt"] - 1),
            value=kind(getattr(default, field)),
            step=kind(step or 1),
            format=format,
            help=help,
            key=f"new.{field}",
        )
        slots.under(field)

    return number
