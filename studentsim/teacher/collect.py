"""The student's own answers: from every profile, at several stages of its lessons, each with where it came from.

The lessons are the product's own. Whoever calls hands over how to gather a run's cast and how to run it, since both stand
above this package.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from studentsim import luck
from studentsim.bank.bank import Bank
from studentsim.bank.sources import open_bank
from studentsim.config import RunConfig
from studentsim.records import Event, Question, TurnFinished
from studentsim.student.base import Student
from studentsim.student.profiles import PROFILES

PARTS: tuple[str, ...] = ("train", "validation", "test")
STAGES: dict[str, tuple[int, ...]] = {"train": (0, 2, 6), "validation": (0, 2, 6), "test": (1, 4, 10)}
"""After how many lessons each part's answers are written: the test's at stages that training never saw, one of them later
than all of training's."""

ANSWERS: dict[str, int] = {"train": 300, "validation": 50, "test": 240}
"""Answers of one profile at one stage."""


@dataclass(frozen=True)
class OwnAnswer:
    """What a student wrote. ``part`` is train, validation or test; ``stage`` the lessons it had had."""

    part: str
    profile: str
    stage: int
    question: Question
    text: str


class _Cast(Protocol):
    bank: Bank
    student: Student


Open = Callable[[RunConfig], _Cast]
Simulate = Callable[[RunConfig, _Cast], Iterator[Event]]


@dataclass(frozen=True)
class School:
    """How lessons are given: ``open_cast`` gathers who a run needs, ``simulate`` runs it (casting.py, simulation.py)."""

    open_cast: Open
    simulate: Simulate


def lessons(profile: str, seed: int) -> RunConfig:
    """The run whose student is asked: random questions of the curriculum, defaults else; its exams are no use here."""
    last = max(max(stages) for stages in STAGES.values())
    return RunConfig.make(
        student=profile, strategy="random", seed=seed, turns=last, exam=1, exam_every=last, validation=0
    )  # fmt: skip


def collect(
    school: School, *, profiles: Sequence[str] = tuple(PROFILES), parts: Sequence[str] = PARTS, seed: int = 0
) -> Iterator[OwnAnswer]:
    """Own answers of these profiles, while each takes its lessons."""
    for profile in profiles:
        config = lessons(profile, seed)
        cast = school.open_cast(config)
        for event in school.simulate(config, cast):
            if isinstance(event, TurnFinished):
                for part in parts:
                    if event.turn in STAGES[part]:
                        yield from _answers(cast, profile, part, event.turn, seed)


def _answers(cast: _Cast, profile: str, part: str, stage: int, seed: int) -> Iterator[OwnAnswer]:
    purpose = ("marker's data", seed, part, profile, stage)
    questions = questions_of(cast.bank, part)
    asked = luck.stream(*purpose).sample(questions, min(ANSWERS[part], len(questions)))
    by_id = {q.id: q for q in asked}
    for answer in sorted(cast.student.answer(asked, luck=purpose), key=lambda answer: answer.question_id):
        yield OwnAnswer(part, profile, stage, by_id[answer.question_id], answer.text)


def questions_of(bank: Bank, part: str) -> tuple[Question, ...]:
    """The bank's split that a part's questions come from: they share neither text nor numbers with another part's."""
    return {"train": bank.study, "validation": bank.validation, "test": bank.exam}[part]


# ------------------------------------------------------------------ kept in a file


def kept(work: Path, school: School, part: str, say: Callable[[str], None], *, seed: int = 0) -> list[OwnAnswer]:
    """A part's answers from ``work`` if they lie there, else collected and written there, all parts at once."""
    paths = {profile: work / f"answers-{fingerprint(seed)}-{profile}.jsonl" for profile in PROFILES}
    for profile, path in paths.items():
        if not path.is_file():
            say(f"{profile}: {max(map(max, STAGES.values()))} lessons, answers at {_stages()}")
            work.mkdir(parents=True, exist_ok=True)
            _write(path, list(collect(school, profiles=[profile], seed=seed)))
    return [own for path in paths.values() for own in _read(path) if own.part == part]


def fingerprint(seed: int) -> str:
    """Names the answers that this version of the student gives."""
    config = lessons(next(iter(PROFILES)), seed).model_dump_json()
    weights = Path(__file__).parent.parent / "student" / "weights" / "model.safetensors"
    digest = hashlib.sha256(f"{config}{STAGES}{ANSWERS}".encode())
    digest.update(weights.read_bytes())
    return digest.hexdigest()[:10]


def _stages() -> str:
    return ", ".join(str(stage) for stage in sorted({stage for stages in STAGES.values() for stage in stages}))


def _write(path: Path, answers: Sequence[OwnAnswer]) -> None:
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        for a in answers:
            row = {"part": a.part, "profile": a.profile, "stage": a.stage, "question": a.question.id, "text": a.text}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    os.replace(new, path)


def _read(path: Path) -> Iterator[OwnAnswer]:
    bank = open_bank("curriculum")
    by_id = {q.id: q for part in PARTS for q in questions_of(bank, part)}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield OwnAnswer(row["part"], row["profile"], row["stage"], by_id[row["question"]], row["text"])
