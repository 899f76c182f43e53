"""The accuracy of each turn's practice, and a sentence on the latest. No streamlit here."""

from __future__ import annotations

import pandas as pd

from studentsim.analysis.accuracy_bounds import add_wilson_bounds
from studentsim.labels.formatting import format_result
from studentsim.selection.registry import find_strategy


def with_practice_accuracy(turns: pd.DataFrame) -> pd.DataFrame:
    """``turns`` (of ``queries.fetch_finished_turns``) with ``accuracy, ci_low, ci_high`` of their practice: fractions 0 to 1."""
    return add_wilson_bounds(turns, "correct", "questions", share_column="accuracy")


def describe_latest_practice(turns: pd.DataFrame, strategy: str, *, has_custom_mix: bool = False) -> str:
    """The latest practice's score, and why it does not measure learning. ``turns``: of ``with_practice_accuracy``."""
    if turns.empty:
        return "There has been no practice yet: it begins with lesson 1."
    last = turns.iloc[-1]
    result = format_result(last, " rightly")
    reason = find_strategy(strategy).practice_caveat or "They change with every lesson"
    if has_custom_mix:  # it takes precedence over the strategy
        reason = "Its categories were given by a mix of your own"
    return (
        f"In lesson {int(last.turn)} it answered {result}. {reason}, so this says what a lesson was like; "
        "only the exam says what was learnt."
    )
