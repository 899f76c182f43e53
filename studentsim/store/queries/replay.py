"""When each event of a run came: what a replay goes by."""

from __future__ import annotations

import pandas as pd

from studentsim.store.database import Database

EXAM_RESULT_STAGE, TURN_FINISHED_STAGE = "exam result", "lesson over"
"""Stages of ``fetch_event_times`` that are no work but its outcome."""


def fetch_event_times(db: Database, run_id: str) -> pd.DataFrame:
    """``seq, turn, at, stage`` of every answer, training step and look at held-out pairs, exam result and lesson's end, in their
    order. ``stage`` is an answer's phase, ``training``, ``validation``, or one of the two above.
    """
    return db.query_frame(
        'SELECT seq, turn, "at", phase AS stage FROM answers WHERE run_id = $run '
        "UNION ALL SELECT seq, turn, \"at\", 'training' FROM steps WHERE run_id = $run "
        "UNION ALL SELECT seq, turn, \"at\", 'validation' FROM validations WHERE run_id = $run "
        f"UNION ALL SELECT seq, turn, \"at\", '{EXAM_RESULT_STAGE}' FROM exams WHERE run_id = $run "
        f"UNION ALL SELECT seq, turn, \"at\", '{TURN_FINISHED_STAGE}' FROM turns WHERE run_id = $run AND finished ORDER BY seq",
        {"run": run_id},
    )
