"""Queries of what is new in a watched run, asked every second, so that each is small; and of a run's times, for a replay."""

from __future__ import annotations

import pandas as pd

from studentsim.store.database import Database
from studentsim.store.queries.answer_lists import ANSWER_COLUMNS_SQL

RECENT_EVENT_WINDOW = 400
"""The latest answers are searched among this many latest events first: DuckDB skips the blocks before these."""
EXAM_RESULT_STAGE, TURN_FINISHED_STAGE = "exam result", "lesson over"
"""Stages of ``fetch_event_times`` that are outcomes rather than work."""
_TABLES = ("exams", "turns", "training_steps", "validations")


def fetch_last_seqs(db: Database, run_id: str) -> dict[str, int]:
    """For ``exams``, ``turns``, ``steps`` and ``validations`` the seq of the run's last row (-1: none).

    While a seq is unchanged, so are the table's rows of the run.
    """
    sql = " UNION ALL ".join(f"SELECT '{name}', max(seq) FROM {name} WHERE run_id = ?" for name in _TABLES)
    return {name: -1 if seq is None else seq for name, seq in db.query_rows(sql, [run_id] * len(_TABLES))}


def fetch_finished_turns(db: Database, run_id: str) -> pd.DataFrame:
    """One row a finished turn: ``turn, at, correct, questions`` (of the practice)``, pairs, seconds`` (of the whole turn)."""
    return db.query_frame(
        "SELECT turn, timestamp, correct, questions, pairs, seconds_total AS seconds FROM turns "
        "WHERE run_id = ? AND finished AND turn > 0 ORDER BY turn",
        [run_id],
    )


def count_phase_answers(db: Database, run_id: str, *, turn: int, phase: str) -> int:
    """The number of answers of one exam or one turn's practice."""
    return db.query_rows(
        "SELECT count(*) FROM answers WHERE run_id = ? AND turn = ? AND phase = ?", [run_id, turn, phase]
    )[0][0]


def fetch_latest_answers(db: Database, run_id: str, limit: int = 20, *, after: int = -1) -> pd.DataFrame:
    """The last ``limit`` answers with ``after`` < seq, newest first, with all columns of ``answers``."""
    return db.query_frame(
        f"SELECT {ANSWER_COLUMNS_SQL} FROM answers WHERE run_id = ? AND seq > ? ORDER BY seq DESC LIMIT ?",
        [run_id, after, limit],
    )


def fetch_newest_answers(db: Database, run_id: str, last_seq: int, limit: int) -> pd.DataFrame:
    """The last ``limit`` answers, newest first, as ``fetch_latest_answers``. ``last_seq`` is that of the run's last event."""
    recent = fetch_latest_answers(db, run_id, limit, after=last_seq - RECENT_EVENT_WINDOW)
    return recent if len(recent) == limit else fetch_latest_answers(db, run_id, limit)


def fetch_event_times(db: Database, run_id: str) -> pd.DataFrame:
    """``seq, turn, at, stage`` of every answer, training step, validation, exam result and end of a turn, in order.

    ``stage`` is an answer's phase, ``training``, ``validation``, ``EXAM_RESULT_STAGE`` or ``TURN_FINISHED_STAGE``.
    """
    return db.query_frame(
        "SELECT seq, turn, timestamp, phase AS stage FROM answers WHERE run_id = $run "
        "UNION ALL SELECT seq, turn, timestamp, 'training' FROM training_steps WHERE run_id = $run "
        "UNION ALL SELECT seq, turn, timestamp, 'validation' FROM validations WHERE run_id = $run "
        f"UNION ALL SELECT seq, turn, timestamp, '{EXAM_RESULT_STAGE}' FROM exams WHERE run_id = $run "
        f"UNION ALL SELECT seq, turn, timestamp, '{TURN_FINISHED_STAGE}' FROM turns WHERE run_id = $run AND finished ORDER BY seq",
        {"run": run_id},
    )
