"""What the teacher made of one answer, beside the key. Plain text: it may hold what others wrote.

A row is one of ``queries.answers``; rows of before there were other teachers lack some of its fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ORDINALS = {1: "First try", 2: "Second try", 3: "Third try", 4: "Fourth try", 5: "Fifth try"}
IN_ERROR = ", in error"
"""Ends ``marked_by`` where the teacher erred on purpose (studentsim/teacher/teacher.py)."""


def attempt(row: Mapping[str, Any]) -> int:
    """Which attempt at the question it is, from 1."""
    return int(row.get("attempt") or 1)


def ordinal(row: Mapping[str, Any]) -> str:
    """``Second try``."""
    return ORDINALS.get(attempt(row), f"Try {attempt(row)}")


def asked_in(row: Mapping[str, Any]) -> str:
    """``practice``, or ``practice, second try``."""
    return f"practice, {ordinal(row).lower()}" if attempt(row) > 1 else "practice"


def said(row: Mapping[str, Any]) -> bool:
    """Whether the student was told that it is right."""
    value = row.get("said_right")
    return bool(row["right"]) if value is None else bool(value)


def against_key(row: Mapping[str, Any]) -> bool:
    """Whether what was said is not what the key says."""
    return said(row) != bool(row["right"])


def told(row: Mapping[str, Any]) -> list[str]:
    """What is to be known of a practice answer's mark, a sentence each; empty where the key alone marked."""
    sentences = []
    if row.get("doubted"):
        sentences.append("It is right. The teacher called it wrong on purpose, to see whether the student gives way.")
    elif against_key(row):
        sentences.append(f"The teacher said {_word(said(row))}. The key says {_word(bool(row['right']))}.")
        sentences.append(_why(row))
    marker = row.get("marker_right")
    if marker is not None and bool(marker) != bool(row["right"]) and not _decided(row):
        sentences.append(f"The trained marker judged otherwise than the key: {_word(bool(marker))}.")
    return [sentence for sentence in sentences if sentence]


def in_short(row: Mapping[str, Any]) -> str:
    """The same in a few words, for a card in a list; blank where there is nothing to tell."""
    if row["phase"] == "exam":
        return ""
    if row.get("doubted"):
        return "The teacher called it wrong on purpose."
    if against_key(row):
        return f"The teacher said {_word(said(row))}; the key says {_word(bool(row['right']))}."
    return ""


def _why(row: Mapping[str, Any]) -> str:
    by = str(row.get("marked_by") or "key")
    if by.endswith(IN_ERROR):
        return "This error was made on purpose, as the simulation's settings ask for."
    return "" if by == "key" else "The trained marker decided; what it gets wrong, the student learns."


def _decided(row: Mapping[str, Any]) -> bool:
    """Whether what the trained marker judged against the key is told already."""
    by = str(row.get("marked_by") or "key")
    return by not in ("key", "doubt") and not by.endswith(IN_ERROR)


def _word(right: bool) -> str:
    return "right" if right else "wrong"
