"""What suits a kind of student: the fields that change when somebody else is to learn, and those that stay as they were typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from studentsim import presets
from studentsim.config import HUB_DEFAULTS, RunConfig
from studentsim.presets import PRESETS, SMALL_MODEL
from studentsim.student.huggingface.catalogue import CATALOGUE
from studentsim.ui.new.form import key

EMBEDDED, OWN = "embedded", "own"
"""Kinds of student; a third kind is a model of the catalogue, by its name."""
LENGTH = {"turns": 10, "questions": 24, "exam": 40, "validation": 8}
"""Lessons, questions in each, questions in an exam, and held-out pairs, with which a small language model on two processor cores is
done within a quarter of an hour. The embedded student, which is a hundred times as fast, has ``RunConfig``'s."""
REFILLED = {
    part: tuple({**HUB_DEFAULTS.get(part, {}), **PRESETS[SMALL_MODEL].changes.get(part, {})})
    for part in ("learning", "teaching")
}
"""How a kind of student learns: settings that another kind brings with it, whatever was typed."""


def settings(kind: str, preset: str = "") -> RunConfig:
    """The settings that a run of this kind of student begins with. ``preset`` is ``paper`` where its protocol was asked for."""
    small = not preset and kind in CATALOGUE
    begun = presets.preset(preset or (SMALL_MODEL if small else "default"), kind)
    return begun.model_copy(update=LENGTH) if small else begun


def refill(before: str, now: str) -> None:
    """Put what suits the kind ``now`` into the form's fields: how it is loaded and how it learns whole; of a run's length what
    still stood as it suited the kind ``before``. Where the paper's protocol was asked for, it stands.
    """
    preset = st.session_state["new.preset"]
    old, new = (settings(kind, preset).model_dump() for kind in (before, now))
    st.session_state.update(_keyed({"max_new_tokens": new["max_new_tokens"], **new["hub"]}))
    for part, fields in REFILLED.items():
        st.session_state.update(_keyed({field: new[part][field] for field in fields}))
    untouched = [field for field in LENGTH if st.session_state.get(key(field)) == old[field]]
    st.session_state.update(_keyed({field: new[field] for field in untouched}))


def _keyed(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key(field): value for field, value in fields.items()}
