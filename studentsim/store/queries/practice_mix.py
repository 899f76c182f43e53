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
    ids = list(run_ids)
    configs = dict(db.rows("SELECT run_id, config FROM runs WHERE list_contains(?, run_id)", [ids]))
    turns = db.rows("SELECT run_id, turn, mix FROM turns WHERE list_contains(?, run_id) AND turn > 0", [ids])
    lessons: dict[str, list[dict[str, Any]]] = {}
    for run_id, turn, mix in turns:
        lessons.setdefault(run_id, []).append({"turn": turn, "mix": mix})
    sat = _exams(db, ids)
    rows = [
        row
        for run_id in ids
        for row in practice_mix.rows_of(
            run_id, json.loads(configs.get(run_id) or "{}"), lessons.get(run_id, ()), sat.get(run_id, ())
        )
    ]
    return _frame(rows, practice_mix.COLUMNS)


def next_mix_of(db: Database, run_ids: Sequence[str]) -> pd.DataFrame:
    """One row for each run, exam and category, in the order of ``run_ids``: ``practice_mix.EXAM_COLUMNS``."""
    sat = _exams(db, list(run_ids))
    rows = [row for run_id in run_ids for row in practice_mix.exam_rows_of(run_id, sat.get(run_id, ()))]
    return _frame(rows, practice_mix.EXAM_COLUMNS)


def _exams(db: Database, run_ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Each run's exams; asked for at once, since a query costs more than what it reads."""
    found: dict[str, list[dict[str, Any]]] = {}
    columns = ", ".join(_EXAM)
    for run_id, *exam in db.rows(f"SELECT run_id, {columns} FROM exams WHERE list_contains(?, run_id)", [run_ids]):
        found.setdefault(run_id, []).append(dict(zip(_EXAM, exam, strict=True)))
    return found


def _frame(rows: list[dict[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: _TYPES[kind] for name, kind in columns.items()})
