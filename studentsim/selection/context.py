"""What a strategy may know when it chooses a turn's questions. No torch: the student's scores come from functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from studentsim.types import Question


@dataclass(frozen=True)
class SelectionContext:
    """Everything that a strategy may use."""

    pool: tuple[Question, ...]
    """Questions that may be practised."""
    count: int
    """Number of questions to select."""
    rng: Random
    """Seeded for this turn."""
    fixed_rng: Random
    """Seeded alike in every turn of the run."""
    categories: tuple[str, ...]
    """The bank's categories, in its order."""
    wrong_by_category: Mapping[str, int]
    """The last exam's wrong answers by category."""
    times_asked: Mapping[str, int]
    """By question id, how often it was practised before; ids that are missing: never."""
    confidence: Callable[[Sequence[Question]], list[float]]
    """For each question the probability (0 to 1) of the student's likeliest candidate answer."""
    threshold: float = 0.5
    """A question is uncertain if its confidence is below this."""
    mix_rule: str = "largest-remainder"
    """The rule of ``apportion_questions``."""
    requested_mix: Mapping[str, float] | None = None
    """The user's own shares by category, in percent; they replace the strategy's."""
    p_correct: Callable[[Sequence[Question]], list[float]] | None = None
    """For each question the probability (0 to 1) of a correct answer. None: the student cannot compute it."""
    turn: int = 1
    """The turn, from 1: it decides which of equal shares of ``requested_mix`` gets a remaining question."""
