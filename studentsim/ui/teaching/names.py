"""The teacher's settings in plain words."""

from __future__ import annotations

from collections.abc import Mapping

from studentsim.config import RunConfig, Teaching
from studentsim.ui.words import hundred, plural

PLAIN = Teaching()
"""A teacher who marks by the key, and lets nobody try again."""

FEEDBACK: Mapping[str, str] = {
    "none": "Nothing: it is asked again",
    "mark": "That it is wrong",
    "hint": "A hint",
    "explanation": "Explanation, hint and full working",
}
"""What is said to an answer called wrong, as the form offers it."""

SAID: Mapping[str, str] = {
    "": "nothing: asked again",
    "none": "nothing: asked again",
    "mark": "only that it is wrong",
    "hint": "a hint",
    "explanation": "explanation, hint and full working",
}
"""What the teacher's words held, as tables tell it; the order is from less to more."""

BETWEEN: Mapping[str, str] = {
    "none": "nothing said between",
    "mark": "told only that it is wrong",
    "hint": "a hint between",
    "explanation": "the explanation between",
}
"""The same as part of a summary."""

PAIRS: Mapping[str, str] = {
    "working": "The given right working",
    "revision-or-working": "Its own corrected answer, else the given working",
    "revision": "Its own corrected answer; without one, nothing",
}
"""What the student learns to prefer to its own first, wrong answer."""

CHOSEN_TEXTS: Mapping[str, str] = {
    "full": "All of it",
    "short": "Its last step and the answer",
    "option": "The answer alone",
}
"""How much of a given working a pair's chosen text holds."""

TRIES: Mapping[int, str] = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}

KEY, BESIDE, MARKER = "key", "beside", "marker"
WHO: Mapping[str, str] = {
    KEY: "The answer key",
    BESIDE: "The answer key, and a trained marker looks on",
    MARKER: "A trained marker",
}


def of(config: RunConfig) -> Teaching:
    """A run's teacher; of another version's run, as much as this one can read."""
    told = config.teaching
    return told if isinstance(told, Teaching) else Teaching.model_construct(**told)


def who(teaching: Teaching) -> str:
    """Who marks: a key of ``WHO``."""
    return MARKER if teaching.decides == "marker" else BESIDE if teaching.marker else KEY


def extras(teaching: Teaching) -> list[str]:
    """What sets a teacher apart from one who marks by the key and lets nobody try again, a few words each."""
    told = []
    if teaching.attempts > 1:
        told.append(f"up to {plural(teaching.attempts, 'try', 'tries')} at a question, {BETWEEN[teaching.feedback]}")
    if teaching.pairs != "working":
        told.append("learns from its own corrected answers")
    if teaching.chosen_text != PLAIN.chosen_text:
        told.append(f"shown of a working: {CHOSEN_TEXTS[teaching.chosen_text].lower()}")
    if teaching.marker:
        told.append("a trained marker marks" if teaching.decides == "marker" else "a trained marker looks on")
    if teaching.error_rate:
        told.append(f"{share(teaching.error_rate)} marks wrong on purpose")
    if teaching.doubts:
        told.append(f"{share(teaching.doubts)} right answers doubted on purpose")
    return told


def summary(teaching: Teaching) -> str:
    """The teacher in a line, for a fold's label: ``marks by the key, one try each``."""
    return "; ".join(extras(teaching)) or "marks by the answer key, one try at each question"


def short(teaching: Teaching) -> str:
    """What tells one teacher from another, for a label: ``3 tries, hint, 20 of 100 marks wrong``."""
    told = [plural(teaching.attempts, "try", "tries")]
    if teaching.attempts > 1:
        told.append({"none": "nothing said", "mark": "told “wrong”"}.get(teaching.feedback, teaching.feedback))
    if teaching.decides == "marker":
        told.append("trained marker")
    if teaching.error_rate:
        told.append(f"{share(teaching.error_rate)} marks wrong")
    return ", ".join(told)


def share(fraction: float) -> str:
    """``10 of 100``; a share that whole numbers don't tell with its decimals."""
    exact = 100 * fraction
    return f"{hundred(fraction)} of 100" if abs(exact - round(exact)) < 0.005 else f"{exact:.3g} of 100"
