"""What the teacher made of one answer, beside the key. Plain text: it may hold what others wrote.

A row is one of ``queries.answers``; rows of before there were other teachers lack some of its fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ATTEMPT_ORDINALS = {1: "First try", 2: "Second try", 3: "Third try", 4: "Fourth try", 5: "Fifth try"}
DELIBERATE_ERROR_SUFFIX = ", in error"
"""Ends ``marked_by`` where the teacher erred on purpose (studentsim/teacher/teacher.py)."""


def attempt_number(row: Mapping[str, Any]) -> int:
    """Which attempt at the question it is, from 1."""
    return int(row.get("attempt") or 1)


def attempt_ordinal(row: Mapping[str, Any]) -> str:
    """``Second try``."""
    return ATTEMPT_ORDINALS.get(attempt_number(row), f"Try {attempt_number(row)}")


def practice_label(row: Mapping[str, Any]) -> str:
    """``practice``, or ``practice, second try``."""
    return f"practice, {attempt_ordinal(row).lower()}" if attempt_number(row) > 1 else "practice"


def was_told_correct(row: Mapping[str, Any]) -> bool:
    """Whether the student was told that it is right."""
    value = row.get("said_right")
    return bool(row["right"]) if value is None else bool(value)


def contradicts_key(row: Mapping[str, Any]) -> bool:
    """Whether what was said is not what the key says."""
    return was_told_correct(row) != bool(row["right"])


def describe_grading(row: Mapping[str, Any]) -> list[str]:
    """What is to be known of a practice answer's mark, a sentence each; empty where the key alone marked."""
    sentences = []
    if row.get("doubted"):
        sentences.append("It is right. The teacher called it wrong on purpose, to see whether the student gives way.")
    elif contradicts_key(row):
        sentences.append(
            f"The teacher said {_right_or_wrong(was_told_correct(row))}. The key says {_right_or_wrong(bool(row['right']))}."
        )
        sentences.append(_explain_grading_error(row))
    grader_verdict = row.get("marker_right")
    if grader_verdict is not None and bool(grader_verdict) != bool(row["right"]) and not _is_grader_decision(row):
        sentences.append(f"The trained marker judged otherwise than the key: {_right_or_wrong(bool(grader_verdict))}.")
    return [sentence for sentence in sentences if sentence]


def describe_grading_briefly(row: Mapping[str, Any]) -> str:
    """The same in a few words, for a card in a list; blank where there is nothing to tell."""
    if row["phase"] == "exam":
        return ""
    if row.get("doubted"):
        return "The teacher called it wrong on purpose."
    if contradicts_key(row):
        return f"The teacher said {_right_or_wrong(was_told_correct(row))}; the key says {_right_or_wrong(bool(row['right']))}."
    return ""


def _explain_grading_error(row: Mapping[str, Any]) -> str:
    by = str(row.get("marked_by") or "key")
    if by.endswith(DELIBERATE_ERROR_SUFFIX):
        return "This error was made on purpose, as the simulation's settings ask for."
    return "" if by == "key" else "The trained marker decided; what it gets wrong, the student learns."


def _is_grader_decision(row: Mapping[str, Any]) -> bool:
    """Whether what the trained marker judged against the key is told already."""
    by = str(row.get("marked_by") or "key")
    return by not in ("key", "doubt") and not by.endswith(DELIBERATE_ERROR_SUFFIX)


def _right_or_wrong(is_correct: bool) -> str:
    return "right" if is_correct else "wrong"
