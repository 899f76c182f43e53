"""Run folders made by hand, for the pages: real events through the real Journal, no student and no training."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import Any

from studentsim.config import RunConfig
from studentsim.events import (
    AnswerRecorded,
    Cell,
    Event,
    PreferenceMetrics,
    RunEnded,
    RunStarted,
    StageStarted,
    TrainingStep,
    TurnFinished,
    TurnStarted,
    ValidationFinished,
)
from studentsim.exam import build_exam_result
from studentsim.runs.groups import RACE_PLAN, REPEAT_PLAN, build_cells
from studentsim.runs.lease import Lease
from studentsim.runs.run_dir import RunFolder
from studentsim.store.journal import read_events
from studentsim.store.journal_writer import JournalWriter
from studentsim.types import CATEGORIES, LETTERS

NASTY = "A shirt costs $5 and a coat $10. What do *both* cost? <b>Mind</b> the `change` :red[now]!"
"""A question whose text is markdown, LaTeX and HTML all at once."""

STEPS = 6
"""Optimiser steps a lesson."""


def make_run(
    data_folder: Path,
    run_id: str = "run-1",
    *,
    status: str = "finished",
    turn: int | None = None,
    until: str = "",
    alive: bool = False,
    figures: Sequence[float] = (),
    cell: Cell | None = None,
    **settings: Any,
) -> Path:
    """Writes a run's folder and returns it. Without ``status`` it just stops: as a killed one, or, ``alive``, at work.

    An ``alive`` run's worker is this very process. ``figures`` are those of the questions looked at before each lesson, first
    those of the questions then chosen.

    ``turn`` is the last complete lesson (default: all); ``until`` stops a further lesson after that stage (``study``,
    ``training``); ``turn=-1`` with ``until`` stops before or in the first exam (``loading``, ``exam``).
    """
    config = RunConfig.make(**{"turns": 4, "questions_per_turn": 8, "exam_size": 60, **settings})
    folder = data_folder / "runs" / run_id
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(config.model_dump_json())
    if cell is not None:
        (folder / "cell.json").write_text(json.dumps(asdict(cell)))
    last = config.turns if turn is None else turn
    with JournalWriter(folder / "events.jsonl") as journal:
        journal.append(RunStarted(0, run_id, config.model_dump(mode="json"), {"torch": "2.13.0"}, group=cell))
        for event in _story(config, last, until):
            journal.append(_looked(event, figures, config) if isinstance(event, TurnStarted) else event)
        if status:
            problem = {
                "stage": "training",
                "error": "OutOfMemory",
                "message": "The run stopped in lesson 3: the memory is full.",
            }
            remedy = {"remedy": "Choose a smaller batch, then Resume."}
            journal.append(RunEnded(max(last, 0), status, 12.5, **(problem | remedy if status == "failed" else {})))
    if alive:
        Lease.acquire(RunFolder(folder)).write_heartbeat()
    return folder


def make_group(
    data_folder: Path,
    name: str = "group-1",
    *,
    racers: Sequence[dict[str, Any]] = ({},),
    seeds: int = 3,
    **settings: Any,
) -> list[str]:
    """Writes the runs of a group: each racer's settings with so many seeds from 0; their ids, seed by seed."""
    told = [{**settings, **racer, "seed": seed} for seed in range(seeds) for racer in racers]
    known = set(RunConfig.model_fields)
    configs = [RunConfig.make(**{key: value for key, value in one.items() if key in known}) for one in told]
    found = build_cells(name, RACE_PLAN if len(racers) > 1 else REPEAT_PLAN, configs)
    ids = [f"{name.removeprefix('group-')}-run-{i}" for i in range(len(told))]
    for run_id, cell, one in zip(ids, found, told, strict=True):
        make_run(data_folder, run_id, cell=cell, **one)
    return ids


def go_on(data_folder: Path, run_id: str, *, answers: int = 0, lessons: int = 0) -> None:
    """Writes more of a run that stands in its first exam, or after a complete lesson, as its worker would."""
    folder = RunFolder(data_folder / "runs" / run_id)
    config = folder.read_config()
    told = [e for e in read_events(folder.journal_path) if e["type"] == "TurnFinished"]
    turn = told[-1]["turn"] + 1 if told else 0
    with JournalWriter(folder.journal_path) as journal:
        for event in _answers(config, turn, "exam", 20)[12 : 12 + answers]:
            journal.append(event)
        for lesson in range(turn, turn + lessons):
            for event in _lesson(config, lesson):
                journal.append(event)
    Lease.acquire(folder).write_heartbeat()


def _looked(event: TurnStarted, figures: Sequence[float], config: RunConfig) -> TurnStarted:
    ids = [*event.question_ids, *(f"seen-{event.turn}-{i}" for i in range(len(figures)))]
    measure = ("p_correct" if config.strategy == "likely-wrong" else "confidence") if figures else ""
    return replace(event, confidences=dict(zip(ids, figures, strict=False)), score_kind=measure)


def _story(config: RunConfig, last: int, until: str) -> list[Event]:
    events: list[Event] = [StageStarted(0, "loading")]
    if last < 0:
        if until == "exam":
            events += [StageStarted(0, "exam", config.exam_size), *_answers(config, 0, "exam", 12)]
        return events
    for turn in range(last + 1):
        events += _lesson(config, turn)
    if until:
        half = _lesson(config, last + 1)
        stop = next(i for i, e in enumerate(half) if isinstance(e, StageStarted) and e.stage == until)
        events += half[: stop + 4]
    return events


def skill(config: RunConfig, turn: int) -> float:
    """How often (0 to 1) the invented student is right after ``turn`` lessons."""
    return 0.3 + 0.4 * turn / config.turns


def _lesson(config: RunConfig, turn: int) -> list[Event]:
    study = _answers(config, turn, "study", config.questions_per_turn) if turn else []
    right = sum(a.is_correct for a in study)
    steps = [TrainingStep(turn, s, STEPS, metrics(turn, s)) for s in range(1, STEPS + 1)] if turn else []
    events: list[Event] = []
    if turn:
        ids = tuple(a.question_id for a in study)
        events += [TurnStarted(turn, ids, {"general": len(ids)}), StageStarted(turn, "study", len(ids)), *study]
        events += [StageStarted(turn, "training", len(ids) - right), *steps]
        events += [StageStarted(turn, "validation", 36), ValidationFinished(turn, 36, metrics(turn, STEPS - 1))]
    if turn in config.exam_turns():
        answers = _answers(config, turn, "exam", config.exam_size)
        events += [
            StageStarted(turn, "exam", config.exam_size),
            *answers,
            build_exam_result(
                turn,
                answers,
                categories=CATEGORIES,
                practice_count=config.questions_per_turn,
                mix_rule=config.mix_rule,
                seconds=3.0,
            ),
        ]
    seconds = {"study": 0.4, "training": 1.2, "validation": 0.1, "exam": 3.0, "total": 4.7}
    events.append(
        TurnFinished(turn, right, len(study), len(study) - right, steps[-1].metrics if steps else None, seconds)
    )
    return events


def metrics(turn: int, step: int) -> PreferenceMetrics:
    """Figures of one step that look like DPO's: margins grow from 0 within each lesson."""
    gain = step / STEPS * (1 + turn / 10)
    return PreferenceMetrics(
        loss=math.log(1 + math.exp(-gain)), rewards_chosen=0.5 * gain, rewards_rejected=-0.5 * gain, rewards_margins=gain,
        rewards_accuracies=min(1.0, 0.5 + 0.5 * gain), logps_chosen=-12 + gain, logps_rejected=-11 - gain,
    )  # fmt: skip


def _answers(config: RunConfig, turn: int, phase: str, count: int) -> list[AnswerRecorded]:
    rng = Random(f"{turn} {phase}")
    return [_answer(config, turn, phase, i, rng) for i in range(count)]


def _answer(config: RunConfig, turn: int, phase: str, i: int, rng: Random) -> AnswerRecorded:
    a, b = rng.randint(2, 40), rng.randint(2, 40)
    right = rng.random() < skill(config, turn)
    letter = "b" if right else rng.choice(("a", "c", "d", None))
    category = CATEGORIES[i % len(CATEGORIES)]
    options = tuple({"letter": key, "text": str(a + b + j - 1), "misconception": None} for j, key in enumerate(LETTERS))
    shown = next((o["text"] for o in options if o["letter"] == letter), "a lot")
    return AnswerRecorded(
        turn=turn, phase=phase, question_id=f"{phase}-{turn}-{i}", category=category, skill="sums", difficulty=1,
        problem=NASTY if i % 7 == 3 else f"A train carries {a} people and {b} more get on. How many are on it?",
        options=options, correct="b", text=f"{a} + {b} = {shown}", letter=letter, value=shown, is_correct=right,
        misconception=None, logprob=-4.2, milliseconds=11.0, p_correct=0.5,
    )  # fmt: skip


def without_what_came_later(config: dict[str, Any]) -> dict[str, Any]:
    """A config without the settings that version 0.1 did not know and that say what was then."""
    return {
        **{name: value for name, value in config.items() if name != "weights"},
        "dpo": {name: value for name, value in config["dpo"].items() if name != "rehearsal"},
    }


def plain_event(line: str | bytes) -> dict[str, Any]:
    """The event of a journal's line as a version without checksums wrote it, to be changed and written again."""
    return {name: value for name, value in json.loads(line).items() if name not in ("crc", "lease")}


def edit_journal(path: Path, edit: Callable[[str], str]) -> None:
    """Write a journal's lines anew as ``edit`` changes them, without checksums; each is compact JSON."""
    lines = [json.dumps(plain_event(line), separators=(",", ":")) for line in path.read_text().splitlines()]
    path.write_text("".join(f"{edit(line)}\n" for line in lines))


def as_of_0_1(run: Path) -> None:
    """Make a run's folder one that version 0.1 wrote."""
    config, journal = run / "config.json", run / "events.jsonl"
    config.write_text(json.dumps(without_what_came_later(json.loads(config.read_text()))))
    first, *rest = journal.read_text().splitlines()
    event = plain_event(first)
    event["config"] = without_what_came_later(event["config"])
    journal.write_text("\n".join([json.dumps(event), *rest]) + "\n")
