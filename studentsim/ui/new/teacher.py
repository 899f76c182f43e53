"""The teacher's settings, in an expander: attempts, feedback, source of the chosen text, grader, error rate, challenges.

Shares are percent in the fields and fractions in the settings. Fields that need a second attempt are shown only if one is
allowed; otherwise their settings have the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from studentsim.labels import formatting, teacher_settings
from studentsim.settings import TeacherSettings
from studentsim.ui import glossary
from studentsim.ui.new import grader_fields
from studentsim.ui.new.form import (
    RunForm,
    number_bounds,
    persisted,
    render_select_field,
    render_setting,
    render_text_field,
    session_key,
    setting_field,
)

MAX_LABEL_SMOOTHING = 0.45
"""``DPOSettings`` allows less than 0.5."""
CAUTIOUS_LOSS = "robust"
"""The DPO loss that allows for wrong grades."""


def prefill_teacher(teacher: Mapping[str, Any], dpo: Mapping[str, Any]) -> None:
    """Fill the teacher's fields from a run's settings."""
    for field in ("attempts", "feedback", "chosen_source", "chosen_text", "hint_model"):
        st.session_state[session_key(field)] = teacher[field]
    st.session_state[session_key("who")] = teacher_settings.grade_source(TeacherSettings.model_construct(**teacher))
    grader_fields.prefill_grader(teacher)
    st.session_state[session_key("errors")] = _to_percent(teacher["error_rate"])
    st.session_state[session_key("doubted")] = _to_percent(teacher["challenge_rate"])
    st.session_state[session_key("cautious")] = dpo["loss"] == CAUTIOUS_LOSS


def render_teacher_settings(form: RunForm) -> None:
    """All fields, in an expander whose label sums them up. Writes ``form.settings["teacher"]``."""
    base = dict(form.settings["teacher"])
    with st.expander(
        f"The teacher: {formatting.escape_markdown(teacher_settings.describe_teaching(_read_teaching(base)))}",
        key="new.teacher",
    ):
        st.caption("As it comes, an answer is marked by its key, and each question is asked once.")
        left, right = st.columns(2, gap="medium")
        with left:
            st.markdown("**After a wrong answer**")
            _render_retry_settings(form)
        with right:
            st.markdown("**Marking**")
            _render_grading_settings(form)
    form.settings["teacher"] = _read_teaching(base).model_dump()


def _read_teaching(base: Mapping[str, Any]) -> TeacherSettings:
    """The fields as settings, not validated (the form does that). ``base`` has those without a field."""
    grader_kind = _value("who")
    values: dict[str, Any] = {
        "attempts": _value("attempts"),
        "chosen_text": _value("chosen_text"),
        "error_rate": _read_fraction("errors"),
        "grade_source": "grader" if grader_kind == teacher_settings.MODEL_GRADES else "key",
        **(NO_GRADER if grader_kind == teacher_settings.KEY_GRADES else grader_fields.grader_settings()),
        **_NO_RETRIES,
    }
    if _value("attempts") > 1:
        values |= {
            "feedback": _value("feedback"),
            "chosen_source": _value("chosen_source"),
            "challenge_rate": _read_fraction("doubted"),
            "hint_model": str(_value("hint_model")).strip(),
        }
    return TeacherSettings.model_construct(**{**base, **values})


NO_GRADER = {"grader": "", "grader_revision": ""}
_NO_RETRIES = {
    "feedback": teacher_settings.DEFAULT_TEACHING.feedback, "chosen_source": teacher_settings.DEFAULT_TEACHING.chosen_source,
    "challenge_rate": 0.0, "hint_model": "",
}  # fmt: skip
"""Settings without an effect where each question is asked once."""


def _value(field: str) -> Any:
    return st.session_state[session_key(field)]


# ------------------------------------------------------------------ after a wrong answer


def _render_retry_settings(form: RunForm) -> None:
    attempts = setting_field("attempts")
    st.segmented_control(
        formatting.capitalize_first(str(attempts.title)),
        list(teacher_settings.ATTEMPT_COUNT_WORDS),
        format_func=teacher_settings.ATTEMPT_COUNT_WORDS.__getitem__,
        required=True,
        help=glossary.term_help("second-try"),
        **persisted("attempts"),
    )
    form.add_error_slot("attempts", str(attempts.title))
    st.caption(str(attempts.description))
    if _value("attempts") == 1:
        st.caption("Allow two, and you can choose here what is said to a wrong answer and what it learns from.")
        return
    render_setting(form, "feedback", options=teacher_settings.FEEDBACK_LABELS, term="feedback")
    render_setting(form, "chosen_source", options=teacher_settings.CHOSEN_SOURCE_LABELS, term="pair")
    _render_percent_field(form, "doubted", "challenge_rate", term="giving-way")


# ------------------------------------------------------------------ marking


def _render_grading_settings(form: RunForm) -> None:
    render_select_field(
        form, "who", "Who marks practice", teacher_settings.GRADE_SOURCE_LABELS,
        "Exams are always marked by the answer key: they are what simulations are compared by.", term="trained-marker",
    )  # fmt: skip
    grader_kind = _value("who")
    if grader_kind != teacher_settings.KEY_GRADES:
        grader_fields.render_grader_choice(form, is_grade_source=grader_kind == teacher_settings.MODEL_GRADES)
    _render_percent_field(form, "errors", "error_rate", term="label-noise", on_change=_on_error_rate_changed)
    if _value("errors") > 0 or grader_kind == teacher_settings.MODEL_GRADES or _value("loss") == CAUTIOUS_LOSS:
        st.session_state[session_key("cautious")] = _value("loss") == CAUTIOUS_LOSS
        st.toggle(
            "Learn more cautiously from an unreliable teacher",
            key=session_key("cautious"),
            on_change=_on_cautious_toggled,
        )
        st.caption(_describe_caution())
    with st.container():
        if st.toggle("Technical view", **persisted("teacher.technical")):
            _render_technical_settings(form)


def _on_cautious_toggled() -> None:
    """Callback of the toggle: the robust loss with label smoothing at the teacher's error rate, or the default loss."""
    is_cautious = _value("cautious")
    st.session_state[session_key("loss")] = CAUTIOUS_LOSS if is_cautious else "sigmoid"
    st.session_state[session_key("label_smoothing")] = _default_label_smoothing() if is_cautious else 0.0


def _on_error_rate_changed() -> None:
    """With the robust loss, set label smoothing to the new error rate."""
    if _value("loss") == CAUTIOUS_LOSS:
        st.session_state[session_key("label_smoothing")] = _default_label_smoothing()


def _default_label_smoothing() -> float:
    return round(min(MAX_LABEL_SMOOTHING, _read_fraction("errors")), 4)


def _describe_caution() -> str:
    if _value("loss") != CAUTIOUS_LOSS:
        return "It then takes some of the teacher's marks to be wrong, and lets no single one pull it far."
    label_smoothing = float(_value("label_smoothing") or 0)
    return f"It takes {teacher_settings.format_share(label_smoothing)} of the teacher's marks to be wrong."


def _render_technical_settings(form: RunForm) -> None:
    """The hint model and the chosen text, and the settings in the literature's terms."""
    if _value("attempts") > 1:
        render_text_field(
            form, "hint_model", "Who writes the hints", str(setting_field("hint_model").description),
            max_chars=300, placeholder="the questions' own texts",
        )  # fmt: skip
    render_setting(form, "chosen_text", options=teacher_settings.CHOSEN_TEXT_LABELS, term="pair")
    st.caption(
        "Cautious: robust DPO, its label smoothing at the error rate (under Advanced: what learning makes small, and pairs taken to be "
        "the wrong way round). "
        "Learning from its own corrected answers: the revision is the chosen answer of the pair, the first attempt the rejected one. "
        "Wrong marks: label noise."
    )


# ------------------------------------------------------------------ fields


def _render_percent_field(form: RunForm, field: str, setting: str, *, term: str, on_change: Any = None) -> None:
    """A setting that is a share, in percent, under the session key ``field``."""
    info = setting_field(setting)
    label = f"{formatting.capitalize_first(str(info.title))}, of 100"
    st.number_input(
        label,
        0.0,
        100 * number_bounds(setting)[2],
        step=5.0,
        format="%g",
        on_change=on_change,
        help=glossary.term_help(term),
        **persisted(field),
    )
    form.add_error_slot(setting, label)
    st.caption(str(info.description))


def _to_percent(fraction: float) -> float:
    return round(100 * float(fraction), 4)


def _read_fraction(field: str) -> float:
    return round(float(st.session_state[session_key(field)] or 0) / 100, 6)
