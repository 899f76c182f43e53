"""How the practice of each lesson went, and what may be said of it. No streamlit here."""

from __future__ import annotations

import pandas as pd

from studentsim.exam import wilson_interval
from studentsim.labels.formatting import append_interval, format_score

UNFAIR_SAMPLE_REASONS = {
    "category": "More of them come from where the last exam went wrong",
    "log-probability": "They are those on which it is in two minds",
    "log-probability+category": "They are those on which it is in two minds, more of them from where the last exam went wrong",
    "likely-wrong": "They are those that it would most probably get wrong",
    "fixed": "They are the same in every lesson, so it may simply know them by now",
}
"""Why practice questions of a strategy are not a fair sample."""


def with_practice_accuracy(lessons: pd.DataFrame) -> pd.DataFrame:
    """``lessons`` (of ``queries.lessons``) with ``accuracy, low, high``: of the practice, as fractions."""
    bounds = [wilson_interval(int(c), int(q)) for c, q in zip(lessons.correct, lessons.questions, strict=True)]
    low, high = ([b[i] for b in bounds] for i in (0, 1))
    return lessons.assign(accuracy=lessons.correct / lessons.questions, low=low, high=high)


def describe_latest_practice(lessons: pd.DataFrame, strategy: str, *, has_custom_mix: bool = False) -> str:
    """How the latest practice went, and why it is not the measure of learning."""
    if lessons.empty:
        return "There has been no practice yet: it begins with lesson 1."
    last = lessons.iloc[-1]
    result = append_interval(
        f"{format_score(last.correct, last.questions)} rightly", last.low, last.high, int(last.questions)
    )
    reason = UNFAIR_SAMPLE_REASONS.get(strategy, "They change with every lesson")
    if has_custom_mix:  # it stands above what the strategy would choose
        reason = "Its categories were given by a mix of your own"
    return (
        f"In lesson {int(last.turn)} it answered {result}. {reason}, so this says what a lesson was like; "
        "only the exam says what was learnt."
    )
