"""The teacher of a run: marks, errs where it was told to, and finds words for a wrong answer.

What the key says is always kept beside what the teacher said, so that a teacher's errors can be counted: they are label
noise that reaches DPO.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from studentsim.curriculum import feedback
from studentsim.rng import derive_rng
from studentsim.settings import Teaching
from studentsim.teacher.answer_key import AnswerKeyGrader
from studentsim.types import Answer, Feedback, Grade, Option, Question


class Judgement(Protocol):
    """A marker's judgement of one answer."""

    is_correct: bool


class Grader(Protocol):
    """A trained marker; see ``studentsim/grader/model.py``."""

    def judge(self, rows: Sequence[tuple[Question, str]]) -> Sequence[Judgement]:
        """A verdict for each answer's text."""
        ...


class HintModel(Protocol):
    """Whoever writes hints in place of the questions' own."""

    def write_hints(self, rows: Sequence[tuple[Question, str]]) -> Sequence[str]:
        """A hint for each wrong answer's text; "" where it has none to give."""
        ...


class Teacher:
    """Marks by the key, by a trained marker, or by either with errors on purpose; and gives feedback."""

    def __init__(
        self, settings: Teaching | None = None, *, grader: Grader | None = None, hint_model: HintModel | None = None
    ) -> None:
        self.settings = settings or Teaching()
        self.key_grader = AnswerKeyGrader()
        self.grader = grader
        self.hint_model = hint_model

    @property
    def prefers_batches(self) -> bool:
        """Whether answers are better judged several at once."""
        return bool(self.grader or self.hint_model)

    def grade_exam_answer(self, question: Question, answer: Answer) -> Grade:
        """An exam is marked by the key alone, whoever marks practice: it is what runs are compared by."""
        return self.key_grader.grade(question, answer)

    def grade_practice_answers(
        self, rows: Sequence[tuple[Question, Answer]], *, seed_key: Sequence[object]
    ) -> list[Grade]:
        """Practice answers, marked together. Whether the teacher errs depends on ``seed_key`` and the question alone."""
        verdicts = self.grader.judge([(q, a.text) for q, a in rows]) if self.grader else [None] * len(rows)
        grades = []
        for (question, answer), verdict in zip(rows, verdicts, strict=True):
            grade = self.key_grader.grade(question, answer)
            if verdict is not None:
                grade = replace(grade, grader_correct=verdict.is_correct)
            if verdict is not None and self.settings.decides == "marker":
                grade = replace(grade, assigned_override=verdict.is_correct, graded_by=self.settings.marker)
            if derive_rng("teacher's error", *seed_key, question.id).random() < self.settings.error_rate:
                grade = replace(
                    grade, assigned_override=not grade.assigned_correct, graded_by=f"{grade.graded_by}, in error"
                )
            grades.append(grade)
        return grades

    def give_feedback(
        self, rows: Sequence[tuple[Question, Answer, Grade]], *, seed_key: Sequence[object]
    ) -> list[Feedback | None]:
        """The words for each of these answers, all of which were called wrong; None where the run's level is ``none``."""
        level = self.settings.feedback
        if level == "none":
            return [None] * len(rows)
        wrong = [(q, a.text) for q, a, mark in rows if not mark.is_correct]
        hints = iter(self.hint_model.write_hints(wrong)) if self.hint_model and wrong and level != "mark" else None
        feedbacks: list[Feedback | None] = []
        for question, answer, mark in rows:
            if mark.is_correct:
                feedbacks.append(
                    feedback.feedback_for_misjudged_answer(
                        question, sample_mistaken_key_option(question, seed_key=seed_key), level
                    )
                )
            else:
                hint = next(hints) if hints else ""
                feedbacks.append(
                    feedback.feedback_for_wrong_answer(question, question.option(answer.letter), level, hint)
                )
        return feedbacks


def sample_mistaken_key_option(question: Question, *, seed_key: Sequence[object]) -> Option:
    """The wrong option that a teacher who calls the right one wrong takes for right: one behind which a misconception stands,
    where there is any."""
    wrong_options = [o for o in question.options if o.letter != question.correct]
    return derive_rng("teacher's belief", *seed_key, question.id).choice(
        [o for o in wrong_options if o.misconception] or wrong_options
    )
