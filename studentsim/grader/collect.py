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

from studentsim.config import RunConfig
from studentsim.datasets.bank import Bank
from studentsim.datasets.registry import open_bank
from studentsim.events import Event, TurnFinished
from studentsim.rng import derive_rng
from studentsim.student.embedded.profiles import PROFILES
from studentsim.student.protocols import Student
from studentsim.types import Question

DATA_SPLITS: tuple[str, ...] = ("train", "validation", "test")
TURNS_BY_SPLIT: dict[str, tuple[int, ...]] = {"train": (0, 2, 6), "validation": (0, 2, 6), "test": (1, 4, 10)}
"""After how many lessons each part's answers are written: the test's at stages that training never saw, one of them later
than all of training's."""

ANSWERS_PER_PROFILE_AND_TURN: dict[str, int] = {"train": 300, "validation": 50, "test": 240}
"""Answers of one profile at one stage."""


@dataclass(frozen=True)
class CollectedAnswer:
    """What a student wrote. ``split`` is train, validation or test; ``turns_trained`` the lessons it had had."""

    split: str
    profile: str
    turns_trained: int
    question: Question
    text: str


class _Components(Protocol):
    bank: Bank
    student: Student


BuildComponents = Callable[[RunConfig], _Components]
RunSimulation = Callable[[RunConfig, _Components], Iterator[Event]]


@dataclass(frozen=True)
class Simulator:
    """How lessons are given: ``build_components`` gathers who a run needs, ``simulate`` runs it (casting.py, simulation.py)."""

    build_components: BuildComponents
    simulate: RunSimulation


def make_collection_config(profile: str, seed: int) -> RunConfig:
    """The run whose student is asked: random questions of the curriculum, defaults else; its exams are no use here."""
    last_turn = max(max(stages) for stages in TURNS_BY_SPLIT.values())
    return RunConfig.make(
        student=profile, strategy="random", seed=seed, turns=last_turn, exam=1, exam_every=last_turn, validation=0
    )  # fmt: skip


def collect_answers(
    simulator: Simulator,
    *,
    profiles: Sequence[str] = tuple(PROFILES),
    splits: Sequence[str] = DATA_SPLITS,
    seed: int = 0,
) -> Iterator[CollectedAnswer]:
    """Own answers of these profiles, while each takes its lessons."""
    for profile in profiles:
        config = make_collection_config(profile, seed)
        components = simulator.build_components(config)
        for event in simulator.simulate(config, components):
            if isinstance(event, TurnFinished):
                for split in splits:
                    if event.turn in TURNS_BY_SPLIT[split]:
                        yield from _sample_answers(components, profile, split, event.turn, seed)


def _sample_answers(
    components: _Components, profile: str, split: str, turns_trained: int, seed: int
) -> Iterator[CollectedAnswer]:
    seed_key = ("marker's data", seed, split, profile, turns_trained)
    questions = questions_for_split(components.bank, split)
    sampled_questions = derive_rng(*seed_key).sample(
        questions, min(ANSWERS_PER_PROFILE_AND_TURN[split], len(questions))
    )
    by_id = {q.id: q for q in sampled_questions}
    for answer in sorted(
        components.student.answer(sampled_questions, seed_key=seed_key), key=lambda answer: answer.question_id
    ):
        yield CollectedAnswer(split, profile, turns_trained, by_id[answer.question_id], answer.text)


def questions_for_split(bank: Bank, split: str) -> tuple[Question, ...]:
    """The bank's split that a part's questions come from: they share neither text nor numbers with another part's."""
    return {"train": bank.study, "validation": bank.validation, "test": bank.exam}[split]


# ------------------------------------------------------------------ kept in a file


def load_or_collect(
    work_folder: Path, simulator: Simulator, split: str, on_progress: Callable[[str], None], *, seed: int = 0
) -> list[CollectedAnswer]:
    """A part's answers from ``work_folder`` if they lie there, else collected and written there, all parts at once."""
    paths = {profile: work_folder / f"answers-{answers_fingerprint(seed)}-{profile}.jsonl" for profile in PROFILES}
    for profile, path in paths.items():
        if not path.is_file():
            on_progress(f"{profile}: {max(map(max, TURNS_BY_SPLIT.values()))} lessons, answers at {_format_turns()}")
            work_folder.mkdir(parents=True, exist_ok=True)
            _write_answers(path, list(collect_answers(simulator, profiles=[profile], seed=seed)))
    return [answer for path in paths.values() for answer in _read_answers(path) if answer.split == split]


def answers_fingerprint(seed: int) -> str:
    """Names the answers that this version of the student gives."""
    config = make_collection_config(next(iter(PROFILES)), seed).model_dump_json()
    weights = Path(__file__).parent.parent / "student" / "embedded" / "weights" / "model.safetensors"
    digest = hashlib.sha256(f"{config}{TURNS_BY_SPLIT}{ANSWERS_PER_PROFILE_AND_TURN}".encode())
    digest.update(weights.read_bytes())
    return digest.hexdigest()[:10]


def _format_turns() -> str:
    return ", ".join(str(stage) for stage in sorted({stage for stages in TURNS_BY_SPLIT.values() for stage in stages}))


def _write_answers(path: Path, answers: Sequence[CollectedAnswer]) -> None:
    temp_path = path.with_suffix(".new")
    with temp_path.open("w", encoding="utf-8") as file:
        for a in answers:
            row = {
                "part": a.split,
                "profile": a.profile,
                "stage": a.turns_trained,
                "question": a.question.id,
                "text": a.text,
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    os.replace(temp_path, path)


def _read_answers(path: Path) -> Iterator[CollectedAnswer]:
    bank = open_bank("curriculum")
    by_id = {q.id: q for part in DATA_SPLITS for q in questions_for_split(bank, part)}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield CollectedAnswer(row["part"], row["profile"], row["stage"], by_id[row["question"]], row["text"])
