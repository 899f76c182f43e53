"""Every SELECT of the product. Each function names the columns of the frame it returns; none of them writes.

Times are seconds since 1970, accuracies and intervals fractions from 0 to 1. Void events (see ``journal.standing``) are
not there. A run's ``status`` is what its journal says last: whether a ``running`` one is alive, runs/ knows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from studentsim.errors import UnknownRun
from studentsim.store.database import Database

_RUN = (
    "run_id, name, title, strategy, student, model, bank, seed, exam_seed, config, versions, parent, turns_planned, "
    "status, stage, stage_items, turn, started, updated, seconds, error, message, remedy, last_seq"
)
_METRICS = "loss, rewards_chosen, rewards_rejected, rewards_accuracies, rewards_margins, logps_chosen, logps_rejected"
_ANSWER = (
    'seq, turn, "at", phase, question_id, category, skill, difficulty, problem, options, correct, "text", letter, "value", '
    '"right", misconception, logprob, milliseconds, p_right, attempt, marked_by'
)


@dataclass(frozen=True)
class RunRow:
    """One run as far as its journal tells. ``turn`` is the last complete turn (-1: none), ``seconds`` time at work."""

    run_id: str
    name: str
    title: str
    strategy: str
    student: str
    model: str
    bank: str
    seed: int
    exam_seed: int
    config: dict[str, Any]
    versions: dict[str, str]
    parent: str | None
    turns_planned: int
    status: str
    stage: str
    stage_items: int
    turn: int
    started: float
    updated: float
    seconds: float
    error: str | None
    message: str | None
    remedy: str | None
    last_seq: int


@dataclass(frozen=True)
class Speed:
    """Median seconds of recent finished runs: what an estimate of a new run's time is made from.

    ``exam_question`` and ``study_question`` are per question, ``pair`` per training pair of a turn (all its epochs,
    with the turn's validation pass), ``start`` from the run's first event to its first exam. None: not known.
    """

    runs: int
    start: float | None
    study_question: float | None
    pair: float | None
    exam_question: float | None
    turn: float | None


# -------------------------------------------------------------------- runs


def runs(db: Database) -> pd.DataFrame:
    """All runs, newest first: the columns of ``RunRow`` (config, versions as JSON text), and of the first and last exam
    ``first_correct, first_questions, first_low, first_high, last_correct, last_questions, last_low, last_high, last_turn``;
    ``accuracies`` lists every exam's accuracy, for a sparkline.
    """
    names = ("correct", "questions", "low", "high")
    ends = [
        f"arg_{kind}({n}, turn) AS {which}_{n}" for which, kind in (("first", "min"), ("last", "max")) for n in names
    ]
    return db.frame(
        f"SELECT {', '.join('r.' + name for name in _RUN.split(', '))}, e.* EXCLUDE (run_id) FROM runs r LEFT JOIN ("
        f"SELECT run_id, {', '.join(ends)}, max(turn) AS last_turn, list(correct / questions ORDER BY turn) AS accuracies "
        "FROM exams GROUP BY run_id) e ON e.run_id = r.run_id ORDER BY r.started DESC, r.run_id"
    )


def run(db: Database, run_id: str) -> RunRow:
    """One run.

    :raises UnknownRun: there is none of that id.
    """
    rows = db.rows(f"SELECT {_RUN} FROM runs WHERE run_id = ?", [run_id])
    if not rows:
        raise UnknownRun(
            f"There is no run {run_id[:60]!r}.", "It was deleted, or the link is wrong: choose one on Home."
        )
    values = dict(zip((field.name for field in fields(RunRow)), rows[0], strict=True))
    values |= {key: json.loads(values[key] or "{}") for key in ("config", "versions")}
    return RunRow(**values)


def last_seq(db: Database, run_id: str) -> int:
    """The seq of the last event taken in; -1: none, or no such run. With the run's id, the key to cache its frames by."""
    rows = db.rows("SELECT last_seq FROM runs WHERE run_id = ?", [run_id])
    return rows[0][0] if rows else -1


def recent_speed(db: Database, model: str = "embedded", *, runs: int = 10) -> Speed:
    """How fast the last ``runs`` finished runs of that model were, on this computer."""
    row = db.rows(
        "WITH recent AS (SELECT run_id, started FROM runs WHERE model = ? AND status = 'finished' ORDER BY updated DESC LIMIT ?),"
        " t AS (SELECT * FROM turns WHERE run_id IN (SELECT run_id FROM recent) AND finished),"
        " e AS (SELECT x.*, r.started FROM exams x JOIN recent r ON r.run_id = x.run_id) "
        "SELECT (SELECT count(*) FROM recent), "
        '(SELECT median(greatest("at" - seconds - started, 0)) FROM e WHERE turn = 0), '
        "(SELECT median(seconds_study / questions) FROM t WHERE questions > 0), "
        "(SELECT median((seconds_training + coalesce(seconds_validation, 0)) / pairs) FROM t WHERE pairs > 0), "
        "(SELECT median(seconds / questions) FROM e WHERE questions > 0), "
        "(SELECT median(seconds_total) FROM t WHERE turn > 0)",
        [model, runs],
    )[0]
    return Speed(*row)


# -------------------------------------------------------------------- exams and turns


def exams(db: Database, run_id: str) -> pd.DataFrame:
    """``turn, correct, questions, accuracy, low, high, unanswered, p_right, seconds, next_mix`` (JSON text), by turn."""
    return db.frame(
        "SELECT turn, correct, questions, correct / questions AS accuracy, low, high, unanswered, p_right, seconds, next_mix "
        "FROM exams WHERE run_id = ? ORDER BY turn",
        [run_id],
    )


def wrong_by_category(db: Database, run_id: str) -> pd.DataFrame:
    """``turn, category, wrong, questions`` of every exam; categories in the bank's order."""
    rows = db.rows(
        "SELECT turn, wrong_by_category, questions_by_category FROM exams WHERE run_id = ? ORDER BY turn", [run_id]
    )
    told = [
        (turn, category, json.loads(wrong).get(category, 0), count)
        for turn, wrong, questions in rows
        for category, count in json.loads(questions).items()
    ]
    return pd.DataFrame(told, columns=["turn", "category", "wrong", "questions"])


def turns(db: Database, run_id: str) -> pd.DataFrame:
    """One row a turn begun: ``turn, at, finished, question_ids, mix`` (JSON text), ``correct, questions, pairs``, the last
    step's ``loss, rewards_…, logps_…``, and ``seconds_study, …_training, …_validation, …_exam, …_total``.
    """
    return db.frame("SELECT * EXCLUDE (run_id) FROM turns WHERE run_id = ? ORDER BY turn", [run_id])


def steps(db: Database, run_id: str) -> pd.DataFrame:
    """One row an optimiser step: ``x, turn, step, steps``, ``loss, rewards_…, logps_…``. ``x`` runs through the turns: the
    steps of turn 3 lie evenly on (2, 3], so that they share an axis with the exam at 3.
    """
    return db.frame(
        f"SELECT turn - 1 + step / greatest(steps, step, 1) AS x, turn, step, steps, {_METRICS} FROM steps WHERE run_id = ? ORDER BY seq",
        [run_id],
    )


def validations(db: Database, run_id: str) -> pd.DataFrame:
    """One row a pass over held-out pairs: ``turn, pairs, loss, rewards_…, logps_…``, by turn."""
    return db.frame(f"SELECT turn, pairs, {_METRICS} FROM validations WHERE run_id = ? ORDER BY seq", [run_id])


# -------------------------------------------------------------------- answers


def latest_answers(db: Database, run_id: str, limit: int = 20) -> pd.DataFrame:
    """The last answers, newest first: the columns of ``answers``."""
    return db.frame(f"SELECT {_ANSWER} FROM answers WHERE run_id = ? ORDER BY seq DESC LIMIT ?", [run_id, limit])


def answers(db: Database, run_id: str, *, limit: int = 100, offset: int = 0, **filters: Any) -> pd.DataFrame:
    """A page of answers in the order they were given: ``seq, turn, at, phase, question_id, category, skill, difficulty,
    problem, options`` (JSON text)``, correct, text, letter, value, right, misconception, logprob, milliseconds, p_right,
    attempt, marked_by``. Filters: ``phase, turn, category, skill, misconception, right, question_id``, and ``search``
    (text found in the problem or the working, upper or lower case).
    """
    where, parameters = _answers_where(run_id, filters)
    return db.frame(
        f"SELECT {_ANSWER} FROM answers WHERE {where} ORDER BY seq LIMIT ? OFFSET ?", [*parameters, limit, offset]
    )


def count_answers(db: Database, run_id: str, **filters: Any) -> int:
    """How many answers ``answers`` would give in all, with the same filters."""
    where, parameters = _answers_where(run_id, filters)
    return db.rows(f"SELECT count(*) FROM answers WHERE {where}", parameters)[0][0]


def answer_counts(db: Database, run_id: str) -> pd.DataFrame:
    """``turn, study_answered, study_correct, exam_answered, exam_correct``; first attempts only, half-done turns too."""
    return db.frame(
        "SELECT turn, count(*) FILTER (phase = 'study') AS study_answered, "
        "count(*) FILTER (phase = 'study' AND \"right\") AS study_correct, "
        "count(*) FILTER (phase = 'exam') AS exam_answered, count(*) FILTER (phase = 'exam' AND \"right\") AS exam_correct "
        "FROM answers WHERE run_id = ? AND attempt = 1 GROUP BY turn ORDER BY turn",
        [run_id],
    )


def category_accuracy(db: Database, run_id: str) -> pd.DataFrame:
    """``turn, phase, category, correct, questions``; first attempts only; categories by name."""
    return db.frame(
        'SELECT turn, phase, category, count(*) FILTER ("right") AS correct, count(*) AS questions FROM answers '
        "WHERE run_id = ? AND attempt = 1 GROUP BY turn, phase, category ORDER BY turn, phase, category",
        [run_id],
    )


def misconceptions(db: Database, run_id: str) -> pd.DataFrame:
    """``turn, phase, category, skill, misconception, wrong``: how often each slip was behind a wrong answer."""
    return db.frame(
        "SELECT turn, phase, category, skill, misconception, count(*) AS wrong FROM answers "
        'WHERE run_id = ? AND NOT "right" AND misconception IS NOT NULL AND attempt = 1 '
        "GROUP BY ALL ORDER BY turn, phase, wrong DESC, misconception",
        [run_id],
    )


_FILTERS = ("phase", "turn", "category", "skill", "misconception", "right", "question_id")


def _answers_where(run_id: str, filters: dict[str, Any]) -> tuple[str, list[Any]]:
    """A condition and its parameters. Columns come from ``_FILTERS`` alone; what a user typed is a parameter."""
    parts, parameters = ["run_id = ?"], [run_id]
    search = filters.pop("search", None)
    for name, value in filters.items():
        if name not in _FILTERS:
            raise TypeError(f"answers cannot be filtered by {name!r}")
        if value is not None:
            parts.append(f'"{name}" = ?')
            parameters.append(value)
    if search:
        parts.append('(contains(lower(problem), lower(?)) OR contains(lower("text"), lower(?)))')
        parameters += [search, search]
    return " AND ".join(parts), parameters
