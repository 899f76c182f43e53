"""The two interfaces that the simulation loop uses: ``Student`` answers questions, ``Trainer`` trains it on preference pairs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from studentsim.events import EpochFinished, TrainingStep, ValidationFinished
from studentsim.types import Answer, AttemptHistory, Pair, Question


class Student(Protocol):
    """Answers questions: the embedded student, a model from Hugging Face, or ``FakeStudent`` in ``testing.py``."""

    def answer(
        self,
        questions: Sequence[Question],
        *,
        seed_key: Sequence[object],
        with_p_correct: bool = False,
        earlier: AttemptHistory | None = None,
    ) -> Iterator[Answer]:
        """Yield one answer for each question, in any order, as each is finished.

        The randomness of an answer depends on ``seed_key`` (such as ``("exam", 0)``) and the question's id alone. ``with_p_correct``:
        also compute P(correct solution), where the student can. ``earlier``: each question's earlier attempts and the feedback on
        them, which the student sees, by question id.
        """
        ...

    def confidence(self, questions: Sequence[Question]) -> list[float]:
        """For each question the probability (0 to 1) of its most probable candidate answer."""
        ...

    def p_correct(self, questions: Sequence[Question]) -> list[float]:
        """For each question the probability (0 to 1) of the correct solution; where options have no solutions, the correct option's
        share of the options' total probability."""
        ...

    def save(self, folder: Path) -> None:
        """Write the trained adapter into an existing empty folder (safetensors)."""
        ...

    def load(self, folder: Path) -> None:
        """Load what ``save`` wrote.

        :raises StudentError: when the folder is incomplete or damaged.
        """
        ...


class Trainer(Protocol):
    """Trains a student on preference pairs."""

    def train(
        self,
        pairs: Sequence[Pair],
        held_out: Sequence[Pair],
        *,
        turn: int,
        seed: int,
        practised: Collection[str] | None = None,
    ) -> Iterator[TrainingStep | EpochFinished | ValidationFinished]:
        """Train; yield an event for each optimiser step, for each epoch, and at last for the validation pass. No pairs: no events.

        ``practised`` are the keys (``training.rehearsal.rehearsal_key``) of what the turn practised: rehearsal keeps the answers to
        everything else near where they were. None: unknown, so no rehearsal.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write the training state that carries over between turns, into the folder that the student saved to."""
        ...

    def load(self, folder: Path) -> None:
        """Load what ``save`` wrote.

        :raises StudentError: when the folder is incomplete or damaged.
        """
        ...
