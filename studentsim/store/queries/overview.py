"""Queries of runs: one, all of them, and how fast they were."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from studentsim.errors import UnknownRun
from studentsim.store.database import Database

_RUN_COLUMNS = (
    "strategy, student, model, bank, seed, exam_seed, versions, parent, turns_planned, "
    "status, stage, stage_items, turn, started, updated, seconds, error, message, remedy, last_seq, recorded, notice, "
    "group_id, plan, group_runs, coordinates"
)
_RUN_SELECT = (
    "r.run_id, coalesce(nullif(n.name, ''), r.name) AS name, coalesce(nullif(n.name, ''), r.title) AS title, "
    "CASE WHEN coalesce(n.name, '') = '' THEN r.config "
    "ELSE CAST(json_merge_patch(CAST(r.config AS JSON), json_object('name', n.name)) AS VARCHAR) END AS config, "
    "coalesce(n.tags, '[]') AS tags, coalesce(n.note, '') AS note, "
    + ", ".join(f"r.{c}" for c in _RUN_COLUMNS.split(", "))
)
_RUN_FROM = "runs r LEFT JOIN notes n ON n.run_id = r.run_id"


@dataclass(frozen=True)
class RunRow:
    """One run as of its last ingested event. ``turn`` is the last complete turn (-1: none), ``seconds`` the time at work.

    ``name``, ``title`` and the name in ``config`` are the user's (store/notes.py) where the user gave one.
    """

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
    recorded: bool
    notice: str | None = None
    """What its reader must know: that turns were repeated after a damaged checkpoint."""
    group_id: str | None = None
    """The group of runs with which it was started (``events.Cell``); None: it was started alone."""
    plan: str | None = None
    group_runs: int | None = None
    coordinates: dict[str, Any] | None = None
    """The settings in which the group's runs differ, with this run's values."""
    tags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class RunTimings:
    """Median seconds of recent finished runs, from which a new run's time is estimated. None: not known.

    ``exam_question`` is per question, ``study_question`` per attempt, ``pair`` per training pair and epoch (with the turn's
    validation), ``start`` from the run's first event to its first exam, ``turn`` per turn.
    """

    runs: int = 0
    start: float | None = None
    study_question: float | None = None
    pair: float | None = None
    exam_question: float | None = None
    turn: float | None = None


def fetch_runs(db: Database) -> pd.DataFrame:
    """All runs, newest first: the columns of ``RunRow`` (config, versions, coordinates, tags as JSON text), of the first
    and the last exam ``first_correct, first_questions, first_ci_low, first_ci_high, last_correct, last_questions, last_ci_low,
    last_ci_high, last_turn``, and ``accuracies``, the list of all exams' accuracies.
    """
    names = ("correct", "questions", "ci_low", "ci_high")
    exam_columns = [
        f"arg_{kind}({n}, turn) AS {which}_{n}" for which, kind in (("first", "min"), ("last", "max")) for n in names
    ]
    return db.query_frame(
        f"SELECT {_RUN_SELECT}, e.* EXCLUDE (run_id) FROM {_RUN_FROM} LEFT JOIN ("
        f"SELECT run_id, {', '.join(exam_columns)}, max(turn) AS last_turn, list(correct / questions ORDER BY turn) AS accuracies "
        "FROM exams GROUP BY run_id) e ON e.run_id = r.run_id ORDER BY r.started DESC, r.run_id"
    )


def fetch_run(db: Database, run_id: str) -> RunRow:
    """One run.

    :raises UnknownRun: no run has that id.
    """
    names = ", ".join(field.name for field in fields(RunRow))
    rows = db.query_rows(f"SELECT {names} FROM (SELECT {_RUN_SELECT} FROM {_RUN_FROM} WHERE r.run_id = ?)", [run_id])
    if not rows:
        raise UnknownRun(
            f"There is no run {run_id[:60]!r}.", "It was deleted, or the link is wrong: choose one on Home."
        )
    values = dict(zip((field.name for field in fields(RunRow)), rows[0], strict=True))
    values |= {key: json.loads(values[key] or "{}") for key in ("config", "versions")}
    values["coordinates"] = json.loads(values["coordinates"]) if values["coordinates"] else None
    values["tags"] = tuple(json.loads(values["tags"]))
    return RunRow(**values)


def fetch_last_seq(db: Database, run_id: str) -> int:
    """The seq of the last ingested event; -1: none, or no such run."""
    rows = db.query_rows("SELECT last_seq FROM runs WHERE run_id = ?", [run_id])
    return rows[0][0] if rows else -1


def fetch_recent_timings(
    db: Database, model: str = "embedded", *, strategy: str | None = None, exams: str | None = None, max_runs: int = 10
) -> RunTimings:
    """How fast the last ``max_runs`` finished runs of that model were on this computer (recorded runs were made elsewhere).

    With a ``strategy``, ``study_question`` is of its runs alone: some strategies score many candidates for one question asked.
    With ``exams`` (``written`` or ``scored``), ``exam_question`` is of the runs with that exam mode.
    """
    row = db.query_rows(
        "WITH recent AS (SELECT run_id, started, strategy, coalesce(config->>'$.model_loading.exam_mode', 'written') AS exams, "
        "greatest(1, coalesce(CAST(config->>'$.dpo.epochs' AS INTEGER), 1)) AS epochs "
        "FROM runs WHERE model = ? AND status = 'finished' AND NOT coalesce(recorded, false) ORDER BY updated DESC LIMIT ?),"
        " t AS (SELECT * FROM turns WHERE run_id IN (SELECT run_id FROM recent) AND finished),"
        " further AS (SELECT run_id, turn, count(*) AS again FROM answers WHERE phase = 'revision' "
        "AND run_id IN (SELECT run_id FROM recent) GROUP BY run_id, turn),"
        " e AS (SELECT x.*, r.started, r.exams FROM exams x JOIN recent r ON r.run_id = x.run_id) "
        "SELECT (SELECT count(*) FROM recent), "
        "(SELECT median(greatest(timestamp - seconds - started, 0)) FROM e WHERE turn = 0), "
        "(SELECT median(seconds_study / (questions + coalesce(again, 0))) FROM t LEFT JOIN further USING (run_id, turn) "
        "WHERE questions > 0 AND run_id IN (SELECT run_id FROM recent WHERE strategy = coalesce(?, strategy))), "
        "(SELECT median((seconds_training + coalesce(seconds_validation, 0)) / pairs / epochs) FROM t JOIN recent USING (run_id) "
        "WHERE pairs > 0), "
        "(SELECT median(seconds / questions) FROM e WHERE questions > 0 AND exams = coalesce(?, exams)), "
        "(SELECT median(seconds_total) FROM t WHERE turn > 0)",
        [model, max_runs, strategy, exams],
    )[0]
    return RunTimings(*row)


def fetch_recent_durations(
    db: Database, model: str = "embedded", *, max_runs: int = 10
) -> list[tuple[dict[str, Any], float]]:
    """Config and seconds at work of the runs of ``fetch_recent_timings``, to measure the error of past estimates."""
    rows = db.query_rows(
        "SELECT config, seconds FROM runs WHERE model = ? AND status = 'finished' AND NOT coalesce(recorded, false) "
        "AND seconds > 0 ORDER BY updated DESC LIMIT ?",
        [model, max_runs],
    )
    return [(json.loads(config), float(seconds)) for config, seconds in rows]
