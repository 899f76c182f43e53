"""Significance tests: one for each kind of claim that pages make, checked against scipy in tests.

    is_significantly_below_rest   a part of an exam against the rest of it: Fisher's exact test, one-sided
    significant_change            one count against another, as of two exams: Fisher's exact test, two-sided
    is_above_chance               a count against blind guessing: the binomial test, one-sided
    is_significantly_ahead        the most frequent of several against the next: the binomial test of the two, two-sided
    interval_direction            a difference on the same questions: whether its interval leaves out 0

The level is 5 %, and whoever makes several comparisons at once corrects for their number (``comparisons``, Bonferroni), so
that it holds for all claims of a kind on a page. Written out, a few lines each: importing scipy costs a page up to a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import exp, lgamma, log
from typing import Any

ALPHA = 0.05
"""The significance level: the probability of a claim where there is no effect."""

CountOfTotal = tuple[int, int]
"""``(count, total)``"""


def right_of_total(row: Any) -> CountOfTotal:
    """``correct`` and ``questions`` of a row."""
    return int(row.correct), int(row.questions)


def is_significantly_below_rest(part: CountOfTotal, whole: CountOfTotal, *, comparisons: int) -> bool:
    """Whether a part, the lowest of ``comparisons``, has significantly fewer right answers than the rest of the ``whole``.

    The whole includes the part. Test: Fisher's exact, one-sided, Bonferroni-corrected.
    """
    return comparisons * hypergeometric_cdf(part, whole) < ALPHA


def are_below_rest(parts: Any) -> list[bool]:
    """Whether each row of a frame with ``correct, questions`` is significantly below all rows together."""
    whole = int(parts.correct.sum()), int(parts.questions.sum())
    return [
        is_significantly_below_rest(right_of_total(part), whole, comparisons=len(parts)) for part in parts.itertuples()
    ]


def significant_change(before: CountOfTotal, after: CountOfTotal, *, comparisons: int = 1) -> int:
    """1 where ``after`` is a significantly larger share, -1 where it is a smaller one, else 0; corrected for ``comparisons``.

    Conservative where both counts are of the same questions.
    """
    if comparisons * fisher_exact_p(before, after) >= ALPHA:
        return 0
    return 1 if after[0] * before[1] > before[0] * after[1] else -1


def is_above_chance(count: CountOfTotal, chance: float, *, comparisons: int) -> bool:
    """Whether a count, the highest of ``comparisons``, is significantly above blind guessing.

    ``chance`` (0 to 1) is the probability of a question to be counted by guessing; where it is 0, one is enough.
    """
    correct, questions = count
    if chance <= 0:
        return correct > 0
    if chance >= 1:
        return False
    total = 0.0
    for k in range(correct, questions + 1):
        term = exp(_log_binomial(questions, k) + k * log(chance) + (questions - k) * log(1 - chance))
        total += term
        if term < 1e-12 and k > chance * questions:
            break
    return comparisons * total < ALPHA


def is_significantly_ahead(most: int, second: int) -> bool:
    """Whether the most frequent of several leads the next significantly.

    Comparing the first two needs no correction for the others. Source: Hung and Fithian 2019, rank verification.
    """
    total = most + second
    return 2 * sum(exp(_log_binomial(total, k) - total * log(2)) for k in range(most, total + 1)) < ALPHA


def interval_direction(low: float, high: float) -> int:
    """1 where a difference's interval lies above 0, -1 where it lies below, 0 where it contains 0."""
    return int(low > 0) - int(high < 0)


def count_testable_comparisons(pairs: Iterable[tuple[CountOfTotal, CountOfTotal]]) -> int:
    """For how many ``significant_change`` comparisons to correct: those that could be significant at all, given their totals.

    What occurred twice in a dozen questions could not, and needs no correction. Source: Tarone 1990.
    """
    smallest_ps = [p for p in (_smallest_possible_p(before, after) for before, after in pairs) if p < ALPHA]
    k = 1
    while sum(k * p < ALPHA for p in smallest_ps) > k:
        k += 1
    return k


def fisher_exact_p(first: CountOfTotal, second: CountOfTotal) -> float:
    """Fisher's exact p-value (0 to 1) of two counts having the same share, two-sided: twice the smaller tail."""
    whole = first[0] + second[0], first[1] + second[1]
    return min(1.0, 2 * min(hypergeometric_cdf(first, whole), hypergeometric_cdf(second, whole)))


def _smallest_possible_p(first: CountOfTotal, second: CountOfTotal) -> float:
    """The smallest p-value that two counts with these totals and this sum could have."""
    (_, n), (_, m) = first, second
    total = first[0] + second[0]
    max_counts = min(total, n), min(total, m)
    return min(
        fisher_exact_p((max_counts[0], n), (total - max_counts[0], m)),
        fisher_exact_p((total - max_counts[1], n), (max_counts[1], m)),
    )


@lru_cache(maxsize=1 << 14)
def hypergeometric_cdf(part: CountOfTotal, whole: CountOfTotal) -> float:
    """The probability (0 to 1) that a part of a ``whole`` has at most so many of its right answers, were these randomly placed."""
    (correct, questions), (total_correct, total_questions) = part, whole
    least = max(0, questions - (total_questions - total_correct))
    log_total_ways = _log_binomial(total_questions, questions)
    return sum(
        exp(
            _log_binomial(total_correct, k)
            + _log_binomial(total_questions - total_correct, questions - k)
            - log_total_ways
        )
        for k in range(least, correct + 1)
    )


def _log_binomial(total: int, chosen: int) -> float:
    """The logarithm of the binomial coefficient, which overflows a float for thousands."""
    return lgamma(total + 1) - lgamma(chosen + 1) - lgamma(total - chosen + 1)
