"""Paired differences of groups' accuracies on the same exam, with intervals.

The groups answered the same questions with the same random streams, so they are compared question by question, which removes
the questions' difficulty. With two runs or more in each group the interval is over questions and runs, and is about the
groups' settings; else it is over questions alone, and is about the two runs only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from studentsim.analysis import claims
from studentsim.analysis.intervals import half_width, mcnemar_p_value, paired_difference_interval
from studentsim.analysis.run_groups import RunGroup, list_run_ids
from studentsim.selection.registry import STRATEGIES

CONFIDENCE_LEVEL = 0.95


@dataclass(frozen=True)
class AccuracyDifference:
    """``accuracy_gain`` (-1 to 1) is this group's accuracy minus the reference's, within ``ci_low`` to ``ci_high``.

    ``only_this`` and ``only_other`` count questions that only one of them got right, ``p_value`` is McNemar's exact one;
    None where a side has several runs. The ``comparison_count`` intervals hold jointly with 95 % (Bonferroni).
    """

    group: RunGroup
    reference: RunGroup
    turn: int
    questions: int
    accuracy_gain: float
    ci_low: float
    ci_high: float
    accuracy: float
    reference_accuracy: float
    comparison_count: int
    only_this: int | None = None
    only_other: int | None = None
    p_value: float | None = None

    @property
    def is_significant(self) -> bool:
        """Whether the interval leaves out 0 (``claims.interval_direction``)."""
        return claims.interval_direction(self.ci_low, self.ci_high) != 0

    @property
    def has_repeated_runs(self) -> bool:
        """Whether both groups have several runs, so that the difference is about their settings rather than two runs."""
        return len(self.group.runs) > 1 and len(self.reference.runs) > 1


def choose_reference(groups: Sequence[RunGroup]) -> RunGroup:
    """The group that the others are compared with: the first baseline in the strategies' order, else the first."""
    baselines = [id for id, strategy in STRATEGIES.items() if strategy.is_baseline]
    return min(
        (group for group in groups if group.strategy in baselines),
        key=lambda group: baselines.index(group.strategy),
        default=groups[0],
    )


def last_shared_turn(groups: Sequence[RunGroup], exams: pd.DataFrame) -> int | None:
    """The last turn after which all runs of these groups have taken an exam; None: there is none."""
    ids = list_run_ids(groups)
    run_counts = exams[exams.run_id.isin(ids)].groupby("turn").run_id.nunique()
    shared = run_counts[run_counts == len(ids)].index
    return int(shared.max()) if len(shared) else None


def compute_differences(
    groups: Sequence[RunGroup], exam_grades: pd.DataFrame, turn: int, *, reference: RunGroup | None = None
) -> list[AccuracyDifference]:
    """The difference of each other group from the ``reference`` (by default ``choose_reference``).

    ``exam_grades``: ``run_id, question_id, right`` of the exam after ``turn``. A group whose runs were not asked exactly the
    reference's questions is left out.
    """
    if len(groups) < 2:
        return []
    grades_by_run = exam_grades.pivot_table(index="question_id", columns="run_id", values="is_correct", aggfunc="first")
    reference = reference or choose_reference(groups)
    others = [g for g in groups if g is not reference]
    computed = (
        _compute_difference(group, reference, grades_by_run, turn, comparison_count=len(others)) for group in others
    )
    return [d for d in computed if d is not None]


def _compute_difference(
    group: RunGroup, reference: RunGroup, grades_by_run: pd.DataFrame, turn: int, *, comparison_count: int
) -> AccuracyDifference | None:
    ids = [g.run_ids for g in (group, reference)]
    if not set(ids[0] + ids[1]) <= set(grades_by_run.columns):
        return None
    grades = grades_by_run[ids[0] + ids[1]].dropna(how="all")
    if grades.empty or grades.isna().any(axis=None):
        return None
    this, other = grades[ids[0]].astype(float), grades[ids[1]].astype(float)
    common_fields = {
        "group": group,
        "reference": reference,
        "turn": turn,
        "questions": len(grades),
        "comparison_count": comparison_count,
        "accuracy": float(this.to_numpy().mean()),
        "reference_accuracy": float(other.to_numpy().mean()),
    }
    accuracy_gain = common_fields["accuracy"] - common_fields["reference_accuracy"]
    confidence = 1 - (1 - CONFIDENCE_LEVEL) / comparison_count
    if len(group.runs) == len(reference.runs) == 1:
        a, b = this.iloc[:, 0], other.iloc[:, 0]
        only_this, only_other = int(((a == 1) & (b == 0)).sum()), int(((a == 0) & (b == 1)).sum())
        low, high = paired_difference_interval(only_this, only_other, len(grades), confidence)
        counts = {"only_this": only_this, "only_other": only_other, "p_value": mcnemar_p_value(only_this, only_other)}
        return AccuracyDifference(accuracy_gain=accuracy_gain, ci_low=low, ci_high=high, **common_fields, **counts)
    margin = half_width(_difference_variances(this, other), confidence)
    return AccuracyDifference(
        accuracy_gain=accuracy_gain,
        ci_low=max(-1.0, accuracy_gain - margin),
        ci_high=min(1.0, accuracy_gain + margin),
        **common_fields,
    )


def _difference_variances(this: pd.DataFrame, other: pd.DataFrame) -> list[tuple[float, float]]:
    """Variances of the difference of two means, each with its degrees of freedom: over questions, and over each side's runs.

    ``this`` and ``other`` hold 0 or 1, (questions, runs); a side of one run has no variance over runs.
    """
    by_question = (this.mean(axis=1) - other.mean(axis=1)).var() / len(this) if len(this) > 1 else 0.25
    variances = [(float(by_question), float(max(1, len(this) - 1)))]
    for side in (this, other):
        n = side.shape[1]
        if n > 1:
            variances.append((float(side.mean().var() / n), float(n - 1)))
    return variances
