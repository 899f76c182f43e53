"""Ends a run that has no living worker, with the same last event and lease as a worker would."""

from __future__ import annotations

import os
import time

from studentsim.events import RunEnded
from studentsim.runs import process, queue
from studentsim.runs.history import read_past_events, run_started_event, sum_worked_seconds
from studentsim.runs.lease import Lease, current_lease
from studentsim.runs.run_dir import RunFolder
from studentsim.store.journal_writer import JournalWriter


def end_run(folder: RunFolder, status: str, *, error: str = "", message: str = "", remedy: str = "") -> None:
    """Write the run's last event and remove it from the queue. Writes. Only for a run without a living worker.

    :raises LeaseLost: a worker was faster.
    :raises JournalError: the journal is damaged or cannot be written.
    """
    lease = Lease.acquire(folder)
    try:
        events = read_past_events(folder)
        turn = max(0, events[-1]["turn"]) if events else 0
        with JournalWriter(folder.journal_path, epoch=lease.info.epoch, confirm=lease.ensure_current) as journal:
            if not events:
                journal.append(run_started_event(folder, folder.read_config()))
            seconds = round(sum_worked_seconds(events), 3)
            journal.append(RunEnded(turn, status, seconds, error=error, message=message, remedy=remedy))
            journal.sync()
            lease.note_last_event(journal.next_seq - 1)
        queue.dequeue(folder)
        folder.clear_request()
    finally:
        lease.close()


def kill_worker(folder: RunFolder) -> None:
    """Send SIGKILL to the run's worker, if it is still that process, and wait up to two seconds for its end."""
    lease = current_lease(folder)
    if lease and lease.is_local and lease.pid != os.getpid() and process.kill_process(lease.pid, lease.pid_started):
        deadline = time.monotonic() + 2
        while lease.is_alive and time.monotonic() < deadline:
            time.sleep(0.005)  # there is no way to wait for a process that may not be our child
