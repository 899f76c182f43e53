"""Grading by the answer key."""

from __future__ import annotations

from studentsim.teacher.formula_errors import classify_formula_error
from studentsim.types import Answer, Grade, Question


class AnswerKeyGrader:
    """Grades by the key's letter: two options may show the same text."""

    def grade(self, question: Question, answer: Answer) -> Grade:
        """Grade an answer; unanswered is wrong.

        The misconception is the chosen option's; where the bank names none, the kind of error that the question's formula shows in
        the working (``formula:…``, see formula_errors.py).
        """
        chosen = question.option(answer.letter)
        if chosen is None:
            return Grade(is_correct=False)
        return Grade(
            is_correct=chosen.letter == question.correct,
            misconception=chosen.misconception or classify_formula_error(question, answer),
        )
