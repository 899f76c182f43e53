"""The timeline of a replay: how many events of each racer have come after a share of it. No streamlit here.

A turn takes the same time for all racers, however fast the computer was when each ran: the mean of its shares of their run times.
Within a turn, events keep their relative times. Time between turns in which nothing was journalled, as while a run was paused or a
model was loaded, takes none.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from studentsim.store.queries import EXAM_RESULT_STAGE, TURN_FINISHED_STAGE

DEFAULT_REPLAY_SECONDS = 60
"""Seconds of a replay for a link whose ``replay`` is not a number."""
MIN_REPLAY_SECONDS, MAX_REPLAY_SECONDS = 5, 3600
MIN_TURN_SHARE = 0.02
"""The least share of a racer's time that a turn takes, so that none flashes by."""


class ReplayTimeline:
    """Built from the frames of ``queries.fetch_event_times``, one for each racer."""

    def __init__(self, moments_by_racer: Sequence[pd.DataFrame]) -> None:
        turn_shares = [_turn_shares(moments) for moments in moments_by_racer]
        turns = sorted(set().union(*turn_shares)) if turn_shares else []
        mean_shares = np.array(
            [
                np.mean([racer_turn_shares[turn] for racer_turn_shares in turn_shares if turn in racer_turn_shares])
                for turn in turns
            ]
        )
        ends = np.cumsum(mean_shares) / mean_shares.sum() if len(mean_shares) else mean_shares
        turn_starts = dict(zip(turns, [0.0, *ends], strict=False))
        turn_ends = dict(zip(turns, ends, strict=True))
        self.moment_shares = [_moment_shares(moments, turn_starts, turn_ends) for moments in moments_by_racer]

    def count_moments(self, share: float) -> list[int]:
        """For each racer the number of its moments up to ``share`` of the replay (0 to 1)."""
        if share >= 1:
            return [len(shares) for shares in self.moment_shares]
        return [bisect.bisect_right(shares, share) if share > 0 else 0 for shares in self.moment_shares]


def _turn_shares(moments: pd.DataFrame) -> dict[int, float]:
    """The share of each turn in a racer's time, at least ``MIN_TURN_SHARE``; turn 0 is what precedes the first."""
    spans = moments.groupby("turn")["timestamp"].agg(lambda times: max(0.0, times.max() - times.min()))
    total = float(spans.sum()) or 1.0
    return {int(turn): max(MIN_TURN_SHARE, float(span) / total) for turn, span in spans.items()}


def _moment_shares(moments: pd.DataFrame, turn_starts: dict[int, float], turn_ends: dict[int, float]) -> list[float]:
    """The share of the replay at which each moment comes, never decreasing even if the clock was set back."""
    shares: list[float] = []
    for turn, turn_moments in moments.groupby("turn", sort=False):
        timestamps = np.maximum.accumulate(turn_moments["timestamp"].to_numpy(float))
        span = timestamps[-1] - timestamps[0]
        within = (
            (timestamps - timestamps[0]) / span if span > 0 else np.arange(1, len(timestamps) + 1) / len(timestamps)
        )
        begin, end = turn_starts[int(turn)], turn_ends[int(turn)]
        shares += (begin + within * (end - begin)).tolist()
    return np.maximum.accumulate(shares).tolist() if shares else shares


@dataclass(frozen=True)
class ReplayState:
    """A run's state after one of its moments: its last complete turn and the turn of its last exam (-1: none), its stage (blank: none)
    with ``stage_items_done`` of ``stage_items``, the number of answers given, and the ``last_seqs`` of a snapshot.
    """

    turn: int
    last_exam_turn: int
    stage: str
    stage_items_done: int
    stage_items: int
    answer_count: int
    last_seqs: dict[str, int]

    @property
    def current_turn(self) -> int:
        """The turn under way, or else the last complete one."""
        return self.turn + 1 if self.stage else self.turn


SEQ_NAMES_BY_STAGE = {
    EXAM_RESULT_STAGE: "exams",
    TURN_FINISHED_STAGE: "turns",
    "training": "training_steps",
    "validation": "validations",
}
"""Stages whose events are not answers, and their keys in a snapshot's ``last_seqs``."""
INITIAL_STATE = ReplayState(-1, -1, "", 0, 0, 0, dict.fromkeys(SEQ_NAMES_BY_STAGE.values(), -1))
"""The state of a run before its first moment."""


def compute_replay_states(moments: pd.DataFrame) -> list[ReplayState]:
    """A run's state after each of its ``moments``."""
    stage_keys = [moments.turn, moments.stage]
    done = (moments.groupby(stage_keys).cumcount() + 1).tolist()
    items = moments.groupby(stage_keys).seq.transform("size").tolist()
    states: list[ReplayState] = []
    state = INITIAL_STATE
    for i, (seq, turn, stage) in enumerate(zip(moments.seq, moments.turn, moments.stage, strict=True)):
        is_work_stage = stage not in (EXAM_RESULT_STAGE, TURN_FINISHED_STAGE)
        state = ReplayState(
            turn=int(turn) if stage == TURN_FINISHED_STAGE else state.turn,
            last_exam_turn=int(turn) if stage == EXAM_RESULT_STAGE else state.last_exam_turn,
            stage=stage if is_work_stage else "",
            stage_items_done=done[i] if is_work_stage else 0,
            stage_items=items[i] if is_work_stage else 0,
            answer_count=state.answer_count + (stage not in SEQ_NAMES_BY_STAGE),
            last_seqs={**state.last_seqs, SEQ_NAMES_BY_STAGE[stage]: int(seq)}
            if stage in SEQ_NAMES_BY_STAGE
            else state.last_seqs,
        )
        states.append(state)
    return states


@dataclass(frozen=True)
class ReplayClock:
    """The position of a replay of ``seconds`` seconds: at ``share`` of it (0 to 1) since the monotonic time ``since``; None: paused."""

    seconds: float
    share: float = 0.0
    since: float | None = None

    def share_at(self, now: float) -> float:
        """The share (0 to 1) at the monotonic time ``now``."""
        elapsed_share = 0.0 if self.since is None else max(0.0, now - self.since) / self.seconds
        return min(1.0, self.share + elapsed_share)

    @property
    def is_running(self) -> bool:
        """Whether it is not paused."""
        return self.since is not None

    def pause(self, now: float) -> Self:
        """A paused copy."""
        return replace(self, share=self.share_at(now), since=None)

    def resume(self, now: float) -> Self:
        """A running copy; from the beginning if it was at the end."""
        share = self.share_at(now)
        return replace(self, share=0.0 if share >= 1 else share, since=now)

    def with_duration(self, seconds: float, now: float) -> Self:
        """A copy at the same position with another duration."""
        return replace(self, seconds=seconds, share=self.share_at(now), since=now if self.is_running else None)


def parse_replay_seconds(text: str | None) -> int | None:
    """The duration in a link, clipped to the allowed range; None: no replay is asked for."""
    if not text:
        return None
    try:
        return min(MAX_REPLAY_SECONDS, max(MIN_REPLAY_SECONDS, round(float(text))))
    except (ValueError, OverflowError):
        return DEFAULT_REPLAY_SECONDS
