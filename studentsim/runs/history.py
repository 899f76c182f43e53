"""A run's history: its past events, the seconds worked, the last safe turn; and its log."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import studentsim
from studentsim.config import RunConfig
from studentsim.curriculum import generator
from studentsim.errors import RunError
from studentsim.events import RunStarted
from studentsim.runs import checkpoints
from studentsim.runs.run_dir import RunFolder
from studentsim.runs.status import FINAL_STATUSES
from studentsim.store.journal import effective_events, read_events, read_last_event

VERSIONED_PACKAGES = ("torch", "transformers", "trl", "peft", "datasets", "accelerate", "bitsandbytes")
"""Packages whose versions decide a run's figures."""

logger = logging.getLogger(__name__)


def check_not_ended(folder: RunFolder) -> None:
    """:raises RunError: the run is finished or cancelled, and cannot continue."""
    last = read_last_event(folder.journal_path)
    status = last.get("status", "") if last and last["type"] == "RunEnded" else ""
    if status in FINAL_STATUSES:
        raise RunError(f"The run {folder.run_id} is {status}; it cannot go on.", "Start a new one.")


def read_past_events(folder: RunFolder) -> list[dict[str, Any]]:
    """All events of the journal so far, void ones too.

    :raises JournalError: the journal is damaged.
    """
    return read_events(folder.journal_path) if folder.journal_path.exists() else []


def run_started_event(folder: RunFolder, config: RunConfig) -> RunStarted:
    """A run's first event."""
    return RunStarted(0, folder.run_id, config.model_dump(mode="json"), package_versions(), group=folder.cell)


def package_versions() -> dict[str, str]:
    """Versions of the product, the curriculum and ``VERSIONED_PACKAGES``, without importing these."""
    versions = {"studentsim": studentsim.__version__, "curriculum": generator.CURRICULUM_VERSION}
    for package in VERSIONED_PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def sum_worked_seconds(events: Sequence[dict[str, Any]]) -> float:
    """Seconds of work by the events, without pauses; a session that crashed counts up to its last event."""
    total, started_at, last_event_at = 0.0, None, None
    for event in events:
        if event["type"] == "RunEnded":
            total, started_at, last_event_at = event["seconds"], None, None
        elif event["type"] != "RunStarted":
            if event["type"] == "RunResumed" and started_at is not None:
                total, started_at = total + max(0.0, last_event_at - started_at), None
            started_at, last_event_at = (event["timestamp"] if started_at is None else started_at), event["timestamp"]
    return total + (max(0.0, last_event_at - started_at) if started_at is not None else 0.0)


def find_last_safe_turn(folder: RunFolder, events: Sequence[dict[str, Any]]) -> tuple[int, str]:
    """The last turn that is complete in the journal and has an undamaged checkpoint (-1: none), and a note on a damaged later one.

    Logs the damage. Writes.
    """
    damage_note = ""
    finished_turns = sorted(
        {event["turn"] for event in effective_events(events) if event["type"] == "TurnFinished"}, reverse=True
    )
    for turn in finished_turns:
        damage = checkpoints.describe_damage(folder.checkpoints, turn)
        if not damage:
            return turn, damage_note
        if turn in checkpoints.list_turns(folder.checkpoints) or turn == finished_turns[0]:  # others were pruned
            text = f"The checkpoint of turn {turn} cannot be used: {damage}. An earlier one is taken, later turns are done again."
            logger.warning(text)
            append_to_log(folder, text)
            damage_note = damage_note or text
    return -1, damage_note


def append_to_log(folder: RunFolder, text: str, error: BaseException | None = None) -> None:
    """Append a line, after the traceback of ``error``, to the run's log. Writes; raises nothing if the disk is full."""
    if error is not None:
        text = f"{''.join(traceback.format_exception(error))}{text}"
    try:
        with folder.log_path.open("a", encoding="utf-8") as handle:
            handle.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
    except OSError:
        pass
