"""Exports the built-in bank as a Parquet table for the Questions page; a child process runs it, since it takes seconds.

    echo -n questions.parquet | python -m studentsim.datasets.export

Columns: ``id, category, skill, difficulty, split, problem, correct, rationale`` and ``options`` (JSON: for each
option ``letter, text, misconception, working``).
"""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as parquet

from studentsim.child_process import Message, run_json_job
from studentsim.curriculum.generator import CURRICULUM_VERSION
from studentsim.datasets.bank import Bank
from studentsim.datasets.registry import open_bank
from studentsim.errors import DataFolderError
from studentsim.types import Question

BANK_FILE_VERSION = f"{CURRICULUM_VERSION}-1"
"""Version of the table: the curriculum's, and one to be raised when the number of its questions or the columns change."""
QUESTION_COLUMNS = ("id", "category", "skill", "difficulty", "split", "problem", "correct", "rationale", "options")


def build_question_table(bank: Bank) -> pa.Table:
    """All questions of a bank, sorted by category, difficulty, skill and split."""

    def sort_key(q: Question) -> tuple[int, int, str, bool, str]:
        return bank.categories.index(q.category), q.difficulty or 0, q.skill or "", q.split != "study", q.id

    rows = [
        _question_to_row(question) for question in sorted([*bank.study, *bank.exam, *bank.validation], key=sort_key)
    ]
    return pa.table({name: [row[name] for row in rows] for name in QUESTION_COLUMNS})


def _question_to_row(question: Question) -> dict[str, object]:
    options = [
        {"letter": o.letter, "text": o.text, "misconception": o.misconception, "working": o.solution}
        for o in question.options
    ]
    values = {name: getattr(question, name) for name in QUESTION_COLUMNS if name != "options"}
    return values | {"options": json.dumps(options, ensure_ascii=False)}


def _work(target: str, _: object) -> Message:
    table = build_question_table(open_bank("curriculum"))
    try:
        parquet.write_table(table, target, compression="zstd")
    except OSError as error:
        raise DataFolderError(f"{target} cannot be written ({error.strerror or error}).") from error
    return {"questions": len(table)}


if __name__ == "__main__":
    run_json_job(_work)
