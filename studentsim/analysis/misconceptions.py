"""What became of each slip (misconception) from exam to exam: unlearnt, still there, grown, come back, or not to be told.

The rules are those of ``claims``, corrected for looking at all slips of a run at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studentsim.analysis import claims
from studentsim.analysis.claims import Count

ENOUGH = 3
"""A slip made less often than this in an exam is hardly there: it can't be called still there."""


@dataclass(frozen=True)
class Course:
    """One slip over the exams, in order: how often it was ``made``, on how many questions that ``offered`` it, how many of these were
    ``right``; and which share of them ``blind`` ticks would make it on in the last exam.
    """

    made: tuple[int, ...]
    offered: tuple[int, ...]
    right: tuple[int, ...]
    blind: float

    def count(self, exam: int) -> Count:
        """How often it was made in one exam, of how many questions."""
        return self.made[exam], self.offered[exam]


@dataclass(frozen=True)
class Family:
    """For how many looks at a run's slips to correct: changes from the first exam to the last, returns, slips still there."""

    changes: int
    returns: int
    standing: int


def family(courses: Sequence[Course]) -> Family:
    """All slips of a run, also those never made."""
    return Family(
        changes=claims.comparisons((course.count(0), course.count(-1)) for course in courses),
        returns=claims.comparisons(
            (course.count(exam), course.count(-1)) for course in courses for exam in range(1, len(course.made) - 1)
        ),
        standing=len(courses),
    )


def verdict(course: Course, of: Family) -> str:
    """What became of one slip. Claims: ``back, grown, remains, replaced, less, unlearnt``. Where luck could make what the counts show,
    only these are told: ``fewer, more, same``; ``seen`` where there is one exam alone.
    """
    first, last = course.count(0), course.count(-1)
    if _came_back(course, of):
        return "back"
    change = claims.change(first, last, of=of.changes)
    if change > 0:
        return "grown"
    if last[0] >= ENOUGH and claims.above_chance(last, course.blind, of=of.standing):
        return "remains"
    if change < 0:
        if last[0] > course.blind * last[1]:
            return "less"
        gone, won = first[0] - last[0], course.right[-1] - course.right[0]
        return "unlearnt" if 2 * won >= gone else "replaced"
    if len(course.made) < 2:
        return "seen"
    before, now = first[0] * last[1], last[0] * first[1]
    return "fewer" if now < before else "more" if now > before else "same"


def _came_back(course: Course, of: Family) -> bool:
    """Whether some exam between lies clearly below both an earlier one and the last."""
    exams = range(len(course.made))
    last = course.count(-1)
    return any(
        claims.change(course.count(low), last, of=of.returns) > 0
        and any(claims.change(course.count(high), course.count(low), of=of.returns) < 0 for high in exams[:low])
        for low in exams[1:-1]
    )
