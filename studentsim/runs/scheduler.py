"""Looks after the runs of a data folder: starts queued ones, ends cancelled ones, notes which worker ran out of memory.

What fails for one run is tried again later, and stops no other. ``tick`` is not safe for threads; the manager holds its lock.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from studentsim import files
from studentsim.errors import RunError, StudentsimError
from studentsim.runs import queue
from studentsim.runs.backoff import Backoff
from studentsim.runs.failure import OUT_OF_MEMORY
from studentsim.runs.launcher import Launcher
from studentsim.runs.run_dir import RunFolder, list_runs, runs_folder
from studentsim.runs.status import FINAL_STATUSES, RunState, read_run_state, state_fingerprint
from studentsim.runs.termination import end_run, kill_worker

DAMAGE_RECHECK_SECONDS = 15.0
"""Seconds after which a damaged run is looked at again even if its files look the same: the disk may have been at fault."""

logger = logging.getLogger(__name__)


class Scheduler:
    """The states of a data folder's runs, and what is due to be done for them."""

    def __init__(self, data: Path, launcher: Launcher, clock: Callable[[], float] = time.monotonic) -> None:
        """``launcher`` starts the workers; ``clock`` gives seconds that never go back."""
        self.data = data
        self.launcher = launcher
        self.backoff = Backoff()
        self._clock = clock
        self._idle_states: dict[str, tuple[object, float, RunState]] = {}
        self._memory_kills: list[RunFolder] = []

    # ------------------------------------------------------------------ reading

    def read_state(self, folder: RunFolder) -> RunState:
        """As ``read_run_state``, with the reason for which the run waits, if starting or ending it failed."""
        state = self._read_cached_state(folder)
        wait = self.backoff.get_wait(folder.run_id)
        if wait is None or state.is_live or not (state.status == "queued" or state.request == "cancel"):
            return state
        return replace(state, message=wait.message, remedy=wait.remedy)

    def read_queue(self) -> list[RunState]:
        """The states of the runs in the queue, the next one first, with their positions."""
        states = [self.read_state(folder) for folder in queue.list_queued_runs(self.data)]
        queued_states = [state for state in states if state.status == "queued"]
        return [replace(state, queue_position=position) for position, state in enumerate(queued_states, 1)]

    def forget(self, run_id: str) -> None:
        """Drop what is known of a run that was deleted."""
        self._idle_states.pop(run_id, None)
        self.backoff.forget(run_id)

    def _read_cached_state(self, folder: RunFolder) -> RunState:
        """As ``read_run_state``, cached for runs without a worker until their files change."""
        fingerprint, now = state_fingerprint(folder), self._clock()
        if cached := self._idle_states.get(folder.run_id):
            cached_fingerprint, read_at, state = cached
            is_recent = state.status != "damaged" or now - read_at < DAMAGE_RECHECK_SECONDS
            if cached_fingerprint == fingerprint and is_recent:
                return state
        state = read_run_state(folder)
        if not state.is_live:
            self._idle_states[folder.run_id] = (fingerprint, now, state)
        return state

    # ------------------------------------------------------------------ writing

    def tick(self, max_concurrent_runs: int, cancel_grace_seconds: float) -> list[RunState]:
        """Do what is due; returns the states of the runs before that. Writes.

        :raises DataFolderError: the data folder cannot be read.
        """
        self._record_memory_kills()
        states = {folder: self.read_state(folder) for folder in list_runs(self.data)}
        for folder, state in states.items():
            if state.request == "cancel":
                self._try(folder, lambda f, state=state: _enforce_cancel(f, state, cancel_grace_seconds))
            elif state.is_live and folder.queue_path.exists():  # it could not be removed when the run began
                self._try(folder, queue.dequeue)
        self._launch_queued_runs(max_concurrent_runs - sum(state.is_live for state in states.values()))
        return list(states.values())

    def _launch_queued_runs(self, free_slots: int) -> None:
        for folder in queue.list_queued_runs(self.data) if free_slots > 0 else ():
            if free_slots > 0 and self.read_state(folder).status == "queued":
                free_slots -= self._try(folder, self._launch)

    def _launch(self, folder: RunFolder) -> None:
        """Start a queued run, or record that no worker can be started for it. Writes.

        :raises OSError, StudentsimError: it cannot be started now, or that cannot be recorded.
        """
        try:
            self.launcher.start_run(folder)
        except RunError as error:
            logger.error("run %s: %s", folder.run_id, error.problem)
            end_run(folder, "failed", error="WorkerDied", message=error.problem, remedy=error.remedy)
            return
        with suppress(OSError):  # a later tick tries again; meanwhile its worker's lease counts
            queue.dequeue(folder)

    def _record_memory_kills(self) -> None:
        """Record the end of runs whose workers the system killed because the memory was full; they could not. Writes."""
        for worker in self.launcher.collect_ended():
            if worker.was_killed_for_memory:
                self._memory_kills.append(RunFolder(runs_folder(self.data) / worker.run_id))
        self._memory_kills = [folder for folder in self._memory_kills if not self._try(folder, _record_memory_kill)]

    def _try(self, folder: RunFolder, action: Callable[[RunFolder], None]) -> bool:
        """Call ``action(folder)`` if it is due; returns whether it was done. What it raises makes the run wait."""
        if not self.backoff.is_due(folder.run_id, self._clock()):
            return False
        try:
            action(folder)
        except (OSError, StudentsimError) as error:
            message, remedy = _describe_wait(error)
            wait = self.backoff.postpone(folder.run_id, message, remedy, self._clock())
            logger.error("run %s, attempt %d: %s", folder.run_id, wait.attempts, error)
            return False
        self.backoff.forget(folder.run_id)
        return True


def _describe_wait(error: OSError | StudentsimError) -> tuple[str, str]:
    """Why a run waits, and what to do about it."""
    explained = error if isinstance(error, StudentsimError) else files.storage_error(error)
    problem = explained.problem[:1].lower() + explained.problem[1:]  # a path begins with no capital letter
    if files.is_disk_full(error):
        problem = "the disk is full."
    return f"It waits: {problem}", f"{explained.remedy} It is tried again by itself.".lstrip()


def _enforce_cancel(folder: RunFolder, state: RunState, grace_seconds: float) -> None:
    """Kill a worker that does not obey a request to cancel in time; end a run that has none. Writes.

    :raises OSError, StudentsimError: its end cannot be recorded.
    """
    if state.is_live:
        if (request := folder.read_request()) and request[1] > grace_seconds:
            kill_worker(folder)
    elif state.status not in FINAL_STATUSES:
        end_run(folder, "cancelled")


def _record_memory_kill(folder: RunFolder) -> None:
    """Record that a run failed for want of memory, unless something else has become of it since. Writes.

    :raises OSError, StudentsimError: that cannot be recorded.
    """
    state = read_run_state(folder)
    if state.request == "cancel":  # it was killed because it did not obey
        return
    if state.status == "interrupted" or state.error == "WorkerDied":
        failure = OUT_OF_MEMORY
        end_run(folder, failure.status, error=failure.error_type, message=failure.message, remedy=failure.remedy)
