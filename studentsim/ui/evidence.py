"""What counts bear: whether one share lies below another by more than luck. Plain arithmetic, no streamlit here.

Written out, a few lines each, checked against scipy and statsmodels in tests: importing these costs a page up to a second.
"""

from __future__ import annotations

import math

from studentsim.exam import wilson

LEVEL = 0.05
"""How often luck alone may make a finding where there is nothing to find."""

Count = tuple[int, int]
"""So many of so many."""


def far_below(count: Count, share: float, *, of: int) -> bool:
    """Whether the lowest of ``of`` such counts would so seldom be so low by luck, had each question been right with
    probability ``share`` (binomial test, Bonferroni): whoever looks at several finds one that is lowest.
    """
    return of * tail(*count, share) < LEVEL


def clearly_less(one: Count, other: Count) -> bool:
    """Whether ``one`` share lies below ``other`` by more than luck: the 95 % interval of their difference (Newcombe 1998, from the
    two Wilson intervals) leaves out 0. Where both are of the same questions it errs on the safe side.
    """
    p, q = (k / n for k, n in (one, other))
    return q - p > math.hypot(q - wilson(*other)[0], wilson(*one)[1] - p)


def apart(one: Count, other: Count) -> bool:
    """Whether either is ``clearly_less`` than the other."""
    return clearly_less(one, other) or clearly_less(other, one)


def tail(correct: int, questions: int, share: float) -> float:
    """The probability (0 to 1) of at most so many right answers, where each is right with probability ``share``."""
    if not 0 < share < 1:
        return 1.0 if share <= 0 or correct >= questions else 0.0
    odds = math.log(share), math.log1p(-share)
    ways = math.lgamma(questions + 1)  # in logarithms: thousands of questions have more ways than a float can hold
    return sum(
        math.exp(ways - math.lgamma(k + 1) - math.lgamma(questions - k + 1) + k * odds[0] + (questions - k) * odds[1])
        for k in range(correct + 1)
    )
