"""Records the scores that a strategy asked for, so that a run's journal can tell what it chose from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, Context

from studentsim.types import Question


class ScoreRecorder:
    """Records the scores that a strategy asks for: wraps the student's scoring functions and returns their values unchanged."""

    def __init__(self) -> None:
        self.measure = ""
        """The measure that was recorded last, ``confidence`` or ``p_correct``; "": none."""
        self.scores: dict[str, float] = {}
        """By question id, four significant digits, rounded down: no score crosses a threshold of as many digits or fewer."""

    def wrap(
        self, measure: str, score_questions: Callable[[Sequence[Question]], list[float]]
    ) -> Callable[[Sequence[Question]], list[float]]:
        """``score_questions`` with its finite scores recorded under ``measure``."""

        def score_and_record(questions: Sequence[Question]) -> list[float]:
            scores = score_questions(questions)
            self.measure = measure
            for question, score in zip(questions, scores, strict=True):
                if math.isfinite(score):
                    self.scores[question.id] = float(_FOUR_DIGITS.create_decimal(repr(float(score))))
            return scores

        return score_and_record


_FOUR_DIGITS = Context(prec=4, rounding=ROUND_DOWN)
