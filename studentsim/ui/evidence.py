"""What counts bear: whether one share lies below another by more than luck. Plain arithmetic, no streamlit here.

Written out, a few lines each, checked against scipy and statsmodels in tests: importing these costs a page up to a second.
"""

from __future__ import annotations

from math import exp, hypot, lgamma, log

from studentsim.exam import wilson

LEVEL = 0.05
"""How often luck alone may make a finding where there is nothing to find."""

Count = tuple[int, int]
"""So many of so many."""


def far_below(count: Count, whole: Count, *, of: int) -> bool:
    """Whether the lowest of ``of`` parts of a ``whole`` would so seldom hold so few of its right answers by luck, had these fallen
    on its questions at random (Fisher's exact test, one-sided; Bonferroni, since whoever looks at several finds one that is lowest).
    """
    return of * tail(count, whole) < LEVEL


def clearly_less(one: Count, other: Count) -> bool:
    """Whether ``one`` share lies below ``other`` by more than luck: the 95 % interval of their difference (Newcombe 1998, from the
    two Wilson intervals) leaves out 0. Where both are of the same questions it errs on the safe side.
    """
    p, q = (k / n for k, n in (one, other))
    return q - p > hypot(q - wilson(*other)[0], wilson(*one)[1] - p)


def apart(one: Count, other: Count) -> bool:
    """Whether either is ``clearly_less`` than the other."""
    return clearly_less(one, other) or clearly_less(other, one)


def far_above_chance(count: Count, chance: float, *, of: int) -> bool:
    """Whether the highest of ``of`` parts would so seldom hold so many by luck, had each question fallen to it with probability
    ``chance`` (0 to 1): the binomial test, one-sided, with Bonferroni's correction.
    """
    correct, questions = count
    if not 0 < chance < 1:
        return False
    total = 0.0
    for k in range(correct, questions + 1):
        term = exp(_ways(questions, k) + k * log(chance) + (questions - k) * log(1 - chance))
        total += term
        if term < 1e-12 and k > chance * questions:
            break
    return of * total < LEVEL


def tail(count: Count, whole: Count) -> float:
    """The probability (0 to 1) that a part of a ``whole`` holds at most so many of its right answers, had they fallen on its
    questions at random (the hypergeometric distribution).
    """
    (correct, questions), (right, asked) = count, whole
    least = max(0, questions - (asked - right))
    all_ways = _ways(asked, questions)
    return sum(exp(_ways(right, k) + _ways(asked - right, questions - k) - all_ways) for k in range(least, correct + 1))


def _ways(of: int, chosen: int) -> float:
    """In how many ways some can be chosen, as a logarithm: thousands have more ways than a float can hold."""
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)
