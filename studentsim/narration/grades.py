"""How one answer was graded, compared with the key, in sentences. Plain text: it may hold what others wrote.

A row is one of ``queries.fetch_latest_answers``; rows of journals from before grading errors existed lack some of its fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ATTEMPT_ORDINALS = {1: "First try", 2: "Second try", 3: "Third try", 4: "Fourth try", 5: "Fifth try"}
DELIBERATE_ERROR_SUFFIX = ", in error"
"""Suffix of ``graded_by`` where the teacher erred on purpose (studentsim/teacher/teacher.py)."""


def attempt_number(row: Mapping[str, Any]) -> int:
    """The attempt's number at its question, from 1."""
    return int(row.get("attempt") or 1)


def attempt_ordinal(row: Mapping[str, Any]) -> str:
    """The attempt's number in words: ``Second try``."""
    return ATTEMPT_ORDINALS.get(attempt_number(row), f"Try {attempt_number(row)}")


def practice_label(row: Mapping[str, Any]) -> str:
    """``practice``, or ``practice, second try``."""
    return f"practice, {attempt_ordinal(row).lower()}" if attempt_number(row) > 1 else "practice"


def was_told_correct(row: Mapping[str, Any]) -> bool:
    """Whether the grade given to the student was "correct"; without grading errors that is the key's."""
    value = row.get("assigned_correct")
    return bool(row["is_correct"]) if value is None else bool(value)


def contradicts_key(row: Mapping[str, Any]) -> bool:
    """Whether the grade given to the student differs from the key's."""
    return was_told_correct(row) != bool(row["is_correct"])


def describe_grading(row: Mapping[str, Any]) -> list[str]:
    """Sentences on how a practice answer's grade departs from the key, or a trained grader's does; empty where none does."""
    sentences = []
    if row.get("challenged"):
        sentences.append("It is right. The teacher called it wrong on purpose, to see whether the student gives way.")
    elif contradicts_key(row):
        sentences.append(
            f"The teacher said {_right_or_wrong(was_told_correct(row))}. The key says {_right_or_wrong(bool(row['is_correct']))}."
        )
        sentences.append(_explain_grading_error(row))
    grader_verdict = row.get("grader_correct")
    if grader_verdict is not None and bool(grader_verdict) != bool(row["is_correct"]) and not _is_grader_decision(row):
        sentences.append(f"The trained marker judged otherwise than the key: {_right_or_wrong(bool(grader_verdict))}.")
    return [sentence for sentence in sentences if sentence]


def describe_grading_briefly(row: Mapping[str, Any]) -> str:
    """The same in one short sentence, for a card in a list; blank for exams and for grades that agree with the key."""
    if row["phase"] == "exam":
        return ""
    if row.get("challenged"):
        return "The teacher called it wrong on purpose."
    if contradicts_key(row):
        return f"The teacher said {_right_or_wrong(was_told_correct(row))}; the key says {_right_or_wrong(bool(row['is_correct']))}."
    return ""


def _explain_grading_error(row: Mapping[str, Any]) -> str:
    graded_by = str(row.get("graded_by") or "key")
    if graded_by.endswith(DELIBERATE_ERROR_SUFFIX):
        return "This error was made on purpose, as the simulation's settings ask for."
    return "" if graded_by == "key" else "The trained marker decided; what it gets wrong, the student learns."


def _is_grader_decision(row: Mapping[str, Any]) -> bool:
    """Whether the trained grader decided the grade."""
    graded_by = str(row.get("graded_by") or "key")
    return graded_by not in ("key", "doubt") and not graded_by.endswith(DELIBERATE_ERROR_SUFFIX)


def _right_or_wrong(is_correct: bool) -> str:
    return "right" if is_correct else "wrong"
