"""Queries of practice by category, and of the exams before it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from studentsim.store import practice_mix
from studentsim.store.database import Database

_PANDAS_DTYPES = {"VARCHAR": "object", "INTEGER": "Int64", "DOUBLE": "Float64", "BOOLEAN": "bool"}
_EXAM_COLUMNS = ("turn", "wrong_by_category", "questions_by_category", "next_mix")


def fetch_practice_mix(db: Database, run_ids: Sequence[str]) -> pd.DataFrame:
    """One row for each run, turn and category, in the order of ``run_ids``: ``practice_mix.PRACTICE_MIX_COLUMNS``.

    Unfinished turns count too; a run without practice has no row.
    """
    ids = list(run_ids)
    configs = dict(db.query_rows("SELECT run_id, config FROM runs WHERE list_contains(?, run_id)", [ids]))
    turns = db.query_rows("SELECT run_id, turn, mix FROM turns WHERE list_contains(?, run_id) AND turn > 0", [ids])
    turns_by_run: dict[str, list[dict[str, Any]]] = {}
    for run_id, turn, mix in turns:
        turns_by_run.setdefault(run_id, []).append({"turn": turn, "mix": mix})
    exams_by_run = _fetch_exams_by_run(db, ids)
    rows = [
        row
        for run_id in ids
        for row in practice_mix.build_practice_mix_rows(
            run_id, json.loads(configs.get(run_id) or "{}"), turns_by_run.get(run_id, ()), exams_by_run.get(run_id, ())
        )
    ]
    return _build_typed_frame(rows, practice_mix.PRACTICE_MIX_COLUMNS)


def fetch_next_mix(db: Database, run_ids: Sequence[str]) -> pd.DataFrame:
    """One row for each run, exam and category, in the order of ``run_ids``: ``practice_mix.EXAM_MIX_COLUMNS``."""
    exams_by_run = _fetch_exams_by_run(db, list(run_ids))
    rows = [row for run_id in run_ids for row in practice_mix.build_exam_mix_rows(run_id, exams_by_run.get(run_id, ()))]
    return _build_typed_frame(rows, practice_mix.EXAM_MIX_COLUMNS)


def _fetch_exams_by_run(db: Database, run_ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Each run's exams, by one query for all: a query costs more than its rows."""
    exams_by_run: dict[str, list[dict[str, Any]]] = {}
    columns = ", ".join(_EXAM_COLUMNS)
    for run_id, *exam in db.query_rows(
        f"SELECT run_id, {columns} FROM exams WHERE list_contains(?, run_id)", [run_ids]
    ):
        exams_by_run.setdefault(run_id, []).append(dict(zip(_EXAM_COLUMNS, exam, strict=True)))
    return exams_by_run


def _build_typed_frame(rows: list[dict[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: _PANDAS_DTYPES[kind] for name, kind in columns.items()})
