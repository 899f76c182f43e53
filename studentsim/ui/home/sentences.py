"""What Home says of the recorded study, from its figures. No streamlit here."""

from __future__ import annotations

import pandas as pd

from studentsim.ui.looks import look
from studentsim.ui.words import hundred, interval, plural, score

CONTROLS = ("none", "fixed")


def finding(exams: pd.DataFrame) -> str:
    """What the study shows: the untaught student, the taught ones, and whether the ways of choosing can be told apart.

    ``exams`` is ``queries.recorded_exams``'s frame. Claims a difference only where two 95 % intervals do not meet.
    """
    last = exams.loc[exams.groupby("strategy").turn.idxmax()].sort_values("accuracy")
    taught, control = last[~last.strategy.isin(CONTROLS)], last[last.strategy == "none"]
    if taught.empty:
        return ""
    lessons = plural(int(last.turn.max()), "lesson")
    if control.empty:
        return f"After {lessons} of practice this student answers {_reach(taught)}. {_ways(taught)}".strip()
    untaught = control.iloc[0]
    ahead = taught[taught.low > untaught.high]
    left = (
        f"Without teaching, this student answers {_told(untaught)} never-practised questions rightly after {lessons}."
    )
    if ahead.empty:
        return f"{left} No way of teaching made a clear difference yet: all intervals meet."
    who = "Taught, it" if len(ahead) == len(taught) else f"In {len(ahead)} of {len(taught)} ways of teaching it"
    return f"{left} {who} reaches {_reach(ahead)}. {_ways(taught)}".strip()


def _told(row: pd.Series) -> str:
    return f"{score(row.correct, row.questions)} {interval(row.low, row.high, row.questions)}"


def _reach(rows: pd.DataFrame) -> str:
    """``58 to 66 of 100``, from the lowest way to the highest."""
    low, high = hundred(rows.accuracy.min()), hundred(rows.accuracy.max())
    if len(rows) == 1 or low == high:
        return _told(rows.iloc[-1])
    return f"{low} to {high} of 100, depending on how its practice is chosen"


def _ways(taught: pd.DataFrame) -> str:
    """Whether the best way is clearly ahead of the worst: rows rise in accuracy."""
    if len(taught) < 2:
        return ""
    worst, best = taught.iloc[0], taught.iloc[-1]
    if best.low > worst.high:
        return f"*{look(best.strategy).name}* is clearly ahead of *{look(worst.strategy).name}*."
    return "Which way of choosing is best, one run of each can't tell: their intervals overlap."


def basis(student: str, exams: pd.DataFrame) -> str:
    """What the study rests on."""
    return (
        f"Real simulations of this product, one for each way of choosing: the same student ({student}), the same exam of "
        f"{plural(int(exams.questions.max()), 'question')}, the same luck. They came with the product, so that there is "
        "something true to look at before your own."
    )
