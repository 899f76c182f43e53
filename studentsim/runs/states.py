"""How a run stands, told from its files alone: the journal's last line, the lease, a request, the queue. Writes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studentsim.runs.folder import RunFolder
from studentsim.runs.lease import LeaseInfo, current_lease

LIVE = frozenset({"starting", "running", "not responding"})
"""A worker process exists."""
RESUMABLE = frozenset({"paused", "interrupted", "failed"})
"""The run can go on from its last complete turn."""
OVER = frozenset({"finished", "cancelled"})
"""Nothing more will come."""


@dataclass(frozen=True)
class RunState:
    """How a run stands.

    ``status``: queued, starting, running, not responding, paused, cancelled, failed, finished, interrupted (its worker
    ended without a word). ``request``: what was asked and not yet done (pause, cancel), or "". ``place``: 1 for the
    next in the queue, 0 if not queued. ``message`` and ``remedy`` say what happened and what to do, where there is something.
    """

    run_id: str
    status: str
    request: str = ""
    message: str = ""
    remedy: str = ""
    error: str = ""
    pid: int = 0
    epoch: int = 0
    """The lease's number: how many workers the run has had."""
    place: int = 0

    @property
    def live(self) -> bool:
        """Whether a worker process exists."""
        return self.status in LIVE

    @property
    def resumable(self) -> bool:
        """Whether the run can go on."""
        return self.status in RESUMABLE


def observe(folder: RunFolder) -> RunState:
    """How the run stands now. Its ``place`` in the queue is the manager's to tell."""
    waiting = folder.queue.exists()  # before the lease: a run is granted one first and then leaves the queue
    lease = current_lease(folder)
    last = last_event(folder.journal)
    asked = folder.requested()
    known = {"request": asked[0] if asked else "", "epoch": lease.epoch if lease else 0}
    if lease and lease.alive:
        if not (_ended(last) and lease.beats):
            return RunState(folder.run_id, _live_status(lease, last), pid=lease.pid, **known)
    elif waiting:
        return RunState(folder.run_id, "queued", **known)
    if _ended(last):
        return _ended_state(folder, last, known)
    return _silent_state(folder, lease, last, known)


def last_event(journal: Path) -> dict[str, Any] | None:
    """The last event whose line is whole, read from the file's end; None if there is none."""
    try:
        with journal.open("rb") as handle:
            size = handle.seek(0, 2)
            span = 8192
            while True:
                begin = max(0, size - span)
                handle.seek(begin)
                for line in reversed(handle.read(size - begin).split(b"\n")[0 if begin == 0 else 1 : -1]):
                    if (event := _parsed(line)) is not None:
                        return event
                if begin == 0:
                    return None
                span *= 8
    except OSError:
        return None


def log_line(folder: RunFolder) -> str:
    """The last line that the worker wrote, at most 300 characters; "" if it wrote nothing."""
    try:
        with folder.log.open("rb") as handle:
            handle.seek(max(0, handle.seek(0, 2) - 8192))
            lines = handle.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")


def stamp(folder: RunFolder) -> tuple[object, ...]:
    """Something that differs whenever the state of a run without a living worker may differ."""
    return tuple(_stat(folder.path / name) for name in ("events.jsonl", "leases", "queue.json", "control.json"))


def _live_status(lease: LeaseInfo, last: dict[str, Any] | None) -> str:
    if lease.late:
        return "not responding"
    if lease.beats == 0 or last is None or last["type"] in ("RunStarted", "Resumed"):
        return "starting"
    return "starting" if last["type"] == "StageStarted" and last.get("stage") == "loading" else "running"


def _ended_state(folder: RunFolder, last: dict[str, Any], known: dict[str, Any]) -> RunState:
    told = {name: str(last.get(name, "")) for name in ("message", "remedy", "error")}
    return RunState(folder.run_id, str(last.get("status", "")), **told, **known)


def _silent_state(
    folder: RunFolder, lease: LeaseInfo | None, last: dict[str, Any] | None, known: dict[str, Any]
) -> RunState:
    """A run that neither goes on nor says why."""
    said = log_line(folder)
    words = f" Its last words: {said}" if said else ""
    if lease and (last is None or last["type"] == "RunStarted"):
        message = f"The worker ended before it began.{words}"
        return RunState(folder.run_id, "failed", message=message, remedy="Try to resume.", error="WorkerDied", **known)
    message = f"The worker ended without a word.{words}" if lease else "The run was made, but never begun."
    remedy = "Resume: complete turns are safe."
    return RunState(folder.run_id, "interrupted", message=message, remedy=remedy, **known)


def _ended(event: dict[str, Any] | None) -> bool:
    return event is not None and event["type"] == "RunEnded"


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "type" in event else None


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
