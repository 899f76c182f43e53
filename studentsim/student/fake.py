"""A student without a model, beside the interface it stands for: for tests of everything around the student.

It knows each category a little better with every pair it is taught. Deterministic; saves and loads as a real one does.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from studentsim import luck as lucks
from studentsim.errors import StudentError
from studentsim.records import (
    Answer,
    Earlier,
    EpochFinished,
    Pair,
    PreferenceMetrics,
    Question,
    TrainingStep,
    Validated,
)


class FakeStudent:
    """Right with a chance of 0.2 plus 0.02 for each pair of the category that it was taught, at most 0.95."""

    def __init__(self) -> None:
        self.taught: dict[str, int] = {}

    def mastery(self, category: str) -> float:
        """Chance of a right answer, 0 to 1."""
        return min(0.95, 0.2 + 0.02 * self.taught.get(category, 0))

    def answer(
        self,
        questions: Sequence[Question],
        *,
        luck: Sequence[object],
        sure: bool = False,
        earlier: Earlier | None = None,
    ) -> Iterator[Answer]:
        """See ``studentsim.student.base.Student``. After a teacher's words it is right 0.4 more often."""
        for question in questions:
            rng = lucks.stream(*luck, question.id)
            told = 0.4 if (earlier or {}).get(question.id) else 0.0
            right = rng.random() < self.mastery(question.category) + told
            wrong = [o for o in question.options if o.letter != question.correct]
            option = question.right if right else rng.choice(wrong)
            text = option.working or option.text
            yield Answer(question.id, text, option.letter, option.text, -1.0, 1.0, self.mastery(question.category))

    def confidence(self, questions: Sequence[Question]) -> list[float]:
        """See ``studentsim.student.base.Student``."""
        return [self.mastery(q.category) for q in questions]

    def p_correct(self, questions: Sequence[Question]) -> list[float]:
        """See ``studentsim.student.base.Student``."""
        return [self.mastery(q.category) for q in questions]

    def learn(
        self,
        pairs: Sequence[Pair],
        held_out: Sequence[Pair],
        *,
        turn: int,
        seed: int,
        practised: Collection[str] | None = None,
    ) -> Iterator[TrainingStep | EpochFinished | Validated]:
        """See ``studentsim.student.base.Learner``: one epoch, one step for each pair."""
        begun = sum(self.taught.values())
        for step, pair in enumerate(pairs, 1):
            self.taught[pair.question.category] = self.taught.get(pair.question.category, 0) + 1
            yield TrainingStep(turn, step, len(pairs), _metrics(sum(self.taught.values())))
        found = _metrics(sum(self.taught.values())) if held_out else None
        if pairs:
            yield EpochFinished(turn, 1, 1, _metrics(begun + (len(pairs) + 1) / 2), found)
        if found:
            yield Validated(turn, len(held_out), found)

    def save(self, folder: Path) -> None:
        """See ``studentsim.student.base.Student``."""
        (folder / "fake.json").write_text(json.dumps(self.taught))

    def load(self, folder: Path) -> None:
        """See ``studentsim.student.base.Student``."""
        try:
            self.taught = json.loads((folder / "fake.json").read_text())
        except (OSError, ValueError) as error:
            raise StudentError(f"The checkpoint {folder} cannot be read ({error}).", "Use an earlier one.") from error


def _metrics(pairs: float) -> PreferenceMetrics:
    margin = pairs / 100
    return PreferenceMetrics(
        1 / (1 + margin), margin / 2, -margin / 2, 0.5 + margin / (1 + margin) / 2, margin, -10.0, -12.0, 1.0, 0.5
    )
