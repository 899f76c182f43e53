"""A run's status, read from its files: the journal's last line, the lease, a request, the queue. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studentsim.runs.lease import LeaseInfo, current_lease
from studentsim.runs.run_dir import RunFolder
from studentsim.store.journal import read_last_event

LIVE_STATUSES = frozenset({"starting", "running", "not responding"})
"""A worker process exists."""
FINAL_STATUSES = frozenset({"finished", "cancelled"})
"""The run has ended for good."""


@dataclass(frozen=True)
class RunState:
    """A run's status with its details.

    ``status``: queued, starting, running, not responding, paused, cancelled, failed, finished, interrupted (its worker ended
    without recording an end). ``request``: pause or cancel if requested and not yet done, or "". ``queue_position``: 1 for the next
    in the queue, 0 if not queued. ``message`` and ``remedy`` say what happened and what to do, if anything.
    """

    run_id: str
    status: str
    request: str = ""
    message: str = ""
    remedy: str = ""
    error: str = ""
    pid: int = 0
    epoch: int = 0
    """The lease's number, which counts the run's workers."""
    queue_position: int = 0

    @property
    def is_live(self) -> bool:
        """Whether a worker process exists."""
        return self.status in LIVE_STATUSES


def read_run_state(folder: RunFolder) -> RunState:
    """Read the run's state; ``queue_position`` is left 0, and filled in by ``RunManager``."""
    is_queued = folder.queue_path.exists()  # before the lease: a run is granted one first and then leaves the queue
    lease = current_lease(folder)
    last = read_last_event(folder.journal_path)
    request = folder.read_request()
    state = RunState(folder.run_id, "", request=request[0] if request else "", epoch=lease.epoch if lease else 0)
    if lease and lease.is_alive:
        if not (_is_run_ended(last) and lease.beats):
            return replace(state, status=_status_of_live_run(lease, last), pid=lease.pid)
    elif is_queued:
        return replace(state, status="queued")
    if last is not None and _is_run_ended(last):
        end_fields = {name: str(last.get(name, "")) for name in ("status", "message", "remedy", "error")}
        return replace(state, **end_fields)
    return replace(state, **_fields_without_end_event(folder, lease, last))


def read_last_log_line(folder: RunFolder) -> str:
    """The last non-empty line of the worker's log, at most 300 characters; "" if there is none."""
    try:
        with folder.log_path.open("rb") as handle:
            handle.seek(max(0, handle.seek(0, 2) - 8192))
            lines = handle.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")


def state_fingerprint(folder: RunFolder) -> tuple[object, ...]:
    """A value that changes whenever the state of a run without a living worker may change."""
    return tuple(
        _size_and_mtime(folder.path / name) for name in ("events.jsonl", "leases", "queue.json", "control.json")
    )


def _status_of_live_run(lease: LeaseInfo, last: dict[str, Any] | None) -> str:
    if lease.is_overdue:
        return "not responding"
    if lease.beats == 0 or last is None or last["type"] in ("RunStarted", "RunResumed"):
        return "starting"
    return "starting" if last["type"] == "StageStarted" and last.get("stage") == "loading" else "running"


def _fields_without_end_event(
    folder: RunFolder, lease: LeaseInfo | None, last: dict[str, Any] | None
) -> dict[str, str]:
    """What is different in the state of a run that has no worker and no RunEnded at its end."""
    last_line = read_last_log_line(folder)
    quoted_line = f" Its last words: {last_line}" if last_line else ""
    if lease and (last is None or last["type"] == "RunStarted"):
        message = f"The worker ended before it began.{quoted_line}"
        return {"status": "failed", "message": message, "remedy": "Try to resume.", "error": "WorkerDied"}
    message = f"The worker ended without a word.{quoted_line}" if lease else "The run was made, but never begun."
    return {"status": "interrupted", "message": message, "remedy": "Resume: complete turns are safe."}


def _is_run_ended(event: dict[str, Any] | None) -> bool:
    return event is not None and event["type"] == "RunEnded"


def _size_and_mtime(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns
