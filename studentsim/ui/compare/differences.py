"""One way against another on the same exam: how many more of its questions were answered rightly, and how sure that is.

Both sat the same questions with the same luck, so they are compared question by question, which takes out how hard the
questions are. Where there are two runs or more of each, the interval is over questions and over runs, and speaks of the ways
of teaching; else it is over questions alone and speaks of the two runs only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from studentsim.analysis import claims
from studentsim.ui.compare.groups import Group
from studentsim.ui.compare.intervals import half_width, mcnemar, paired_interval

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """``gained`` (-1 to 1) is this group's accuracy less the reference's, within ``low`` to ``high``.

    ``only_this`` and ``only_other`` count questions that only one of them got right, ``p_value`` is McNemar's exact one;
    None where a side has several runs. ``of`` intervals hold together with 95 %, each for itself with more.
    """

    group: Group
    reference: Group
    turn: int
    questions: int
    gained: float
    low: float
    high: float
    accuracy: float
    reference_accuracy: float
    of: int
    only_this: int | None = None
    only_other: int | None = None
    p_value: float | None = None

    @property
    def clear(self) -> bool:
        """Whether more than luck is behind it (``claims.direction``)."""
        return claims.direction(self.low, self.high) != 0

    @property
    def over_runs(self) -> bool:
        """Whether it speaks of ways of teaching rather than of two runs."""
        return len(self.group.runs) > 1 and len(self.reference.runs) > 1


def reference_of(groups: Sequence[Group]) -> Group:
    """With which the others are compared: mixed bag, else no teaching, else the first."""
    for strategy in ("random", "none"):
        for group in groups:
            if group.strategy == strategy:
                return group
    return groups[0]


def last_shared(groups: Sequence[Group], exams: pd.DataFrame) -> int | None:
    """The last lesson after which all runs of these groups have sat an exam; None: there is none."""
    ids = [run.run_id for group in groups for run in group.runs]
    sat = exams[exams.run_id.isin(ids)].groupby("turn").run_id.nunique()
    shared = sat[sat == len(ids)].index
    return int(shared.max()) if len(shared) else None


def differences(
    groups: Sequence[Group], marks: pd.DataFrame, turn: int, *, reference: Group | None = None
) -> list[Difference]:
    """Each group but the ``reference`` (one of them; without it ``reference_of``) against it. ``marks``: ``run_id, question_id, right``
    of the exam after ``turn``.

    A group whose runs did not sit the very questions of the reference is left out.
    """
    if len(groups) < 2:
        return []
    table = marks.pivot_table(index="question_id", columns="run_id", values="right", aggfunc="first")
    reference = reference or reference_of(groups)
    others = [g for g in groups if g is not reference]
    found = (_difference(group, reference, table, turn, of=len(others)) for group in others)
    return [d for d in found if d is not None]


def _difference(group: Group, reference: Group, table: pd.DataFrame, turn: int, *, of: int) -> Difference | None:
    ids = [[run.run_id for run in g.runs] for g in (group, reference)]
    if not set(ids[0] + ids[1]) <= set(table.columns):
        return None
    sat = table[ids[0] + ids[1]].dropna(how="all")
    if sat.empty or sat.isna().any(axis=None):
        return None
    this, other = sat[ids[0]].astype(float), sat[ids[1]].astype(float)
    shared = {
        "group": group, "reference": reference, "turn": turn, "questions": len(sat), "of": of,
        "accuracy": float(this.to_numpy().mean()), "reference_accuracy": float(other.to_numpy().mean()),
    }  # fmt: skip
    gained = shared["accuracy"] - shared["reference_accuracy"]
    confidence = 1 - (1 - CONFIDENCE) / of
    if len(group.runs) == len(reference.runs) == 1:
        a, b = this.iloc[:, 0], other.iloc[:, 0]
        only_this, only_other = int(((a == 1) & (b == 0)).sum()), int(((a == 0) & (b == 1)).sum())
        low, high = paired_interval(only_this, only_other, len(sat), confidence)
        counts = {"only_this": only_this, "only_other": only_other, "p_value": mcnemar(only_this, only_other)}
        return Difference(gained=gained, low=low, high=high, **shared, **counts)
    half = half_width(_variances(this, other), confidence)
    return Difference(gained=gained, low=max(-1.0, gained - half), high=min(1.0, gained + half), **shared)


def _variances(this: pd.DataFrame, other: pd.DataFrame) -> list[tuple[float, float]]:
    """Of the difference of two means: by question, and by run on each side that has several; with degrees of freedom."""
    by_question = (this.mean(axis=1) - other.mean(axis=1)).var() / len(this) if len(this) > 1 else 0.25
    parts = [(float(by_question), float(max(1, len(this) - 1)))]
    for side in (this, other):
        n = side.shape[1]
        if n > 1:
            parts.append((float(side.mean().var() / n), float(n - 1)))
    return parts
