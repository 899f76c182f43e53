"""A run's status, read from its files: the journal's last line, the lease, a request, the queue. Writes nothing.

Any file may hold anything: a run whose files cannot be understood is ``damaged``, and its state says what is wrong and what can be done.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studentsim.errors import JournalError, RunError, StudentsimError, first_line
from studentsim.runs.lease import LeaseInfo, current_lease
from studentsim.runs.run_dir import RunFolder
from studentsim.store.journal import read_events, read_last_event

LIVE_STATUSES = frozenset({"starting", "running", "not responding"})
"""A worker process exists."""
FINAL_STATUSES = frozenset({"finished", "cancelled"})
"""The run has ended for good."""
_END_STATUSES = FINAL_STATUSES | {"paused", "failed"}
"""What a worker's last event says of the run."""
_REQUIRED_FOLDERS = ("leases", "checkpoints")


@dataclass(frozen=True)
class RunState:
    """A run's status with its details.

    ``status``: queued, starting, running, not responding, paused, cancelled, failed, finished, interrupted (its worker ended
    without recording an end), damaged (it cannot go on as its files are). ``request``: pause or cancel if requested and not yet
    done, or "". ``queue_position``: 1 for the next in the queue, 0 if not queued. ``message`` and ``remedy`` say what happened and
    what to do, if anything.
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
    """Read the run's state, whatever its files hold; ``queue_position`` is left 0, and filled in by ``RunManager``."""
    try:
        return _read_state(folder)
    except StudentsimError as error:
        return damaged_state(folder, error)
    except OSError as error:
        return damaged_state(folder, _explain_unreadable(folder, error))
    except Exception as error:  # a file of a run may hold anything, and must not hide the other runs
        return damaged_state(folder, RunError(f"Its files are not understood ({first_line(error)})."))


def damaged_state(folder: RunFolder, error: StudentsimError) -> RunState:
    """The state of a run that cannot be used because of ``error``, with what can be done about it and where its folder is."""
    remedy = error.remedy
    if isinstance(error, JournalError) or not remedy:
        repair = f"python -m studentsim repair {folder.run_id} --data {folder.path.parent.parent}"
        remedy = f"Mend it: {repair} (what is sound in it is kept), or delete it on Home."
    return RunState(
        folder.run_id, "damaged", "", error.problem, f"{remedy} Its folder is {folder.path}", type(error).__name__
    )


def find_damage(folder: RunFolder) -> StudentsimError | None:
    """Why a run could not go on from its files; None: it could. Reads the whole journal."""
    try:
        for name in _REQUIRED_FOLDERS:
            if (path := folder.path / name).exists() and not path.is_dir():
                return _not_a_folder(path)
        if folder.journal_path.exists():
            read_events(folder.journal_path)
        folder.read_config()
    except StudentsimError as error:
        return error
    except OSError as error:
        return _explain_unreadable(folder, error)
    return None


def _read_state(folder: RunFolder) -> RunState:
    """As ``read_run_state``.

    :raises OSError, StudentsimError: the run's folder or a file in it cannot be read.
    """
    if not folder.path.is_dir():
        raise _not_a_folder(folder.path)
    names = set(os.listdir(folder.path))  # before the lease: a run is granted one first and then leaves the queue
    lease = _read_lease(folder)
    last = read_last_event(folder.journal_path)
    request = folder.read_request()
    state = RunState(folder.run_id, "", request=request[0] if request else "", epoch=lease.epoch if lease else 0)
    is_ended = _is_run_ended(last)
    if lease and lease.is_alive and not (is_ended and lease.beats):
        return replace(state, status=_status_of_live_run(lease, last), pid=lease.pid)
    # Also while the worker that wrote the end is still exiting: a state without a worker must follow from the files alone.
    if folder.queue_path.name in names and not (is_ended and last.get("status") in FINAL_STATUSES):
        return _state_or_damage(folder, replace(state, status="queued"))
    if is_ended and lease and lease.epoch > last.get("lease", 0) and (reason := _parse_lease_reason(lease)):
        return _state_or_damage(folder, replace(state, **reason))
    if is_ended:
        end_fields = {name: str(last.get(name, "")) for name in ("status", "message", "remedy", "error")}
        if end_fields["status"] not in _END_STATUSES:
            raise RunError(
                f"Its journal ends with the status {end_fields['status'][:40]!r}, which is not known here.",
                "If a newer version of this program made it, use that one; otherwise delete this run on Home.",
            )
        return _state_or_damage(folder, replace(state, **end_fields))
    return _state_or_damage(folder, replace(state, **_fields_without_end_event(folder, lease, last)))


_known_damage: dict[Path, tuple[object, StudentsimError | None]] = {}
"""What ``find_damage`` found for a run's folder, and of which files: it reads the whole journal."""


def _find_damage_once(folder: RunFolder) -> StudentsimError | None:
    """As ``find_damage``, looked for again only where the files that it reads have changed."""
    files = (folder.journal_path, folder.path / "config.json", *(folder.path / name for name in _REQUIRED_FOLDERS))
    signature = tuple(_file_signature(path) for path in files)
    known = _known_damage.get(folder.path)
    if known is None or known[0] != signature or isinstance(known[1], RunError):  # what is no folder may become one
        known = _known_damage[folder.path] = (signature, find_damage(folder))
    return known[1]


def _state_or_damage(folder: RunFolder, state: RunState) -> RunState:
    """The state of a run without a worker; that it is damaged, if it is not over and could not go on."""
    if state.status in FINAL_STATUSES or (damage := _find_damage_once(folder)) is None:
        return state
    return replace(damaged_state(folder, damage), epoch=state.epoch)


def _read_lease(folder: RunFolder) -> LeaseInfo | None:
    """The run's lease; None: there is none, or its file holds something else, which a living worker will overwrite."""
    try:
        lease = current_lease(folder)
        return lease if lease is None or isinstance(lease.is_alive and lease.is_overdue, bool) else None
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError):
        return None


def _explain_unreadable(folder: RunFolder, error: OSError) -> RunError:
    return RunError(
        f"{error.filename or folder.path} cannot be read ({error.strerror or error}).",
        "Look at its permissions and its disk, or delete this run on Home.",
    )


def _not_a_folder(path: Path) -> RunError:
    return RunError(f"{path} is not a folder.", "Move it elsewhere, or delete this run on Home.")


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
        _file_signature(folder.path / name)
        for name in ("", "events.jsonl", "leases", "checkpoints", "queue.json", "control.json", "config.json")
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
    if reason := _parse_lease_reason(lease):
        return reason
    if lease and lease.last_seq >= 0 and lease.last_seq > (last["seq"] if last else -1):
        missing = lease.last_seq - (last["seq"] if last else -1)
        message = f"The end of its journal is missing or damaged: {missing} of its events."
        return {"status": "interrupted", "message": message, "remedy": "Resume: what is missing is done again."}
    last_line = read_last_log_line(folder)
    quoted_line = f" Its last words: {last_line}" if last_line else ""
    if lease and (last is None or last["type"] == "RunStarted"):
        message = f"The worker ended before it began.{quoted_line}"
        return {"status": "failed", "message": message, "remedy": "Try to resume.", "error": "WorkerDied"}
    message = (
        f"The worker ended without a word.{quoted_line}" if lease or last else "The run was made, but never begun."
    )
    return {"status": "interrupted", "message": message, "remedy": "Resume: complete turns are safe."}


def _parse_lease_reason(lease: LeaseInfo | None) -> dict[str, str]:
    """The end that a worker could write into its lease alone, as on a full disk: ``status|message|remedy``; {} if it wrote none."""
    status, _, rest = str(getattr(lease, "reason", "")).partition("|")
    message, _, remedy = rest.partition("|")
    return {"status": status, "message": message, "remedy": remedy} if status in _END_STATUSES else {}


def _is_run_ended(event: dict[str, Any] | None) -> bool:
    return event is not None and event["type"] == "RunEnded"


def _file_signature(path: Path) -> tuple[int, int, int] | None:
    """Also the mode: a file that nobody could read may become readable."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns, stat.st_mode
