"""Exports the built-in bank as a Parquet table for the Questions page; a child process runs it, since it takes seconds.

    python -m studentsim.datasets.export questions.parquet

Columns: ``id, category, skill, difficulty, split, problem, correct, rationale`` and ``options`` (JSON: for each
option ``letter, text, misconception, working``).
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet

import studentsim
from studentsim.datasets.bank import Bank
from studentsim.datasets.registry import QUESTIONS_PER_SKILL, open_bank
from studentsim.types import Question

QUESTION_COLUMNS = ("id", "category", "skill", "difficulty", "split", "problem", "correct", "rationale", "options")


def build_question_table(bank: Bank) -> pa.Table:
    """All questions of a bank, sorted by category, difficulty, skill and split."""
    rows = [
        _question_to_row(question)
        for question in _sort_questions([*bank.study, *bank.exam, *bank.validation], bank.categories)
    ]
    return pa.table({name: [row[name] for row in rows] for name in QUESTION_COLUMNS})


def compute_bank_fingerprint() -> str:
    """A fingerprint (12 hex digits) of the built-in bank: it changes with the source files that generate the bank."""
    package = Path(studentsim.__file__).parent
    source_files = [*sorted((package / "curriculum").rglob("*.py")), *sorted((package / "datasets").glob("*.py"))]
    source_files += [package / "arithmetic.py", package / "rng.py"]
    digest = hashlib.sha256(repr(QUESTIONS_PER_SKILL).encode())
    for path in source_files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _sort_questions(questions: Iterable[Question], categories: tuple[str, ...]) -> list[Question]:
    return sorted(
        questions,
        key=lambda q: (categories.index(q.category), q.difficulty or 0, q.skill or "", q.split != "study", q.id),
    )


def _question_to_row(question: Question) -> dict[str, object]:
    options = [
        {"letter": o.letter, "text": o.text, "misconception": o.misconception, "working": o.solution}
        for o in question.options
    ]
    values = {name: getattr(question, name) for name in QUESTION_COLUMNS if name != "options"}
    return values | {"options": json.dumps(options, ensure_ascii=False)}


if __name__ == "__main__":
    parquet.write_table(build_question_table(open_bank("curriculum")), sys.argv[1], compression="zstd")
