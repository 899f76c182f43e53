"""What counts bear: one rule for each kind of claim that pages make, checked against scipy in tests.

    behind         a part of an exam against the rest of it: Fisher's exact test, one-sided
    change         one count against another, of two exams, say (more, fewer, better, worse, unlearnt): Fisher's exact test, two-sided
    above_chance   a count against blind guessing: the binomial test, one-sided
    leads          the most frequent of several against the next: the binomial test of the two, two-sided
    direction      two ways of teaching on the same questions (more right, fewer right): the interval of their difference leaves out 0

Luck alone makes such a claim in 5 of 100 cases at most, and whoever looks at several at once corrects for that (``of``, Bonferroni), so
the 5 of 100 hold for all that a page claims of a kind. Written out, a few lines each: importing scipy costs a page up to a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import exp, lgamma, log

ALPHA = 0.05
"""How often luck alone may make a claim where there is nothing to find."""

CountOfTotal = tuple[int, int]
"""So many of so many."""


def is_significantly_below_rest(part: CountOfTotal, whole: CountOfTotal, *, comparisons: int) -> bool:
    """Whether the lowest of ``comparisons`` parts of a ``whole`` would so seldom hold so few of its right answers by luck, had these fallen
    on its questions at random. The whole includes the part.
    """
    return comparisons * hypergeometric_cdf(part, whole) < ALPHA


def significant_change(before: CountOfTotal, after: CountOfTotal, *, comparisons: int = 1) -> int:
    """1 where ``after`` is a larger share by more than luck, -1 where it is a smaller one, 0 where that cannot be told; of ``comparisons``
    such comparisons. Where both are of the same questions it errs on the safe side.
    """
    if comparisons * fisher_exact_p(before, after) >= ALPHA:
        return 0
    return 1 if after[0] * before[1] > before[0] * after[1] else -1


def is_above_chance(count: CountOfTotal, chance: float, *, comparisons: int) -> bool:
    """Whether the highest of ``comparisons`` counts would so seldom be so high by luck, had each question fallen to it with probability
    ``chance`` (0 to 1). Where chance is 0, one is enough.
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
    """Whether the most frequent of several leads the next by more than luck. To compare the two that came out first is enough: no
    correction for the others is needed (Hung and Fithian 2019, rank verification).
    """
    total = most + second
    return 2 * sum(exp(_log_binomial(total, k) - total * log(2)) for k in range(most, total + 1)) < ALPHA


def interval_direction(low: float, high: float) -> int:
    """1 where an interval of a difference lies above 0, -1 where it lies below, 0 where it holds 0: then nothing is claimed."""
    return int(low > 0) - int(high < 0)


def count_testable_comparisons(pairs: Iterable[tuple[CountOfTotal, CountOfTotal]]) -> int:
    """For how many of several ``significant_change`` comparisons to correct (``of``): those that could come out clear at all, given how much
    was counted in both together (Tarone 1990). What was counted twice in a dozen questions can't, and asks for no correction.
    """
    smallest_ps = [p for p in (_smallest_possible_p(before, after) for before, after in pairs) if p < ALPHA]
    k = 1
    while sum(k * p < ALPHA for p in smallest_ps) > k:
        k += 1
    return k


def fisher_exact_p(first: CountOfTotal, second: CountOfTotal) -> float:
    """Fisher's exact p-value of two counts being of one and the same share, two-sided: twice the smaller tail."""
    whole = first[0] + second[0], first[1] + second[1]
    return min(1.0, 2 * min(hypergeometric_cdf(first, whole), hypergeometric_cdf(second, whole)))


def _smallest_possible_p(first: CountOfTotal, second: CountOfTotal) -> float:
    """The smallest p-value that these two could have had, with as much counted in both together."""
    (_, n), (_, m) = first, second
    total = first[0] + second[0]
    max_counts = min(total, n), min(total, m)
    return min(
        fisher_exact_p((max_counts[0], n), (total - max_counts[0], m)),
        fisher_exact_p((total - max_counts[1], n), (max_counts[1], m)),
    )


@lru_cache(maxsize=1 << 14)
def hypergeometric_cdf(part: CountOfTotal, whole: CountOfTotal) -> float:
    """The probability (0 to 1) that a part of a ``whole`` holds at most so many of its right answers, had they fallen on its
    questions at random.
    """
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
    """In how many ways some can be chosen, as a logarithm: thousands have more ways than a float can hold."""
    return lgamma(total + 1) - lgamma(chosen + 1) - lgamma(total - chosen + 1)
