"""The time of a replay: which events of each racer have come after what share of it. No streamlit here.

A race is told lesson by lesson, so a lesson takes the same time for all, however fast the computer was when each was recorded; what it
takes is what it took them on average. Within a lesson, practice, learning and exam take their own shares. Time in which nothing was
written, as while a run was paused or a model was loaded, takes none.
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
"""Seconds that a replay takes where a link does not say."""
MIN_REPLAY_SECONDS, MAX_REPLAY_SECONDS = 5, 3600
MIN_TURN_SHARE = 0.02
"""Of a racer's time, the least share that a lesson takes: none flashes by."""


class ReplayTimeline:
    """Of ``queries.moments``'s frames, one a racer."""

    def __init__(self, moments_by_racer: Sequence[pd.DataFrame]) -> None:
        turn_shares = [_turn_shares(moments) for moments in moments_by_racer]
        turns = sorted(set().union(*turn_shares)) if turn_shares else []
        mean_shares = np.array(
            [
                np.mean([racer_turn_shares[lesson] for racer_turn_shares in turn_shares if lesson in racer_turn_shares])
                for lesson in turns
            ]
        )
        ends = np.cumsum(mean_shares) / mean_shares.sum() if len(mean_shares) else mean_shares
        turn_starts = dict(zip(turns, [0.0, *ends], strict=False))
        turn_ends = dict(zip(turns, ends, strict=True))
        self.moment_shares = [_moment_shares(moments, turn_starts, turn_ends) for moments in moments_by_racer]

    def count_moments(self, share: float) -> list[int]:
        """For each racer the number of its moments that have come by then (0 to 1)."""
        if share >= 1:
            return [len(shares) for shares in self.moment_shares]
        return [bisect.bisect_right(shares, share) if share > 0 else 0 for shares in self.moment_shares]


def _turn_shares(moments: pd.DataFrame) -> dict[int, float]:
    """The share of each lesson in a racer's whole time, 0 being what comes before the first; none less than ``MIN_TURN_SHARE``."""
    spans = moments.groupby("turn")["at"].agg(lambda at: max(0.0, at.max() - at.min()))
    total = float(spans.sum()) or 1.0
    return {int(turn): max(MIN_TURN_SHARE, float(span) / total) for turn, span in spans.items()}


def _moment_shares(moments: pd.DataFrame, turn_starts: dict[int, float], turn_ends: dict[int, float]) -> list[float]:
    """Of each moment the share of the replay after which it comes; they never fall, whatever the clock did."""
    shares: list[float] = []
    for turn, turn_moments in moments.groupby("turn", sort=False):
        timestamps = np.maximum.accumulate(turn_moments["at"].to_numpy(float))
        span = timestamps[-1] - timestamps[0]
        within = (
            (timestamps - timestamps[0]) / span if span > 0 else np.arange(1, len(timestamps) + 1) / len(timestamps)
        )
        begin, end = turn_starts[int(turn)], turn_ends[int(turn)]
        shares += (begin + within * (end - begin)).tolist()
    return np.maximum.accumulate(shares).tolist() if shares else shares


@dataclass(frozen=True)
class ReplayState:
    """Where a run stood after one of its moments. ``turn`` is its last complete lesson and ``last_exam_turn`` that of its last exam (-1: none),
    ``stage`` what went on (blank: nothing), of which ``stage_items_done`` of ``stage_items`` were done. ``answer_count`` had been given. ``last_seqs`` as a
    snapshot has them.
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
        """The lesson that went on, or else the last complete one."""
        return self.turn + 1 if self.stage else self.turn


SEQ_NAMES_BY_STAGE = {
    EXAM_RESULT_STAGE: "exams",
    TURN_FINISHED_STAGE: "turns",
    "training": "steps",
    "validation": "validations",
}
"""Stages that are no answers, and which of a snapshot's ``seqs`` tells of each."""
INITIAL_STATE = ReplayState(-1, -1, "", 0, 0, 0, dict.fromkeys(SEQ_NAMES_BY_STAGE.values(), -1))
"""Where every run stands at first."""


def compute_replay_states(moments: pd.DataFrame) -> list[ReplayState]:
    """Where a run stood after each of its ``moments``."""
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
    """How far a replay has come: a share of it (0 to 1), and since when (seconds of a clock that does not jump) it goes on from there;
    None: it stands still."""

    seconds: float
    share: float = 0.0
    since: float | None = None

    def share_at(self, now: float) -> float:
        """The share that is shown now."""
        elapsed_share = 0.0 if self.since is None else max(0.0, now - self.since) / self.seconds
        return min(1.0, self.share + elapsed_share)

    @property
    def is_running(self) -> bool:
        """Whether it goes on by itself."""
        return self.since is not None

    def pause(self, now: float) -> Self:
        """The same, standing still."""
        return replace(self, share=self.share_at(now), since=None)

    def resume(self, now: float) -> Self:
        """The same, going on; from the beginning where it had come to the end."""
        share = self.share_at(now)
        return replace(self, share=0.0 if share >= 1 else share, since=now)

    def with_duration(self, seconds: float, now: float) -> Self:
        """The same place at another speed."""
        return replace(self, seconds=seconds, share=self.share_at(now), since=now if self.is_running else None)


def parse_replay_seconds(text: str | None) -> int | None:
    """The seconds that a link asks for, within reason; None: it asks for no replay."""
    if not text:
        return None
    try:
        return min(MAX_REPLAY_SECONDS, max(MIN_REPLAY_SECONDS, round(float(text))))
    except (ValueError, OverflowError):
        return DEFAULT_REPLAY_SECONDS
