"""Queries of answers: the latest, pages of them, their number, and their misconceptions."""

from __future__ import annotations

from typing import Any

import pandas as pd

from studentsim.store.database import Database
from studentsim.store.queries.answer_lists import ANSWER_COLUMNS_SQL, AnswerFilter


def fetch_latest_answers(
    db: Database, run_id: str, limit: int = 20, *, after: int = -1, until: int = 2**62
) -> pd.DataFrame:
    """The last ``limit`` answers with ``after`` < seq <= ``until``, newest first, with all columns of ``answers``."""
    return db.query_frame(
        f"SELECT {ANSWER_COLUMNS_SQL} FROM answers WHERE run_id = ? AND seq > ? AND seq <= ? ORDER BY seq DESC LIMIT ?",
        [run_id, after, until, limit],
    )


def fetch_answers(db: Database, run_id: str, *, limit: int = 100, offset: int = 0, **filters: Any) -> pd.DataFrame:
    """A page of answers in the order they were given, with all columns of ``answers``; ``filters``: ``AnswerFilter``'s."""
    where, parameters = AnswerFilter(**filters).where_clause(run_id)
    return db.query_frame(
        f"SELECT {ANSWER_COLUMNS_SQL} FROM answers WHERE {where} ORDER BY seq LIMIT ? OFFSET ?",
        [*parameters, limit, offset],
    )


def count_answers(db: Database, run_id: str, **filters: Any) -> int:
    """The number of answers that fulfil these filters."""
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
