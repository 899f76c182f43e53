"""What counts bear, checked against scipy and statsmodels."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some
from scipy.stats import binomtest, hypergeom
from statsmodels.stats.proportion import confint_proportions_2indep

from studentsim.ui import evidence

COUNTS = some.integers(1, 60).flatmap(lambda n: some.tuples(some.integers(0, n), some.just(n)))


def part(whole: tuple[int, int], data: some.DataObject) -> tuple[int, int]:
    """Some of its questions, with as many right among them as there can be."""
    right, questions = whole
    asked = data.draw(some.integers(0, questions))
    return data.draw(some.integers(max(0, asked - (questions - right)), min(right, asked))), asked


@given(COUNTS, some.data())
def test_the_tail_is_the_hypergeometric_ones(whole: tuple[int, int], data: some.DataObject):
    correct, asked = part(whole, data)
    assert evidence.tail((correct, asked), whole) == pytest.approx(hypergeom.cdf(correct, whole[1], whole[0], asked))


def test_the_tail_of_thousands_is_exact():
    assert evidence.tail((380, 1000), (4000, 10_000)) == pytest.approx(hypergeom.cdf(380, 10_000, 4000, 1000))


@given(COUNTS, COUNTS)
def test_clearly_less_is_newcombes_interval_of_the_difference(one: tuple[int, int], other: tuple[int, int]):
    low, _ = confint_proportions_2indep(*other, *one, method="newcomb", compare="diff")
    assume(abs(low) > 1e-9)
    assert evidence.clearly_less(one, other) == (low > 0)


@given(COUNTS, COUNTS)
def test_two_counts_are_apart_one_way_at_most(one: tuple[int, int], other: tuple[int, int]):
    assert evidence.apart(one, other) == evidence.apart(other, one)
    assert not (evidence.clearly_less(one, other) and evidence.clearly_less(other, one))


@given(COUNTS, some.data(), some.integers(1, 10))
def test_who_looks_at_several_needs_more(whole: tuple[int, int], data: some.DataObject, of: int):
    count = part(whole, data)
    assert evidence.far_below(count, whole, of=of) <= evidence.far_below(count, whole, of=1)


def test_two_halves_that_lie_apart_are_found_apart():
    """Each is compared with the rest, not with a whole that it is half of."""
    assert evidence.far_below((40, 100), (98, 200), of=2) and not evidence.far_below((58, 100), (98, 200), of=2)


def test_a_part_where_nothing_is_right_or_nothing_wrong_anywhere_is_not_behind():
    assert not evidence.far_below((0, 10), (0, 40), of=4) and not evidence.far_below((10, 10), (40, 40), of=4)


def test_luck_alone_seldom_makes_the_lowest_of_six_far_below():
    rng, found = Random(0), 0
    for _ in range(1000):
        parts = [sum(rng.random() < 0.75 for _ in range(40)) for _ in range(6)]
        found += any(evidence.far_below((k, 40), (sum(parts), 240), of=6) for k in parts)
    assert found / 1000 < evidence.LEVEL


def test_a_letter_is_said_to_be_right_too_often_as_seldom_by_luck_as_the_binomial_test_says():
    for right, asked, chance in ((4, 14, 0.25), (60, 100, 0.25), (30, 100, 0.2), (41, 100, 0.25), (2100, 10_000, 0.2)):
        p = binomtest(right, asked, chance, alternative="greater").pvalue
        assert evidence.far_above_chance((right, asked), chance, of=4) == (4 * p < evidence.LEVEL), (right, asked)
    assert not evidence.far_above_chance((3, 3), 1.0, of=2)
