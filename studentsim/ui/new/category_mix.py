"""The category mix of a new run: as the way of choosing says, or six sliders that always sum to 100."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studentsim.records import CATEGORIES
from studentsim.student.profiles import PROFILES, category_mastery
from studentsim.ui.new import mix
from studentsim.ui.new.form import Slots

AS_CHOSEN, OWN = "As the way of choosing says", "My own mix"


def category_mix(slots: Slots) -> dict[str, Any]:
    """Either as the way of choosing says, or six sliders that always sum to 100."""
    whose = st.segmented_control(
        "Category mix", [AS_CHOSEN, OWN], default=AS_CHOSEN, required=True, key="new.mix", label_visibility="collapsed"
    )
    slots.under("mix")
    if whose != OWN:
        return {}
    shares: dict[str, int] = st.session_state.setdefault("new.shares", mix.even(CATEGORIES))
    _presets()
    for row in range(0, len(CATEGORIES), 3):
        for column, category in zip(st.columns(3), CATEGORIES[row : row + 3], strict=False):
            key = f"new.share.{category}"
            st.session_state[key] = shares[category]
            column.slider(category, 0, 100, key=key, format="%d of 100", on_change=_moved, args=(category,))
    st.caption("The six always sum to 100: move one, and the others give way.")
    return {"mix": {c: float(share) for c, share in st.session_state["new.shares"].items()}}


def _moved(category: str) -> None:
    shares = st.session_state["new.shares"]
    st.session_state["new.shares"] = mix.moved(shares, category, st.session_state[f"new.share.{category}"])


def _presets() -> None:
    def preset(label: str, shares: dict[str, int]) -> None:
        st.button(label, key=f"new.preset.{label}", on_click=lambda: st.session_state.update({"new.shares": shares}))

    with st.container(horizontal=True):
        preset("Even", mix.even(CATEGORIES))
        preset("What this student lacks", mix.like(_lacking(st.session_state["new.student"])))
        for category in CATEGORIES:
            preset(f"Only {category}", mix.only(CATEGORIES, category))


def _lacking(student_id: str) -> dict[str, float]:
    mastery = category_mastery(PROFILES[student_id])
    return {c: 1 - mastery.get(c, 0.5) for c in CATEGORIES}
