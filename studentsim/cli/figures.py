"""A run's results for the command line, from its journal: as JSON, and as a table of text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from studentsim.analysis import selection_lookups
from studentsim.runs.history import read_past_events
from studentsim.runs.run_dir import RunFolder
from studentsim.store import practice_mix
from studentsim.store.journal import effective_events


def build_run_result(folder: RunFolder) -> dict[str, Any]:
    """The run's results: ``exams`` from turn 0, ``turns`` from turn 1, and ``choosing``, a sentence on the questions that its
    strategy scored and chose (blank: it scored none).

    Each turn has its ``mix`` of categories and, as ``planned_mix``, the ``next_mix`` of the exam before it (None: the strategy
    does not follow exams); ``epochs`` are the metrics of each epoch, as P0 prints them, ``rewards`` those of the last step,
    ``options`` those of held-out questions' options (None: not measured).
    """
    events = effective_events(read_past_events(folder))
    turn_rows, _ = _build_mix_rows(folder.run_id, events)
    threshold = folder.read_config().threshold
    lookups_by_turn = {
        e["turn"]: selection_lookups.selection_stats_from_event(e, threshold)
        for e in events
        if e["type"] == "TurnStarted"
    }
    end_events = [e for e in events if e["type"] == "RunEnded"]
    end = end_events[-1] if end_events else {"status": "interrupted", "seconds": 0.0, "message": "", "remedy": ""}
    return {
        "run_id": folder.run_id,
        "status": end["status"],
        "seconds": end["seconds"],
        "message": f"{end['message']} {end['remedy']}".strip(),
        "exams": [
            {key: e[key] for key in ("turn", "correct", "questions", *_CATEGORY_COUNT_KEYS)}
            for e in events
            if e["type"] == "ExamFinished"
        ],
        "turns": [
            _turn_result(e)
            | _lookup_counts(lookups_by_turn.get(e["turn"]))
            | _turn_mix(turn_rows, e["turn"])
            | {"epochs": _turn_epochs(events, e["turn"]), "options": _turn_option_metrics(events, e["turn"])}
            for e in events
            if e["type"] == "TurnFinished" and e["turn"] > 0
        ],
        "choosing": selection_lookups.describe_selection_stats(list(filter(None, lookups_by_turn.values()))),
    }


def describe_category_mix(folder: RunFolder) -> list[str]:
    """Lines of text: practice by category beside the exams' mistakes; none where there was no exam."""
    turn_rows, exam_rows = _build_mix_rows(folder.run_id, effective_events(read_past_events(folder)))
    if not exam_rows:
        return []
    from studentsim.analysis import mix_table  # imports pandas
    from studentsim.narration import mix_summary

    config = folder.read_config()
    table = mix_table.build_mix_table(turn_rows, exam_rows)
    sentences = [
        mix_summary.describe_mix_with_caveat(config),
        mix_summary.describe_mix_cause(config, turn_rows),
        mix_summary.describe_mix_departures(config, turn_rows),
    ]
    return ["", *mix_table.format_plain_text(table), *(sentence for sentence in sentences if sentence)]


_CATEGORY_COUNT_KEYS = ("wrong_by_category", "questions_by_category", "next_mix")


def _build_mix_rows(run_id: str, events: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of turns and of exams (``store/practice_mix.py``)."""
    events_by_type = {
        kind: [e for e in events if e["type"] == kind] for kind in ("RunStarted", "TurnStarted", "ExamFinished")
    }
    config = events_by_type["RunStarted"][-1]["config"] if events_by_type["RunStarted"] else {}
    turn_rows = practice_mix.build_practice_mix_rows(
        run_id, config, events_by_type["TurnStarted"], events_by_type["ExamFinished"]
    )
    return turn_rows, practice_mix.build_exam_mix_rows(run_id, events_by_type["ExamFinished"])


def _turn_mix(turn_rows: list[dict[str, Any]], turn: int) -> dict[str, Any]:
    rows = [row for row in turn_rows if row["turn"] == turn]
    planned = {row["category"]: row["planned"] for row in rows}
    return {
        "mix": {row["category"]: row["practised"] for row in rows},
        "planned_mix": None if None in planned.values() else planned,
        "after_exam": rows[0]["exam_turn"] if rows else None,
    }


def _turn_epochs(events: list[dict[str, Any]], turn: int) -> list[dict[str, Any]]:
    """A turn's epochs, their metrics by TRL's names; empty for runs that did not record epochs."""
    return [
        {
            "epoch": e["epoch"],
            "epochs": e["epochs"],
            "training": _finite_or_none(e["training"]),
            "validation": _finite_or_none(e["validation"]),
        }
        for e in events
        if e["type"] == "EpochFinished" and e["turn"] == turn
    ]


def _turn_option_metrics(events: list[dict[str, Any]], turn: int) -> dict[str, float | None] | None:
    """The metrics of held-out questions' right option against a wrong one; None where they were not measured."""
    validations = [
        e
        for e in events
        if e["type"] == "ValidationFinished" and e["turn"] == turn and e.get("option_accuracies") is not None
    ]
    if not validations:
        return None
    last = validations[-1]
    return _finite_or_none({"accuracies": last["option_accuracies"], "margins": last["option_margins"]})


def _finite_or_none(metrics: Mapping[str, float | None] | None) -> dict[str, float | None] | None:
    """Metrics that JSON can hold: None for what is not finite, as after training that diverged."""
    return metrics and {
        key: value if value is not None and math.isfinite(value) else None for key, value in metrics.items()
    }


_REWARD_KEYS = (
    "loss", "rewards_chosen", "rewards_rejected", "rewards_accuracies", "rewards_margins", "logps_chosen", "logps_rejected",
)  # fmt: skip
"""Metrics of a turn's last step. Without its mean logits: older journals have none, and the epochs hold them."""


def _turn_result(event: Mapping[str, Any]) -> dict[str, Any]:
    rewards = _finite_or_none(event["rewards"])
    return {
        **{key: event[key] for key in ("turn", "correct", "questions", "pairs")},
        "rewards": rewards and {key.removeprefix("rewards_"): rewards[key] for key in _REWARD_KEYS},
        "seconds": event["seconds"]["total"],
        "parts": {part: seconds for part, seconds in event["seconds"].items() if part != "total"},
    }


def _lookup_counts(turn_lookups: selection_lookups.LessonSelectionStats | None) -> dict[str, Any]:
    """The number of candidates, the measure by which they were scored, and how many pass the rule (None: it has none)."""
    if turn_lookups is None:
        return {"looked_at": 0, "looked_by": "", "passed": None}
    return {"looked_at": turn_lookups.candidates, "looked_by": turn_lookups.measure, "passed": turn_lookups.passed}
