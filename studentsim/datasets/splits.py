"""Which questions are for study, for validation and for exams; and that no two have the same id."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from studentsim.types import Question

EXAM_PERCENT, VALIDATION_PERCENT = 25, 5
"""Percent of the problems kept for exams and for held-out pairs; the rest is for study."""


def assign_split(problem: str) -> str:
    """Where a problem belongs: study, validation or exam, by its words alone (spaces and capitals do not count)."""
    percent = int.from_bytes(hashlib.sha256(normalize_problem_text(problem).encode()).digest()[:8], "big") % 100
    if percent < EXAM_PERCENT:
        return "exam"
    return "validation" if percent < EXAM_PERCENT + VALIDATION_PERCENT else "study"


def normalize_problem_text(problem: str) -> str:
    """What makes two problems the same: their words, whatever the spaces and capitals."""
    return " ".join(problem.lower().split())


def deduplicate_ids(questions: Sequence[Question]) -> tuple[Question, ...]:
    """The same questions; where an id stands twice, the later ones get a number after it."""
    seen: dict[str, int] = {}
    found = []
    for question in questions:
        seen[question.id] = occurrence = seen.get(question.id, 0) + 1
        found.append(question if occurrence == 1 else replace(question, id=f"{question.id}-{occurrence}"))
    return tuple(found)


def remove_split_overlap(questions: Sequence[Question]) -> tuple[Question, ...]:
    """Without questions for study whose problem validation or an exam asks too, nor those of validation that an exam asks.

    A set's own splits share problems now and then; those dealt by ``assign_split`` never do, and come back unchanged.
    """
    split_by_problem: dict[str, str] = {}
    for split in ("exam", "validation", "study"):
        for question in questions:
            if question.split == split:
                split_by_problem.setdefault(normalize_problem_text(question.problem), split)
    return tuple(q for q in questions if split_by_problem[normalize_problem_text(q.problem)] == q.split)
