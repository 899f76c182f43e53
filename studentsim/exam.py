"""The held-out exam's result, and the confidence intervals of accuracies and their differences."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist

from studentsim.events import AnswerRecorded, ExamFinished
from studentsim.selection.quotas import apportion_questions

Z95 = 1.959963984540054
"""The normal distribution's 97.5 % point."""


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """The 95 % score interval (Wilson 1927) of an accuracy, as fractions 0 to 1.

    Not from statsmodels, whose import takes a page one second; a test compares the two.

    >>> tuple(round(x, 3) for x in wilson_interval(68, 100))
    (0.583, 0.763)
    """
    if total == 0:
        return 0.0, 1.0
    p, n = correct / total, total
    centre = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    margin = Z95 * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n)) / (1 + Z95**2 / n)
    return max(0.0, centre - margin), min(1.0, centre + margin)


def paired_difference_interval(
    only_first_correct: int, only_second_correct: int, total: int, confidence: float = 0.95
) -> tuple[float, float]:
    """The interval of the difference of two accuracies on the same questions, -1 to 1.

    Bonett and Price 2012 (Wald with one half added to each cell): it keeps its level for few questions, and has a width even if the
    two agree throughout.

    >>> tuple(round(x, 3) for x in paired_difference_interval(41, 12, 240))
    (0.062, 0.178)
    """
    n = total + 2
    first, second = (only_first_correct + 1) / n, (only_second_correct + 1) / n
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    margin = z * math.sqrt((first + second - (first - second) ** 2) / n)
    return max(-1.0, first - second - margin), min(1.0, first - second + margin)


def build_exam_result(
    turn: int,
    answers: Sequence[AnswerRecorded],
    *,
    categories: Sequence[str],
    practice_count: int,
    mix_rule: str,
    seconds: float,
) -> ExamFinished:
    """The result of an exam's answers; its ``next_mix`` distributes ``practice_count`` questions by the mistakes."""
    correct = sum(a.is_correct for a in answers)
    low, high = wilson_interval(correct, len(answers))
    wrong_counts = Counter(a.category for a in answers if not a.is_correct)
    question_counts = Counter(a.category for a in answers)
    probabilities = [a.p_correct for a in answers if a.p_correct is not None]
    mix = apportion_questions([wrong_counts[c] for c in categories], practice_count, mix_rule)
    return ExamFinished(
        turn=turn,
        correct=correct,
        questions=len(answers),
        unanswered=sum(a.letter is None for a in answers),
        ci_low=low,
        ci_high=high,
        wrong_by_category={c: wrong_counts[c] for c in categories},
        questions_by_category={c: question_counts[c] for c in categories},
        next_mix=dict(zip(categories, mix, strict=True)),
        p_correct=sum(probabilities) / len(probabilities) if probabilities else None,
        seconds=seconds,
    )
