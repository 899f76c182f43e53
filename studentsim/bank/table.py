"""A bank as one table in a Parquet file, for looking at it: made by a process of its own, since making it takes seconds.

    python -m studentsim.bank.table questions.parquet

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
from studentsim.bank.bank import Bank
from studentsim.bank.sources import PER_SKILL, open_bank
from studentsim.records import Question

COLUMNS = ("id", "category", "skill", "difficulty", "split", "problem", "correct", "rationale", "options")


def table(bank: Bank) -> pa.Table:
    """All questions of a bank: by category, skill and split."""
    rows = [_row(question) for question in _ordered([*bank.study, *bank.exam, *bank.validation], bank.categories)]
    return pa.table({name: [row[name] for row in rows] for name in COLUMNS})


def fingerprint() -> str:
    """Names the built-in bank as this version of the program makes it: another program text, another name."""
    package = Path(studentsim.__file__).parent
    sources = [*sorted((package / "bank").glob("*.py")), package / "arithmetic.py", package / "luck.py"]
    digest = hashlib.sha256(repr(PER_SKILL).encode())
    for path in sources:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _ordered(questions: Iterable[Question], categories: tuple[str, ...]) -> list[Question]:
    places = {name: place for place, name in enumerate(categories)}
    return sorted(
        questions, key=lambda q: (places[q.category], q.difficulty or 0, q.skill or "", q.split != "study", q.id)
    )


def _row(question: Question) -> dict[str, object]:
    options = [
        {"letter": o.letter, "text": o.text, "misconception": o.misconception, "working": o.working}
        for o in question.options
    ]
    told = {name: getattr(question, name) for name in COLUMNS if name != "options"}
    return told | {"options": json.dumps(options, ensure_ascii=False)}


if __name__ == "__main__":
    parquet.write_table(table(open_bank("curriculum")), sys.argv[1], compression="zstd")
