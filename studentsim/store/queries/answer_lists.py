"""Queries of the page Answers: counts for its filters, the filtered list, whole answers, a question's history, the download.

An ``AnswerFilter`` selects answers of a run. Whatever a link or a person typed into it reaches SQL as a parameter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from studentsim.store.database import Database
from studentsim.store.tables import TABLE_COLUMNS

UNKNOWN_MISCONCEPTION = "unknown"
"""Stands among the misconceptions for wrong answers without a known one."""

_OUTCOME_CONDITIONS = {
    "right": "is_correct",
    "wrong": "NOT is_correct",
    "ticked": "NOT is_correct AND letter IS NOT NULL",
    "unanswered": "letter IS NULL",
}
ANSWER_OUTCOMES = tuple(_OUTCOME_CONDITIONS)
"""``wrong``: all that are not right, which are ``ticked`` (a wrong option was chosen) or ``unanswered`` (none was)."""

MAX_LISTED_ANSWERS = 200_000
"""Most rows of a list; the rest is reached by a narrower filter, or by the download."""

VALUE_DIFFERS_SQL = "letter IS NOT NULL AND value_letter IS NOT NULL AND value_letter <> letter"
"""SQL condition: the value written beside an answer's letter is another option's."""

PROBLEM_PREVIEW_CHARS = 120
"""Characters of a question that a list shows."""

_OUTCOME_SQL = "CASE WHEN is_correct THEN 'right' WHEN letter IS NULL THEN 'unanswered' ELSE 'wrong' END"
ANSWER_COLUMNS_SQL = ", ".join(f'"{name}"' for name in TABLE_COLUMNS["answers"] if name != "run_id")
"""All columns of ``answers`` but the run's id, in the order of the table."""


@dataclass(frozen=True)
class AnswerFilter:
    """Which answers of a run; empty fields select all.

    ``turn`` 0 is before any practice. ``search`` is a text found in the question or the working, ignoring case. ``outcome`` is
    one of ``ANSWER_OUTCOMES``, or several separated by commas. ``value_differs`` selects answers that fulfil
    ``VALUE_DIFFERS_SQL``.
    """

    phase: str = ""
    turn: int | None = None
    category: str = ""
    skill: str = ""
    misconception: str = ""
    outcome: str = ""
    search: str = ""
    question_id: str = ""
    value_differs: bool = False

    def where_clause(self, run_id: str) -> tuple[str, list[Any]]:
        """The condition of a SELECT on ``answers``, and its parameters."""
        parts, values = ["run_id = ?"], [run_id]
        columns = {"phase": self.phase, "category": self.category, "skill": self.skill, "question_id": self.question_id}
        for column, value in columns.items():
            if value:
                parts.append(f"{column} = ?")
                values.append(value)
        if self.turn is not None:
            parts.append("turn = ?")
            values.append(self.turn)
        if self.misconception == UNKNOWN_MISCONCEPTION:
            parts.append("misconception IS NULL AND NOT is_correct")
        elif self.misconception:
            parts.append("misconception = ?")
            values.append(self.misconception)
        if conditions := [_OUTCOME_CONDITIONS[o] for o in self.outcome.split(",") if o in _OUTCOME_CONDITIONS]:
            parts.append(f"({' OR '.join(conditions)})")
        if self.value_differs:
            parts.append(VALUE_DIFFERS_SQL)
        if self.search:
            parts.append('(contains(lower(problem), lower(?)) OR contains(lower("text"), lower(?)))')
            values += [self.search, self.search]
        return " AND ".join(parts), values


def fetch_answer_counts(db: Database, run_id: str, *, search: str = "", question_id: str = "") -> pd.DataFrame:
    """``turn, phase, category, skill, misconception, mark, value_differs, answers``: the number of answers of each kind.

    ``mark`` is ``right``, ``unanswered`` or ``wrong`` (a wrong option was chosen). All counts of the page's filters but the
    search's come from this frame.
    """
    where, values = AnswerFilter(search=search, question_id=question_id).where_clause(run_id)
    return db.query_frame(
        f"SELECT turn, phase, category, skill, misconception, {_OUTCOME_SQL} AS mark, "
        f"coalesce({VALUE_DIFFERS_SQL}, false) AS value_differs, count(*) AS answers FROM answers WHERE {where} "
        "GROUP BY ALL ORDER BY turn, phase, category, skill",
        values,
    )


def fetch_answer_list(
    db: Database, run_id: str, answer_filter: AnswerFilter, *, limit: int = MAX_LISTED_ANSWERS
) -> pa.Table:
    """The filtered answers in the order they were given: ``seq, turn, phase, category, skill, mark, problem, value,
    misconception``; ``problem`` is cut to ``PROBLEM_PREVIEW_CHARS`` characters, ``value`` to 40.
    """
    where, values = answer_filter.where_clause(run_id)
    select = (
        f"SELECT seq, turn, phase, category, skill, {_OUTCOME_SQL} AS mark, substr(problem, 1, {PROBLEM_PREVIEW_CHARS}) AS problem, "
        f'substr("value", 1, 40) AS "value", misconception FROM answers WHERE {where}'
    )
    # A run's answers are stored in the order of ingest, which is that of their seq; sorting 100,000 rows with their texts
    # takes five times as long as reading them.
    rows = db.query_arrow(f"{select} LIMIT ?", [*values, limit])
    if np.all(np.diff(rows["seq"].to_numpy()) > 0):
        return rows
    return db.query_arrow(f"{select} ORDER BY seq LIMIT ?", [*values, limit])


def fetch_answers_by_seq(db: Database, run_id: str, seqs: Sequence[int]) -> list[dict[str, Any]]:
    """These answers with all columns of ``answers``, by seq; seqs that do not exist are left out."""
    return db.query_arrow(
        f"SELECT {ANSWER_COLUMNS_SQL} FROM answers WHERE run_id = ? AND list_contains(?, seq) ORDER BY seq",
        [run_id, list(seqs)],
    ).to_pylist()


def fetch_question_history(db: Database, run_id: str, question_id: str) -> pd.DataFrame:
    """``seq, turn, phase, mark, letter, misconception, attempt`` of a run's answers to one question, in order."""
    return db.query_frame(
        f"SELECT seq, turn, phase, {_OUTCOME_SQL} AS mark, letter, misconception, attempt FROM answers "
        "WHERE run_id = ? AND question_id = ? ORDER BY seq",
        [run_id, question_id],
    )


def fetch_question_runs(db: Database, question_id: str) -> pd.DataFrame:
    """``run_id, config`` (JSON text)``, started, answers, correct, last_right, last_phase, last_turn``: the results of one
    question in every run that asked it, the newest run first.
    """
    return db.query_frame(
        "SELECT a.run_id, any_value(r.started) AS started, any_value(r.config) AS config, count(*) AS answers, "
        "count(*) FILTER (a.is_correct) AS correct, arg_max(a.is_correct, a.seq) AS last_right, "
        "arg_max(a.phase, a.seq) AS last_phase, arg_max(a.turn, a.seq) AS last_turn "
        "FROM answers a JOIN runs r ON r.run_id = a.run_id WHERE a.question_id = ? GROUP BY a.run_id ORDER BY started DESC, a.run_id",
        [question_id],
    )


def iter_answer_batches(
    db: Database, run_id: str, answer_filter: AnswerFilter, *, limit: int, batch_size: int = 20_000
) -> Iterator[pa.Table]:
    """The filtered answers with all columns of ``answers``, in batches of ``batch_size``, ``limit`` in all.

    Each batch is its own query, continuing after the last seq, so that a slow reader holds no cursor open.
    """
    where, values = answer_filter.where_clause(run_id)
    last_seq, remaining = -1, limit
    while remaining > 0:
        batch = db.query_arrow(
            f"SELECT {ANSWER_COLUMNS_SQL} FROM answers WHERE {where} AND seq > ? ORDER BY seq LIMIT ?",
            [*values, last_seq, min(batch_size, remaining)],
        )
        if batch.num_rows or last_seq < 0:
            yield batch
        if batch.num_rows < min(batch_size, remaining):
            return
        last_seq, remaining = batch["seq"][-1].as_py(), remaining - batch.num_rows
