"""Display texts of the teacher's settings."""

from __future__ import annotations

from collections.abc import Mapping

from studentsim.config import RunConfig
from studentsim.labels.formatting import pluralize, round_percent
from studentsim.settings import TeacherSettings

DEFAULT_TEACHING = TeacherSettings()
"""A teacher who grades by the key and allows one attempt."""

FEEDBACK_LABELS: Mapping[str, str] = {
    "none": "Nothing: it is asked again",
    "mark": "That it is wrong",
    "hint": "A hint",
    "explanation": "Explanation, hint and full working",
}
"""Feedback on an answer graded wrong, as the form offers it."""

FEEDBACK_CONTENT_LABELS: Mapping[str, str] = {
    "": "nothing: asked again",
    "none": "nothing: asked again",
    "mark": "only that it is wrong",
    "hint": "a hint",
    "explanation": "explanation, hint and full working",
}
"""What the feedback held, for tables; from least to most."""

FEEDBACK_SUMMARY_LABELS: Mapping[str, str] = {
    "none": "nothing said between",
    "mark": "told only that it is wrong",
    "hint": "a hint between",
    "explanation": "the explanation between",
}
"""Feedback as part of a summary."""

CHOSEN_SOURCE_LABELS: Mapping[str, str] = {
    "working": "The given right working",
    "revision-or-working": "Its own corrected answer, else the given working",
    "revision": "Its own corrected answer; without one, nothing",
}
"""The chosen text of a pair, which the student learns to prefer to its own first, wrong answer."""

CHOSEN_TEXT_LABELS: Mapping[str, str] = {
    "full": "All of it",
    "short": "Its last step and the answer",
    "option": "The answer alone",
}
"""How much of a given working the chosen text of a pair holds."""

ATTEMPT_COUNT_WORDS: Mapping[int, str] = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}

KEY_GRADES, KEY_GRADES_MODEL_OBSERVES, MODEL_GRADES = "key", "beside", "marker"
GRADE_SOURCE_LABELS: Mapping[str, str] = {
    KEY_GRADES: "The answer key",
    KEY_GRADES_MODEL_OBSERVES: "The answer key, and a trained marker looks on",
    MODEL_GRADES: "A trained marker",
}


def teaching_settings(config: RunConfig) -> TeacherSettings:
    """A run's teacher settings; those of another version's run unvalidated."""
    stored = config.teacher
    return stored if isinstance(stored, TeacherSettings) else TeacherSettings.model_construct(**stored)


def grade_source(teaching: TeacherSettings) -> str:
    """Who grades: a key of ``GRADE_SOURCE_LABELS``."""
    return (
        MODEL_GRADES
        if teaching.grade_source == "grader"
        else KEY_GRADES_MODEL_OBSERVES
        if teaching.grader
        else KEY_GRADES
    )


def teaching_extras(teaching: TeacherSettings) -> list[str]:
    """The differences from ``DEFAULT_TEACHING``, a few words each."""
    parts = []
    if teaching.attempts > 1:
        parts.append(
            f"up to {pluralize(teaching.attempts, 'try', 'tries')} at a question, {FEEDBACK_SUMMARY_LABELS[teaching.feedback]}"
        )
    if teaching.chosen_source != "working":
        parts.append("learns from its own corrected answers")
    if teaching.chosen_text != DEFAULT_TEACHING.chosen_text:
        parts.append(f"shown of a working: {CHOSEN_TEXT_LABELS[teaching.chosen_text].lower()}")
    if teaching.grader:
        parts.append("a trained marker marks" if teaching.grade_source == "grader" else "a trained marker looks on")
    if teaching.error_rate:
        parts.append(f"{format_share(teaching.error_rate)} marks wrong on purpose")
    if teaching.challenge_rate:
        parts.append(f"{format_share(teaching.challenge_rate)} right answers doubted on purpose")
    return parts


def describe_teaching(teaching: TeacherSettings) -> str:
    """The teacher in a line, for an expander's label: ``marks by the answer key, one try at each question``."""
    return "; ".join(teaching_extras(teaching)) or "marks by the answer key, one try at each question"


def teaching_label(teaching: TeacherSettings) -> str:
    """A short label that distinguishes teachers: ``3 tries, hint, 20 of 100 marks wrong``."""
    parts = [pluralize(teaching.attempts, "try", "tries")]
    if teaching.attempts > 1:
        parts.append({"none": "nothing said", "mark": "told “wrong”"}.get(teaching.feedback, teaching.feedback))
    if teaching.grade_source == "grader":
        parts.append("trained marker")
    if teaching.error_rate:
        parts.append(f"{format_share(teaching.error_rate)} marks wrong")
    return ", ".join(parts)


def format_share(fraction: float) -> str:
    """``10 of 100`` from a fraction; with decimals where it is no whole percentage."""
    percent = 100 * fraction
    return f"{round_percent(fraction)} of 100" if abs(percent - round(percent)) < 0.005 else f"{percent:.3g} of 100"
