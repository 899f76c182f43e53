"""What a run has behind it: its events so far, the seconds worked, the last turn that is safe; and its log."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import studentsim
from studentsim.bank import curriculum
from studentsim.config import RunConfig
from studentsim.errors import RunError
from studentsim.records import RunStarted
from studentsim.runs import checkpoints
from studentsim.runs.folder import RunFolder
from studentsim.runs.states import OVER, last_event
from studentsim.store.journal import read_events, standing

PACKAGES = ("torch", "transformers", "trl", "peft", "datasets", "accelerate", "bitsandbytes")
"""Packages whose versions decide a run's figures."""

log = logging.getLogger(__name__)


def refuse_ended(folder: RunFolder) -> None:
    """:raises RunError: the run is finished or was cancelled; there is nothing to go on with."""
    last = last_event(folder.journal)
    status = last["status"] if last and last["type"] == "RunEnded" else ""
    if status in OVER:
        raise RunError(f"The run {folder.run_id} is {status}; it cannot go on.", "Start a new one.")


def past_events(folder: RunFolder) -> list[dict[str, Any]]:
    """All that the journal tells so far, void events too.

    :raises JournalError: it is damaged.
    """
    return read_events(folder.journal) if folder.journal.exists() else []


def run_started(folder: RunFolder, config: RunConfig) -> RunStarted:
    """A run's first event."""
    return RunStarted(0, folder.run_id, config.model_dump(mode="json"), versions(), group=folder.cell)


def versions() -> dict[str, str]:
    """Versions of the product and of the packages that matter, without importing them."""
    found = {"studentsim": studentsim.__version__, "curriculum": curriculum.VERSION}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def worked_seconds(events: Sequence[dict[str, Any]]) -> float:
    """Seconds of work that the events tell of, pauses left out. A stretch that a crash cut off counts to its last event."""
    total, begun, last = 0.0, None, None
    for event in events:
        if event["type"] == "RunEnded":
            total, begun, last = event["seconds"], None, None
        elif event["type"] != "RunStarted":
            if event["type"] == "Resumed" and begun is not None:
                total, begun = total + max(0.0, last - begun), None
            begun, last = (event["at"] if begun is None else begun), event["at"]
    return total + (max(0.0, last - begun) if begun is not None else 0.0)


def last_safe_turn(folder: RunFolder, past: Sequence[dict[str, Any]]) -> tuple[int, str]:
    """The last turn that is complete in the journal and whose checkpoint is whole, -1 if there is none; and why it is not a
    later one, where a checkpoint was damaged."""
    told = ""
    done = sorted({event["turn"] for event in standing(past) if event["type"] == "TurnFinished"}, reverse=True)
    for turn in done:
        damage = checkpoints.damage(folder.checkpoints, turn)
        if not damage:
            return turn, told
        if turn in checkpoints.turns(folder.checkpoints) or turn == done[0]:  # others were not kept
            text = f"The checkpoint of turn {turn} cannot be used: {damage}. An earlier one is taken, later turns are done again."
            log.warning(text)
            note(folder, text)
            told = told or text
    return -1, told


def note(folder: RunFolder, text: str, error: BaseException | None = None) -> None:
    """Write a line into the run's log, with the traceback of an error. Writes; a full disk is no error."""
    if error is not None:
        text = f"{''.join(traceback.format_exception(error))}{text}"
    try:
        with folder.log.open("a", encoding="utf-8") as handle:
            handle.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
    except OSError:
        pass
