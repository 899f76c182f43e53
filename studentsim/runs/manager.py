"""Starts, watches and stops runs for the app. Never imports torch: only workers do.

All state is in the runs' folders, where another process, or the next start of the app, can read it. The manager keeps one warm
worker, so that a run's first answers come within seconds.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from studentsim.config import RunConfig
from studentsim.errors import LeaseLost, RunError, StudentsimError
from studentsim.events import Cell
from studentsim.runs import groups, preflight, queue
from studentsim.runs.run_dir import RunFolder, create_run, delete_run, ensure_data_folder, list_runs, open_run
from studentsim.runs.status import FINAL_STATUSES, RunState, read_last_log_line, read_run_state, state_fingerprint
from studentsim.runs.termination import end_run, kill_worker
from studentsim.runs.warm_worker import WORKER_COMMAND, WarmWorker
from studentsim.student.huggingface.model_store import set_data_folder

MAX_CONCURRENT_RUNS = 2
"""Further runs are queued: each takes about a gigabyte of memory, and they share the CPU."""
CANCEL_GRACE_SECONDS = 3.0
"""Seconds after a request to cancel until the worker is killed; complete turns are safe."""
TICK_INTERVAL_SECONDS = 1.0
"""Seconds between two calls of ``tick``."""
WARM_DELAY_SECONDS = 4.0
"""Seconds after a start until the next warm worker is created, since its imports would slow down the new run's first answers; longer
while a run is still starting."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StartedGroup:
    """A group that was started: its id, and its runs' ids in the order of the queue."""

    group_id: str
    run_ids: tuple[str, ...]


class RunManager:
    """The runs of one data folder. Its methods may be called from many threads."""

    def __init__(
        self,
        data: str | Path,
        *,
        max_concurrent_runs: int = MAX_CONCURRENT_RUNS,
        worker_command: Sequence[str] = WORKER_COMMAND,
        preflight_check: Callable[[RunConfig], RunConfig | None] = preflight.check_run_config_in_child,
        cancel_grace_seconds: float = CANCEL_GRACE_SECONDS,
        tick_interval_seconds: float | None = TICK_INTERVAL_SECONDS,
        keep_warm_worker: bool = True,
    ) -> None:
        """Create the data folder and start a thread that calls ``tick`` every ``tick_interval_seconds`` (None: never).

        The data folder becomes the place of installed models. ``worker_command`` starts a worker; ``preflight_check`` checks settings,
        and may complete them, before a run is created. Without ``keep_warm_worker`` each run first waits for its worker's imports.

        :raises DataFolderError: the folder cannot be created or written.
        """
        self.data = Path(data)
        self.max_concurrent_runs = max_concurrent_runs
        ensure_data_folder(self.data)
        set_data_folder(self.data)
        self.cancel_grace_seconds = cancel_grace_seconds
        self._worker_command = worker_command
        self._preflight_check = preflight_check
        self._lock = threading.RLock()
        self._keep_warm_worker = keep_warm_worker
        self._warm_worker: WarmWorker | None = None
        self._launched_workers: list[WarmWorker] = []
        self._idle_states: dict[str, tuple[object, RunState]] = {}
        self._closed = threading.Event()
        self._warm_at = math.inf
        if tick_interval_seconds is not None:
            threading.Thread(
                target=self._tick_forever, args=(tick_interval_seconds,), name="run manager", daemon=True
            ).start()

    # ------------------------------------------------------------------ reading

    def get_state(self, run_id: str) -> RunState:
        """A run's state.

        :raises UnknownRun: there is no run of that id, or it was deleted.
        """
        folder = open_run(self.data, run_id)
        state = self._read_state(folder)
        return (
            replace(state, queue_position=queue.queue_position(self.data, run_id))
            if state.status == "queued"
            else state
        )

    def get_states(self) -> dict[str, RunState]:
        """The states of all runs by id, oldest first."""
        states = {folder.run_id: self._read_state(folder) for folder in list_runs(self.data)}
        for position, folder in enumerate(queue.list_queued_runs(self.data), 1):
            state = states.get(folder.run_id)  # None: created since
            if state and state.status == "queued":
                states[folder.run_id] = replace(state, queue_position=position)
        return states

    # ------------------------------------------------------------------ writing

    def start(self, config: RunConfig, idempotency_key: str = "", cell: Cell | None = None) -> str:
        """Create a run and start or queue it; returns its id. Writes.

        Calls with the same ``idempotency_key`` get the same run, so that a double click starts only one. ``cell`` is the run's cell in
        a group.

        :raises ConfigError, BankError, StudentError: the run could not work; nothing was created.
        :raises DataFolderError: the folder cannot be written.
        """
        config = self._preflight_check(config) or config  # adds the models' versions
        folder = create_run(self.data, config, idempotency_key, queue_entry=queue.new_queue_entry(), cell=cell)
        self.tick()
        self._warm_at = time.monotonic() + WARM_DELAY_SECONDS
        return folder.run_id

    def start_group(self, configs: Sequence[RunConfig], plan: str, idempotency_key: str = "") -> StartedGroup:
        """Start or queue these runs as a group, in this order; if one cannot be created, those already created are cancelled. Writes.

        Runs that differ only in their seeds share what the preflight check completes, such as their model's version.

        :raises ConfigError, BankError, StudentError, DataFolderError: as ``start``.
        :raises RunError: there are more than ``groups.MAX_GROUP_RUNS``.
        """
        if len(configs) > groups.MAX_GROUP_RUNS:
            raise RunError(
                f"{len(configs)} runs are too many for one group.", f"Start at most {groups.MAX_GROUP_RUNS} together."
            )
        group = groups.new_group_id(self.data, idempotency_key)
        run_ids: list[str] = []
        checked_configs: list[tuple[RunConfig, RunConfig]] = []  # (without seed and name, as created)
        try:
            for i, (config, cell) in enumerate(zip(configs, groups.build_cells(group, plan, configs), strict=True)):
                without_seed = config.model_copy(update={"seed": 0, "name": ""})
                seed_and_name = {"seed": config.seed, "name": config.name}
                checked = next((created for requested, created in checked_configs if requested == without_seed), config)
                run_key = f"{idempotency_key}-{i}" if idempotency_key else ""
                run_ids.append(self.start(checked.model_copy(update=seed_and_name), run_key, cell))
                checked_configs.append((without_seed, open_run(self.data, run_ids[-1]).read_config()))
        except StudentsimError:
            for run_id in run_ids:
                self.cancel(run_id)
            raise
        return StartedGroup(group, tuple(run_ids))

    def pause(self, run_id: str) -> None:
        """Ask a run to pause at once; it can be resumed after its last complete turn. Writes.

        :raises RunError: the run is neither live, queued nor paused.
        """
        with self._lock:
            folder = open_run(self.data, run_id)
            state = self._read_state(folder)
            if state.is_live:
                folder.write_request("pause")
            elif state.status == "queued":
                end_run(folder, "paused")
            elif state.status != "paused":
                raise RunError(f"The run {run_id} is {state.status}; only a run at work can be paused.")

    def resume(self, run_id: str) -> None:
        """Resume a run after its last complete turn, or queue it. Writes. Does nothing if it is live or queued.

        :raises RunError: the run is finished or cancelled.
        """
        with self._lock:
            folder = open_run(self.data, run_id)
            state = self._read_state(folder)
            if state.status in FINAL_STATUSES:
                raise RunError(f"The run {run_id} is {state.status}; it cannot go on.", "Start a new one.")
            if state.status == "not responding":
                kill_worker(folder)
            elif state.is_live or state.status == "queued":
                return
            folder.clear_request()
            queue.enqueue(folder)
        self.tick()
        self._warm_at = time.monotonic() + WARM_DELAY_SECONDS

    def cancel(self, run_id: str) -> None:
        """End a run for good; its results stay. Its worker is killed after ``cancel_grace_seconds``. Writes.

        :raises RunError: the run is finished.
        """
        with self._lock:
            folder = open_run(self.data, run_id)
            state = self._read_state(folder)
            if state.status == "finished":
                raise RunError(f"The run {run_id} is finished; there is nothing to cancel.")
            if state.status == "cancelled":
                return
            folder.write_request("cancel")
            if state.status == "not responding":
                kill_worker(folder)
        self.tick()

    def delete(self, run_id: str) -> None:
        """Remove a run's folder. Writes.

        :raises RunError: the run is live.
        """
        with self._lock:
            folder = open_run(self.data, run_id)
            if self._read_state(folder).is_live:
                raise RunError(f"The run {run_id} is at work.", "Cancel it first.")
            delete_run(folder)
            self._idle_states.pop(run_id, None)

    def ensure_warm_worker(self) -> None:
        """Start a warm worker if there is none and one is wanted. Does not wait for its imports."""
        with self._lock:
            if self._keep_warm_worker and (self._warm_worker is None or not self._warm_worker.is_alive):
                self._stop_warm_worker()
                if not self._closed.is_set():
                    self._warm_worker = WarmWorker(self.data, self._worker_command)

    def tick(self) -> None:
        """Start queued runs if there is room, end cancelled ones, and start a warm worker. Writes."""
        with self._lock:
            if self._closed.is_set():
                return
            # ``is_alive`` also reaps those that ended
            self._launched_workers = [worker for worker in self._launched_workers if worker.is_alive]
            states = {folder: self._read_state(folder) for folder in list_runs(self.data)}
            for folder, state in states.items():
                if state.request == "cancel":
                    self._enforce_cancel(folder, state)
            free_slots = self.max_concurrent_runs - sum(state.is_live for state in states.values())
            for folder in queue.list_queued_runs(self.data)[: max(0, free_slots)]:
                self._launch_queued_run(folder)
            is_any_starting = any(state.status == "starting" for state in states.values())
            if time.monotonic() >= self._warm_at and not is_any_starting:
                self._warm_at = math.inf
                self.ensure_warm_worker()

    def close(self) -> None:
        """Stop the warm worker and the thread; runs continue."""
        with self._lock:
            self._closed.set()
            self._stop_warm_worker()

    # ------------------------------------------------------------------ helpers

    def _read_state(self, folder: RunFolder) -> RunState:
        """As ``read_run_state``, cached for runs without a worker until their files change."""
        fingerprint = state_fingerprint(folder)
        cached = self._idle_states.get(folder.run_id)
        if cached and cached[0] == fingerprint:
            return cached[1]
        state = read_run_state(folder)
        if not state.is_live:
            self._idle_states[folder.run_id] = (fingerprint, state)
        return state

    def _launch_queued_run(self, folder: RunFolder) -> None:
        """Assign a queued run to the warm worker, or to a new one."""
        for _ in range(2):
            worker = self._warm_worker if self._warm_worker and self._warm_worker.is_alive else None
            try:
                worker = worker or WarmWorker(self.data, self._worker_command)
                self._warm_worker = None
                worker.assign_run(folder)
            except (LeaseLost, OSError) as error:
                problem = error
                if read_run_state(folder).is_live:  # another process started it
                    break
                continue
            self._launched_workers.append(worker)
            break
        else:
            self._record_launch_failure(folder, problem)
            return
        queue.dequeue(folder)

    def _record_launch_failure(self, folder: RunFolder, problem: Exception) -> None:
        message = f"No worker could be started: {problem} {read_last_log_line(folder)}".strip()
        logger.error("run %s: %s", folder.run_id, message)
        end_run(folder, "failed", error="WorkerDied", message=message, remedy="Try to resume.")

    def _enforce_cancel(self, folder: RunFolder, state: RunState) -> None:
        """Kill a worker that does not obey a request to cancel in time; end a run that has none."""
        if state.is_live:
            if (request := folder.read_request()) and request[1] > self.cancel_grace_seconds:
                kill_worker(folder)
        elif state.status not in FINAL_STATUSES:
            try:
                end_run(folder, "cancelled")
            except StudentsimError as error:
                logger.error("run %s could not be ended: %s", folder.run_id, error)

    def _stop_warm_worker(self) -> None:
        if self._warm_worker is not None:
            self._warm_worker.close()
            self._launched_workers.append(self._warm_worker)  # to be reaped
            self._warm_worker = None

    def _tick_forever(self, interval_seconds: float) -> None:
        while not self._closed.wait(interval_seconds):
            try:
                self.tick()
            except Exception:  # the next tick may succeed; this thread must live as long as the app
                logger.exception("looking after the runs failed")
