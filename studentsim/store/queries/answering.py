"""What the database tells of answers: pages of them, and counts by lesson, category and slip."""

from __future__ import annotations

from typing import Any

import pandas as pd

from studentsim.store.database import Database

_ANSWER_COLUMNS = (
    'seq, turn, "at", phase, question_id, category, skill, difficulty, problem, options, correct, "text", letter, "value", '
    '"right", misconception, logprob, milliseconds, p_right, attempt, marked_by, said_right, marker_right, feedback, '
    "feedback_level, doubted, topic, ended, value_letter"
)


def fetch_latest_answers(
    db: Database, run_id: str, limit: int = 20, *, after: int = -1, until: int = 2**62
) -> pd.DataFrame:
    """The last answers with a seq above ``after`` and at most ``until``, newest first: the columns of ``fetch_answers``."""
    return db.query_frame(
        f"SELECT {_ANSWER_COLUMNS} FROM answers WHERE run_id = ? AND seq > ? AND seq <= ? ORDER BY seq DESC LIMIT ?",
        [run_id, after, until, limit],
    )


def fetch_answers(db: Database, run_id: str, *, limit: int = 100, offset: int = 0, **filters: Any) -> pd.DataFrame:
    """A page of answers in the order they were given: ``seq, turn, at, phase, question_id, category, skill, difficulty,
    problem, options`` (JSON text)``, correct, text, letter, value, right, misconception, logprob, milliseconds, p_right,
    attempt, marked_by, said_right, marker_right, feedback, feedback_level, doubted, topic, ended, value_letter``.
    Filters: ``phase, turn, category, skill,
    misconception, right, question_id``, and ``search`` (text found in the problem or the working, upper or lower case).
    """
    where, parameters = _build_where_clause(run_id, filters)
    return db.query_frame(
        f"SELECT {_ANSWER_COLUMNS} FROM answers WHERE {where} ORDER BY seq LIMIT ? OFFSET ?",
        [*parameters, limit, offset],
    )


def count_answers(db: Database, run_id: str, **filters: Any) -> int:
    """How many answers ``fetch_answers`` would give in all, with the same filters."""
    where, parameters = _build_where_clause(run_id, filters)
    return db.query_rows(f"SELECT count(*) FROM answers WHERE {where}", parameters)[0][0]


def fetch_counts_by_turn(db: Database, run_id: str) -> pd.DataFrame:
    """``turn, study_answered, study_correct, exam_answered, exam_correct``; first attempts only, half-done turns too."""
    return db.query_frame(
        "SELECT turn, count(*) FILTER (phase = 'study') AS study_answered, "
        "count(*) FILTER (phase = 'study' AND \"right\") AS study_correct, "
        "count(*) FILTER (phase = 'exam') AS exam_answered, count(*) FILTER (phase = 'exam' AND \"right\") AS exam_correct "
        "FROM answers WHERE run_id = ? AND attempt = 1 GROUP BY turn ORDER BY turn",
        [run_id],
    )


def fetch_category_accuracy(db: Database, run_id: str) -> pd.DataFrame:
    """``turn, phase, category, correct, questions``; first attempts only; categories by name."""
    return db.query_frame(
        'SELECT turn, phase, category, count(*) FILTER ("right") AS correct, count(*) AS questions FROM answers '
        "WHERE run_id = ? AND attempt = 1 GROUP BY turn, phase, category ORDER BY turn, phase, category",
        [run_id],
    )


def fetch_misconceptions(db: Database, run_id: str) -> pd.DataFrame:
    """``turn, phase, category, skill, misconception, wrong``: how often each slip was behind a wrong answer."""
    return db.query_frame(
        "SELECT turn, phase, category, skill, misconception, count(*) AS wrong FROM answers "
        'WHERE run_id = ? AND NOT "right" AND misconception IS NOT NULL AND attempt = 1 '
        "GROUP BY ALL ORDER BY turn, phase, wrong DESC, misconception",
        [run_id],
    )


_FILTER_COLUMNS = ("phase", "turn", "category", "skill", "misconception", "right", "question_id")


def _build_where_clause(run_id: str, filters: dict[str, Any]) -> tuple[str, list[Any]]:
    """A condition and its parameters. Columns come from ``_FILTER_COLUMNS`` alone; what a user typed is a parameter."""
    parts, parameters = ["run_id = ?"], [run_id]
    search = filters.pop("search", None)
    for name, value in filters.items():
        if name not in _FILTER_COLUMNS:
            raise TypeError(f"answers cannot be filtered by {name!r}")
        if value is not None:
            parts.append(f'"{name}" = ?')
            parameters.append(value)
    if search:
        parts.append('(contains(lower(problem), lower(?)) OR contains(lower("text"), lower(?)))')
        parameters += [search, search]
    return " AND ".join(parts), parameters
