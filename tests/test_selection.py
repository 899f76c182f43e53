"""The strategies and the mix, by example and by law."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studentsim.errors import ConfigError
from studentsim.selection.context import SelectionContext
from studentsim.selection.quotas import apportion_questions, count_by_category, plan_category_quotas
from studentsim.selection.registry import STRATEGIES, select_questions
from studentsim.types import CATEGORIES, Option, Question

COUNTS = st.lists(st.integers(0, 50), min_size=6, max_size=6)


@pytest.mark.parametrize(
    ("wrong", "mix"),
    [
        ([12, 6, 7, 0, 5, 0], [17, 8, 9, 0, 6, 0]),
        ([11, 5, 8, 0, 4, 0], [17, 7, 11, 0, 5, 0]),
        ([12, 6, 6, 0, 4, 0], [19, 8, 8, 0, 5, 0]),
    ],
)
def test_the_papers_own_lines_come_out_exactly(wrong, mix):
    assert apportion_questions(wrong, 40, rule="paper") == mix


@given(COUNTS, st.integers(0, 200), st.sampled_from(["paper", "largest-remainder"]))
def test_a_mix_sums_to_the_questions_and_is_never_negative(wrong, questions, rule):
    mix = apportion_questions(wrong, questions, rule=rule)
    assert sum(mix) == questions and min(mix) >= 0


@given(COUNTS.filter(any), st.integers(0, 200))
def test_largest_remainder_is_never_a_whole_question_off(wrong, questions):
    mix = apportion_questions(wrong, questions)
    assert all(abs(m - questions * w / sum(wrong)) < 1 for m, w in zip(mix, wrong, strict=True))
    assert all(m == 0 for m, w in zip(mix, wrong, strict=True) if w == 0)


def test_nothing_wrong_means_all_categories_alike():
    assert apportion_questions([0] * 6, 12) == [2] * 6


@pytest.mark.parametrize("wrong", [[], [-1, 2]])
def test_impossible_counts_are_refused(wrong):
    with pytest.raises(ConfigError):
        apportion_questions(wrong, 40)
    with pytest.raises(ConfigError, match="fairest"):
        apportion_questions([1, 2], 40, rule="fairest")


def question(k: int, category: str) -> Question:
    options = tuple(Option(letter, str(i)) for i, letter in enumerate("abcde"))
    return Question(f"q{k:03d}", "test", category, f"question {k}", options, "a", "working", skill=category)


POOL = tuple(question(k, CATEGORIES[k % 6]) for k in range(120))


def situation(count=12, seed=0, **changes) -> SelectionContext:
    plain = SelectionContext(
        pool=POOL, count=count, rng=Random(seed), fixed_rng=Random(99), categories=CATEGORIES,
        wrong_by_category={"probability": 3, "general": 1}, times_asked={}, confidence=lambda qs: [0.9 for _ in qs],
        p_correct=lambda qs: [0.5 for _ in qs],
    )  # fmt: skip
    return replace(plain, **changes)


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(st.integers(1, 120), st.integers(0, 1000))
def test_every_strategy_gives_as_many_different_questions_as_asked(strategy, count, seed):
    chosen = select_questions(strategy, situation(count, seed))
    assert len(chosen) == count == len({q.id for q in chosen})


@pytest.mark.parametrize("strategy", [s for s in STRATEGIES if s != "fixed"])
def test_no_question_comes_twice_until_the_pool_is_used_up(strategy):
    asked: Counter = Counter()
    for turn in range(25):
        chosen = select_questions(strategy, situation(count=10, seed=turn, times_asked=asked))
        asked.update(q.id for q in chosen)
        assert max(asked.values()) == 1 + turn // 12


def test_category_follows_the_mistakes():
    mix = count_by_category(select_questions("category", situation(count=12)), CATEGORIES)
    assert mix == {"general": 3, "physics": 0, "gain": 0, "geometry": 0, "other": 0, "probability": 9}


def test_what_a_category_lacks_comes_from_the_others():
    mix = count_by_category(
        select_questions("category", situation(count=60, wrong_by_category={"probability": 1})), CATEGORIES
    )
    assert mix["probability"] == 20 and sum(mix.values()) == 60


@given(st.integers(1, 40), st.lists(st.sampled_from([10, 20, 25]), min_size=2, max_size=6))
def test_equal_shares_of_an_own_mix_are_equal_over_the_turns(questions, shares):
    mix = dict(zip(CATEGORIES, shares, strict=False))
    counts = {category: [] for category in mix}
    for turn in range(1, 61):
        planned = plan_category_quotas(situation(count=questions, requested_mix=mix, turn=turn), follow_mistakes=False)
        assert sum(planned.values()) == questions
        for category in mix:
            counts[category].append(planned[category])
            assert abs(planned[category] - questions * mix[category] / sum(shares)) < 1
    for share in set(shares):
        totals = [sum(counts[c]) for c in mix if mix[c] == share]
        assert max(totals) - min(totals) <= 1, "60 turns are a whole number of rounds for up to six of equal share"


def test_a_users_own_mix_stands_above_the_strategys():
    own = {"geometry": 50.0, "gain": 50.0}
    for strategy in ("random", "category", "log-probability", "none"):
        mix = count_by_category(select_questions(strategy, situation(count=12, requested_mix=own)), CATEGORIES)
        assert mix["geometry"] == mix["gain"] == 6


def test_log_probability_takes_the_unsure_questions():
    unsure = {q.id for q in POOL[::4]}
    chosen = select_questions(
        "log-probability", situation(count=12, confidence=lambda qs: [0.4 if q.id in unsure else 0.6 for q in qs])
    )
    assert {q.id for q in chosen} <= unsure


def test_log_probability_makes_up_the_number_with_the_least_sure():
    sure = {q.id: 0.5 + k / 1000 for k, q in enumerate(POOL)}
    chosen = select_questions("log-probability", situation(count=5, confidence=lambda qs: [sure[q.id] for q in qs]))
    assert sorted(q.id for q in chosen) == [q.id for q in POOL[:5]]


def test_both_follows_the_mistakes_among_the_unsure():
    unsure = {q.id for q in POOL if int(q.id[1:]) % 12 in (0, 5)}  # half of general, half of probability
    chosen = select_questions(
        "log-probability+category",
        situation(count=8, confidence=lambda qs: [0.1 if q.id in unsure else 0.9 for q in qs]),
    )
    assert {q.id for q in chosen} <= unsure
    assert count_by_category(chosen, CATEGORIES)["probability"] == 6


def test_fixed_asks_the_same_questions_every_turn():
    turns = [
        select_questions("fixed", situation(seed=t, fixed_rng=Random(99), times_asked={POOL[t].id: 5}))
        for t in range(3)
    ]
    assert turns[0] == turns[1] == turns[2]


def test_a_pool_smaller_than_a_turn_is_refused():
    with pytest.raises(ConfigError, match="the pool holds 120"):
        select_questions("random", situation(count=121))


def test_an_unknown_strategy_is_refused_by_name():
    with pytest.raises(ConfigError, match="'best'"):
        select_questions("best", situation())
