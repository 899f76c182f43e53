"""What the loop needs of a student and of whoever trains it. Two real seams, so two protocols."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from studentsim.events import EpochFinished, TrainingStep, Validated
from studentsim.types import Answer, AttemptHistory, Pair, Question


class Student(Protocol):
    """Answers questions. The embedded student, a model of the hub, or the fake in ``fake.py``."""

    def answer(
        self,
        questions: Sequence[Question],
        *,
        seed_key: Sequence[object],
        with_p_correct: bool = False,
        earlier: AttemptHistory | None = None,
    ) -> Iterator[Answer]:
        """One answer for each question, in any order, as they are done.

        The luck in an answer depends on ``seed_key`` (such as ``("exam", 0)``) and the question's id alone. ``with_p_correct`` asks also for
        P(right working), where the student can tell it. ``earlier`` puts a question's earlier attempts and the teacher's
        words about them before the student.
        """
        ...

    def confidence(self, questions: Sequence[Question]) -> list[float]:
        """For each question the probability, 0 to 1, of the likeliest of its candidate answers."""
        ...

    def p_correct(self, questions: Sequence[Question]) -> list[float]:
        """For each question the probability, 0 to 1, of the right working; where options carry none, the right option's share
        of the probability of all options."""
        ...

    def save(self, folder: Path) -> None:
        """Write all that was learnt into an existing empty folder (safetensors)."""
        ...

    def load(self, folder: Path) -> None:
        """Take up what ``save`` wrote.

        :raises StudentError: the folder is incomplete or damaged.
        """
        ...


class Trainer(Protocol):
    """Trains a student on preference pairs."""

    def learn(
        self,
        pairs: Sequence[Pair],
        held_out: Sequence[Pair],
        *,
        turn: int,
        seed: int,
        practised: Collection[str] | None = None,
    ) -> Iterator[TrainingStep | EpochFinished | Validated]:
        """One event for each optimiser step and one after each epoch's, then one for the validation pass. No pairs: nothing.

        ``practised`` are the keys (``learning.rehearsal.rehearsal_key``) of what the lesson practised: what is not may be held where it was.
        None: not known, and nothing is held.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write, beside what the student saves, what of the training carries over from turn to turn."""
        ...

    def load(self, folder: Path) -> None:
        """Take up what ``save`` wrote.

        :raises StudentError: the folder is incomplete or damaged.
        """
        ...
