"""The held-out exam: how a result is told, and how sure it is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist

from studentsim.records import Answered, ExamFinished
from studentsim.selection import category_mix

Z95 = 1.959963984540054
"""The normal distribution's 97.5 % point."""


def wilson(correct: int, questions: int) -> tuple[float, float]:
    """The 95 % interval of an accuracy, as fractions 0 to 1 (Wilson 1927, score interval).

    Written out here, six lines checked against statsmodels in a test: importing statsmodels costs a page a second.

    >>> tuple(round(x, 3) for x in wilson(68, 100))
    (0.583, 0.763)
    """
    if questions == 0:
        return 0.0, 1.0
    p, n = correct / questions, questions
    centre = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n)) / (1 + Z95**2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def paired_interval(only_this: int, only_other: int, questions: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a difference of accuracies on the same questions, from those that only one of two got right.

    Bonett and Price 2012 (Wald with one half added to each cell): holds its level for few questions as well, and is not
    empty when the two agree throughout.

    >>> tuple(round(x, 3) for x in paired_interval(41, 12, 240))
    (0.062, 0.178)
    """
    n = questions + 2
    this, other = (only_this + 1) / n, (only_other + 1) / n
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    half = z * math.sqrt((this + other - (this - other) ** 2) / n)
    return max(-1.0, this - other - half), min(1.0, this - other + half)


def exam_result(
    turn: int, answers: Sequence[Answered], *, categories: Sequence[str], practice: int, rule: str, seconds: float
) -> ExamFinished:
    """The result of these answers; ``next_mix`` is how ``practice`` questions would follow the mistakes."""
    correct = sum(a.right for a in answers)
    low, high = wilson(correct, len(answers))
    wrong = Counter(a.category for a in answers if not a.right)
    asked = Counter(a.category for a in answers)
    shares = [a.p_right for a in answers if a.p_right is not None]
    mix = category_mix([wrong[c] for c in categories], practice, rule)
    return ExamFinished(
        turn=turn,
        correct=correct,
        questions=len(answers),
        unanswered=sum(a.letter is None for a in answers),
        low=low,
        high=high,
        wrong_by_category={c: wrong[c] for c in categories},
        questions_by_category={c: asked[c] for c in categories},
        next_mix=dict(zip(categories, mix, strict=True)),
        p_right=sum(shares) / len(shares) if shares else None,
        seconds=seconds,
    )
