"""Queries of one run's exams, turns and training metrics, and of the candidates that strategies scored."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pandas as pd

from studentsim.store.database import Database
from studentsim.store.tables import METRIC_COLUMNS

_METRICS_SQL = ", ".join(METRIC_COLUMNS)


def fetch_exams(db: Database, run_id: str) -> pd.DataFrame:
    """``turn, correct, questions, accuracy, ci_low, ci_high, unanswered, p_correct, seconds, next_mix`` (JSON text), by turn."""
    return db.query_frame(
        "SELECT turn, correct, questions, correct / questions AS accuracy, ci_low, ci_high, unanswered, p_correct, seconds, next_mix "
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
    """One row a turn, finished or not: ``turn, at, finished, question_ids, mix`` (JSON text)``, correct, questions, pairs``,
    the last step's ``loss, rewards_…, logps_…``, and ``seconds_study, …_training, …_validation, …_exam, …_total``.
    """
    return db.query_frame("SELECT * EXCLUDE (run_id) FROM turns WHERE run_id = ? ORDER BY turn", [run_id])


def fetch_training_steps(db: Database, run_id: str) -> pd.DataFrame:
    """One row an optimiser step: ``x, turn, step, steps, loss, rewards_…, logps_…, logits_…, rehearsal``.

    ``rehearsal`` is in squared nats, null where nothing was rehearsed. ``x`` spreads the steps of turn 3 evenly over (2, 3],
    so that they share an axis with the exam at 3.
    """
    return db.query_frame(
        f"SELECT turn - 1 + step / greatest(steps, step, 1) AS x, turn, step, steps, {_METRICS_SQL}, rehearsal "
        "FROM training_steps WHERE run_id = ? ORDER BY seq",
        [run_id],
    )


def fetch_validations(db: Database, run_id: str) -> pd.DataFrame:
    """One row an evaluation on held-out pairs: ``turn, pairs, loss, rewards_…, logps_…, logits_…, option_accuracies,
    option_margins`` (the last two null where options were not scored), in order.
    """
    return db.query_frame(
        f"SELECT turn, pairs, {_METRICS_SQL}, option_accuracies, option_margins FROM validations WHERE run_id = ? ORDER BY seq",
        [run_id],
    )


def fetch_epochs(db: Database, run_id: str) -> pd.DataFrame:
    """One row an epoch: ``turn, epoch, epochs``, and each of ``loss, rewards_…, logps_…, logits_…`` as ``training_…`` (mean of
    the epoch's steps, as is ``training_rehearsal``) and ``validation_…`` (the held-out pairs after it, null where those were
    not evaluated). Empty for runs that did not record epochs.
    """
    return db.query_frame(
        "SELECT * EXCLUDE (run_id, seq, timestamp) FROM epochs WHERE run_id = ? ORDER BY turn, epoch, seq", [run_id]
    )


def fetch_selection_score_summary(db: Database, thresholds: Mapping[str, float]) -> pd.DataFrame:
    """One row for each run and turn with candidates; ``thresholds`` maps each run's id to its threshold (0 to 1).

    ``run_id, turn, measure, looked_at`` (candidates)``, chosen`` (of those)``, passed, chosen_passed`` (how many of either have
    a score below the threshold, the log-probability rule; null where the score is not a confidence)``, share`` (passed of
    candidates, 0 to 1)``, mean`` (score of the candidates)``, mean_chosen``; by run and turn.
    """
    rule = "WHEN measure = 'confidence' THEN count(*) FILTER (figure < threshold"
    return db.query_frame(
        "SELECT run_id, turn, measure, count(*) AS looked_at, count(*) FILTER (chosen) AS chosen, "
        f"CASE {rule}) END AS passed, CASE {rule} AND chosen) END AS chosen_passed, passed / looked_at AS share, "
        "avg(figure) AS mean, avg(figure) FILTER (chosen) AS mean_chosen "
        "FROM lookups JOIN (SELECT unnest(?) AS run_id, unnest(?) AS threshold) USING (run_id) "
        "GROUP BY run_id, turn, measure ORDER BY run_id, turn",
        [list(thresholds), list(thresholds.values())],
    )
