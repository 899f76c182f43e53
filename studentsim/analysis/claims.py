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

Count = tuple[int, int]
"""So many of so many."""


def behind(part: Count, whole: Count, *, of: int) -> bool:
    """Whether the lowest of ``of`` parts of a ``whole`` would so seldom hold so few of its right answers by luck, had these fallen
    on its questions at random. The whole includes the part.
    """
    return of * hypergeometric_cdf(part, whole) < ALPHA


def change(before: Count, after: Count, *, of: int = 1) -> int:
    """1 where ``after`` is a larger share by more than luck, -1 where it is a smaller one, 0 where that cannot be told; of ``of``
    such comparisons. Where both are of the same questions it errs on the safe side.
    """
    if of * fisher_p(before, after) >= ALPHA:
        return 0
    return 1 if after[0] * before[1] > before[0] * after[1] else -1


def above_chance(count: Count, chance: float, *, of: int) -> bool:
    """Whether the highest of ``of`` counts would so seldom be so high by luck, had each question fallen to it with probability
    ``chance`` (0 to 1). Where chance is 0, one is enough.
    """
    correct, questions = count
    if chance <= 0:
        return correct > 0
    if chance >= 1:
        return False
    total = 0.0
    for k in range(correct, questions + 1):
        term = exp(_log_ways(questions, k) + k * log(chance) + (questions - k) * log(1 - chance))
        total += term
        if term < 1e-12 and k > chance * questions:
            break
    return of * total < ALPHA


def leads(most: int, second: int) -> bool:
    """Whether the most frequent of several leads the next by more than luck. To compare the two that came out first is enough: no
    correction for the others is needed (Hung and Fithian 2019, rank verification).
    """
    both = most + second
    return 2 * sum(exp(_log_ways(both, k) - both * log(2)) for k in range(most, both + 1)) < ALPHA


def direction(low: float, high: float) -> int:
    """1 where an interval of a difference lies above 0, -1 where it lies below, 0 where it holds 0: then nothing is claimed."""
    return int(low > 0) - int(high < 0)


def comparisons(pairs: Iterable[tuple[Count, Count]]) -> int:
    """For how many of several ``change`` comparisons to correct (``of``): those that could come out clear at all, given how much
    was counted in both together (Tarone 1990). What was counted twice in a dozen questions can't, and asks for no correction.
    """
    least = [p for p in (_least_p(before, after) for before, after in pairs) if p < ALPHA]
    k = 1
    while sum(k * p < ALPHA for p in least) > k:
        k += 1
    return k


def fisher_p(one: Count, other: Count) -> float:
    """Fisher's exact p-value of two counts being of one and the same share, two-sided: twice the smaller tail."""
    whole = one[0] + other[0], one[1] + other[1]
    return min(1.0, 2 * min(hypergeometric_cdf(one, whole), hypergeometric_cdf(other, whole)))


def _least_p(one: Count, other: Count) -> float:
    """The smallest p-value that these two could have had, with as much counted in both together."""
    (_, n), (_, m) = one, other
    total = one[0] + other[0]
    most = min(total, n), min(total, m)
    return min(fisher_p((most[0], n), (total - most[0], m)), fisher_p((total - most[1], n), (most[1], m)))


@lru_cache(maxsize=1 << 14)
def hypergeometric_cdf(part: Count, whole: Count) -> float:
    """The probability (0 to 1) that a part of a ``whole`` holds at most so many of its right answers, had they fallen on its
    questions at random.
    """
    (correct, questions), (right, asked) = part, whole
    least = max(0, questions - (asked - right))
    all_ways = _log_ways(asked, questions)
    return sum(
        exp(_log_ways(right, k) + _log_ways(asked - right, questions - k) - all_ways) for k in range(least, correct + 1)
    )


def _log_ways(of: int, chosen: int) -> float:
    """In how many ways some can be chosen, as a logarithm: thousands have more ways than a float can hold."""
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)
