"""Marking by the key: right is what the key says."""

from __future__ import annotations

from studentsim.teacher.formula_errors import classify_formula_error
from studentsim.types import Answer, Grade, Question


class AnswerKeyGrader:
    """Right is what the key says, by letter (two options may show the same text)."""

    def grade(self, question: Question, answer: Answer) -> Grade:
        """An unanswered question is wrong. The misconception is the one behind the chosen option; where the key names none, what the
        question's formula tells of the working (``formula:…``, see ``studentsim/teacher/formula_errors.py``)."""
        chosen = question.option(answer.letter)
        if chosen is None:
            return Grade(is_correct=False)
        return Grade(
            is_correct=chosen.letter == question.correct,
            misconception=chosen.misconception or classify_formula_error(question, answer),
        )
