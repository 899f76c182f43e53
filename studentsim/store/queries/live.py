"""What one watched run has that is new: asked for every second, so each question is small."""

from __future__ import annotations

import pandas as pd

from studentsim.store.database import Database
from studentsim.store.queries.answering import fetch_latest_answers

RECENT_EVENT_WINDOW = 400
"""The latest answers are looked for among this many of the latest events first: DuckDB skips the blocks before them."""
_TABLES = ("exams", "turns", "steps", "validations")


def fetch_last_seqs(db: Database, run_id: str) -> dict[str, int]:
    """For ``exams``, ``turns``, ``steps`` and ``validations`` the seq of the run's last row there (-1: none).

    While it stays, so does all that the table holds of the run.
    """
    each = " UNION ALL ".join(f"SELECT '{name}', max(seq) FROM {name} WHERE run_id = ?" for name in _TABLES)
    return {name: -1 if seq is None else seq for name, seq in db.query_rows(each, [run_id] * len(_TABLES))}


def fetch_finished_turns(db: Database, run_id: str) -> pd.DataFrame:
    """One row a finished lesson: ``turn, at, correct, questions`` (of the practice), ``pairs, seconds`` (of all of it)."""
    return db.query_frame(
        'SELECT turn, "at", correct, questions, pairs, seconds_total AS seconds FROM turns '
        "WHERE run_id = ? AND finished AND turn > 0 ORDER BY turn",
        [run_id],
    )


def count_phase_answers(db: Database, run_id: str, *, turn: int, phase: str) -> int:
    """How many answers there are of one exam or one lesson's practice."""
    return db.query_rows(
        "SELECT count(*) FROM answers WHERE run_id = ? AND turn = ? AND phase = ?", [run_id, turn, phase]
    )[0][0]


def fetch_newest_answers(db: Database, run_id: str, last_seq: int, limit: int) -> pd.DataFrame:
    """The last answers, newest first: the columns of ``answers``. ``last_seq`` is that of the run's last event."""
    recent = fetch_latest_answers(db, run_id, limit, after=last_seq - RECENT_EVENT_WINDOW)
    return recent if len(recent) == limit else fetch_latest_answers(db, run_id, limit)
