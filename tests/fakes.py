"""Components without a model, on a few questions of the real curriculum; some meet with an accident on purpose."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from studentsim.config import RunConfig
from studentsim.curriculum import generator
from studentsim.datasets.bank import Bank
from studentsim.events import TrainingStep, ValidationFinished
from studentsim.simulation import Components
from studentsim.student.testing import FakeStudent
from studentsim.teacher.teacher import Teacher
from studentsim.types import Answer, AttemptHistory, Pair, Question

SMALL = {"study": 6, "validation": 1, "exam": 2}
"""Questions a skill: making the whole bank takes seconds."""

SETTINGS = {"turns": 4, "questions_per_turn": 12, "exam_size": 24, "validation": 6}


def config(**settings: object) -> RunConfig:
    """A short run."""
    return RunConfig.make(**{**SETTINGS, **settings})


@lru_cache(maxsize=1)
def bank() -> Bank:
    """A small bank."""
    questions = [
        q for split, n in SMALL.items() for s in generator.SKILLS for q in generator.generate_questions(s, split, n)
    ]
    return Bank.from_questions("curriculum", questions)


class Prone(FakeStudent):
    """A fake student to whom something happens at its nth ``answer``, ``train`` (pair) or ``save``."""

    def __init__(self, moment: str, count: int, accident: Callable[[], None]) -> None:
        super().__init__()
        self.moment, self.left, self.accident = moment, count, accident

    def answer(
        self,
        questions: Sequence[Question],
        *,
        seed_key: Sequence[object],
        with_p_correct: bool = False,
        earlier: AttemptHistory | None = None,
    ) -> Iterator[Answer]:
        """See ``Student``."""
        for answer in super().answer(questions, seed_key=seed_key, with_p_correct=with_p_correct, earlier=earlier):
            self._count("answer")
            yield answer

    def train(
        self,
        pairs: Sequence[Pair],
        held_out: Sequence[Pair],
        *,
        turn: int,
        seed: int,
        practised: Collection[str] | None = None,
    ) -> Iterator[TrainingStep | ValidationFinished]:
        """See ``Learner``."""
        for event in super().train(pairs, held_out, turn=turn, seed=seed, practised=practised):
            self._count("train")
            yield event

    def save(self, folder: Path) -> None:
        """See ``Student``; the accident finds a half-written file."""
        (folder / "fake.json").write_text('{"gene')
        self._count("save")
        super().save(folder)

    def _count(self, moment: str) -> None:
        if moment == self.moment:
            self.left -= 1
            if self.left == 0:
                self.accident()


def build_fake_components(student: FakeStudent, teacher: Teacher | None = None) -> Components:
    """Components around this student."""
    return Components(bank(), student, teacher or Teacher(), student)


def fake(config: RunConfig) -> Components:
    """Nothing happens."""
    return build_fake_components(FakeStudent(), Teacher(config.teacher))


def prone(moment: str, count: int, accident: Callable[[], None]) -> Callable[[RunConfig], Components]:
    """A ``build_components`` whose student meets with the accident."""
    return lambda config: build_fake_components(Prone(moment, count, accident))


def die() -> None:
    """kill -9, from within: the moment is exact."""
    os.kill(os.getpid(), signal.SIGKILL)


def hang() -> None:
    """As a hung process: it is there, but nothing in it moves."""
    os.kill(os.getpid(), signal.SIGSTOP)


def memory() -> None:
    """Out of memory."""
    raise MemoryError


def disk() -> None:
    """Disk full."""
    raise OSError(errno.ENOSPC, "No space left on device")


def gate(fifo: Path) -> Callable[[], None]:
    """Waits until somebody opens the fifo for writing."""
    return lambda: fifo.open("rb").close()


def eat() -> None:
    """Takes memory until the kernel ends it, or gives up at two gigabytes."""
    taken = [bytearray(os.urandom(1)) * 10_000_000 for _ in range(200)]
    raise MemoryError(f"{len(taken)} pieces")
