"""A student's answer in a run, as graders are trained and evaluated on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studentsim.grader.prompt import CORRECT, WRONG
from studentsim.types import Option, Question

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SplitSizes:
    """Number of rows of each split. P0: 680, 110, 110."""

    train: int = 680
    validation: int = 110
    test: int = 110

    @property
    def total(self) -> int:
        """Rows of all splits."""
        return self.train + self.validation + self.test


@dataclass(frozen=True)
class StudentAnswer:
    """What a student wrote on a question in a run, and whether it is correct by the key."""

    question: Question
    text: str
    is_correct: bool
    run_id: str
    student: str
    turn: int
    phase: str
    letter: str | None = None
    """The option that it chose; None if none."""
    value: str | None = None
    """The value that it wrote."""
    value_letter: str | None = None
    """The letter of the option that the value shows; None if no option does, or it is unknown."""
    ended: bool | None = None
    """Whether the model ended the text itself; False: it was cut off; None: unknown."""

    @classmethod
    def from_event(cls, event: Mapping[str, Any], *, run_id: str, student: str) -> StudentAnswer:
        """From an ``AnswerRecorded`` event of a journal; the question lacks its rationale, which no grader reads."""
        options = tuple(Option(o["letter"], o["text"], o.get("misconception")) for o in event["options"])
        question = Question(
            id=event["question_id"], bank="", category=event["category"], problem=event["problem"], options=options,
            correct=event["correct"], rationale="", skill=event.get("skill"), difficulty=event.get("difficulty"),
        )  # fmt: skip
        return cls(
            question, event["text"], bool(event["is_correct"]), run_id, student, event["turn"], event["phase"],
            letter=event.get("letter"), value=event.get("value"), value_letter=event.get("value_letter"), ended=event.get("ended"),
        )  # fmt: skip

    @property
    def label(self) -> str:
        """The target: ``Correct`` or ``Wrong``."""
        return CORRECT if self.is_correct else WRONG
