"""What Answers asks the database: counts for its filters, the list of a view, one card, a question's history, rows to take away.

A ``AnswerFilter`` says which answers of a run are meant. Whatever a link or a person typed into it reaches SQL as a parameter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from studentsim.store.database import Database

UNKNOWN_MISCONCEPTION = "unknown"
"""Stands among the slips for wrong answers behind which no slip is known."""

_OUTCOME_CONDITIONS = {
    "right": '"right"', "wrong": 'NOT "right"', "ticked": 'NOT "right" AND letter IS NOT NULL', "unanswered": "letter IS NULL",
}  # fmt: skip
ANSWER_OUTCOMES = tuple(_OUTCOME_CONDITIONS)
"""``wrong`` are all that are not right: ``ticked``, with a wrong option ticked, and ``unanswered``, with none."""

MAX_LISTED_ANSWERS = 200_000
"""Rows of a list at most; the rest is reached by narrowing the filter, or by taking the whole away."""

VALUE_DIFFERS_SQL = "letter IS NOT NULL AND value_letter IS NOT NULL AND value_letter <> letter"
"""The condition that the value written beside an answer's letter is another option's."""

PROBLEM_PREVIEW_CHARS = 120
"""Characters of a question that a list shows."""

_OUTCOME_SQL = "CASE WHEN \"right\" THEN 'right' WHEN letter IS NULL THEN 'unanswered' ELSE 'wrong' END"
_ANSWER_COLUMNS = (
    'seq, turn, "at", phase, question_id, category, skill, difficulty, problem, options, correct, "text", letter, "value", '
    '"right", misconception, logprob, milliseconds, p_right, attempt, marked_by, said_right, marker_right, feedback, '
    "feedback_level, doubted, topic, ended, value_letter"
)


@dataclass(frozen=True)
class AnswerFilter:
    """Which answers of a run: empty fields ask for nothing. ``turn`` is the lesson (0: before any), ``search`` a text that the
    question or the working holds, upper or lower case, ``outcome`` one of ``ANSWER_OUTCOMES`` or several with commas between, ``value_differs`` that
    the value written beside the letter is another option's.
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
            parts.append('misconception IS NULL AND NOT "right"')
        elif self.misconception:
            parts.append("misconception = ?")
            values.append(self.misconception)
        if conditions := [_OUTCOME_CONDITIONS[mark] for mark in self.outcome.split(",") if mark in _OUTCOME_CONDITIONS]:
            parts.append(f"({' OR '.join(conditions)})")
        if self.value_differs:
            parts.append(VALUE_DIFFERS_SQL)
        if self.search:
            parts.append('(contains(lower(problem), lower(?)) OR contains(lower("text"), lower(?)))')
            values += [self.search, self.search]
        return " AND ".join(parts), values


def fetch_answer_counts(db: Database, run_id: str, *, search: str = "", question_id: str = "") -> pd.DataFrame:
    """``turn, phase, category, skill, misconception, mark, value_differs, answers``: how many there are of each kind. ``mark``
    is ``right``, ``unanswered`` or, a wrong option ticked, ``wrong``. All counts of a view but the text's come from this one frame.
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
    """The view's answers in the order they were given, in few and short columns: ``seq, turn, phase, category, skill, mark,
    problem`` (its first ``PROBLEM`` characters)``, value, misconception``.
    """
    where, values = answer_filter.where_clause(run_id)
    select = (
        f"SELECT seq, turn, phase, category, skill, {_OUTCOME_SQL} AS mark, substr(problem, 1, {PROBLEM_PREVIEW_CHARS}) AS problem, "
        f'substr("value", 1, 40) AS "value", misconception FROM answers WHERE {where}'
    )
    # A run's answers lie in the order in which they were taken in, which is that of their seq; sorting 100,000 rows with
    # their texts takes five times as long as reading them.
    rows = db.query_arrow(f"{select} LIMIT ?", [*values, limit])
    if np.all(np.diff(rows["seq"].to_numpy()) > 0):
        return rows
    return db.query_arrow(f"{select} ORDER BY seq LIMIT ?", [*values, limit])


def fetch_answers_by_seq(db: Database, run_id: str, seqs: Sequence[int]) -> list[dict[str, Any]]:
    """These answers whole, by seq, as ``answers`` has them (None where nothing stands); those that are not there are left out."""
    return db.query_arrow(
        f"SELECT {_ANSWER_COLUMNS} FROM answers WHERE run_id = ? AND list_contains(?, seq) ORDER BY seq",
        [run_id, list(seqs)],
    ).to_pylist()


def fetch_question_history(db: Database, run_id: str, question_id: str) -> pd.DataFrame:
    """``seq, turn, phase, mark, letter, misconception, attempt``: each answer of a run to one question, in order."""
    return db.query_frame(
        f"SELECT seq, turn, phase, {_OUTCOME_SQL} AS mark, letter, misconception, attempt FROM answers "
        "WHERE run_id = ? AND question_id = ? ORDER BY seq",
        [run_id, question_id],
    )


def fetch_question_runs(db: Database, question_id: str) -> pd.DataFrame:
    """``run_id, config`` (JSON text)``, started, answers, correct, last_right, last_phase, last_turn``: how one question went in
    every run that asked it, the newest run first.
    """
    return db.query_frame(
        "SELECT a.run_id, any_value(r.started) AS started, any_value(r.config) AS config, count(*) AS answers, "
        'count(*) FILTER (a."right") AS correct, arg_max(a."right", a.seq) AS last_right, '
        "arg_max(a.phase, a.seq) AS last_phase, arg_max(a.turn, a.seq) AS last_turn "
        "FROM answers a JOIN runs r ON r.run_id = a.run_id WHERE a.question_id = ? GROUP BY a.run_id ORDER BY started DESC, a.run_id",
        [question_id],
    )


def iter_answer_batches(
    db: Database, run_id: str, answer_filter: AnswerFilter, *, limit: int, batch_size: int = 20_000
) -> Iterator[pa.Table]:
    """The view's answers whole, piece by piece, ``limit`` in all: the columns of ``answers``.

    Each piece is a query of its own that goes on after the last seq, so that a slow reader holds no cursor open.
    """
    where, values = answer_filter.where_clause(run_id)
    last, left = -1, limit
    while left > 0:
        batch = db.query_arrow(
            f"SELECT {_ANSWER_COLUMNS} FROM answers WHERE {where} AND seq > ? ORDER BY seq LIMIT ?",
            [*values, last, min(batch_size, left)],
        )
        if batch.num_rows or last < 0:
            yield batch
        if batch.num_rows < min(batch_size, left):
            return
        last, left = batch["seq"][-1].as_py(), left - batch.num_rows
