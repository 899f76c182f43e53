"""A bank: the questions of one source, assigned to study, validation and exam for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studentsim.errors import BankError
from studentsim.rng import derive_rng
from studentsim.types import CATEGORIES, Question


@dataclass(frozen=True)
class Bank:
    """Questions by split. ``categories`` are in the order of all figures and tables."""

    name: str
    study: tuple[Question, ...]
    validation: tuple[Question, ...]
    exam: tuple[Question, ...]
    categories: tuple[str, ...] = CATEGORIES

    @classmethod
    def from_questions(cls, name: str, questions: Sequence[Question]) -> Bank:
        """A bank of these questions, each in its own split.

        :raises BankError: there is no question for study, or none for the exam.
        """
        by_split = {split: tuple(q for q in questions if q.split == split) for split in ("study", "validation", "exam")}
        for split in ("study", "exam"):
            if not by_split[split]:
                raise BankError(
                    f"The bank {name!r} has no question for the split {split!r} (it holds {len(questions)} in all).",
                    "Use a larger set of questions.",
                )
        standard_categories = [c for c in CATEGORIES if any(q.category == c for q in questions)]
        other_categories = sorted({q.category for q in questions} - set(standard_categories))
        return cls(name, **by_split, categories=(*standard_categories, *other_categories))

    def filter_study_questions(
        self, categories: Sequence[str] = (), skills: Sequence[str] = (), difficulties: Sequence[int] = ()
    ) -> tuple[Question, ...]:
        """The study questions of these categories, skills and difficulties (empty: all)."""
        return tuple(
            q
            for q in self.study
            if (not categories or q.category in categories)
            and (not skills or q.skill in skills)
            and (not difficulties or q.difficulty in difficulties)
        )

    def sample_exam_questions(self, count: int, seed: int) -> tuple[Question, ...]:
        """An exam's questions: categories in proportion to the bank, skills evenly within them. The same seed gives the same exam.

        :raises BankError: the exam split has fewer questions.
        """
        return self._sample_stratified(self.exam, count, "exam", seed)

    def sample_validation_questions(self, count: int, seed: int) -> tuple[Question, ...]:
        """Questions for held-out pairs, sampled like an exam; fewer if the bank has fewer."""
        return self._sample_stratified(self.validation, min(count, len(self.validation)), "validation", seed)

    def _sample_stratified(
        self, questions: tuple[Question, ...], count: int, split: str, seed: int
    ) -> tuple[Question, ...]:
        if count > len(questions):
            raise BankError(
                f"{count} {split} questions were asked for, but the bank {self.name!r} has {len(questions)}.",
                f"Ask for {len(questions)} or fewer.",
            )
        # Sorting by (rank within the shuffled group / size of the group) interleaves the groups in proportion to their sizes.
        rng = derive_rng(split, seed, self.name)
        groups: dict[tuple[str, str], list[Question]] = {}
        for question in questions:
            groups.setdefault((question.category, question.skill or ""), []).append(question)
        ranked: list[tuple[float, float, Question]] = []
        for members in groups.values():
            for rank, question in enumerate(rng.sample(members, len(members))):
                ranked.append(((rank + rng.random()) / len(members), rng.random(), question))
        ranked.sort(key=lambda entry: entry[:2])
        chosen = [question for *_, question in ranked[:count]]
        return tuple(sorted(chosen, key=lambda q: (self.categories.index(q.category), q.id)))
