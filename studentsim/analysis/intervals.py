"""Confidence intervals of means over questions and runs, written out: scipy costs a page half a second to import.

Accuracies are fractions 0 to 1. Two sources of variance are separate: which questions were asked, and which seed a run had.
They are added, which errs on the wide side. Source: Owen 2007.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean, variance

from studentsim.exam import paired_difference_interval

__all__ = ["half_width", "mcnemar_p_value", "mean_interval", "paired_difference_interval", "t_quantile", "t_cdf"]


def mean_interval(accuracies: Sequence[float], questions: int, *, same_questions: bool = True) -> tuple[float, float]:
    """The 95 % interval of the mean accuracy of 2 runs or more, over new questions and new runs.

    ``questions``: the number that each run was asked; ``same_questions``: whether all were asked the same ones.
    """
    n, mean = len(accuracies), fmean(accuracies)
    by_run = variance(accuracies) / n
    by_question = mean * (1 - mean) / (questions if same_questions else n * questions)
    margin = half_width([(by_run, n - 1), (by_question, math.inf)])
    return max(0.0, mean - margin), min(1.0, mean + margin)


def half_width(variances: Sequence[tuple[float, float]], confidence: float = 0.95) -> float:
    """Half the width of an interval from ``(variance, degrees of freedom)`` of each source (Satterthwaite's approximation)."""
    total = sum(v for v, _ in variances)
    if total <= 0:
        return 0.0
    denominator = sum(v * v / df for v, df in variances if df != math.inf)
    degrees = total * total / denominator if denominator > 0 else math.inf
    return t_quantile((1 + confidence) / 2, degrees) * math.sqrt(total)


def mcnemar_p_value(only_this: int, only_other: int) -> float:
    """The exact two-sided p-value of McNemar's test on the questions that only one of two got right.

    >>> round(mcnemar_p_value(9, 2), 4)
    0.0654
    """
    n, k = only_this + only_other, min(only_this, only_other)
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n)


def t_quantile(p: float, df: float) -> float:
    """The quantile ``p`` (0.5 to 1) of Student's t distribution, by bisection over ``t_cdf``."""
    if df > 1e6:
        return NormalDist().inv_cdf(p)
    low, high = 0.0, 1.0
    while t_cdf(high, df) < p:
        low, high = high, 2 * high
    for _ in range(34):
        middle = (low + high) / 2
        low, high = (middle, high) if t_cdf(middle, df) < p else (low, middle)
    return (low + high) / 2


def t_cdf(t: float, df: float, steps: int = 100) -> float:
    """The cumulative distribution of Student's t at ``t`` (0 or more), by Simpson's rule.

    With t = sqrt(df) tan(a) the density becomes cos(a) to the power df - 1, on a bounded and smooth range.
    """
    top = math.atan(t / math.sqrt(df))
    scale = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(math.pi)
    width = top / steps
    weights = (1 if i in (0, steps) else 4 if i % 2 else 2 for i in range(steps + 1))
    return 0.5 + scale * width / 3 * sum(w * math.cos(i * width) ** (df - 1) for i, w in enumerate(weights))
