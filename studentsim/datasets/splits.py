"""Splits questions into study, validation and exam without overlap, and makes their ids unique."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from studentsim.types import Question

EXAM_PERCENT, VALIDATION_PERCENT = 25, 5
"""Percent of the problems for exams and for held-out pairs; the rest is for study."""


def assign_split(problem: str) -> str:
    """A problem's split, by the hash of its normalised text: study, validation or exam."""
    percent = int.from_bytes(hashlib.sha256(normalize_problem_text(problem).encode()).digest()[:8], "big") % 100
    if percent < EXAM_PERCENT:
        return "exam"
    return "validation" if percent < EXAM_PERCENT + VALIDATION_PERCENT else "study"


def normalize_problem_text(problem: str) -> str:
    """The text that two problems must share to be the same: lower case, whitespace collapsed."""
    return " ".join(problem.lower().split())


def deduplicate_ids(questions: Sequence[Question]) -> tuple[Question, ...]:
    """The same questions; repeated ids get "-2", "-3" … appended."""
    counts: dict[str, int] = {}
    unique = []
    for question in questions:
        counts[question.id] = occurrence = counts.get(question.id, 0) + 1
        unique.append(question if occurrence == 1 else replace(question, id=f"{question.id}-{occurrence}"))
    return tuple(unique)


def remove_split_overlap(questions: Sequence[Question]) -> tuple[Question, ...]:
    """Drop study questions whose problem is also in validation or the exam, and validation questions whose problem is in the exam.

    A dataset's own splits sometimes overlap; those of ``assign_split`` never do.
    """
    split_by_problem: dict[str, str] = {}
    for split in ("exam", "validation", "study"):
        for question in questions:
            if question.split == split:
                split_by_problem.setdefault(normalize_problem_text(question.problem), split)
    return tuple(q for q in questions if split_by_problem[normalize_problem_text(q.problem)] == q.split)
