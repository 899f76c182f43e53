"""Queries that only tests ask: answers by their filter, misconceptions, candidates, the last seq."""

from __future__ import annotations

from typing import Any

import pandas as pd

from studentsim.store.database import Database
from studentsim.store.queries.answer_lists import ANSWER_COLUMNS_SQL, AnswerFilter


def fetch_answers(db: Database, run_id: str, *, limit: int = 100, offset: int = 0, **filters: Any) -> pd.DataFrame:
    """A page of answers in the order they were given; ``filters``: ``AnswerFilter``'s."""
    where, parameters = AnswerFilter(**filters).where_clause(run_id)
    return db.query_frame(
        f"SELECT {ANSWER_COLUMNS_SQL} FROM answers WHERE {where} ORDER BY seq LIMIT ? OFFSET ?",
        [*parameters, limit, offset],
    )


def count_answers(db: Database, run_id: str, **filters: Any) -> int:
    where, parameters = AnswerFilter(**filters).where_clause(run_id)
    return db.query_rows(f"SELECT count(*) FROM answers WHERE {where}", parameters)[0][0]


def fetch_misconceptions(db: Database, run_id: str) -> pd.DataFrame:
    """``turn, phase, category, skill, misconception, wrong``: wrong first attempts by their misconception."""
    return db.query_frame(
        "SELECT turn, phase, category, skill, misconception, count(*) AS wrong FROM answers "
        "WHERE run_id = ? AND NOT is_correct AND misconception IS NOT NULL AND attempt = 1 "
        "GROUP BY ALL ORDER BY turn, phase, wrong DESC, misconception",
        [run_id],
    )


def fetch_selection_scores(db: Database, run_id: str) -> pd.DataFrame:
    """One row a candidate: ``turn, question_id, measure, figure, chosen``, by turn, the least figure first."""
    return db.query_frame(
        "SELECT turn, question_id, measure, figure, chosen FROM lookups WHERE run_id = ? ORDER BY turn, figure, question_id",
        [run_id],
    )


def fetch_last_seq(db: Database, run_id: str) -> int:
    """The seq of the last ingested event; -1: none, or no such run."""
    rows = db.query_rows("SELECT last_seq FROM runs WHERE run_id = ?", [run_id])
    return rows[0][0] if rows else -1
