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

from studentsim.store.queries import EXAM_RESULT, LESSON_OVER

USUAL = 60
"""Seconds that a replay takes where a link does not say."""
FEWEST, MOST = 5, 3600
LEAST = 0.02
"""Of a racer's time, the least share that a lesson takes: none flashes by."""


class Timeline:
    """Of ``queries.moments``'s frames, one a racer."""

    def __init__(self, racers: Sequence[pd.DataFrame]) -> None:
        took = [_lasted(moments) for moments in racers]
        lessons = sorted(set().union(*took)) if took else []
        mean = np.array([np.mean([own[lesson] for own in took if lesson in own]) for lesson in lessons])
        ends = np.cumsum(mean) / mean.sum() if len(mean) else mean
        begins = dict(zip(lessons, [0.0, *ends], strict=False))
        over = dict(zip(lessons, ends, strict=True))
        self.shares = [_shares(moments, begins, over) for moments in racers]

    def shown(self, share: float) -> list[int]:
        """For each racer the number of its moments that have come by then (0 to 1)."""
        if share >= 1:
            return [len(shares) for shares in self.shares]
        return [bisect.bisect_right(shares, share) if share > 0 else 0 for shares in self.shares]


def _lasted(moments: pd.DataFrame) -> dict[int, float]:
    """The share of each lesson in a racer's whole time, 0 being what comes before the first; none less than ``LEAST``."""
    spans = moments.groupby("turn")["at"].agg(lambda at: max(0.0, at.max() - at.min()))
    whole = float(spans.sum()) or 1.0
    return {int(turn): max(LEAST, float(span) / whole) for turn, span in spans.items()}


def _shares(moments: pd.DataFrame, begins: dict[int, float], over: dict[int, float]) -> list[float]:
    """Of each moment the share of the replay after which it comes; they never fall, whatever the clock did."""
    shares: list[float] = []
    for turn, lesson in moments.groupby("turn", sort=False):
        at = np.maximum.accumulate(lesson["at"].to_numpy(float))
        span = at[-1] - at[0]
        within = (at - at[0]) / span if span > 0 else np.arange(1, len(at) + 1) / len(at)
        begin, end = begins[int(turn)], over[int(turn)]
        shares += (begin + within * (end - begin)).tolist()
    return np.maximum.accumulate(shares).tolist() if shares else shares


@dataclass(frozen=True)
class Stand:
    """Where a run stood after one of its moments. ``turn`` is its last complete lesson and ``exam`` that of its last exam (-1: none),
    ``stage`` what went on (blank: nothing), of which ``done`` of ``items`` were done. ``answers`` had been given. ``seqs`` as a
    snapshot has them.
    """

    turn: int
    exam: int
    stage: str
    done: int
    items: int
    answers: int
    seqs: dict[str, int]

    @property
    def begun(self) -> int:
        """The lesson that went on, or else the last complete one."""
        return self.turn + 1 if self.stage else self.turn


COUNTED = {EXAM_RESULT: "exams", LESSON_OVER: "turns", "training": "steps", "validation": "validations"}
"""Stages that are no answers, and which of a snapshot's ``seqs`` tells of each."""
BEFORE = Stand(-1, -1, "", 0, 0, 0, dict.fromkeys(COUNTED.values(), -1))
"""Where every run stands at first."""


def stands(moments: pd.DataFrame) -> list[Stand]:
    """Where a run stood after each of its ``moments``."""
    place = [moments.turn, moments.stage]
    done = (moments.groupby(place).cumcount() + 1).tolist()
    items = moments.groupby(place).seq.transform("size").tolist()
    found: list[Stand] = []
    now = BEFORE
    for i, (seq, turn, stage) in enumerate(zip(moments.seq, moments.turn, moments.stage, strict=True)):
        at_work = stage not in (EXAM_RESULT, LESSON_OVER)
        now = Stand(
            turn=int(turn) if stage == LESSON_OVER else now.turn,
            exam=int(turn) if stage == EXAM_RESULT else now.exam,
            stage=stage if at_work else "",
            done=done[i] if at_work else 0,
            items=items[i] if at_work else 0,
            answers=now.answers + (stage not in COUNTED),
            seqs={**now.seqs, COUNTED[stage]: int(seq)} if stage in COUNTED else now.seqs,
        )
        found.append(now)
    return found


@dataclass(frozen=True)
class Clock:
    """How far a replay has come: a share of it (0 to 1), and since when (seconds of a clock that does not jump) it goes on from there;
    None: it stands still."""

    seconds: float
    share: float = 0.0
    since: float | None = None

    def at(self, now: float) -> float:
        """The share that is shown now."""
        gone = 0.0 if self.since is None else max(0.0, now - self.since) / self.seconds
        return min(1.0, self.share + gone)

    @property
    def runs(self) -> bool:
        """Whether it goes on by itself."""
        return self.since is not None

    def pause(self, now: float) -> Self:
        """The same, standing still."""
        return replace(self, share=self.at(now), since=None)

    def go(self, now: float) -> Self:
        """The same, going on; from the beginning where it had come to the end."""
        share = self.at(now)
        return replace(self, share=0.0 if share >= 1 else share, since=now)

    def paced(self, seconds: float, now: float) -> Self:
        """The same place at another speed."""
        return replace(self, seconds=seconds, share=self.at(now), since=now if self.runs else None)


def asked_seconds(text: str | None) -> int | None:
    """The seconds that a link asks for, within reason; None: it asks for no replay."""
    if not text:
        return None
    try:
        return min(MOST, max(FEWEST, round(float(text))))
    except (ValueError, OverflowError):
        return USUAL
