"""Classification of each misconception's counts from exam to exam: unlearnt, still there, grown, come back, or not clear.

The tests are those of ``claims``, corrected for testing all misconceptions of a run at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studentsim.analysis import claims
from studentsim.analysis.claims import CountOfTotal

MIN_REMAINING_COUNT = 3
"""Fewest occurrences in the last exam for the verdict ``remains``."""


@dataclass(frozen=True)
class MisconceptionHistory:
    """One misconception's counts, an entry an exam, in order."""

    occurrences: tuple[int, ...]
    opportunities: tuple[int, ...]
    """Questions in which it could occur."""
    correct_answers: tuple[int, ...]
    """Right answers to these questions."""
    chance_rate: float
    """The share of the last exam's opportunities in which blind guessing would make it, 0 to 1."""

    def count_in_exam(self, exam_index: int) -> CountOfTotal:
        """``(occurrences, opportunities)`` of one exam."""
        return self.occurrences[exam_index], self.opportunities[exam_index]


@dataclass(frozen=True)
class ComparisonCounts:
    """The numbers of tests to correct for: changes from the first exam to the last, returns, misconceptions still there."""

    changes: int
    returns: int
    remaining: int


def count_comparisons(histories: Sequence[MisconceptionHistory]) -> ComparisonCounts:
    """The comparisons for all misconceptions of a run, those that never occurred included."""
    return ComparisonCounts(
        changes=claims.count_testable_comparisons((h.count_in_exam(0), h.count_in_exam(-1)) for h in histories),
        returns=claims.count_testable_comparisons(
            (h.count_in_exam(exam), h.count_in_exam(-1)) for h in histories for exam in range(1, len(h.occurrences) - 1)
        ),
        remaining=len(histories),
    )


def classify_trend(history: MisconceptionHistory, comparisons: ComparisonCounts) -> str:
    """The verdict on one misconception.

    Significant: ``back, grown, remains, replaced, less, unlearnt``. Else ``fewer, more, same``, or ``seen`` with one exam.
    """
    first, last = history.count_in_exam(0), history.count_in_exam(-1)
    if _has_come_back(history, comparisons):
        return "back"
    change = claims.significant_change(first, last, comparisons=comparisons.changes)
    if change > 0:
        return "grown"
    if last[0] >= MIN_REMAINING_COUNT and claims.is_above_chance(
        last, history.chance_rate, comparisons=comparisons.remaining
    ):
        return "remains"
    if change < 0:
        if last[0] > history.chance_rate * last[1]:
            return "less"
        decrease, correct_increase = first[0] - last[0], history.correct_answers[-1] - history.correct_answers[0]
        return "unlearnt" if 2 * correct_increase >= decrease else "replaced"
    if len(history.occurrences) < 2:
        return "seen"
    before, after = first[0] * last[1], last[0] * first[1]
    return "fewer" if after < before else "more" if after > before else "same"


def _has_come_back(history: MisconceptionHistory, comparisons: ComparisonCounts) -> bool:
    """Whether some exam between lies significantly below both an earlier one and the last."""
    counts = [history.count_in_exam(exam) for exam in range(len(history.occurrences))]

    def change(before: CountOfTotal, after: CountOfTotal) -> int:
        return claims.significant_change(before, after, comparisons=comparisons.returns)

    return any(
        change(counts[low], counts[-1]) > 0 and any(change(earlier, counts[low]) < 0 for earlier in counts[:low])
        for low in range(1, len(counts) - 1)
    )
