"""The times of a run's events, for a replay."""

from __future__ import annotations

import pandas as pd

from studentsim.store.database import Database

EXAM_RESULT_STAGE, TURN_FINISHED_STAGE = "exam result", "lesson over"
"""Stages of ``fetch_event_times`` that are outcomes rather than work."""


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
