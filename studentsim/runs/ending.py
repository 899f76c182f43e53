"""Ending a run from outside, when there is no worker that could: the same last event, under the same lease."""

from __future__ import annotations

import time

from studentsim.records import RunEnded
from studentsim.runs import process
from studentsim.runs.folder import RunFolder
from studentsim.runs.lease import Lease, current_lease
from studentsim.runs.past import past_events, run_started, worked_seconds
from studentsim.store.journal import Journal


def end_run(folder: RunFolder, status: str, *, error: str = "", message: str = "", remedy: str = "") -> None:
    """Write the run's last event and take it out of the queue. Writes. Only for a run without a living worker.

    :raises LeaseLost: a worker was quicker.
    :raises JournalError: the journal is damaged or cannot be written.
    """
    lease = Lease.take(folder)
    try:
        past = past_events(folder)
        turn = max(0, past[-1]["turn"]) if past else 0
        with Journal(folder.journal) as journal:
            if not past:
                journal.append(run_started(folder, folder.config()))
            lease.check()
            seconds = round(worked_seconds(past), 3)
            journal.append(RunEnded(turn, status, seconds, error=error, message=message, remedy=remedy))
        folder.queue.unlink(missing_ok=True)
        folder.clear_request()
    finally:
        lease.close()


def kill_worker(folder: RunFolder) -> None:
    """SIGKILL to the run's worker, if it is still that very process, and wait a moment for its end."""
    lease = current_lease(folder)
    if lease and process.kill(lease.pid, lease.pid_started):
        deadline = time.monotonic() + 2
        while lease.alive and time.monotonic() < deadline:
            time.sleep(0.005)  # nothing tells of the end of a process that may not be our child
