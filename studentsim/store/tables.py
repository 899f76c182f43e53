"""Events as rows: the tables of the database and of an export, and how the lines of a journal fill them.

Two kinds of table. ``answers``, ``exams``, ``steps``, ``epochs``, ``validations``, ``turns`` and ``lookups`` hold rows of standing
events;
``runs`` holds one row a run, the sum of all that its journal has told so far (``fold``). Both are made piece by piece:
a journal read in ten parts gives what it gives read at once. ``notes`` holds what users say about runs (notes.py), no event at all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from studentsim.config import RunConfig
from studentsim.records import Cell
from studentsim.store.notes import Notes

Row = dict[str, Any]
CELL = "cell.json"
"""In a run's folder: its place in the group it was started with, there from the beginning; the first event tells it too."""

_KEY = {"run_id": "VARCHAR", "seq": "BIGINT", "turn": "INTEGER", "at": "DOUBLE"}
"""What every row of an event holds; ``at`` is seconds since 1970."""
_METRICS = {
    "loss": "DOUBLE", "rewards_chosen": "DOUBLE", "rewards_rejected": "DOUBLE", "rewards_accuracies": "DOUBLE",
    "rewards_margins": "DOUBLE", "logps_chosen": "DOUBLE", "logps_rejected": "DOUBLE",
    "logits_chosen": "DOUBLE", "logits_rejected": "DOUBLE",
}  # fmt: skip
PASSES = ("training", "validation")
"""An epoch's figures are of its steps, and of the held-out pairs after it; these columns are null where nobody looked at them."""
SECONDS = ("study", "training", "validation", "exam", "total")
"""Parts of a turn whose seconds are kept; parts that a turn did not have are null."""

COLUMNS: dict[str, dict[str, str]] = {
    "answers": _KEY
    | {
        "phase": "VARCHAR", "question_id": "VARCHAR", "category": "VARCHAR", "skill": "VARCHAR", "difficulty": "INTEGER",
        "problem": "VARCHAR", "options": "VARCHAR", "correct": "VARCHAR", "text": "VARCHAR", "letter": "VARCHAR",
        "value": "VARCHAR", "right": "BOOLEAN", "misconception": "VARCHAR", "logprob": "DOUBLE", "milliseconds": "DOUBLE",
        "p_right": "DOUBLE", "attempt": "INTEGER", "marked_by": "VARCHAR", "said_right": "BOOLEAN",
        "marker_right": "BOOLEAN", "feedback": "VARCHAR", "feedback_level": "VARCHAR", "doubted": "BOOLEAN",
        "topic": "VARCHAR", "ended": "BOOLEAN", "value_letter": "VARCHAR",
    },
    "exams": _KEY
    | {
        "correct": "INTEGER", "questions": "INTEGER", "unanswered": "INTEGER", "low": "DOUBLE", "high": "DOUBLE",
        "wrong_by_category": "VARCHAR", "questions_by_category": "VARCHAR", "next_mix": "VARCHAR", "p_right": "DOUBLE",
        "seconds": "DOUBLE",
    },
    "turns": _KEY
    | {"finished": "BOOLEAN", "question_ids": "VARCHAR", "mix": "VARCHAR"}
    | {"correct": "INTEGER", "questions": "INTEGER", "pairs": "INTEGER"}
    | _METRICS
    | {f"seconds_{part}": "DOUBLE" for part in SECONDS},
    "steps": _KEY | {"step": "INTEGER", "steps": "INTEGER"} | _METRICS | {"rehearsal": "DOUBLE"},
    "validations": _KEY
    | {"pairs": "INTEGER"}
    | _METRICS
    | {"option_accuracies": "DOUBLE", "option_margins": "DOUBLE"},
    "epochs": _KEY
    | {"epoch": "INTEGER", "epochs": "INTEGER"}
    | {f"{name}_{figure}": kind for name in PASSES for figure, kind in _METRICS.items()}
    | {"training_rehearsal": "DOUBLE"},
    "lookups": _KEY | {"question_id": "VARCHAR", "measure": "VARCHAR", "figure": "DOUBLE", "chosen": "BOOLEAN"},
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

EVENT_TABLES = tuple(name for name in COLUMNS if name not in ("runs", "notes"))
"""The tables that hold rows of events."""
_TABLE_OF = {
    "Answered": "answers", "ExamFinished": "exams", "TrainingStep": "steps", "Validated": "validations",
    "EpochFinished": "epochs",
}  # fmt: skip


def rows_of(run_id: str, events: Iterable[Mapping[str, Any]], open_turn: Row | None = None) -> dict[str, list[Row]]:
    """The rows of standing events, by table.

    A turn's row begins with its TurnStarted and is completed by its TurnFinished. ``open_turn`` is the row that earlier
    events left incomplete; it appears completed, or again as it was, among the ``turns``.
    """
    rows: dict[str, list[Row]] = {name: [] for name in EVENT_TABLES}
    turns = {open_turn["turn"]: open_turn} if open_turn else {}
    for event in events:
        if table := _TABLE_OF.get(event["type"]):
            rows[table].append(_row(table, run_id, event))
        elif event["type"] == "TurnStarted":
            turns[event["turn"]] = _row("turns", run_id, {**event, "finished": False})
            rows["lookups"] += _lookups(run_id, event)
        elif event["type"] == "TurnFinished":
            plan = turns.get(event["turn"], {})
            plan = {key: plan[key] for key in ("question_ids", "mix") if key in plan}
            turns[event["turn"]] = {**_row("turns", run_id, {**event, "finished": True}), **plan}
    rows["turns"] = list(turns.values())
    return rows


def queued(run_id: str, config: Mapping[str, Any], at: float, cell: object = None) -> Row:
    """The ``runs`` row of a run that has a config but no event yet: its status is ``queued``, its last_seq -1. ``cell`` is its
    place in a group, as ``read_cell`` found it."""
    state = {"status": "queued", "stage": "", "stage_items": 0, "turn": -1, "last_seq": -1, "seconds": 0.0}
    state |= {"started": at, "updated": at, "stretch_began": at, "seconds_before": 0.0, "run_id": run_id}
    return {**dict.fromkeys(COLUMNS["runs"]), **state, **_identity(config), **_grouped(cell)}


def fold(run_id: str, state: Row | None, events: Iterable[Mapping[str, Any]]) -> Row | None:
    """The ``runs`` row after more events, void ones too, in the order of their seq. None: nothing is known yet.

    ``turn`` is the last complete turn (-1: none). ``seconds`` counts the stretches of work, not the pauses between.
    """
    for event in events:
        state = dict(state) if state else queued(run_id, {}, event["at"])
        begins = state["last_seq"] == -1
        if begins:
            state |= {"status": "running", "started": event["at"], "stretch_began": event["at"]}
        state |= {"last_seq": event["seq"], "updated": event["at"]}
        _CHANGES.get(event["type"], lambda state, event: None)(state, event)
        if event["type"] != "RunEnded":
            state["seconds"] = state["seconds_before"] + max(0.0, event["at"] - state["stretch_began"])
    return state


def _run_started(state: Row, event: Mapping[str, Any]) -> None:
    state |= _identity(event["config"])
    state |= {"versions": _text(event["versions"]), "parent": _text(event.get("parent"))}
    state["recorded"] = bool(event.get("recorded", False))
    state |= _grouped(event.get("group"))


def _stage_started(state: Row, event: Mapping[str, Any]) -> None:
    state |= {"stage": event["stage"], "stage_items": event["items"]}


def _turn_finished(state: Row, event: Mapping[str, Any]) -> None:
    state |= {"turn": event["turn"], "stage": "", "stage_items": 0}


def _resumed(state: Row, event: Mapping[str, Any]) -> None:
    state |= {"turn": event["turn"], "status": "running", "stage": "", "stage_items": 0}
    state |= {"error": None, "message": None, "remedy": None}
    state["notice"] = _text(event.get("note")) or state["notice"]
    state |= {"stretch_began": event["at"], "seconds_before": state["seconds"]}


def _run_ended(state: Row, event: Mapping[str, Any]) -> None:
    state |= {"status": event["status"], "stage": event["stage"], "stage_items": 0}
    state |= {key: _text(event[key]) or None for key in ("error", "message", "remedy")}
    state["seconds"] = event["seconds"]  # of all stretches, by a clock that does not jump


_CHANGES = {
    "RunStarted": _run_started, "StageStarted": _stage_started, "TurnFinished": _turn_finished, "Resumed": _resumed,
    "RunEnded": _run_ended,
}  # fmt: skip


def _identity(config: Mapping[str, Any]) -> Row:
    """What a config says a run is. Not validated: a run of another version may have settings unknown here."""
    known = RunConfig.model_construct(**config)
    row = {key: _text(getattr(known, key)) for key in ("name", "title", "strategy", "student", "model", "bank")}
    row |= {
        "seed": known.seed,
        "exam_seed": known.exam_seed,
        "turns_planned": known.turns,
        "config": _text(dict(config)),
    }
    return row


def read_cell(run_folder: Path) -> object:
    """What a run's folder tells of its place in a group, unchecked; None: nothing that can be read."""
    try:
        return json.loads((run_folder / CELL).read_bytes())
    except (OSError, ValueError):
        return None


def cell_of(told: object) -> Cell | None:
    """A run's place in a group from a journal or a file; None: there is none, or it is of a form not known here."""
    if not isinstance(told, Mapping) or not isinstance(told.get("group"), str) or not told["group"]:
        return None
    coordinates, count = told.get("coordinates"), told.get("runs")
    return Cell(
        told["group"][:100],
        str(told.get("plan", ""))[:40],
        count if isinstance(count, int) else 0,
        dict(coordinates) if isinstance(coordinates, Mapping) else {},
    )


def _grouped(told: object) -> Row:
    cell = cell_of(told)
    if cell is None:
        return dict.fromkeys(("group_id", "plan", "group_runs", "coordinates"))
    return {
        "group_id": _text(cell.group),
        "plan": _text(cell.plan),
        "group_runs": min(cell.runs, 2**31 - 1),
        "coordinates": _text(cell.coordinates),
    }


def notes_row(run_id: str, notes: Notes) -> Row:
    """What the user says about a run, as a row of ``notes``."""
    return {"run_id": run_id, "name": notes.name, "tags": _text(list(notes.tags)), "note": notes.note}


def _lookups(run_id: str, event: Mapping[str, Any]) -> list[Row]:
    """A row for each question that was looked at before a lesson's questions were chosen; journals of before 0.2 tell of none."""
    chosen, measure = set(event["question_ids"]), event.get("looked_by", "")
    return [
        _row(
            "lookups",
            run_id,
            {**event, "question_id": id, "measure": measure, "figure": figure, "chosen": id in chosen},
        )
        for id, figure in event.get("confidences", {}).items()
    ]


def _row(table: str, run_id: str, event: Mapping[str, Any]) -> Row:
    """One event as a row of that table; what the event lacks is null, what the table lacks is left out."""
    flat = {**event, **(event.get("metrics") or event.get("rewards") or {}), "run_id": run_id}
    if table == "turns":
        flat |= {f"seconds_{part}": value for part, value in event.get("seconds", {}).items()}
    if table == "epochs":
        flat |= {f"{name}_{figure}": value for name in PASSES for figure, value in (event.get(name) or {}).items()}
    return {name: _cell(flat.get(name), kind) for name, kind in COLUMNS[table].items()}


def _cell(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "VARCHAR":
        return _text(value)
    if kind == "DOUBLE":
        # Sums and medians must stay numbers when a training diverges.
        return float(value) if math.isfinite(value) else None
    return bool(value) if kind == "BOOLEAN" else int(value)


def _text(value: Any) -> str | None:
    """Text that every file format bears: no NUL, no lone surrogate. Mappings and lists become JSON."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if text.isascii() and "\0" not in text:  # nearly always: a recorded study has two hundred thousand of them
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
