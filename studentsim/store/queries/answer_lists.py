"""What Answers asks the database: counts for its filters, the list of a view, one card, a question's history, rows to take away.

A ``Filter`` says which answers of a run are meant. Whatever a link or a person typed into it reaches SQL as a parameter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from studentsim.store.database import Database

NO_SLIP = "unknown"
"""Stands among the slips for wrong answers behind which no slip is known."""

_MARKED = {
    "right": '"right"', "wrong": 'NOT "right"', "ticked": 'NOT "right" AND letter IS NOT NULL', "unanswered": "letter IS NULL",
}  # fmt: skip
MARKS = tuple(_MARKED)
"""``wrong`` are all that are not right: ``ticked``, with a wrong option ticked, and ``unanswered``, with none."""

LISTED = 200_000
"""Rows of a list at most; the rest is reached by narrowing the filter, or by taking the whole away."""

VALUE_DIFFERS = "letter IS NOT NULL AND value_letter IS NOT NULL AND value_letter <> letter"
"""The condition that the value written beside an answer's letter is another option's."""

PROBLEM = 120
"""Characters of a question that a list shows."""

_MARK = "CASE WHEN \"right\" THEN 'right' WHEN letter IS NULL THEN 'unanswered' ELSE 'wrong' END"
_TAKEN = (
    'seq, turn, "at", phase, question_id, category, skill, difficulty, problem, options, correct, "text", letter, "value", '
    '"right", misconception, logprob, milliseconds, p_right, attempt, marked_by, said_right, marker_right, feedback, '
    "feedback_level, doubted, topic, ended, value_letter"
)


@dataclass(frozen=True)
class Filter:
    """Which answers of a run: empty fields ask for nothing. ``turn`` is the lesson (0: before any), ``search`` a text that the
    question or the working holds, upper or lower case, ``mark`` one of ``MARKS`` or several with commas between, ``value_differs`` that
    the value written beside the letter is another option's.
    """

    phase: str = ""
    turn: int | None = None
    category: str = ""
    skill: str = ""
    slip: str = ""
    mark: str = ""
    search: str = ""
    question_id: str = ""
    value_differs: bool = False

    def where(self, run_id: str) -> tuple[str, list[Any]]:
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
        if self.slip == NO_SLIP:
            parts.append('misconception IS NULL AND NOT "right"')
        elif self.slip:
            parts.append("misconception = ?")
            values.append(self.slip)
        if marks := [_MARKED[mark] for mark in self.mark.split(",") if mark in _MARKED]:
            parts.append(f"({' OR '.join(marks)})")
        if self.value_differs:
            parts.append(VALUE_DIFFERS)
        if self.search:
            parts.append('(contains(lower(problem), lower(?)) OR contains(lower("text"), lower(?)))')
            values += [self.search, self.search]
        return " AND ".join(parts), values


def answer_tally(db: Database, run_id: str, *, search: str = "", question_id: str = "") -> pd.DataFrame:
    """``turn, phase, category, skill, misconception, mark, value_differs, answers``: how many there are of each kind. ``mark``
    is ``right``, ``unanswered`` or, a wrong option ticked, ``wrong``. All counts of a view but the text's come from this one frame.
    """
    where, values = Filter(search=search, question_id=question_id).where(run_id)
    return db.frame(
        f"SELECT turn, phase, category, skill, misconception, {_MARK} AS mark, "
        f"coalesce({VALUE_DIFFERS}, false) AS value_differs, count(*) AS answers FROM answers WHERE {where} "
        "GROUP BY ALL ORDER BY turn, phase, category, skill",
        values,
    )


def answer_list(db: Database, run_id: str, chosen: Filter, *, limit: int = LISTED) -> pa.Table:
    """The view's answers in the order they were given, in few and short columns: ``seq, turn, phase, category, skill, mark,
    problem`` (its first ``PROBLEM`` characters)``, value, misconception``.
    """
    where, values = chosen.where(run_id)
    select = (
        f"SELECT seq, turn, phase, category, skill, {_MARK} AS mark, substr(problem, 1, {PROBLEM}) AS problem, "
        f'substr("value", 1, 40) AS "value", misconception FROM answers WHERE {where}'
    )
    # A run's answers lie in the order in which they were taken in, which is that of their seq; sorting 100,000 rows with
    # their texts takes five times as long as reading them.
    rows = db.arrow(f"{select} LIMIT ?", [*values, limit])
    if np.all(np.diff(rows["seq"].to_numpy()) > 0):
        return rows
    return db.arrow(f"{select} ORDER BY seq LIMIT ?", [*values, limit])


def answer_cards(db: Database, run_id: str, seqs: Sequence[int]) -> list[dict[str, Any]]:
    """These answers whole, by seq, as ``answers`` has them (None where nothing stands); those that are not there are left out."""
    return db.arrow(
        f"SELECT {_TAKEN} FROM answers WHERE run_id = ? AND list_contains(?, seq) ORDER BY seq", [run_id, list(seqs)]
    ).to_pylist()


def question_history(db: Database, run_id: str, question_id: str) -> pd.DataFrame:
    """``seq, turn, phase, mark, letter, misconception, attempt``: each answer of a run to one question, in order."""
    return db.frame(
        f"SELECT seq, turn, phase, {_MARK} AS mark, letter, misconception, attempt FROM answers "
        "WHERE run_id = ? AND question_id = ? ORDER BY seq",
        [run_id, question_id],
    )


def question_runs(db: Database, question_id: str) -> pd.DataFrame:
    """``run_id, config`` (JSON text)``, started, answers, correct, last_right, last_phase, last_turn``: how one question went in
    every run that asked it, the newest run first.
    """
    return db.frame(
        "SELECT a.run_id, any_value(r.started) AS started, any_value(r.config) AS config, count(*) AS answers, "
        'count(*) FILTER (a."right") AS correct, arg_max(a."right", a.seq) AS last_right, '
        "arg_max(a.phase, a.seq) AS last_phase, arg_max(a.turn, a.seq) AS last_turn "
        "FROM answers a JOIN runs r ON r.run_id = a.run_id WHERE a.question_id = ? GROUP BY a.run_id ORDER BY started DESC, a.run_id",
        [question_id],
    )


def answer_batches(db: Database, run_id: str, chosen: Filter, *, limit: int, size: int = 20_000) -> Iterator[pa.Table]:
    """The view's answers whole, piece by piece, ``limit`` in all: the columns of ``answers``.

    Each piece is a query of its own that goes on after the last seq, so that a slow reader holds no cursor open.
    """
    where, values = chosen.where(run_id)
    last, left = -1, limit
    while left > 0:
        piece = db.arrow(
            f"SELECT {_TAKEN} FROM answers WHERE {where} AND seq > ? ORDER BY seq LIMIT ?",
            [*values, last, min(size, left)],
        )
        if piece.num_rows or last < 0:
            yield piece
        if piece.num_rows < min(size, left):
            return
        last, left = piece["seq"][-1].as_py(), left - piece.num_rows
