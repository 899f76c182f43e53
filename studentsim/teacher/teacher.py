"""The teacher of a run: marks, errs where it was told to, and finds words for a wrong answer.

What the key says is always kept beside what the teacher said, so that a teacher's errors can be counted: they are label
noise that reaches DPO.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from studentsim import luck as lucks
from studentsim.bank import feedback
from studentsim.config import Teaching
from studentsim.records import Answer, Feedback, Mark, Option, Question
from studentsim.teacher.key import KeyTeacher


class Verdict(Protocol):
    """A marker's judgement of one answer."""

    right: bool


class Marker(Protocol):
    """A trained marker; see ``studentsim/teacher/marker.py``."""

    def judge(self, rows: Sequence[tuple[Question, str]]) -> Sequence[Verdict]:
        """A verdict for each answer's text."""
        ...


class Writer(Protocol):
    """Whoever writes hints in place of the questions' own."""

    def hints(self, rows: Sequence[tuple[Question, str]]) -> Sequence[str]:
        """A hint for each wrong answer's text; "" where it has none to give."""
        ...


class Teacher:
    """Marks by the key, by a trained marker, or by either with errors on purpose; and gives feedback."""

    def __init__(
        self, teaching: Teaching | None = None, *, marker: Marker | None = None, writer: Writer | None = None
    ) -> None:
        self.teaching = teaching or Teaching()
        self.key = KeyTeacher()
        self.marker = marker
        self.writer = writer

    @property
    def slow(self) -> bool:
        """Whether answers are better judged several at once."""
        return bool(self.marker or self.writer)

    def exam_mark(self, question: Question, answer: Answer) -> Mark:
        """An exam is marked by the key alone, whoever marks practice: it is what runs are compared by."""
        return self.key.mark(question, answer)

    def marks(self, rows: Sequence[tuple[Question, Answer]], *, luck: Sequence[object]) -> list[Mark]:
        """Practice answers, marked together. Whether the teacher errs depends on ``luck`` and the question alone."""
        verdicts = self.marker.judge([(q, a.text) for q, a in rows]) if self.marker else [None] * len(rows)
        marks = []
        for (question, answer), verdict in zip(rows, verdicts, strict=True):
            mark = self.key.mark(question, answer)
            if verdict is not None:
                mark = replace(mark, marker=verdict.right)
            if verdict is not None and self.teaching.decides == "marker":
                mark = replace(mark, said_right=verdict.right, by=self.teaching.marker)
            if lucks.stream("teacher's error", *luck, question.id).random() < self.teaching.error_rate:
                mark = replace(mark, said_right=not mark.said, by=f"{mark.by}, in error")
            marks.append(mark)
        return marks

    def feedback(
        self, rows: Sequence[tuple[Question, Answer, Mark]], *, luck: Sequence[object]
    ) -> list[Feedback | None]:
        """The words for each of these answers, all of which were called wrong; None where the run's level is ``none``."""
        level = self.teaching.feedback
        if level == "none":
            return [None] * len(rows)
        wrong = [(q, a.text) for q, a, mark in rows if not mark.right]
        hints = iter(self.writer.hints(wrong)) if self.writer and wrong and level != "mark" else None
        words: list[Feedback | None] = []
        for question, answer, mark in rows:
            if mark.right:
                words.append(feedback.to_right_called_wrong(question, believed(question, luck=luck), level))
            else:
                hint = next(hints) if hints else ""
                words.append(feedback.to_wrong(question, question.option(answer.letter), level, hint))
        return words


def believed(question: Question, *, luck: Sequence[object]) -> Option:
    """The wrong option that a teacher who calls the right one wrong takes for right: one behind which a misconception stands,
    where there is any."""
    wrong = [o for o in question.options if o.letter != question.correct]
    return lucks.stream("teacher's belief", *luck, question.id).choice([o for o in wrong if o.misconception] or wrong)
