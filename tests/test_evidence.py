"""What counts bear, checked against scipy and statsmodels."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some
from scipy.stats import binom
from statsmodels.stats.proportion import confint_proportions_2indep

from studentsim.ui import evidence

COUNTS = some.integers(1, 60).flatmap(lambda n: some.tuples(some.integers(0, n), some.just(n)))


@given(some.integers(0, 12), some.floats(0.01, 0.99))
def test_the_tail_is_the_binomials(correct: int, share: float):
    assert evidence.tail(correct, 12, share) == pytest.approx(binom.cdf(correct, 12, share))


def test_the_tail_of_thousands_is_no_overflow():
    assert evidence.tail(4000, 10_000, 0.4) == pytest.approx(binom.cdf(4000, 10_000, 0.4))


@given(COUNTS, COUNTS)
def test_clearly_less_is_newcombes_interval_of_the_difference(one: tuple[int, int], other: tuple[int, int]):
    low, _ = confint_proportions_2indep(*other, *one, method="newcomb", compare="diff")
    assume(abs(low) > 1e-9)
    assert evidence.clearly_less(one, other) == (low > 0)


@given(COUNTS, COUNTS)
def test_two_counts_are_apart_one_way_at_most(one: tuple[int, int], other: tuple[int, int]):
    assert evidence.apart(one, other) == evidence.apart(other, one)
    assert not (evidence.clearly_less(one, other) and evidence.clearly_less(other, one))


@given(some.integers(2, 40), some.floats(0.2, 0.95), some.integers(1, 10))
def test_who_looks_at_several_needs_more(questions: int, share: float, of: int):
    alone = [evidence.far_below((k, questions), share, of=1) for k in range(questions + 1)]
    among = [evidence.far_below((k, questions), share, of=of) for k in range(questions + 1)]
    assert alone == sorted(alone, reverse=True) and among == sorted(among, reverse=True)
    assert sum(among) <= sum(alone)


def test_luck_alone_seldom_makes_the_lowest_of_six_far_below():
    from random import Random

    rng = Random(0)
    found = sum(
        any(evidence.far_below((sum(rng.random() < 0.75 for _ in range(40)), 40), 0.75, of=6) for _ in range(6))
        for _ in range(2000)
    )
    assert found / 2000 < evidence.LEVEL
