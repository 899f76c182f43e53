"""Journals for the tests of the store: small whole runs, made without any model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studentsim.config import RunConfig
from studentsim.events import (
    AnswerRecorded,
    EpochFinished,
    Event,
    ExamFinished,
    PreferenceMetrics,
    RunEnded,
    RunResumed,
    RunStarted,
    StageStarted,
    TrainingStep,
    TurnFinished,
    TurnStarted,
    ValidationFinished,
)
from studentsim.store import journal

CONFIG = RunConfig.make(name="small", turns=3, questions_per_turn=3, exam_size=4)


def metrics(size: float) -> PreferenceMetrics:
    return PreferenceMetrics(
        0.7 - size / 100, size, -size, 0.5, 2 * size, -10.0 - size, -12.0 - size, 1.0 + size, 0.5 + size
    )


def answered(turn: int, phase: str, number: int, right: bool = True, **changes: Any) -> AnswerRecorded:
    letter = "a" if right else "b"
    plain: dict[str, Any] = {
        "turn": turn, "phase": phase, "question_id": f"{phase}-{number}", "category": ("general", "gain")[number % 2],
        "skill": "ages", "difficulty": 1, "problem": f"How old? {number}", "correct": "a", "text": f"{number} + 1 = 5",
        "options": ({"letter": "a", "text": "4", "misconception": None}, {"letter": "b", "text": "5", "misconception": "off"}),
        "letter": letter, "value": "4", "is_correct": right, "misconception": None if right else "off", "logprob": -1.5,
        "milliseconds": 2.5, "p_correct": 0.25,
    }  # fmt: skip
    return AnswerRecorded(**{**plain, **changes})


def exam_of(turn: int, correct: int) -> Iterator[Event]:
    yield StageStarted(turn, "exam", 4)
    for number in range(4):
        yield answered(turn, "exam", number, right=number < correct)
    yield ExamFinished(
        turn, correct, 4, 0, 0.1, 0.9, {"general": 1, "gain": 3 - correct}, {"general": 2, "gain": 2},
        {"general": 1, "gain": 2}, 0.3, 4.0,
    )  # fmt: skip


def turn_zero(config: RunConfig = CONFIG, run_id: str = "r1") -> Iterator[Event]:
    yield RunStarted(0, run_id, json.loads(config.model_dump_json()), {"torch": "2.13.0"})
    yield StageStarted(0, "loading")
    yield from exam_of(0, 1)
    yield TurnFinished(0, 0, 0, 0, None, {"exam": 4.0, "total": 4.0})


def turn_of(turn: int) -> Iterator[Event]:
    looked_at = {"study-0": 0.25}
    yield TurnStarted(
        turn, ("study-0", "study-1", "study-2"), {"general": 2, "gain": 1}, looked_at, score_kind="confidence"
    )
    yield StageStarted(turn, "study", 3)
    for number in range(3):
        yield answered(turn, "study", number, right=number == turn % 3)
    yield StageStarted(turn, "training", 2)
    for step in (1, 2):
        yield TrainingStep(turn, step, 2, metrics(turn + step / 2))
    yield StageStarted(turn, "validation", 4)
    yield EpochFinished(turn, 1, 1, metrics(turn + 0.75), metrics(turn))
    yield ValidationFinished(turn, 4, metrics(turn))
    if turn % 2 == 0:
        yield from exam_of(turn, min(3, turn + 1))
    yield TurnFinished(
        turn, 1, 3, 2, metrics(turn + 1), {"study": 3.0, "training": 2.0, "validation": 1.0, "total": 8.0}
    )


def whole_run(turns: int = 3, *, config: RunConfig = CONFIG, run_id: str = "r1") -> list[Event]:
    events = list(turn_zero(config, run_id))
    for turn in range(1, turns + 1):
        events += turn_of(turn)
    return [*events, RunEnded(turns, "finished", 30.0)]


def crashed_run() -> list[Event]:
    """Killed in the middle of turn 2, then resumed and finished."""
    half = list(turn_of(2))[:7]
    rest = [event for turn in (2, 3) for event in turn_of(turn)]
    return [*turn_zero(), *turn_of(1), *half, RunResumed(1), *rest, RunEnded(3, "finished", 20.0)]


def as_lines(events: list[Event], *, start: float = 1000.0) -> list[dict[str, Any]]:
    """What a journal holds of these events, at one second from event to event."""
    return [{**event.to_json(), "seq": seq, "timestamp": start + seq} for seq, event in enumerate(events)]


def put(data: Path, run_id: str, events: list[Event], *, start: float = 1000.0) -> Path:
    """Makes a run's folder below the data folder; returns its journal."""
    folder = data / "runs" / run_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(CONFIG.model_dump_json())
    path = folder / journal.JOURNAL_FILE_NAME
    path.write_text("".join(json.dumps(line) + "\n" for line in as_lines(events, start=start)))
    return path
