"""Default settings for each kind of student: the fields that change with the kind, and those that keep what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from studentsim import presets
from studentsim.config import HUB_DEFAULTS, RunConfig
from studentsim.presets import PRESETS, SMALL_MODEL
from studentsim.student.huggingface.catalogue import CATALOGUE
from studentsim.ui.new.form import session_key

EMBEDDED, CUSTOM = "embedded", "own"
"""Kinds of student; any other kind is the name of a catalogue model."""
SMALL_MODEL_LENGTH = {"turns": 10, "questions_per_turn": 24, "exam_size": 40, "validation": 8}
"""Lessons, questions in each, exam questions and held-out pairs with which a small language model on two processor cores is done
within a quarter of an hour. The embedded student, a hundred times as fast, has ``RunConfig``'s."""
REFILLED_FIELDS = {
    part: tuple({**HUB_DEFAULTS.get(part, {}), **PRESETS[SMALL_MODEL].changes.get(part, {})})
    for part in ("dpo", "teacher")
}
"""Fields of each part that always change with the kind of student, whatever was typed."""


def default_config(kind: str, preset: str = "") -> RunConfig:
    """Default settings for a kind of student; ``preset`` is ``paper`` or blank."""
    is_small_model = not preset and kind in CATALOGUE
    base = presets.get_preset(preset or (SMALL_MODEL if is_small_model else "default"), kind)
    return base.model_copy(update=SMALL_MODEL_LENGTH) if is_small_model else base


def refill_form(old_kind: str, new_kind: str) -> None:
    """Fill the form with the defaults of ``new_kind``: all loading and training fields, and of the length fields those that still have
    the default of ``old_kind``. An applied paper preset stays.
    """
    preset = st.session_state["new.preset"]
    old, new = (default_config(kind, preset).model_dump() for kind in (old_kind, new_kind))
    st.session_state.update(_by_session_key({"max_new_tokens": new["max_new_tokens"], **new["model_loading"]}))
    for part, fields in REFILLED_FIELDS.items():
        st.session_state.update(_by_session_key({field: new[part][field] for field in fields}))
    untouched = [field for field in SMALL_MODEL_LENGTH if st.session_state.get(session_key(field)) == old[field]]
    st.session_state.update(_by_session_key({field: new[field] for field in untouched}))


def _by_session_key(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {session_key(field): value for field, value in fields.items()}
