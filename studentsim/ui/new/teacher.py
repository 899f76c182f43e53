"""The teacher's settings in plain words, folded: how many tries, what is said, what is learnt from, who marks, errors, doubts.

Shares are percent here and fractions in the settings. What needs a second try is shown only where
one is allowed, and has its plain value otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from studentsim.config import Teaching
from studentsim.ui import glossary, words
from studentsim.ui.new import marker
from studentsim.ui.new.form import KEEP, Form, key
from studentsim.ui.teaching import names

MOST_SMOOTHING = 0.45
"""Settings allow less than a half."""
CAUTIOUS = "robust"
"""The loss that allows for wrong marks."""


def fill(teaching: Mapping[str, Any], learning: Mapping[str, Any]) -> None:
    """Put a run's teacher into the fields."""
    for field in ("attempts", "feedback", "pairs", "chosen_text", "writer"):
        st.session_state[key(field)] = teaching[field]
    st.session_state[key("who")] = names.who(Teaching.model_construct(**teaching))
    marker.fill(teaching)
    st.session_state[key("errors")] = _percent(teaching["error_rate"])
    st.session_state[key("doubted")] = _percent(teaching["doubts"])
    st.session_state[key("cautious")] = learning["loss"] == CAUTIOUS


def teacher(form: Form) -> None:
    """All of it, folded; the fold's label says what is set. Writes ``form.settings["teaching"]``."""
    base = dict(form.settings["teaching"])
    with st.expander(f"The teacher: {words.literal(names.summary(_teaching(base)))}", key="new.teacher"):
        st.caption("As it comes, an answer is marked by its key, and each question is asked once.")
        left, right = st.columns(2, gap="medium")
        with left:
            st.markdown("**After a wrong answer**")
            _tries(form)
        with right:
            st.markdown("**Marking**")
            _marking(form)
    form.settings["teaching"] = _teaching(base).model_dump()


def _teaching(base: Mapping[str, Any]) -> Teaching:
    """The fields as settings, unchecked: the form checks them all together. ``base`` has those without a field."""
    state, again = st.session_state, st.session_state[key("attempts")] > 1
    who = state[key("who")]
    own: dict[str, Any] = {
        "attempts": state[key("attempts")],
        "feedback": state[key("feedback")] if again else names.PLAIN.feedback,
        "pairs": state[key("pairs")] if again else names.PLAIN.pairs,
        "chosen_text": state[key("chosen_text")],
        "doubts": _fraction("doubted") if again else 0.0,
        "writer": str(state[key("writer")]).strip() if again else "",
        "error_rate": _fraction("errors"),
        **(marker.settings() if who != names.KEY else {"marker": "", "marker_revision": ""}),
        "decides": "marker" if who == names.MARKER else "key",
    }
    return Teaching.model_construct(**{**base, **own})


# ------------------------------------------------------------------ after a wrong answer


def _tries(form: Form) -> None:
    st.segmented_control(
        "Tries at each practice question", list(names.TRIES), format_func=names.TRIES.__getitem__, required=True,
        key=key("attempts"), persist_state=KEEP, help=glossary.help("second-try"),
    )  # fmt: skip
    form.under("attempts", "Tries at each practice question")
    st.caption("After a wrong answer it may try the same question again. Each further try makes a lesson longer.")
    if st.session_state[key("attempts")] == 1:
        st.caption("Allow two, and you can choose here what is said to a wrong answer and what it learns from.")
        return
    _choice(
        form, "feedback", "What is said to a wrong answer", names.FEEDBACK, term="feedback",
        sentence="The words are the question's own: what went wrong, and a hint that does not give the answer away.",
    )  # fmt: skip
    _choice(
        form, "pairs", "What it learns from", names.PAIRS, term="pair",
        sentence="What it is shown as better than its own first, wrong answer.",
    )  # fmt: skip
    _percentage(
        form, "doubted", "doubts", "Right answers called wrong on purpose, of 100", most=100, term="giving-way",
        sentence="To see whether it gives way. Nothing is learnt from these.",
    )  # fmt: skip


# ------------------------------------------------------------------ marking


def _marking(form: Form) -> None:
    _choice(
        form, "who", "Who marks practice", names.WHO, term="trained-marker",
        sentence="Exams are always marked by the answer key: they are what simulations are compared by.",
    )  # fmt: skip
    who = st.session_state[key("who")]
    if who != names.KEY:
        marker.choice(form, decides=who == names.MARKER)
    _percentage(
        form, "errors", "error_rate", "Marks the teacher gets wrong on purpose, of 100", most=50, term="label-noise",
        sentence="Right is called wrong, or wrong right; the student learns from it as if it were true.", changed=_follow,
    )  # fmt: skip
    if st.session_state[key("errors")] > 0 or who == names.MARKER or st.session_state[key("loss")] == CAUTIOUS:
        st.session_state[key("cautious")] = st.session_state[key("loss")] == CAUTIOUS
        st.toggle("Learn more cautiously from an unreliable teacher", key=key("cautious"), on_change=_cautious)
        st.caption(_how_cautious())
    with st.container():
        if st.toggle("Technical view", key=key("teacher.technical"), persist_state=KEEP):
            _technical(form)


def _cautious() -> None:
    """The toggle's callback: the loss that allows for wrong marks, as many as the teacher is set to make; or back."""
    on = st.session_state[key("cautious")]
    st.session_state[key("loss")] = CAUTIOUS if on else "sigmoid"
    st.session_state[key("label_smoothing")] = _assumed() if on else 0.0


def _follow() -> None:
    """Whoever learns cautiously allows for as many wrong marks as are now asked for."""
    if st.session_state[key("loss")] == CAUTIOUS:
        st.session_state[key("label_smoothing")] = _assumed()


def _assumed() -> float:
    return round(min(MOST_SMOOTHING, _fraction("errors")), 4)


def _how_cautious() -> str:
    if st.session_state[key("loss")] != CAUTIOUS:
        return "It then takes some of the teacher's marks to be wrong, and lets no single one pull it far."
    assumed = float(st.session_state[key("label_smoothing")] or 0)
    return f"It takes {names.share(assumed)} of the teacher's marks to be wrong."


def _technical(form: Form) -> None:
    """The field's own names for whoever wants them."""
    if st.session_state[key("attempts")] > 1:
        st.text_input(
            "Who writes the hints", key=key("writer"), persist_state=KEEP, max_chars=300,
            placeholder="the questions' own texts",
        )  # fmt: skip
        form.under("writer", "Who writes the hints")
        st.caption("An instruct model by its hub name or folder; each wrong answer then takes it a few seconds more.")
    _choice(
        form, "chosen_text", "What it is shown of a given working", names.CHOSEN_TEXTS, term="pair",
        sentence="The chosen text of a pair, where it is the given working. With less of it, the two texts differ less in style.",
    )  # fmt: skip
    st.caption(
        "Cautious: robust DPO, its label smoothing at the error rate (Loss and Doubted pairs under Advanced). "
        "Learning from its own corrected answers: the revision is the chosen answer of the pair, the first attempt the rejected one. "
        "Wrong marks: label noise."
    )


# ------------------------------------------------------------------ fields


def _choice(form: Form, field: str, label: str, options: Mapping[str, str], *, sentence: str, term: str) -> None:
    st.selectbox(
        label, list(options), format_func=options.__getitem__, key=key(field), persist_state=KEEP,
        help=glossary.help(term),
    )  # fmt: skip
    form.under(field, label)
    st.caption(sentence)


def _percentage(
    form: Form, field: str, setting: str, label: str, *, most: int, sentence: str, term: str,
    changed: Any = None,
) -> None:  # fmt: skip
    st.number_input(
        label, min_value=0.0, max_value=float(most), step=5.0, format="%g", key=key(field), persist_state=KEEP,
        on_change=changed, help=glossary.help(term),
    )  # fmt: skip
    form.under(setting, label)
    st.caption(sentence)


def _percent(fraction: float) -> float:
    return round(100 * float(fraction), 4)


def _fraction(field: str) -> float:
    return round(float(st.session_state[key(field)] or 0) / 100, 6)
