"""A replay's time: lessons alike for all racers, no moment before an earlier one, and a clock that stops, goes on and changes pace."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studentsim.store.queries import EXAM_RESULT_STAGE, TURN_FINISHED_STAGE
from studentsim.ui.watch.timeline import (
    DEFAULT_REPLAY_SECONDS,
    INITIAL_STATE,
    MAX_REPLAY_SECONDS,
    MIN_REPLAY_SECONDS,
    ReplayClock,
    ReplayTimeline,
    compute_replay_states,
    parse_replay_seconds,
)

NEAR = 1e-9


def moments(*lessons: float, begin: float = 1000.0, gap: float = 0.0) -> pd.DataFrame:
    """Of a run whose lessons took so many seconds, with a pause of ``gap`` before each: four moments a lesson."""
    rows = []
    for turn, seconds in enumerate(lessons):
        begin += gap
        stages = ("exam" if turn == 0 else "study", "training", EXAM_RESULT_STAGE, TURN_FINISHED_STAGE)
        rows += [(len(rows) + i, turn, begin + seconds * i / 3, stage) for i, stage in enumerate(stages)]
        begin += seconds
    return pd.DataFrame(rows, columns=["seq", "turn", "timestamp", "stage"])


def test_lessons_begin_and_end_together_for_racers_of_any_speed():
    quick, slow = moments(1, 2, 1), moments(10, 20, 10, gap=500)
    line = ReplayTimeline([quick, slow])
    assert line.moment_shares[0] == pytest.approx(line.moment_shares[1])
    assert [line.moment_shares[0][i] for i in (0, 3, 4, 7, 8, 11)] == pytest.approx([0, 0.25, 0.25, 0.75, 0.75, 1])


def test_one_of_fewer_lessons_is_done_earlier_and_all_are_done_at_the_end():
    line = ReplayTimeline([moments(1, 1), moments(1, 1, 1, 1)])
    assert line.count_moments(0) == [0, 0]
    assert line.count_moments(0.7)[0] == 8 > line.count_moments(0.7)[1] - 8
    assert line.count_moments(1) == [8, 16]


SECONDS = st.lists(st.floats(0, 100), min_size=1, max_size=6)


@given(st.lists(SECONDS, min_size=1, max_size=4), st.lists(st.floats(0, 1), max_size=8))
def test_the_past_only_grows(racers: list[list[float]], looks: list[float]):
    line = ReplayTimeline([moments(*lessons) for lessons in racers])
    for shares in line.moment_shares:
        assert shares == sorted(shares) and 0 <= shares[0] and shares[-1] <= 1 + NEAR
    shown = [line.count_moments(share) for share in sorted(looks)]
    assert all(a <= b for one, later in zip(shown, shown[1:], strict=False) for a, b in zip(one, later, strict=True))


def test_a_clock_that_was_set_back_while_a_run_went_on_takes_nothing_back():
    frame = moments(3, 3)
    frame.loc[5, "timestamp"] = 0.0
    (shares,) = ReplayTimeline([frame]).moment_shares
    assert shares == sorted(shares)


def test_runs_of_which_nothing_is_told_have_no_time():
    assert ReplayTimeline([moments().astype({"timestamp": float})]).count_moments(0.5) == [0]


def test_where_a_run_stood_after_each_moment():
    first, *_, last = stood = compute_replay_states(moments(1, 1))
    assert (first.stage, first.stage_items_done, first.stage_items, first.answer_count, first.turn) == (
        "exam",
        1,
        1,
        1,
        -1,
    )
    assert (stood[2].last_exam_turn, stood[2].turn, stood[2].stage) == (0, -1, "")
    assert (last.turn, last.last_exam_turn, last.answer_count) == (1, 1, 2)
    assert last.last_seqs == {"exams": 6, "turns": 7, "training_steps": 5, "validations": -1}
    assert INITIAL_STATE.answer_count == 0 and INITIAL_STATE.last_seqs["exams"] == -1


def test_a_clock_stops_goes_on_changes_pace_and_begins_again_at_its_end():
    clock = ReplayClock(100)
    assert clock.share_at(5) == 0 and not clock.is_running
    clock = clock.resume(10)
    assert clock.share_at(35) == 0.25
    clock = clock.pause(35)
    assert clock.share_at(99) == 0.25 and not clock.is_running
    clock = clock.resume(100).with_duration(10, 110)
    assert clock.share_at(110) == pytest.approx(0.35) and clock.share_at(111) == pytest.approx(0.45)
    assert clock.share_at(1000) == 1
    assert clock.pause(1000).resume(1000).share_at(1001) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "text, seconds",
    [(None, None), ("", None), ("60", 60), ("0", MIN_REPLAY_SECONDS), ("-3", MIN_REPLAY_SECONDS),
     ("1e9", MAX_REPLAY_SECONDS), ("inf", DEFAULT_REPLAY_SECONDS), ("nan", DEFAULT_REPLAY_SECONDS)]
    + [("yes", DEFAULT_REPLAY_SECONDS), ("x" * 5000, DEFAULT_REPLAY_SECONDS)],
)  # fmt: skip
def test_a_link_s_seconds_are_read_within_reason(text: str | None, seconds: int | None):
    assert parse_replay_seconds(text) == seconds
