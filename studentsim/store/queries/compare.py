"""Queries of several runs side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd

from studentsim.store.database import Database


def fetch_exams_of_runs(db: Database, run_ids: Sequence[str]) -> pd.DataFrame:
    """``run_id, turn, correct, questions, accuracy, ci_low, ci_high, unanswered, p_correct`` of every exam, by run and turn."""
    return db.query_frame(
        "SELECT run_id, turn, correct, questions, correct / questions AS accuracy, ci_low, ci_high, unanswered, p_correct FROM exams "
        f"WHERE run_id IN ({_placeholders(run_ids)}) ORDER BY run_id, turn",
        list(run_ids),
    )


def fetch_practice_of_runs(db: Database, run_ids: Sequence[str]) -> pd.DataFrame:
    """``run_id, turn, correct, questions, accuracy`` of the practice of every complete turn, by run and turn."""
    return db.query_frame(
        "SELECT run_id, turn, correct, questions, correct / questions AS accuracy FROM turns "
        f"WHERE run_id IN ({_placeholders(run_ids)}) AND finished AND questions > 0 ORDER BY run_id, turn",
        list(run_ids),
    )


def fetch_exam_categories(db: Database, run_ids: Sequence[str], turn: int) -> pd.DataFrame:
    """``run_id, category, correct, questions`` of the exam after ``turn``; categories in the bank's order."""
    rows = db.query_rows(
        f"SELECT run_id, wrong_by_category, questions_by_category FROM exams WHERE run_id IN ({_placeholders(run_ids)}) AND turn = ? "
        "ORDER BY run_id",
        [*run_ids, turn],
    )
    category_rows = [
        (run_id, category, count - json.loads(wrong).get(category, 0), count)
        for run_id, wrong, questions in rows
        for category, count in json.loads(questions).items()
        if count
    ]
    return pd.DataFrame(category_rows, columns=["run_id", "category", "correct", "questions"])


def fetch_exam_correctness(db: Database, run_ids: Sequence[str], turn: int) -> pd.DataFrame:
    """``run_id, question_id, is_correct`` of the exam after ``turn``, first attempts only, by run and question."""
    return db.query_frame(
        f"SELECT run_id, question_id, is_correct FROM answers WHERE run_id IN ({_placeholders(run_ids)}) AND turn = ? AND phase = 'exam' "
        "AND attempt = 1 ORDER BY run_id, question_id",
        [*run_ids, turn],
    )


def fetch_chance_accuracy(db: Database, run_ids: Sequence[str]) -> dict[str, float]:
    """The accuracy of guessing (0 to 1) by run: the mean of 1 / number of options over its first exam's questions.

    Runs whose first exam has not begun are left out.
    """
    rows = db.query_rows(
        f"SELECT run_id, options, count(*) FROM answers WHERE run_id IN ({_placeholders(run_ids)}) AND turn = 0 AND phase = 'exam' "
        "AND attempt = 1 GROUP BY run_id, options",
        list(run_ids),
    )
    sums: dict[str, tuple[float, int]] = {}
    for run_id, options, count in rows:
        total, questions = sums.get(run_id, (0.0, 0))
        sums[run_id] = total + count / len(json.loads(options)), questions + count
    return {run_id: total / questions for run_id, (total, questions) in sums.items()}


def _placeholders(values: Sequence[str]) -> str:
    """As many question marks as values: with ``IN (?, ?)`` DuckDB skips the blocks of other runs."""
    return ", ".join("?" * len(values)) or "NULL"
