"""Marking by the key: right is what the key says."""

from __future__ import annotations

from studentsim.analysis.formula_errors import formula_error
from studentsim.records import Answer, Mark, Question


class KeyTeacher:
    """Right is what the key says, by letter (two options may show the same text)."""

    def mark(self, question: Question, answer: Answer) -> Mark:
        """An unanswered question is wrong. The misconception is the one behind the chosen option; where the key names none, what the
        question's formula tells of the working (``formula:…``, see ``studentsim/analysis/formula_errors.py``)."""
        chosen = question.option(answer.letter)
        if chosen is None:
            return Mark(right=False)
        return Mark(
            right=chosen.letter == question.correct,
            misconception=chosen.misconception or formula_error(question, answer),
        )
