"""Helpers of the tests of runs: workers with a fake cast, waiting for something, comparing what journals tell."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studentsim.runs.manager import RunManager
from studentsim.runs.run_dir import RunFolder
from studentsim.store.journal import JournalEnd, effective_events, read_events, read_new_events

HERE = Path(__file__).parent


def worker(what: str = "fake") -> list[str]:
    """The command of a worker with a fake cast; ``what`` as in fake_worker.py."""
    return [sys.executable, str(HERE / "fake_worker.py"), what]


def manager(data: Path, what: str = "fake", **options: Any) -> RunManager:
    """A manager with such workers, that ticks only when told to and checks no settings."""
    options = {
        "tick_interval_seconds": None,
        "preflight_check": lambda config: None,
        "cancel_grace_seconds": 0.0,
        **options,
    }
    return RunManager(data, worker_command=worker(what), **options)


def until(condition: Callable[[], Any], patience: float = 120.0) -> Any:
    """Wait until the condition holds; what it returned."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return found


def until_status(manager: RunManager, run_id: str, *status: str) -> str:
    """Wait, ticking, until the run has one of these states; the state."""

    def look() -> str:
        manager.tick()
        now = manager.get_state(run_id).status
        return now if now in status else ""

    return until(look)


TIMES = ("timestamp", "seq", "lease", "seconds", "milliseconds", "session_started_at")
LIFECYCLE = ("RunStarted", "RunResumed", "RunEnded")


def comparable_events(folder: RunFolder) -> list[dict[str, Any]]:
    """What the standing events tell, times and the coming and going of workers left out."""
    return [
        {key: value for key, value in event.items() if key not in TIMES}
        for event in effective_events(read_events(folder.journal_path))
        if event["type"] not in LIFECYCLE and event.get("stage") != "loading"
    ]


def types(folder: RunFolder) -> list[str]:
    """The types of all events, void ones too."""
    return [event["type"] for event in read_events(folder.journal_path)]


def last(folder: RunFolder) -> dict[str, Any]:
    """The last event."""
    return read_events(folder.journal_path)[-1]


def lines(folder: RunFolder) -> int:
    """How many lines the journal has."""
    return folder.journal_path.read_bytes().count(b"\n") if folder.journal_path.exists() else 0


def at_answer(folder: RunFolder, number: int) -> None:
    """Wait until the run stands at this answer: all before it are in the journal."""

    def answers() -> int:
        return sum(
            event["type"] == "AnswerRecorded" for event in read_new_events(folder.journal_path, JournalEnd()).events
        )

    until(lambda: folder.journal_path.exists() and answers() == number - 1)


class Gate:
    """Where the workers of ``…:gate`` wait. Once open it stays open, for those who wait and those who come later."""

    def __init__(self, data: Path) -> None:
        self.fifo = data / "gate"
        self.handle = -1
        os.mkfifo(self.fifo)

    def open(self) -> None:
        """Let them through; never blocks."""
        self.handle = os.open(self.fifo, os.O_RDWR)

    def close(self) -> None:
        """At the end of the test."""
        if self.handle >= 0:
            os.close(self.handle)


def beyond_rounding(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """A step's figures without the share of rightly preferred pairs, where both rewards are nothing to five digits.

    In a lesson's first step the student is its own reference: rewards are zero but for rounding, and the share counts its signs.
    """
    rounding = all(abs(metrics.get(name) or 0.0) <= 1e-5 for name in ("rewards_chosen", "rewards_rejected"))
    return {name: value for name, value in metrics.items() if not (rounding and name == "rewards_accuracies")}
