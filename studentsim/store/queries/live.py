"""What one watched run has that is new: asked for every second, so each question is small."""

from __future__ import annotations

import pandas as pd

from studentsim.store.database import Database
from studentsim.store.queries.answering import latest_answers

NEAR = 400
"""The latest answers are looked for among this many of the latest events first: DuckDB skips the blocks before them."""
_TABLES = ("exams", "turns", "steps", "validations")


def last_seqs(db: Database, run_id: str) -> dict[str, int]:
    """For ``exams``, ``turns``, ``steps`` and ``validations`` the seq of the run's last row there (-1: none).

    While it stays, so does all that the table holds of the run.
    """
    each = " UNION ALL ".join(f"SELECT '{name}', max(seq) FROM {name} WHERE run_id = ?" for name in _TABLES)
    return {name: -1 if seq is None else seq for name, seq in db.rows(each, [run_id] * len(_TABLES))}


def lessons(db: Database, run_id: str) -> pd.DataFrame:
    """One row a finished lesson: ``turn, at, correct, questions`` (of the practice), ``pairs, seconds`` (of all of it)."""
    return db.frame(
        'SELECT turn, "at", correct, questions, pairs, seconds_total AS seconds FROM turns '
        "WHERE run_id = ? AND finished AND turn > 0 ORDER BY turn",
        [run_id],
    )


def answered(db: Database, run_id: str, *, turn: int, phase: str) -> int:
    """How many answers there are of one exam or one lesson's practice."""
    return db.rows("SELECT count(*) FROM answers WHERE run_id = ? AND turn = ? AND phase = ?", [run_id, turn, phase])[
        0
    ][0]


def newest_answers(db: Database, run_id: str, last_seq: int, limit: int) -> pd.DataFrame:
    """The last answers, newest first: the columns of ``answers``. ``last_seq`` is that of the run's last event."""
    near = latest_answers(db, run_id, limit, after=last_seq - NEAR)
    return near if len(near) == limit else latest_answers(db, run_id, limit)
