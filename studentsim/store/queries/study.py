"""What the database tells of the recorded study: the runs that came with the product."""

from __future__ import annotations

import pandas as pd

from studentsim.store.database import Database


def recorded_exams(db: Database) -> pd.DataFrame:
    """Every exam of every recorded run that is there: ``run_id, strategy, student, model, turn, correct, questions, accuracy,
    low, high``, by run and turn.
    """
    return db.frame(
        "SELECT r.run_id, r.strategy, r.student, r.model, e.turn, e.correct, e.questions, e.correct / e.questions AS accuracy, "
        "e.low, e.high FROM runs r JOIN exams e ON e.run_id = r.run_id WHERE r.recorded ORDER BY r.run_id, e.turn"
    )
