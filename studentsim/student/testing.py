"""A student and trainer without a model, for tests. Deterministic; it saves and loads, and each pair improves its category."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from studentsim.errors import StudentError
from studentsim.events import EpochFinished, PreferenceMetrics, TrainingStep, ValidationFinished
from studentsim.rng import derive_rng
from studentsim.types import Answer, AttemptHistory, Pair, Question


class FakeStudent:
    """Answers correctly with probability 0.2, plus 0.02 for each pair it was trained on in the category, at most 0.95."""

    def __init__(self) -> None:
        self.pairs_by_category: dict[str, int] = {}

    def mastery(self, category: str) -> float:
        """Probability of a correct answer, 0 to 1."""
        return min(0.95, 0.2 + 0.02 * self.pairs_by_category.get(category, 0))

    def answer(
        self,
        questions: Sequence[Question],
        *,
        seed_key: Sequence[object],
        with_p_correct: bool = False,
        earlier: AttemptHistory | None = None,
    ) -> Iterator[Answer]:
        """See ``studentsim.student.protocols.Student``. After feedback the probability of a correct answer is 0.4 higher."""
        for question in questions:
            rng = derive_rng(*seed_key, question.id)
            feedback_bonus = 0.4 if (earlier or {}).get(question.id) else 0.0
            is_correct = rng.random() < self.mastery(question.category) + feedback_bonus
            wrong_options = [o for o in question.options if o.letter != question.correct]
            option = question.correct_option if is_correct else rng.choice(wrong_options)
            text = option.solution or option.text
            yield Answer(question.id, text, option.letter, option.text, -1.0, 1.0, self.mastery(question.category))

    def confidence(self, questions: Sequence[Question]) -> list[float]:
        """See ``studentsim.student.protocols.Student``."""
        return [self.mastery(q.category) for q in questions]

    def p_correct(self, questions: Sequence[Question]) -> list[float]:
        """See ``studentsim.student.protocols.Student``."""
        return [self.mastery(q.category) for q in questions]

    def train(
        self,
        pairs: Sequence[Pair],
        held_out: Sequence[Pair],
        *,
        turn: int,
        seed: int,
        practised: Collection[str] | None = None,
    ) -> Iterator[TrainingStep | EpochFinished | ValidationFinished]:
        """See ``studentsim.student.protocols.Trainer``: one epoch, one step for each pair."""
        pairs_before = sum(self.pairs_by_category.values())
        for step, pair in enumerate(pairs, 1):
            self.pairs_by_category[pair.question.category] = self.pairs_by_category.get(pair.question.category, 0) + 1
            yield TrainingStep(turn, step, len(pairs), _fake_metrics(sum(self.pairs_by_category.values())))
        validation_metrics = _fake_metrics(sum(self.pairs_by_category.values())) if held_out else None
        if pairs:
            yield EpochFinished(turn, 1, 1, _fake_metrics(pairs_before + (len(pairs) + 1) / 2), validation_metrics)
        if validation_metrics:
            yield ValidationFinished(turn, len(held_out), validation_metrics)

    def save(self, folder: Path) -> None:
        """See ``studentsim.student.protocols.Student``."""
        (folder / "fake.json").write_text(json.dumps(self.pairs_by_category))

    def load(self, folder: Path) -> None:
        """See ``studentsim.student.protocols.Student``."""
        try:
            self.pairs_by_category = json.loads((folder / "fake.json").read_text())
        except (OSError, ValueError) as error:
            raise StudentError(f"The checkpoint {folder} cannot be read ({error}).", "Use an earlier one.") from error


def _fake_metrics(pairs: float) -> PreferenceMetrics:
    margin = pairs / 100
    return PreferenceMetrics(
        1 / (1 + margin), margin / 2, -margin / 2, 0.5 + margin / (1 + margin) / 2, margin, -10.0, -12.0, 1.0, 0.5
    )
