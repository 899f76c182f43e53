"""A run's teacher: grades answers, errs as often as its settings say, and words the feedback on wrong answers.

The key's grade is always stored beside the teacher's, so that the teacher's errors can be counted: they are label noise that
reaches DPO.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from studentsim.curriculum import feedback
from studentsim.rng import derive_rng
from studentsim.settings import TeacherSettings
from studentsim.teacher.answer_key import AnswerKeyGrader
from studentsim.types import Answer, Feedback, Grade, Option, Question


class Judgement(Protocol):
    """A grader's verdict on one answer."""

    is_correct: bool


class Grader(Protocol):
    """A trained grader; see ``studentsim/grader/model.py``."""

    def judge(self, rows: Sequence[tuple[Question, str]]) -> Sequence[Judgement]:
        """A verdict for each (question, answer's text), in order."""
        ...


class HintModel(Protocol):
    """Writes hints in place of the questions' own; see hint_model.py."""

    def write_hints(self, rows: Sequence[tuple[Question, str]]) -> Sequence[str]:
        """A hint for each (question, wrong answer's text), in order; "" if there is none."""
        ...


class Teacher:
    """Grades by the key or a trained grader, with deliberate errors if the settings ask for them, and gives feedback."""

    def __init__(
        self,
        settings: TeacherSettings | None = None,
        *,
        grader: Grader | None = None,
        hint_model: HintModel | None = None,
    ) -> None:
        self.settings = settings or TeacherSettings()
        self.key_grader = AnswerKeyGrader()
        self.grader = grader
        self.hint_model = hint_model

    @property
    def prefers_batches(self) -> bool:
        """Whether grading several answers at once is faster."""
        return bool(self.grader or self.hint_model)

    def grade_exam_answer(self, question: Question, answer: Answer) -> Grade:
        """Grade an exam's answer, always by the key: runs are compared by their exams."""
        return self.key_grader.grade(question, answer)

    def grade_practice_answers(
        self, rows: Sequence[tuple[Question, Answer]], *, seed_key: Sequence[object]
    ) -> list[Grade]:
        """Grade practice answers together; whether the teacher errs depends only on ``seed_key`` and the question."""
        verdicts = self.grader.judge([(q, a.text) for q, a in rows]) if self.grader else [None] * len(rows)
        grades = []
        for (question, answer), verdict in zip(rows, verdicts, strict=True):
            grade = self.key_grader.grade(question, answer)
            if verdict is not None:
                grade = replace(grade, grader_correct=verdict.is_correct)
            if verdict is not None and self.settings.grade_source == "grader":
                grade = replace(grade, assigned_override=verdict.is_correct, graded_by=self.settings.grader)
            if derive_rng("teacher's error", *seed_key, question.id).random() < self.settings.error_rate:
                grade = replace(
                    grade, assigned_override=not grade.assigned_correct, graded_by=f"{grade.graded_by}, in error"
                )
            grades.append(grade)
        return grades

    def give_feedback(
        self, rows: Sequence[tuple[Question, Answer, Grade]], *, seed_key: Sequence[object]
    ) -> list[Feedback | None]:
        """Feedback on each of these answers, all graded wrong by the teacher; None if the run's feedback level is ``none``."""
        level = self.settings.feedback
        if level == "none":
            return [None] * len(rows)
        wrong = [(q, a.text) for q, a, grade in rows if not grade.is_correct]
        hints = iter(self.hint_model.write_hints(wrong)) if self.hint_model and wrong and level != "mark" else None
        feedbacks: list[Feedback | None] = []
        for question, answer, grade in rows:
            if grade.is_correct:
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
    """The wrong option that a teacher who grades the correct one as wrong takes for the key: one with a misconception, if any."""
    wrong_options = [o for o in question.options if o.letter != question.correct]
    return derive_rng("teacher's belief", *seed_key, question.id).choice(
        [o for o in wrong_options if o.misconception] or wrong_options
    )
