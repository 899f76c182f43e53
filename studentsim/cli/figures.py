"""A run's figures as the command line tells them, from its journal: as JSON, and as a table for people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from studentsim.runs.folder import RunFolder
from studentsim.runs.past import past_events
from studentsim.store import practice_mix
from studentsim.store.journal import standing
from studentsim.ui import lookups


def result_of(folder: RunFolder) -> dict[str, Any]:
    """The run's figures, told from its journal: ``exams`` from turn 0, ``turns`` from turn 1, and ``choosing``: what is to be said
    of the way of choosing by what it looked at (blank: it looked at nothing).

    Each turn has its ``mix`` of categories, and with ``planned_mix`` the ``next_mix`` of the exam it followed (None: its way of
    choosing follows no exam); ``epochs`` are its figures epoch by epoch, as P0 prints them, ``rewards`` its last step's,
    ``options`` those of held-out questions' options (None: not looked at).
    """
    events = standing(past_events(folder))
    lessons, _ = _mix_rows(folder.run_id, events)
    threshold = folder.config().threshold
    looked = {e["turn"]: lookups.from_event(e, threshold) for e in events if e["type"] == "TurnStarted"}
    ends = [e for e in events if e["type"] == "RunEnded"]
    end = ends[-1] if ends else {"status": "interrupted", "seconds": 0.0, "message": "", "remedy": ""}
    return {
        "run_id": folder.run_id,
        "status": end["status"],
        "seconds": end["seconds"],
        "message": f"{end['message']} {end['remedy']}".strip(),
        "exams": [
            {key: e[key] for key in ("turn", "correct", "questions", *_BY_CATEGORY)}
            for e in events
            if e["type"] == "ExamFinished"
        ],
        "turns": [
            _turn(e)
            | _looked(looked.get(e["turn"]))
            | _mix(lessons, e["turn"])
            | {"epochs": _epochs(events, e["turn"]), "options": _options(events, e["turn"])}
            for e in events
            if e["type"] == "TurnFinished" and e["turn"] > 0
        ],
        "choosing": lookups.sentence([found for found in looked.values() if found]),
    }


def mix_lines(folder: RunFolder) -> list[str]:
    """What was practised by category beside the exams' mistakes, for people; no line where there was no exam."""
    lessons, exams = _mix_rows(folder.run_id, standing(past_events(folder)))
    if not exams:
        return []
    from studentsim.ui import mix_sentences, mix_table  # imports pandas

    config = folder.config()
    found = mix_table.table(lessons, exams)
    said = [
        mix_sentences.choosing(config),
        mix_sentences.led_to(config, lessons),
        mix_sentences.departures(config, lessons),
    ]
    return ["", *mix_table.plain_text(found), *(sentence for sentence in said if sentence)]


_BY_CATEGORY = ("wrong_by_category", "questions_by_category", "next_mix")


def _mix_rows(run_id: str, events: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of lessons and of exams (``store/practice_mix.py``)."""
    of = {kind: [e for e in events if e["type"] == kind] for kind in ("RunStarted", "TurnStarted", "ExamFinished")}
    config = of["RunStarted"][-1]["config"] if of["RunStarted"] else {}
    lessons = practice_mix.rows_of(run_id, config, of["TurnStarted"], of["ExamFinished"])
    return lessons, practice_mix.exam_rows_of(run_id, of["ExamFinished"])


def _mix(lessons: list[dict[str, Any]], turn: int) -> dict[str, Any]:
    rows = [row for row in lessons if row["turn"] == turn]
    planned = {row["category"]: row["planned"] for row in rows}
    return {
        "mix": {row["category"]: row["practised"] for row in rows},
        "planned_mix": None if None in planned.values() else planned,
        "after_exam": rows[0]["exam_turn"] if rows else None,
    }


def _epochs(events: list[dict[str, Any]], turn: int) -> list[dict[str, Any]]:
    """A turn's epochs with TRL's names of the figures in short; empty for runs of before they were recorded."""
    return [
        {
            "epoch": e["epoch"],
            "epochs": e["epochs"],
            "training": _figures(e["training"]),
            "validation": _figures(e["validation"]),
        }
        for e in events
        if e["type"] == "EpochFinished" and e["turn"] == turn
    ]


def _options(events: list[dict[str, Any]], turn: int) -> dict[str, float | None] | None:
    """Held-out questions' right option against a wrong one; None where nobody looked, and for runs of before that was done."""
    told = [
        e for e in events if e["type"] == "Validated" and e["turn"] == turn and e.get("option_accuracies") is not None
    ]
    return (
        _figures({"accuracies": told[-1]["option_accuracies"], "margins": told[-1]["option_margins"]}) if told else None
    )


def _figures(metrics: Mapping[str, float | None] | None) -> dict[str, float | None] | None:
    """Figures that JSON can hold: what is no number (a training that diverged) is null."""
    return metrics and {
        key: value if value is not None and math.isfinite(value) else None for key, value in metrics.items()
    }


_LAST_STEP = (
    "loss", "rewards_chosen", "rewards_rejected", "rewards_accuracies", "rewards_margins", "logps_chosen", "logps_rejected",
)  # fmt: skip
"""What is told of a turn's last step. Its mean logits are not: journals of before have none, and the epochs tell them."""


def _turn(event: Mapping[str, Any]) -> dict[str, Any]:
    rewards = _figures(event["rewards"])
    return {
        **{key: event[key] for key in ("turn", "correct", "questions", "pairs")},
        "rewards": rewards and {key.removeprefix("rewards_"): rewards[key] for key in _LAST_STEP},
        "seconds": event["seconds"]["total"],
        "parts": {part: seconds for part, seconds in event["seconds"].items() if part != "total"},
    }


def _looked(found: lookups.LessonLookups | None) -> dict[str, Any]:
    """How many questions were looked at, for which figure, and how many pass the rule (None: nothing, or another figure)."""
    if found is None:
        return {"looked_at": 0, "looked_by": "", "passed": None}
    return {"looked_at": found.looked_at, "looked_by": found.measure, "passed": found.passed}
