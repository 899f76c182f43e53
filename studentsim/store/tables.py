"""Events as rows: the tables of the database and of an export, and how the events of a journal fill them.

``answers``, ``exams``, ``training_steps``, ``epochs``, ``validations``, ``turns`` and ``lookups`` hold rows of effective events;
``runs`` holds one row a run, reduced from all its events so far (``reduce_run``). Both are incremental: a journal read in
ten parts gives the same rows as read at once. ``notes`` holds the user's notes (notes.py), which are no events.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from studentsim.config import RunConfig
from studentsim.errors import JournalError
from studentsim.events import Cell
from studentsim.files import read_small_file
from studentsim.legacy_names import upgrade_setting_name
from studentsim.plain_text import strip_control_characters
from studentsim.store.column_values import MISFIT_ERRORS, convert_value, fit_row, to_storable_text
from studentsim.store.notes import RunNotes

TableRow = dict[str, Any]
CELL_FILE_NAME = "cell.json"
"""In a run's folder: its cell in the group it was started with, there from the start; ``RunStarted`` holds it too."""

_KEY_COLUMNS = {"run_id": "VARCHAR", "seq": "BIGINT", "turn": "INTEGER", "timestamp": "DOUBLE"}
"""Columns of every event table, never null; ``timestamp`` is seconds since 1970."""
METRIC_COLUMNS = {
    "loss": "DOUBLE", "rewards_chosen": "DOUBLE", "rewards_rejected": "DOUBLE", "rewards_accuracies": "DOUBLE",
    "rewards_margins": "DOUBLE", "logps_chosen": "DOUBLE", "logps_rejected": "DOUBLE",
    "logits_chosen": "DOUBLE", "logits_rejected": "DOUBLE",
}  # fmt: skip
EPOCH_PASSES = ("training", "validation")
"""Prefixes of an epoch's metrics: of its steps, and of the held-out pairs after it (null where those were not evaluated)."""
TIMED_STAGES = ("study", "training", "validation", "exam", "total")
"""Parts of a turn whose seconds are recorded; null where a turn did not have the part."""

TABLE_COLUMNS: dict[str, dict[str, str]] = {
    "answers": _KEY_COLUMNS
    | {
        "phase": "VARCHAR", "question_id": "VARCHAR", "category": "VARCHAR", "skill": "VARCHAR", "difficulty": "INTEGER",
        "problem": "VARCHAR", "options": "VARCHAR", "correct": "VARCHAR", "text": "VARCHAR", "letter": "VARCHAR",
        "value": "VARCHAR", "is_correct": "BOOLEAN", "misconception": "VARCHAR", "logprob": "DOUBLE", "milliseconds": "DOUBLE",
        "p_correct": "DOUBLE", "attempt": "INTEGER", "graded_by": "VARCHAR", "assigned_correct": "BOOLEAN",
        "grader_correct": "BOOLEAN", "feedback": "VARCHAR", "feedback_level": "VARCHAR", "challenged": "BOOLEAN",
        "topic": "VARCHAR", "ended": "BOOLEAN", "value_letter": "VARCHAR",
    },
    "exams": _KEY_COLUMNS
    | {
        "correct": "INTEGER", "questions": "INTEGER", "unanswered": "INTEGER", "ci_low": "DOUBLE", "ci_high": "DOUBLE",
        "wrong_by_category": "VARCHAR", "questions_by_category": "VARCHAR", "next_mix": "VARCHAR", "p_correct": "DOUBLE",
        "seconds": "DOUBLE",
    },
    "turns": _KEY_COLUMNS
    | {"finished": "BOOLEAN", "question_ids": "VARCHAR", "mix": "VARCHAR"}
    | {"correct": "INTEGER", "questions": "INTEGER", "pairs": "INTEGER"}
    | METRIC_COLUMNS
    | {f"seconds_{part}": "DOUBLE" for part in TIMED_STAGES},
    "training_steps": _KEY_COLUMNS | {"step": "INTEGER", "steps": "INTEGER"} | METRIC_COLUMNS | {"rehearsal": "DOUBLE"},
    "validations": _KEY_COLUMNS
    | {"pairs": "INTEGER"}
    | METRIC_COLUMNS
    | {"option_accuracies": "DOUBLE", "option_margins": "DOUBLE"},
    "epochs": _KEY_COLUMNS
    | {"epoch": "INTEGER", "epochs": "INTEGER"}
    | {f"{name}_{figure}": kind for name in EPOCH_PASSES for figure, kind in METRIC_COLUMNS.items()}
    | {"training_rehearsal": "DOUBLE"},
    "lookups": _KEY_COLUMNS | {"question_id": "VARCHAR", "measure": "VARCHAR", "figure": "DOUBLE", "chosen": "BOOLEAN"},
    "runs": {
        "run_id": "VARCHAR", "name": "VARCHAR", "title": "VARCHAR", "strategy": "VARCHAR", "student": "VARCHAR",
        "model": "VARCHAR", "bank": "VARCHAR", "seed": "BIGINT", "exam_seed": "BIGINT", "config": "VARCHAR",
        "versions": "VARCHAR", "parent": "VARCHAR", "turns_planned": "INTEGER", "status": "VARCHAR", "stage": "VARCHAR",
        "stage_items": "INTEGER", "turn": "INTEGER", "started": "DOUBLE", "updated": "DOUBLE", "seconds": "DOUBLE",
        "session_started_at": "DOUBLE", "prior_seconds": "DOUBLE", "error": "VARCHAR", "message": "VARCHAR",
        "remedy": "VARCHAR", "last_seq": "BIGINT", "recorded": "BOOLEAN", "notice": "VARCHAR", "group_id": "VARCHAR",
        "plan": "VARCHAR", "group_runs": "INTEGER", "coordinates": "VARCHAR",
    },
    "notes": {"run_id": "VARCHAR", "name": "VARCHAR", "tags": "VARCHAR", "note": "VARCHAR"},
}  # fmt: skip
"""Table -> column -> DuckDB type. Mappings and lists (options, mix, config …) are JSON text."""

EVENT_TABLES = tuple(name for name in TABLE_COLUMNS if name not in ("runs", "notes"))
"""The tables of rows of events."""
JOURNAL_TABLES = ("runs", *EVENT_TABLES)
"""The tables of rows made from journals."""
_TABLE_BY_EVENT_TYPE = {
    "AnswerRecorded": "answers",
    "ExamFinished": "exams",
    "TrainingStep": "training_steps",
    "ValidationFinished": "validations",
    "EpochFinished": "epochs",
}


def build_event_rows(
    run_id: str, events: Iterable[Mapping[str, Any]], open_turn: TableRow | None = None
) -> dict[str, list[TableRow]]:
    """The rows of effective events, by table.

    A turn's row is created by TurnStarted and completed by TurnFinished. ``open_turn`` is the row that earlier events left
    incomplete; it is among the ``turns`` again, completed or unchanged.

    :raises JournalError: an event lacks a field, or a value does not fit its column; it names both.
    """
    rows: dict[str, list[TableRow]] = {name: [] for name in EVENT_TABLES}
    turns = {open_turn["turn"]: open_turn} if open_turn else {}
    for event in events:
        try:
            _add_event_rows(rows, turns, run_id, event)
        except MISFIT_ERRORS as error:
            raise _misfit_error(run_id, event, error) from error
    rows["turns"] = list(turns.values())
    return rows


def _add_event_rows(
    rows: dict[str, list[TableRow]], turns: dict[int, TableRow], run_id: str, event: Mapping[str, Any]
) -> None:
    if table := _TABLE_BY_EVENT_TYPE.get(event["type"]):
        rows[table].append(_build_event_row(table, run_id, event))
    elif event["type"] == "TurnStarted":
        turns[event["turn"]] = _build_event_row("turns", run_id, {**event, "finished": False})
        rows["lookups"] += _build_lookup_rows(run_id, event)
    elif event["type"] == "TurnFinished":
        started_fields = turns.get(event["turn"], {})
        started_fields = {key: started_fields[key] for key in ("question_ids", "mix") if key in started_fields}
        turns[event["turn"]] = {**_build_event_row("turns", run_id, {**event, "finished": True}), **started_fields}


def _misfit_error(run_id: str, event: Mapping[str, Any], error: Exception) -> JournalError:
    reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
    return JournalError(
        f"The event {str(event['seq'])[:30]} ({str(event['type'])[:60]}) of the run {run_id} is not understood: {reason[:200]}.",
        "It may be a newer version's: update the program; else the journal is damaged.",
    )


def build_queued_run_row(run_id: str, config: Mapping[str, Any], timestamp: float, cell: object = None) -> TableRow:
    """The ``runs`` row of a run that has a config but no event yet: status ``queued``, ``last_seq`` -1.

    ``timestamp`` is in seconds since 1970; ``cell`` is what ``read_group_cell`` returned.

    :raises JournalError: a setting does not fit its column.
    """
    state: TableRow = {"status": "queued", "stage": "", "stage_items": 0, "turn": -1, "last_seq": -1, "seconds": 0.0}
    state |= dict.fromkeys(("started", "updated", "session_started_at"), timestamp)
    state |= {"prior_seconds": 0.0, "run_id": run_id}
    try:
        return fit_row(TABLE_COLUMNS["runs"], {**state, **_config_columns(config), **_group_columns(cell)})
    except MISFIT_ERRORS as error:
        raise JournalError(
            f"The settings of the run {run_id} are not understood: {str(error)[:200]}.",
            "They may be a newer version's: update the program; else delete the run.",
        ) from error


def reduce_run(run_id: str, state: TableRow | None, events: Iterable[Mapping[str, Any]]) -> TableRow | None:
    """The ``runs`` row after further events, void ones included, in the order of their seq; None: no event yet.

    ``turn`` is the last complete turn (-1: none). ``seconds`` counts the sessions of work without the pauses between.

    :raises JournalError: an event lacks a field, or a value does not fit its column.
    """
    for event in events:
        state = dict(state) if state else build_queued_run_row(run_id, {}, 0.0)
        try:
            _apply_event(state, event)
            if event["type"] in _EVENT_HANDLERS:
                state = fit_row(TABLE_COLUMNS["runs"], state)
        except MISFIT_ERRORS as error:
            raise _misfit_error(run_id, event, error) from error
    return state


def _apply_event(state: TableRow, event: Mapping[str, Any]) -> None:
    timestamp = convert_value(event["timestamp"], "DOUBLE")
    if state["last_seq"] == -1:
        state |= {"status": "running", "started": timestamp, "session_started_at": timestamp}
    state |= {"last_seq": convert_value(event["seq"], "BIGINT"), "updated": timestamp}
    if handler := _EVENT_HANDLERS.get(event["type"]):
        handler(state, event)
    if event["type"] != "RunEnded":
        state["seconds"] = state["prior_seconds"] + max(0.0, timestamp - state["session_started_at"])


def _apply_run_started(state: TableRow, event: Mapping[str, Any]) -> None:
    state |= _config_columns(event["config"])
    state |= {"versions": to_storable_text(event["versions"]), "parent": to_storable_text(event.get("parent"))}
    state["recorded"] = bool(event.get("recorded", False))
    state |= _group_columns(event.get("group"))


def _apply_stage_started(state: TableRow, event: Mapping[str, Any]) -> None:
    state |= {"stage": event["stage"], "stage_items": event["items"]}


def _apply_turn_finished(state: TableRow, event: Mapping[str, Any]) -> None:
    state |= {"turn": event["turn"], "stage": "", "stage_items": 0}


def _apply_resumed(state: TableRow, event: Mapping[str, Any]) -> None:
    state |= {"turn": event["turn"], "status": "running", "stage": "", "stage_items": 0}
    state |= {"error": None, "message": None, "remedy": None}
    state["notice"] = to_storable_text(event.get("note")) or state["notice"]
    state |= {"session_started_at": event["timestamp"], "prior_seconds": state["seconds"]}


def _apply_run_ended(state: TableRow, event: Mapping[str, Any]) -> None:
    state |= {"status": event["status"], "stage": event["stage"], "stage_items": 0}
    state |= {key: to_storable_text(event[key]) or None for key in ("error", "message", "remedy")}
    state["seconds"] = event["seconds"]  # of all sessions, by a monotonic clock


_EVENT_HANDLERS = {
    "RunStarted": _apply_run_started,
    "StageStarted": _apply_stage_started,
    "TurnFinished": _apply_turn_finished,
    "RunResumed": _apply_resumed,
    "RunEnded": _apply_run_ended,
}


def _config_columns(config: Mapping[str, Any]) -> TableRow:
    """The columns of ``runs`` taken from its config, unvalidated: another version's run may have settings unknown here."""
    run_config = RunConfig.model_construct(**config)
    row = {
        key: to_storable_text(getattr(run_config, key))
        for key in ("name", "title", "strategy", "student", "model", "bank")
    }
    row |= {key: strip_control_characters(row[key]) for key in ("name", "title") if row[key]}  # exports have these
    row |= {
        "seed": run_config.seed,
        "exam_seed": run_config.exam_seed,
        "turns_planned": run_config.turns,
        "config": to_storable_text(dict(config)),
    }
    return row


def read_group_cell(run_folder: Path) -> object:
    """The JSON of a run's ``cell.json``, unvalidated; None: it is missing or cannot be read."""
    try:
        return json.loads(read_small_file(run_folder / CELL_FILE_NAME))
    except (OSError, ValueError, RecursionError):
        return None


def parse_group_cell(payload: object) -> Cell | None:
    """A run's cell in a group from the JSON of a journal or a file; None: there is none, or its form is unknown here."""
    if not isinstance(payload, Mapping) or not isinstance(payload.get("group"), str) or not payload["group"]:
        return None
    coordinates, count = payload.get("coordinates"), payload.get("runs")
    return Cell(
        payload["group"][:100],
        str(payload.get("plan", ""))[:40],
        count if isinstance(count, int) else 0,
        {upgrade_setting_name(str(name)): value for name, value in coordinates.items()}
        if isinstance(coordinates, Mapping)
        else {},
    )


def _group_columns(payload: object) -> TableRow:
    cell = parse_group_cell(payload)
    if cell is None:
        return dict.fromkeys(("group_id", "plan", "group_runs", "coordinates"))
    return {
        "group_id": to_storable_text(cell.group),
        "plan": to_storable_text(cell.plan),
        "group_runs": min(cell.runs, 2**31 - 1),
        "coordinates": to_storable_text(cell.coordinates),
    }


def build_notes_row(run_id: str, notes: RunNotes) -> TableRow:
    """The user's notes about a run as a row of ``notes``."""
    return {"run_id": run_id, "name": notes.name, "tags": to_storable_text(list(notes.tags)), "note": notes.note}


def _build_lookup_rows(run_id: str, event: Mapping[str, Any]) -> list[TableRow]:
    """A row for each candidate that the strategy scored before it chose a turn's questions; journals before 0.2 have none."""
    chosen, measure = set(event["question_ids"]), event.get("score_kind", "")
    candidates = (
        {"question_id": id, "measure": measure, "figure": score, "chosen": id in chosen}
        for id, score in event.get("confidences", {}).items()
    )
    return [_build_event_row("lookups", run_id, {**event, **candidate}) for candidate in candidates]


def _build_event_row(table: str, run_id: str, event: Mapping[str, Any]) -> TableRow:
    """One event as a row of ``table``; fields that the event lacks are null, fields that the table lacks are dropped."""
    flat = {**event, **(event.get("metrics") or event.get("rewards") or {}), "run_id": run_id}
    if table == "turns":
        flat |= {f"seconds_{part}": value for part, value in event.get("seconds", {}).items()}
    if table == "epochs":
        flat |= {
            f"{name}_{figure}": value for name in EPOCH_PASSES for figure, value in (event.get(name) or {}).items()
        }
    row = fit_row(TABLE_COLUMNS[table], flat)
    for name in _KEY_COLUMNS:
        if row[name] is None:
            raise ValueError(f"{name} is {flat.get(name)!r}")
    return row
