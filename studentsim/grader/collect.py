"""Collects the embedded student's answers: from every profile, at several stages of training.

The runs are the product's own. The caller passes the functions that build a run's components and simulate it (``Simulator``),
since both are in rooms above this one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from studentsim.config import RunConfig
from studentsim.datasets.bank import Bank
from studentsim.datasets.registry import open_bank
from studentsim.events import Event, TurnFinished
from studentsim.files import write_atomically
from studentsim.grader.student_answer import SPLITS
from studentsim.rng import derive_rng
from studentsim.selection.strategies.random import STRATEGY as RANDOM
from studentsim.student.embedded.profiles import PROFILES
from studentsim.student.protocols import Student
from studentsim.types import Question

TURNS_BY_SPLIT: dict[str, tuple[int, ...]] = {"train": (0, 2, 6), "validation": (0, 2, 6), "test": (1, 4, 10)}
"""Turns after which each split's answers are collected: the test's at stages that training never saw, one of them later than
all of training's."""

ANSWERS_PER_PROFILE_AND_TURN: dict[str, int] = {"train": 300, "validation": 50, "test": 240}
"""Answers of one profile after one of these turns."""


@dataclass(frozen=True)
class CollectedAnswer:
    """What a student wrote after ``turns_trained`` turns; ``split`` is train, validation or test."""

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
    """How a run is simulated: ``factory.build_components`` and ``simulation.simulate``, or fakes."""

    build_components: BuildComponents
    simulate: RunSimulation


def make_collection_config(profile: str, seed: int) -> RunConfig:
    """The run whose student is asked: random questions, otherwise defaults; its exams are not used."""
    last_turn = max(map(max, TURNS_BY_SPLIT.values()))
    return RunConfig.make(
        student=profile, strategy=RANDOM.id, seed=seed, turns=last_turn, exam=1, exam_every=last_turn, validation=0
    )  # fmt: skip


def collect_answers(
    simulator: Simulator,
    *,
    profiles: Sequence[str] = tuple(PROFILES),
    splits: Sequence[str] = SPLITS,
    seed: int = 0,
) -> Iterator[CollectedAnswer]:
    """Train each profile and yield its answers at the turns of ``TURNS_BY_SPLIT``."""
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
    """The bank's questions for a split; splits share neither texts nor numbers."""
    return {"train": bank.study, "validation": bank.validation, "test": bank.exam}[split]


# ------------------------------------------------------------------ cached in files


def load_or_collect(
    work_folder: Path, simulator: Simulator, split: str, on_progress: Callable[[str], None], *, seed: int = 0
) -> list[CollectedAnswer]:
    """A split's answers from ``work_folder``; collected and written there first, for all splits, if missing. Writes."""
    paths = {profile: work_folder / f"answers-{answers_fingerprint(seed)}-{profile}.jsonl" for profile in PROFILES}
    all_turns = sorted(set().union(*TURNS_BY_SPLIT.values()))
    for profile, path in paths.items():
        if not path.is_file():
            on_progress(f"{profile}: {all_turns[-1]} lessons, answers at {', '.join(map(str, all_turns))}")
            work_folder.mkdir(parents=True, exist_ok=True)
            _write_answers(path, list(collect_answers(simulator, profiles=[profile], seed=seed)))
    return [answer for path in paths.values() for answer in _read_answers(path) if answer.split == split]


def answers_fingerprint(seed: int) -> str:
    """A hash of all that decides the answers: settings, turns, numbers of answers and the student's weights."""
    config = make_collection_config(next(iter(PROFILES)), seed).model_dump_json()
    weights = Path(__file__).parent.parent / "student" / "embedded" / "weights" / "model.safetensors"
    digest = hashlib.sha256(f"{config}{TURNS_BY_SPLIT}{ANSWERS_PER_PROFILE_AND_TURN}".encode())
    digest.update(weights.read_bytes())
    return digest.hexdigest()[:10]


def _write_answers(path: Path, answers: Sequence[CollectedAnswer]) -> None:
    rows = [
        {"part": a.split, "profile": a.profile, "stage": a.turns_trained, "question": a.question.id, "text": a.text}
        for a in answers
    ]
    write_atomically(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _read_answers(path: Path) -> Iterator[CollectedAnswer]:
    bank = open_bank("curriculum")
    by_id = {q.id: q for split in SPLITS for q in questions_for_split(bank, split)}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield CollectedAnswer(row["part"], row["profile"], row["stage"], by_id[row["question"]], row["text"])
