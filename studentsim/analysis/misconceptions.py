"""What became of each slip (misconception) from exam to exam: unlearnt, still there, grown, come back, or not to be told.

The rules are those of ``claims``, corrected for looking at all slips of a run at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studentsim.analysis import claims
from studentsim.analysis.claims import CountOfTotal

MIN_REMAINING_COUNT = 3
"""A slip made less often than this in an exam is hardly there: it can't be called still there."""


@dataclass(frozen=True)
class MisconceptionHistory:
    """One slip over the exams, in order: how often it was ``occurrences``, on how many questions that ``opportunities`` it, how many of these were
    ``correct_answers``; and which share of them ``chance_rate`` ticks would make it on in the last exam.
    """

    occurrences: tuple[int, ...]
    opportunities: tuple[int, ...]
    correct_answers: tuple[int, ...]
    chance_rate: float

    def count_in_exam(self, exam_index: int) -> CountOfTotal:
        """How often it was made in one exam, of how many questions."""
        return self.occurrences[exam_index], self.opportunities[exam_index]


@dataclass(frozen=True)
class ComparisonCounts:
    """For how many looks at a run's slips to correct: changes from the first exam to the last, returns, slips still there."""

    changes: int
    returns: int
    remaining: int


def count_comparisons(histories: Sequence[MisconceptionHistory]) -> ComparisonCounts:
    """All slips of a run, also those never made."""
    return ComparisonCounts(
        changes=claims.count_testable_comparisons(
            (course.count_in_exam(0), course.count_in_exam(-1)) for course in histories
        ),
        returns=claims.count_testable_comparisons(
            (course.count_in_exam(exam), course.count_in_exam(-1))
            for course in histories
            for exam in range(1, len(course.occurrences) - 1)
        ),
        remaining=len(histories),
    )


def classify_trend(history: MisconceptionHistory, comparisons: ComparisonCounts) -> str:
    """What became of one slip. Claims: ``back, grown, remains, replaced, less, unlearnt``. Where luck could make what the counts show,
    only these are told: ``fewer, more, same``; ``seen`` where there is one exam alone.
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
    before, now = first[0] * last[1], last[0] * first[1]
    return "fewer" if now < before else "more" if now > before else "same"


def _has_come_back(history: MisconceptionHistory, comparisons: ComparisonCounts) -> bool:
    """Whether some exam between lies clearly below both an earlier one and the last."""
    exams = range(len(history.occurrences))
    last = history.count_in_exam(-1)
    return any(
        claims.significant_change(history.count_in_exam(low), last, comparisons=comparisons.returns) > 0
        and any(
            claims.significant_change(
                history.count_in_exam(high), history.count_in_exam(low), comparisons=comparisons.returns
            )
            < 0
            for high in exams[:low]
        )
        for low in exams[1:-1]
    )
