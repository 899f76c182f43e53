"""The rules of what pages claim: checked against scipy, and held to their 5 of 100 on made-up exams in which nothing is to be found."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.stats import binom, binomtest, fisher_exact, hypergeom

from studentsim.analysis import claims, misconceptions
from studentsim.analysis.differences import _compute_difference
from studentsim.analysis.misconceptions import MisconceptionHistory
from studentsim.analysis.run_groups import ComparedRun, group_runs_by_settings
from studentsim.analysis.tries import RetryResults
from studentsim.config import RunConfig
from studentsim.exam import wilson_interval
from studentsim.labels.strategy_styles import strategy_style
from studentsim.narration.teaching_summary import compare_feedback_effects
from studentsim.ui.watch.race_entries import RaceEntry, describe_standings

COUNTS = some.integers(1, 60).flatmap(lambda n: some.tuples(some.integers(0, n), some.just(n)))
TIMES = 1000


def part(whole: tuple[int, int], data: some.DataObject) -> tuple[int, int]:
    """Some of its questions, with as many right among them as there can be."""
    right, questions = whole
    asked = data.draw(some.integers(0, questions))
    return data.draw(some.integers(max(0, asked - (questions - right)), min(right, asked))), asked


@given(COUNTS, some.data())
def test_the_tail_is_the_hypergeometric_ones(whole: tuple[int, int], data: some.DataObject):
    correct, asked = part(whole, data)
    told = claims.hypergeometric_cdf((correct, asked), whole)
    assert told == pytest.approx(hypergeom.cdf(correct, whole[1], whole[0], asked))


def test_the_tail_of_thousands_is_exact():
    told = claims.hypergeometric_cdf((380, 1000), (4000, 10_000))
    assert told == pytest.approx(hypergeom.cdf(380, 10_000, 4000, 1000))


@given(COUNTS, COUNTS)
def test_a_change_is_claimed_where_fishers_exact_test_says_so(one: tuple[int, int], other: tuple[int, int]):
    table = [[one[0], one[1] - one[0]], [other[0], other[1] - other[0]]]
    fewer, more = (fisher_exact(table, alternative=way).pvalue for way in ("greater", "less"))
    assert claims.fisher_exact_p(one, other) == pytest.approx(min(1, 2 * min(fewer, more)))
    assert claims.significant_change(one, other) == (-1 if 2 * fewer < 0.05 else 1 if 2 * more < 0.05 else 0)


@given(COUNTS, COUNTS, some.integers(1, 10))
def test_a_change_is_the_reverse_of_its_reverse_and_needs_more_among_several(one: tuple, other: tuple, of: int):
    assert claims.significant_change(one, other, comparisons=of) == -claims.significant_change(
        other, one, comparisons=of
    )
    assert claims.significant_change(one, other, comparisons=of) in (0, claims.significant_change(one, other))


@given(COUNTS, some.data(), some.integers(1, 10))
def test_who_looks_at_several_parts_needs_more(whole: tuple[int, int], data: some.DataObject, of: int):
    count = part(whole, data)
    assert claims.is_significantly_below_rest(count, whole, comparisons=of) <= claims.is_significantly_below_rest(
        count, whole, comparisons=1
    )


def test_three_of_six_gone_is_no_change():
    """p = 0.18, as people found it called unlearnt."""
    assert claims.fisher_exact_p((3, 6), (0, 6)) == pytest.approx(2 * 0.0909, abs=1e-4)
    assert claims.significant_change((3, 6), (0, 6)) == 0 and claims.significant_change((6, 6), (0, 6)) == -1


def test_only_comparisons_that_could_come_out_clear_are_corrected_for():
    seldom, often = ((1, 8), (1, 8)), ((4, 8), (4, 8))
    assert claims.count_testable_comparisons([]) == claims.count_testable_comparisons([seldom] * 80) == 1
    assert (
        claims.count_testable_comparisons([often] * 5)
        == claims.count_testable_comparisons([often] * 5 + [seldom] * 80)
        == 5
    )
    of = claims.count_testable_comparisons([((30, 60), (30, 60))] * 80)
    assert of == 80  # where all could, it is Bonferroni's correction


@given(some.lists(some.tuples(COUNTS, COUNTS), max_size=12))
def test_a_correction_is_for_no_more_than_there_are_and_for_all_that_could_be_clear(pairs: list):
    of = claims.count_testable_comparisons(pairs)
    assert 1 <= of <= max(1, len(pairs))
    could = [min(claims.fisher_exact_p((k, n), (a + b - k, m)) for k in range(max(0, a + b - m), min(n, a + b) + 1))
             for (a, n), (b, m) in pairs]  # fmt: skip
    assert sum(of * p < claims.ALPHA for p in could) <= of


def test_two_halves_that_lie_apart_are_found_apart():
    """Each is compared with the rest, not with a whole that it is half of."""
    assert claims.is_significantly_below_rest(
        (40, 100), (98, 200), comparisons=2
    ) and not claims.is_significantly_below_rest((58, 100), (98, 200), comparisons=2)


def test_a_part_where_nothing_is_right_or_nothing_wrong_anywhere_is_not_behind():
    assert not claims.is_significantly_below_rest(
        (0, 10), (0, 40), comparisons=4
    ) and not claims.is_significantly_below_rest((10, 10), (40, 40), comparisons=4)


def test_a_letter_is_said_to_be_right_too_often_as_seldom_by_luck_as_the_binomial_test_says():
    for right, asked, chance in ((4, 14, 0.25), (60, 100, 0.25), (30, 100, 0.2), (41, 100, 0.25), (2100, 10_000, 0.2)):
        p = binomtest(right, asked, chance, alternative="greater").pvalue
        assert claims.is_above_chance((right, asked), chance, comparisons=4) == (4 * p < claims.ALPHA), (right, asked)
    assert not claims.is_above_chance((3, 3), 1.0, comparisons=2)
    assert claims.is_above_chance((1, 100), 0.0, comparisons=80) and not claims.is_above_chance(
        (0, 100), 0.0, comparisons=1
    )


def test_a_difference_is_claimed_where_its_interval_leaves_out_nothing_at_all():
    assert [claims.interval_direction(*x) for x in ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1), (0.0, 0.1))] == [1, -1, 0, 0]


# ------------------------------------------------------------------ where nothing is to be found, and where something is


def share_of(claimed: Callable[[], bool]) -> float:
    """How often of a thousand times something is claimed."""
    return sum(claimed() for _ in range(TIMES)) / TIMES


def test_luck_alone_seldom_makes_a_part_behind():
    rng = Random(0)
    for parts, each, level in ((6, 40, 0.75), (43, 7, 0.7), (6, 7, 0.4)):

        def claimed(parts: int = parts, each: int = each, level: float = level) -> bool:
            right = [sum(rng.random() < level for _ in range(each)) for _ in range(parts)]
            return any(
                claims.is_significantly_below_rest((k, each), (sum(right), parts * each), comparisons=parts)
                for k in right
            )

        assert share_of(claimed) <= claims.ALPHA, parts


def test_of_a_student_who_did_not_change_hardly_any_exam_is_called_better_or_worse():
    rng = np.random.default_rng(1)
    for questions, level in ((300, 0.7), (40, 0.5), (240, 0.97), (12, 0.3)):
        before, after = rng.binomial(questions, level, (2, TIMES)).tolist()
        pairs = zip(before, after, strict=True)
        assert (
            sum(claims.significant_change((a, questions), (b, questions)) != 0 for a, b in pairs)
            <= claims.ALPHA * TIMES
        )
    six = rng.binomial(40, 0.6, (TIMES, 6, 2)).tolist()
    assert (
        sum(any(claims.significant_change((a, 40), (b, 40), comparisons=6) for a, b in run) for run in six)
        <= claims.ALPHA * TIMES
    )


def slips_of(rng: np.random.Generator, rates: np.ndarray, offered: int) -> list[list[MisconceptionHistory]]:
    """A thousand runs of a student who makes each slip as often as ``rates`` (exam, slip) say, in each exam."""
    made = rng.binomial(offered, rates, (TIMES, *rates.shape))
    right = rng.binomial(offered - made, 0.9)
    exams = (offered,) * len(rates)
    return [
        [
            MisconceptionHistory(tuple(m), exams, tuple(r), 0.2)
            for m, r in zip(run.T.tolist(), won.T.tolist(), strict=True)
        ]
        for run, won in zip(made, right, strict=True)
    ]


def verdicts(courses: list[MisconceptionHistory]) -> list[str]:
    of = misconceptions.count_comparisons(courses)
    return [misconceptions.classify_trend(course, of) for course in courses]


CHANGED = {"back", "grown", "replaced", "less", "unlearnt"}


@pytest.mark.parametrize("exams, slips, offered", [(2, 86, 8), (6, 20, 6), (2, 12, 60)])
def test_of_a_student_who_did_not_change_hardly_any_run_has_a_slip_called_changed(exams: int, slips: int, offered: int):
    """A/A: every slip as likely in every exam as in the first; some are made often, most seldom, as real students do."""
    rng = np.random.default_rng(2)
    rates = np.repeat(rng.beta(0.7, 2.5, (1, slips)), exams, axis=0)
    claimed = [bool(CHANGED & set(verdicts(run))) for run in slips_of(rng, rates, offered)]
    assert sum(claimed) / TIMES <= claims.ALPHA


def test_of_a_student_who_ticks_blindly_hardly_any_run_has_a_slip_called_still_there():
    rng = np.random.default_rng(3)
    claimed = [{"remains"} & set(verdicts(run)) for run in slips_of(rng, np.full((2, 86), 0.2), 8)]
    assert sum(map(bool, claimed)) / TIMES <= claims.ALPHA


def test_slips_that_went_are_found_and_those_beside_them_are_not():
    rng = np.random.default_rng(4)
    rates = np.full((2, 40), 0.3)
    rates[:, :10] = [[0.9], [0.02]]
    found = [verdicts(run) for run in slips_of(rng, rates, 12)]
    assert np.mean([v == "unlearnt" for run in found for v in run[:10]]) > 0.8
    assert np.mean([bool(CHANGED & set(run[10:])) for run in found]) <= claims.ALPHA


# ------------------------------------------------------------------ what whole pages say where nothing is to be found


@pytest.mark.parametrize("seeds, times", [(1, 400), (3, 200)])
def test_of_ways_that_teach_alike_hardly_any_comparison_calls_one_better(seeds: int, times: int):
    """Compare, and Home, which says who is ahead of no teaching by the same intervals: students all alike, each question as hard for
    one as for another.
    """
    rng = np.random.default_rng(5)
    ways = ("random", "none", "category", "log-probability")
    runs = [
        ComparedRun(f"{way}{i}", RunConfig.make(strategy=way, seed=i), "finished", False, 0.0, 20, 1)
        for way in ways
        for i in range(seeds)
    ]
    reference, *others = group_runs_by_settings(runs)[0]
    claimed = 0
    for _ in range(times):
        right = rng.random((120, len(runs))) < rng.beta(2, 1.5, (120, 1))
        table = pd.DataFrame(right.astype(float), columns=[run.run_id for run in runs])
        told = [_compute_difference(group, reference, table, 20, comparison_count=len(others)) for group in others]
        claimed += any(d is not None and d.is_significant for d in told)
    assert 0 < claimed <= binom.ppf(0.99, times, claims.ALPHA), "more than chance makes of 5 of 100"


def test_of_racers_who_learn_alike_hardly_any_headline_calls_one_ahead():
    rng = np.random.default_rng(6)
    claimed = 0
    for counts in rng.binomial(100, 0.6, (300, 4)).tolist():
        columns = ["turn", "correct", "questions", "accuracy", "ci_low", "ci_high"]
        exams = [pd.DataFrame([(20, k, 100, k / 100, *wilson_interval(k, 100))], columns=columns)
                 for k in counts]  # fmt: skip
        told = describe_standings(
            [RaceEntry(str(i), str(i), strategy_style("random"), frame) for i, frame in enumerate(exams)]
        )
        claimed += "by more than chance" in told
    assert claimed <= binom.ppf(0.99, 300, claims.ALPHA)


@given(some.integers(0, 60), some.integers(0, 60))
def test_the_most_frequent_leads_where_the_binomial_test_of_the_first_two_says_so(one: int, other: int):
    most, second = max(one, other), min(one, other)
    assert claims.is_significantly_ahead(most, second) == (most > 0 and binomtest(most, most + second).pvalue < 0.05)


@pytest.mark.parametrize("slips, answers", [(2, 12), (2, 60), (8, 40), (8, 300)])
def test_of_slips_that_are_as_frequent_hardly_any_is_called_the_commonest(slips: int, answers: int):
    rng = Random(slips * answers)
    claimed = 0
    for _ in range(TIMES):
        counts = sorted(np.bincount([rng.randrange(slips) for _ in range(answers)], minlength=slips), reverse=True)
        claimed += claims.is_significantly_ahead(int(counts[0]), int(counts[1]))
    assert claimed <= 0.05 * TIMES + 2 * (0.05 * 0.95 * TIMES) ** 0.5


def test_where_true_words_and_false_ones_weigh_alike_hardly_any_is_said_to_weigh_more():
    rng = np.random.default_rng(7)
    tries = [RetryResults(pd.DataFrame({"tried": [60], "mended": [a]}), pd.DataFrame({"challenged": [25], "flipped": [b]}), pd.DataFrame())
             for a, b in zip(rng.binomial(60, 0.4, 300), rng.binomial(25, 0.4, 300), strict=True)]  # fmt: skip
    assert sum("by more than chance" in compare_feedback_effects(one) for one in tries) <= binom.ppf(
        0.99, 300, claims.ALPHA
    )


def test_no_page_has_a_rule_of_its_own_for_intervals_that_do_not_meet():
    ui = Path(__file__).parent.parent / "studentsim" / "ui"
    rule = re.compile(
        r"\.(?:ci_)?low > [\w.]*high\b|\.(?:ci_)?high < [\w.]*low\b|\.(?:ci_)?low > 0\b|\.(?:ci_)?high < 0\b"
    )
    own = {path.relative_to(ui).as_posix() for path in ui.rglob("*.py") if rule.search(path.read_text())}
    assert own <= {"compare/sentences.py"}  # which way a clear difference goes
