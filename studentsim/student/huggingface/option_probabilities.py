"""From the log-probabilities of a question's options: their probabilities, the correct one's, and the likeliest. No torch."""

from __future__ import annotations

import math
from collections.abc import Sequence

from studentsim.types import Answer, Question


def option_probabilities(logps: Sequence[float]) -> list[float]:
    """Softmax over the options' summed natural log-probabilities."""
    max_logp = max(logps)
    weights = [math.exp(x - max_logp) for x in logps]
    return [w / sum(weights) for w in weights]


def correct_option_probability(question: Question, logps: Sequence[float]) -> float:
    """The correct option's probability among the options, 0 to 1."""
    correct_index = next(n for n, option in enumerate(question.options) if option.letter == question.correct)
    return option_probabilities(logps)[correct_index]


def choose_likeliest_option(question: Question, logps: Sequence[float]) -> Answer:
    """An answer that chooses the likeliest option without generating text. Its ``milliseconds`` are 0, for the caller to fill in."""
    best = max(range(len(logps)), key=lambda n: logps[n])
    option = question.options[best]
    text = f"Answer: {option.letter}) {option.text}"
    return Answer(
        question.id, text, option.letter, option.text, logps[best], 0.0, correct_option_probability(question, logps)
    )
