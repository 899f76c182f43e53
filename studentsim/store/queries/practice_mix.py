"""What was practised by category, and the exams whose mistakes led to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from studentsim.store import practice_mix
from studentsim.store.database import Database

_TYPES = {"VARCHAR": "object", "INTEGER": "Int64", "DOUBLE": "Float64", "BOOLEAN": "bool"}
_EXAM = ("turn", "wrong_by_category", "questions_by_category", "next_mix")


def practice_mix_of(db: Database, run_ids: Sequence[str]) -> pd.DataFrame:
    """One row for each run, lesson and category, in the order of ``run_ids``: ``practice_mix.COLUMNS``. Lessons that were begun
    count, finished or not; a run without lessons has no row.
    """
    rows: list[dict[str, Any]] = []
    for run_id in run_ids:
        found = db.rows("SELECT config FROM runs WHERE run_id = ?", [run_id])
        turns = db.rows("SELECT turn, mix FROM turns WHERE run_id = ? AND turn > 0", [run_id])
        lessons = [{"turn": turn, "mix": mix} for turn, mix in turns]
        config = json.loads(found[0][0] or "{}") if found else {}
        rows += practice_mix.rows_of(run_id, config, lessons, _exams(db, run_id))
    return _frame(rows, practice_mix.COLUMNS)


def next_mix_of(db: Database, run_ids: Sequence[str]) -> pd.DataFrame:
    """One row for each run, exam and category, in the order of ``run_ids``: ``practice_mix.EXAM_COLUMNS``."""
    rows = [row for run_id in run_ids for row in practice_mix.exam_rows_of(run_id, _exams(db, run_id))]
    return _frame(rows, practice_mix.EXAM_COLUMNS)


def _exams(db: Database, run_id: str) -> list[dict[str, Any]]:
    rows = db.rows(f"SELECT {', '.join(_EXAM)} FROM exams WHERE run_id = ?", [run_id])
    return [dict(zip(_EXAM, row, strict=True)) for row in rows]


def _frame(rows: list[dict[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: _TYPES[kind] for name, kind in columns.items()})
