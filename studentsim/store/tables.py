"""Events as rows: the tables of the database and of an export, and how the lines of a journal fill them.

Two kinds of table. ``answers``, ``exams``, ``steps``, ``epochs``, ``validations``, ``turns`` and ``lookups`` hold rows of standing
events;
``runs`` holds one row a run, the sum of all that its journal has told so far (``reduce_run``). Both are made piece by piece:
a journal read in ten parts gives what it gives read at once. ``notes`` holds what users say about runs (notes.py), no event at all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from studentsim.config import RunConfig
from studentsim.events import Cell
from studentsim.store.notes import RunNotes

TableRow = dict[str, Any]
CELL_FILE_NAME = "cell.json"
"""In a run's folder: its place in the group it was started with, there from the beginning; the first event tells it too."""

_KEY_COLUMNS = {"run_id": "VARCHAR", "seq": "BIGINT", "turn": "INTEGER", "at": "DOUBLE"}
"""What every row of an event holds; ``at`` is seconds since 1970."""
_METRIC_COLUMNS = {
    "loss": "DOUBLE", "rewards_chosen": "DOUBLE", "rewards_rejected": "DOUBLE", "rewards_accuracies": "DOUBLE",
    "rewards_margins": "DOUBLE", "logps_chosen": "DOUBLE", "logps_rejected": "DOUBLE",
    "logits_chosen": "DOUBLE", "logits_rejected": "DOUBLE",
}  # fmt: skip
EPOCH_PASSES = ("training", "validation")
"""An epoch's figures are of its steps, and of the held-out pairs after it; these columns are null where nobody looked at them."""
TIMED_STAGES = ("study", "training", "validation", "exam", "total")
"""Parts of a turn whose seconds are kept; parts that a turn did not have are null."""

TABLE_COLUMNS: dict[str, dict[str, str]] = {
    "answers": _KEY_COLUMNS
    | {
        "phase": "VARCHAR", "question_id": "VARCHAR", "category": "VARCHAR", "skill": "VARCHAR", "difficulty": "INTEGER",
        "problem": "VARCHAR", "options": "VARCHAR", "correct": "VARCHAR", "text": "VARCHAR", "letter": "VARCHAR",
        "value": "VARCHAR", "right": "BOOLEAN", "misconception": "VARCHAR", "logprob": "DOUBLE", "milliseconds": "DOUBLE",
        "p_right": "DOUBLE", "attempt": "INTEGER", "marked_by": "VARCHAR", "said_right": "BOOLEAN",
        "marker_right": "BOOLEAN", "feedback": "VARCHAR", "feedback_level": "VARCHAR", "doubted": "BOOLEAN",
        "topic": "VARCHAR", "ended": "BOOLEAN", "value_letter": "VARCHAR",
    },
    "exams": _KEY_COLUMNS
    | {
        "correct": "INTEGER", "questions": "INTEGER", "unanswered": "INTEGER", "low": "DOUBLE", "high": "DOUBLE",
        "wrong_by_category": "VARCHAR", "questions_by_category": "VARCHAR", "next_mix": "VARCHAR", "p_right": "DOUBLE",
        "seconds": "DOUBLE",
    },
    "turns": _KEY_COLUMNS
    | {"finished": "BOOLEAN", "question_ids": "VARCHAR", "mix": "VARCHAR"}
    | {"correct": "INTEGER", "questions": "INTEGER", "pairs": "INTEGER"}
    | _METRIC_COLUMNS
    | {f"seconds_{part}": "DOUBLE" for part in TIMED_STAGES},
    "steps": _KEY_COLUMNS | {"step": "INTEGER", "steps": "INTEGER"} | _METRIC_COLUMNS | {"rehearsal": "DOUBLE"},
    "validations": _KEY_COLUMNS
    | {"pairs": "INTEGER"}
    | _METRIC_COLUMNS
    | {"option_accuracies": "DOUBLE", "option_margins": "DOUBLE"},
    "epochs": _KEY_COLUMNS
    | {"epoch": "INTEGER", "epochs": "INTEGER"}
    | {f"{name}_{figure}": kind for name in EPOCH_PASSES for figure, kind in _METRIC_COLUMNS.items()}
    | {"training_rehearsal": "DOUBLE"},
    "lookups": _KEY_COLUMNS | {"question_id": "VARCHAR", "measure": "VARCHAR", "figure": "DOUBLE", "chosen": "BOOLEAN"},
    "runs": {
        "run_id": "VARCHAR", "name": "VARCHAR", "title": "VARCHAR", "strategy": "VARCHAR", "student": "VARCHAR",
        "model": "VARCHAR", "bank": "VARCHAR", "seed": "BIGINT", "exam_seed": "BIGINT", "config": "VARCHAR",
        "versions": "VARCHAR", "parent": "VARCHAR", "turns_planned": "INTEGER", "status": "VARCHAR", "stage": "VARCHAR",
        "stage_items": "INTEGER", "turn": "INTEGER", "started": "DOUBLE", "updated": "DOUBLE", "seconds": "DOUBLE",
        "stretch_began": "DOUBLE", "seconds_before": "DOUBLE", "error": "VARCHAR", "message": "VARCHAR",
        "remedy": "VARCHAR", "last_seq": "BIGINT", "recorded": "BOOLEAN", "notice": "VARCHAR", "group_id": "VARCHAR",
        "plan": "VARCHAR", "group_runs": "INTEGER", "coordinates": "VARCHAR",
    },
    "notes": {"run_id": "VARCHAR", "name": "VARCHAR", "tags": "VARCHAR", "note": "VARCHAR"},
}  # fmt: skip
"""Table -> column -> DuckDB's name of its type. Mappings and lists (options, mix, config …) stand as JSON text."""

EVENT_TABLES = tuple(name for name in TABLE_COLUMNS if name not in ("runs", "notes"))
"""The tables that hold rows of events."""
_TABLE_BY_EVENT_TYPE = {
    "Answered": "answers", "ExamFinished": "exams", "TrainingStep": "steps", "Validated": "validations",
    "EpochFinished": "epochs",
}  # fmt: skip


def build_event_rows(
    run_id: str, events: Iterable[Mapping[str, Any]], open_turn: TableRow | None = None
) -> dict[str, list[TableRow]]:
    """The rows of standing events, by table.

    A turn's row begins with its TurnStarted and is completed by its TurnFinished. ``open_turn`` is the row that earlier
    events left incomplete; it appears completed, or again as it was, among the ``turns``.
    """
    rows: dict[str, list[TableRow]] = {name: [] for name in EVENT_TABLES}
    turns = {open_turn["turn"]: open_turn} if open_turn else {}
    for event in events:
        if table := _TABLE_BY_EVENT_TYPE.get(event["type"]):
            rows[table].append(_build_event_row(table, run_id, event))
        elif event["type"] == "TurnStarted":
            turns[event["turn"]] = _build_event_row("turns", run_id, {**event, "finished": False})
            rows["lookups"] += _build_lookup_rows(run_id, event)
        elif event["type"] == "TurnFinished":
            started_fields = turns.get(event["turn"], {})
            started_fields = {key: started_fields[key] for key in ("question_ids", "mix") if key in started_fields}
            turns[event["turn"]] = {**_build_event_row("turns", run_id, {**event, "finished": True}), **started_fields}
    rows["turns"] = list(turns.values())
    return rows


def build_queued_run_row(run_id: str, config: Mapping[str, Any], timestamp: float, cell: object = None) -> TableRow:
    """The ``runs`` row of a run that has a config but no event yet: its status is ``build_queued_run_row``, its last_seq -1. ``cell`` is its
    place in a group, as ``read_group_cell`` found it."""
    state = {"status": "queued", "stage": "", "stage_items": 0, "turn": -1, "last_seq": -1, "seconds": 0.0}
    state |= {
        "started": timestamp,
        "updated": timestamp,
        "stretch_began": timestamp,
        "seconds_before": 0.0,
        "run_id": run_id,
    }
    return {**dict.fromkeys(TABLE_COLUMNS["runs"]), **state, **_config_columns(config), **_group_columns(cell)}


def reduce_run(run_id: str, state: TableRow | None, events: Iterable[Mapping[str, Any]]) -> TableRow | None:
    """The ``runs`` row after more events, void ones too, in the order of their seq. None: nothing is known yet.

    ``turn`` is the last complete turn (-1: none). ``seconds`` counts the stretches of work, not the pauses between.
    """
    for event in events:
        state = dict(state) if state else build_queued_run_row(run_id, {}, event["at"])
        is_first_event = state["last_seq"] == -1
        if is_first_event:
            state |= {"status": "running", "started": event["at"], "stretch_began": event["at"]}
        state |= {"last_seq": event["seq"], "updated": event["at"]}
        _EVENT_HANDLERS.get(event["type"], lambda state, event: None)(state, event)
        if event["type"] != "RunEnded":
            state["seconds"] = state["seconds_before"] + max(0.0, event["at"] - state["stretch_began"])
    return state


def _apply_run_started(state: TableRow, event: Mapping[str, Any]) -> None:
    state |= _config_columns(event["config"])
    state |= {"versions": _to_storable_text(event["versions"]), "parent": _to_storable_text(event.get("parent"))}
    state["recorded"] = bool(event.get("recorded", False))
    state |= _group_columns(event.get("group"))


def _apply_stage_started(state: TableRow, event: Mapping[str, Any]) -> None:
    state |= {"stage": event["stage"], "stage_items": event["items"]}


def _apply_turn_finished(state: TableRow, event: Mapping[str, Any]) -> None:
    state |= {"turn": event["turn"], "stage": "", "stage_items": 0}


def _apply_resumed(state: TableRow, event: Mapping[str, Any]) -> None:
    state |= {"turn": event["turn"], "status": "running", "stage": "", "stage_items": 0}
    state |= {"error": None, "message": None, "remedy": None}
    state["notice"] = _to_storable_text(event.get("note")) or state["notice"]
    state |= {"stretch_began": event["at"], "seconds_before": state["seconds"]}


def _apply_run_ended(state: TableRow, event: Mapping[str, Any]) -> None:
    state |= {"status": event["status"], "stage": event["stage"], "stage_items": 0}
    state |= {key: _to_storable_text(event[key]) or None for key in ("error", "message", "remedy")}
    state["seconds"] = event["seconds"]  # of all stretches, by a clock that does not jump


_EVENT_HANDLERS = {
    "RunStarted": _apply_run_started, "StageStarted": _apply_stage_started, "TurnFinished": _apply_turn_finished, "Resumed": _apply_resumed,
    "RunEnded": _apply_run_ended,
}  # fmt: skip


def _config_columns(config: Mapping[str, Any]) -> TableRow:
    """What a config says a run is. Not validated: a run of another version may have settings unknown here."""
    run_config = RunConfig.model_construct(**config)
    row = {
        key: _to_storable_text(getattr(run_config, key))
        for key in ("name", "title", "strategy", "student", "model", "bank")
    }
    row |= {
        "seed": run_config.seed,
        "exam_seed": run_config.exam_seed,
        "turns_planned": run_config.turns,
        "config": _to_storable_text(dict(config)),
    }
    return row


def read_group_cell(run_folder: Path) -> object:
    """What a run's folder tells of its place in a group, unchecked; None: nothing that can be read."""
    try:
        return json.loads((run_folder / CELL_FILE_NAME).read_bytes())
    except (OSError, ValueError):
        return None


def parse_group_cell(payload: object) -> Cell | None:
    """A run's place in a group from a journal or a file; None: there is none, or it is of a form not known here."""
    if not isinstance(payload, Mapping) or not isinstance(payload.get("group"), str) or not payload["group"]:
        return None
    coordinates, count = payload.get("coordinates"), payload.get("runs")
    return Cell(
        payload["group"][:100],
        str(payload.get("plan", ""))[:40],
        count if isinstance(count, int) else 0,
        dict(coordinates) if isinstance(coordinates, Mapping) else {},
    )


def _group_columns(payload: object) -> TableRow:
    cell = parse_group_cell(payload)
    if cell is None:
        return dict.fromkeys(("group_id", "plan", "group_runs", "coordinates"))
    return {
        "group_id": _to_storable_text(cell.group),
        "plan": _to_storable_text(cell.plan),
        "group_runs": min(cell.runs, 2**31 - 1),
        "coordinates": _to_storable_text(cell.coordinates),
    }


def build_notes_row(run_id: str, notes: RunNotes) -> TableRow:
    """What the user says about a run, as a row of ``notes``."""
    return {"run_id": run_id, "name": notes.name, "tags": _to_storable_text(list(notes.tags)), "note": notes.note}


def _build_lookup_rows(run_id: str, event: Mapping[str, Any]) -> list[TableRow]:
    """A row for each question that was looked at before a lesson's questions were chosen; journals of before 0.2 tell of none."""
    chosen, measure = set(event["question_ids"]), event.get("looked_by", "")
    return [
        _build_event_row(
            "lookups",
            run_id,
            {**event, "question_id": id, "measure": measure, "figure": figure, "chosen": id in chosen},
        )
        for id, figure in event.get("confidences", {}).items()
    ]


def _build_event_row(table: str, run_id: str, event: Mapping[str, Any]) -> TableRow:
    """One event as a row of that table; what the event lacks is null, what the table lacks is left out."""
    flat = {**event, **(event.get("metrics") or event.get("rewards") or {}), "run_id": run_id}
    if table == "turns":
        flat |= {f"seconds_{part}": value for part, value in event.get("seconds", {}).items()}
    if table == "epochs":
        flat |= {
            f"{name}_{figure}": value for name in EPOCH_PASSES for figure, value in (event.get(name) or {}).items()
        }
    return {name: _convert_value(flat.get(name), kind) for name, kind in TABLE_COLUMNS[table].items()}


def _convert_value(value: Any, column_type: str) -> Any:
    if value is None:
        return None
    if column_type == "VARCHAR":
        return _to_storable_text(value)
    if column_type == "DOUBLE":
        # Sums and medians must stay numbers when a training diverges.
        return float(value) if math.isfinite(value) else None
    return bool(value) if column_type == "BOOLEAN" else int(value)


def _to_storable_text(value: Any) -> str | None:
    """Text that every file format bears: no NUL, no lone surrogate. Mappings and lists become JSON."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if text.isascii() and "\0" not in text:  # nearly always: a recorded study has two hundred thousand of them
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
