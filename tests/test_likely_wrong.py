"""The way of choosing "likely-wrong", by example and by law, and what is written down of what ways of choosing look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

import fakes
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_selection import POOL, situation

from studentsim.errors import ConfigError
from studentsim.events import TurnStarted
from studentsim.selection.quotas import count_by_category
from studentsim.selection.registry import select_questions
from studentsim.selection.scores import ScoreRecorder
from studentsim.selection.strategies.likely_wrong import CANDIDATES_PER_QUESTION
from studentsim.simulation import Components, simulate
from studentsim.student.testing import FakeStudent
from studentsim.teacher.teacher import Teacher
from studentsim.types import CATEGORIES, Question


class Watched:
    """P(right) by question id, and which questions were asked for, in calls."""

    def __init__(self, figures: dict[str, float]) -> None:
        self.scores, self.calls = figures, []

    def __call__(self, questions: Sequence[Question]) -> list[float]:
        self.calls.append([q.id for q in questions])
        return [self.scores[q.id] for q in questions]

    @property
    def seen(self) -> set[str]:
        return {id for call in self.calls for id in call}


RISING = {q.id: k / len(POOL) for k, q in enumerate(POOL)}


def test_the_least_probable_of_the_draw_are_taken_least_first():
    watched = Watched(RISING)
    chosen = [q.id for q in select_questions("likely-wrong", situation(count=6, p_correct=watched))]
    assert len(watched.seen) == CANDIDATES_PER_QUESTION * 6
    assert chosen == sorted(watched.seen, key=RISING.__getitem__)[:6]


def test_the_draw_is_the_seeds():
    def chosen(seed: int) -> list[str]:
        return [
            q.id for q in select_questions("likely-wrong", situation(count=6, seed=seed, p_correct=Watched(RISING)))
        ]

    assert chosen(1) == chosen(1) != chosen(2)


def test_questions_of_equal_figures_come_by_their_ids():
    watched = Watched(dict.fromkeys(RISING, 0.25))
    chosen = [q.id for q in select_questions("likely-wrong", situation(count=6, p_correct=watched))]
    assert chosen == sorted(watched.seen)[:6]


def test_the_mistakes_of_the_last_exam_have_no_say():
    figures = {q.id: 0.9 if q.category in ("probability", "general") else 0.1 for q in POOL}
    mix = count_by_category(
        select_questions("likely-wrong", situation(count=12, p_correct=Watched(figures))), CATEGORIES
    )
    assert mix["probability"] == mix["general"] == 0  # although all of the exam's mistakes were there


def test_a_users_own_mix_is_kept_and_the_least_probable_taken_within_it():
    watched = Watched(RISING)
    own = {"geometry": 75.0, "gain": 25.0}
    chosen = select_questions("likely-wrong", situation(count=4, requested_mix=own, p_correct=watched))
    assert count_by_category(chosen, CATEGORIES) == {**dict.fromkeys(CATEGORIES, 0), "geometry": 3, "gain": 1}
    drawn = {c: sorted((id for id in watched.seen if CATEGORIES[int(id[1:]) % 6] == c), key=RISING.get) for c in own}
    assert {c: len(ids) for c, ids in drawn.items()} == {
        "geometry": 3 * CANDIDATES_PER_QUESTION,
        "gain": CANDIDATES_PER_QUESTION,
    }
    assert sorted(q.id for q in chosen) == sorted([*drawn["geometry"][:3], *drawn["gain"][:1]])


def test_what_was_not_asked_yet_comes_first_however_probable():
    asked: Counter[str] = Counter()
    for turn in range(25):
        chosen = select_questions(
            "likely-wrong", situation(count=10, seed=turn, times_asked=asked, p_correct=Watched(RISING))
        )
        asked.update(q.id for q in chosen)
        assert max(asked.values()) == 1 + turn // 12


def test_a_student_that_cannot_tell_is_told_of():
    with pytest.raises(ConfigError, match="cannot tell"):
        select_questions("likely-wrong", situation(p_correct=None))


@given(
    count=st.integers(1, 120),
    seed=st.integers(0, 10_000),
    shares=st.none() | st.lists(st.integers(0, 5), min_size=6, max_size=6).filter(any),
    coarse=st.booleans(),
)
def test_no_question_drawn_and_left_is_less_probable_than_one_taken_of_its_quota(count, seed, shares, coarse):
    figures = {q.id: round(Random(f"{seed} {q.id}").random(), 1 if coarse else 6) for q in POOL}
    watched = Watched(figures)
    mix = shares and {c: 100 * share / sum(shares) for c, share in zip(CATEGORIES, shares, strict=True)}
    allowed = [q for q in POOL if not mix or mix[q.category] > 0]
    count = min(count, len(allowed))
    chosen = select_questions(
        "likely-wrong", situation(count=count, seed=seed, requested_mix=mix or None, p_correct=watched)
    )
    ids = [q.id for q in chosen]
    assert len(set(ids)) == count and all(not mix or mix[q.category] > 0 for q in chosen)
    if count == len(allowed):
        return  # all of them: there was nothing to choose
    assert set(ids) <= watched.seen
    taken: set[str] = set()
    for drawn in watched.calls:  # each call is one quota's draw
        quota = -(-len(drawn) // CANDIDATES_PER_QUESTION)
        own = [id for id in ids if id in drawn and id not in taken][:quota]
        left = set(drawn) - set(own) - taken
        assert all((figures[a], a) < (figures[b], b) for a in own for b in left)
        taken |= set(own)


# ------------------------------------------------------------------ what is written down


class Uneven(FakeStudent):
    """A fake student whose figures differ from question to question."""

    def confidence(self, questions: Sequence[Question]) -> list[float]:
        return [Random(f"sure {q.id}").random() for q in questions]

    def p_correct(self, questions: Sequence[Question]) -> list[float]:
        return [Random(f"right {q.id}").random() for q in questions]


def started(strategy: str, **settings: object) -> list[TurnStarted]:
    student = Uneven()
    players = Components(fakes.bank(), student, Teacher(), student)
    events = simulate(fakes.config(strategy=strategy, turns=2, **settings), players)
    return [e for e in events if isinstance(e, TurnStarted)]


@pytest.mark.parametrize("strategy", ["random", "category", "none", "fixed"])
def test_a_way_that_does_not_look_writes_nothing_down(strategy: str):
    assert {(e.score_kind, len(e.confidences)) for e in started(strategy)} == {("", 0)}


@pytest.mark.parametrize("strategy", ["log-probability", "log-probability+category"])
def test_each_figure_looked_at_is_written_down_with_the_lesson(strategy: str):
    for event in started(strategy):
        assert event.score_kind == "confidence"
        assert set(event.question_ids) <= set(event.confidences) and len(event.confidences) > len(event.question_ids)
        for id, figure in event.confidences.items():
            exact = Random(f"sure {id}").random()
            assert exact * (1 - 1e-3) < figure <= exact and (figure < 0.5) == (exact < 0.5)
        assert all(event.confidences[id] < 0.5 for id in event.question_ids)  # half of them are, so enough pass


def test_likely_wrong_writes_down_p_right_of_all_it_drew():
    for event in started("likely-wrong"):
        assert event.score_kind == "p_correct" and len(event.confidences) == CANDIDATES_PER_QUESTION * len(
            event.question_ids
        )
        taken = [event.confidences[id] for id in event.question_ids]
        left = [figure for id, figure in event.confidences.items() if id not in event.question_ids]
        assert max(taken) <= min(left)


@given(st.floats(0, 1), st.integers(1, 9999))
def test_a_figure_is_written_in_four_digits_on_its_own_side_of_the_threshold(figure: float, threshold: int):
    looked = ScoreRecorder()
    assert looked.wrap("confidence", lambda qs: [figure])(POOL[:1]) == [figure]
    stored = looked.scores[POOL[0].id]
    assert (stored < threshold / 10_000) == (figure < threshold / 10_000)
    assert float(f"{stored:.4g}") == stored <= figure


def test_a_figure_that_is_no_number_is_not_written_down():
    looked = ScoreRecorder()
    looked.wrap("confidence", lambda qs: [float("nan"), 0.25])(POOL[:2])
    assert looked.scores == {POOL[1].id: 0.25}
