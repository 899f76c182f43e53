"""What the database tells of exams, lessons and training steps."""

from __future__ import annotations

import json

import pandas as pd

from studentsim.store.database import Database

_METRIC_COLUMNS = (
    "loss, rewards_chosen, rewards_rejected, rewards_accuracies, rewards_margins, logps_chosen, logps_rejected, "
    "logits_chosen, logits_rejected"
)


def fetch_exams(db: Database, run_id: str) -> pd.DataFrame:
    """``turn, correct, questions, accuracy, low, high, unanswered, p_right, seconds, next_mix`` (JSON text), by turn."""
    return db.query_frame(
        "SELECT turn, correct, questions, correct / questions AS accuracy, low, high, unanswered, p_right, seconds, next_mix "
        "FROM exams WHERE run_id = ? ORDER BY turn",
        [run_id],
    )


def fetch_wrong_by_category(db: Database, run_id: str) -> pd.DataFrame:
    """``turn, category, wrong, questions`` of every exam; categories in the bank's order."""
    rows = db.query_rows(
        "SELECT turn, wrong_by_category, questions_by_category FROM exams WHERE run_id = ? ORDER BY turn", [run_id]
    )
    category_rows = [
        (turn, category, json.loads(wrong).get(category, 0), count)
        for turn, wrong, questions in rows
        for category, count in json.loads(questions).items()
    ]
    return pd.DataFrame(category_rows, columns=["turn", "category", "wrong", "questions"])


def fetch_turns(db: Database, run_id: str) -> pd.DataFrame:
    """One row a turn begun: ``turn, at, finished, question_ids, mix`` (JSON text), ``correct, questions, pairs``, the last
    step's ``loss, rewards_…, logps_…``, and ``seconds_study, …_training, …_validation, …_exam, …_total``.
    """
    return db.query_frame("SELECT * EXCLUDE (run_id) FROM turns WHERE run_id = ? ORDER BY turn", [run_id])


def fetch_training_steps(db: Database, run_id: str) -> pd.DataFrame:
    """One row an optimiser step: ``x, turn, step, fetch_training_steps``, ``loss, rewards_…, logps_…, logits_…, rehearsal`` (squared nats; null
    where nothing was rehearsed). ``x`` runs through the turns: the
    steps of turn 3 lie evenly on (2, 3], so that they share an axis with the exam at 3.
    """
    return db.query_frame(
        f"SELECT turn - 1 + step / greatest(steps, step, 1) AS x, turn, step, steps, {_METRIC_COLUMNS}, rehearsal "
        "FROM steps WHERE run_id = ? ORDER BY seq",
        [run_id],
    )


def fetch_validations(db: Database, run_id: str) -> pd.DataFrame:
    """One row a pass over held-out pairs: ``turn, pairs, loss, rewards_…, logps_…, logits_…, option_accuracies, option_margins``
    (the latter two null where options were not looked at), by turn."""
    return db.query_frame(
        f"SELECT turn, pairs, {_METRIC_COLUMNS}, option_accuracies, option_margins FROM validations WHERE run_id = ? ORDER BY seq",
        [run_id],
    )


def fetch_epochs(db: Database, run_id: str) -> pd.DataFrame:
    """One row an epoch: ``turn, epoch, fetch_epochs``, and each of ``loss, rewards_…, logps_…, logits_…`` as ``training_…`` (the mean
    of the epoch's steps, as is ``training_rehearsal``) and ``validation_…`` (the held-out pairs after it; null where nobody looked).
    Empty for runs of before this was recorded.
    """
    return db.query_frame(
        'SELECT * EXCLUDE (run_id, seq, "at") FROM epochs WHERE run_id = ? ORDER BY turn, epoch, seq', [run_id]
    )
