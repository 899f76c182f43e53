"""A bank as one table in a Parquet file, for looking at it: made by a process of its own, since making it takes seconds.

    python -m studentsim.datasets.export questions.parquet

Columns: ``id, category, skill, difficulty, split, problem, correct, rationale`` and ``options`` (JSON text: for each
``letter, text, misconception, working``).
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
    """All questions of a bank: by category, skill and split."""
    rows = [
        _question_to_row(question)
        for question in _sort_questions([*bank.study, *bank.exam, *bank.validation], bank.categories)
    ]
    return pa.table({name: [row[name] for row in rows] for name in QUESTION_COLUMNS})


def compute_bank_fingerprint() -> str:
    """Names the built-in bank as this version of the program makes it: another program text, another name."""
    package = Path(studentsim.__file__).parent
    source_files = [*sorted((package / "curriculum").rglob("*.py")), *sorted((package / "datasets").glob("*.py"))]
    source_files += [package / "arithmetic.py", package / "rng.py"]
    digest = hashlib.sha256(repr(QUESTIONS_PER_SKILL).encode())
    for path in source_files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _sort_questions(questions: Iterable[Question], categories: tuple[str, ...]) -> list[Question]:
    category_positions = {name: place for place, name in enumerate(categories)}
    return sorted(
        questions,
        key=lambda q: (category_positions[q.category], q.difficulty or 0, q.skill or "", q.split != "study", q.id),
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
