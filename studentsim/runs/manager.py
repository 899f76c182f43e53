"""Starts, watches and stops runs for the app. Never imports torch: only workers do.

All state is in the runs' folders, where another process, or the next start of the app, can read it. The manager keeps one warm
worker, so that a run's first answers come within seconds.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from studentsim import files
from studentsim.config import RunConfig
from studentsim.errors import RunError, StudentsimError
from studentsim.events import Cell
from studentsim.runs import groups, preflight, queue
from studentsim.runs.backoff import MAX_RETRY_SECONDS
from studentsim.runs.launcher import Launcher
from studentsim.runs.leftovers import sweep_leftovers
from studentsim.runs.repair import repair_run
from studentsim.runs.run_dir import (
    RunFolder,
    create_run,
    delete_run,
    ensure_data_folder,
    list_runs,
    open_run,
)
from studentsim.runs.scheduler import Scheduler
from studentsim.runs.status import FINAL_STATUSES, RunState
from studentsim.runs.termination import end_run, kill_worker
from studentsim.runs.warm_worker import WORKER_COMMAND
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
        get_free_bytes: Callable[[Path], int] = files.free_bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create the data folder and start a thread that calls ``tick`` every ``tick_interval_seconds`` (None: never).

        The data folder becomes the place of installed models, and what killed processes left in it is removed. ``worker_command``
        starts a worker; ``preflight_check`` checks settings, and may complete them, before a run is created. Without
        ``keep_warm_worker`` each run first waits for its worker's imports. ``get_free_bytes`` returns the room on a folder's disk,
        ``clock`` monotonic seconds.

        :raises DataFolderError: the folder cannot be created or written.
        """
        self.data = Path(data)
        self.max_concurrent_runs = max_concurrent_runs
        ensure_data_folder(self.data)
        set_data_folder(self.data)
        sweep_leftovers(self.data)
        self.cancel_grace_seconds = cancel_grace_seconds
        self.launcher = Launcher(self.data, worker_command, get_free_bytes=get_free_bytes)
        self._preflight_check = preflight_check
        self._lock = threading.RLock()
        self._keep_warm_worker = keep_warm_worker
        self._scheduler = Scheduler(self.data, self.launcher, clock)
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
        state = self._scheduler.read_state(folder)
        if state.status != "queued":
            return state
        return next((queued for queued in self._scheduler.read_queue() if queued.run_id == run_id), state)

    def get_states(self) -> dict[str, RunState]:
        """The states of all runs by id, oldest first.

        :raises DataFolderError: the data folder cannot be read.
        """
        states = {folder.run_id: self._scheduler.read_state(folder) for folder in list_runs(self.data)}
        for state in self._scheduler.read_queue():
            if state.run_id in states:  # others were created since
                states[state.run_id] = state
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
        with files.explained_storage_errors(self.data, label="data folder"):
            folder = create_run(self.data, config, idempotency_key, queue_entry=queue.new_queue_entry(), cell=cell)
            self._tick_soon()
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
        with files.explained_storage_errors(self.data, label="data folder"):
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
                self._take_back(run_id)
            raise
        return StartedGroup(group, tuple(run_ids))

    def pause(self, run_id: str) -> None:
        """Ask a run to pause at once; it can be resumed after its last complete turn. Writes.

        :raises RunError: the run is neither live, queued nor paused.
        :raises DataFolderError, StoreError: its folder or its journal cannot be written.
        """
        with self._changing(run_id) as (folder, state):
            if state.is_live:
                folder.write_request("pause")
            elif state.status == "queued":
                end_run(folder, "paused")
            elif state.status != "paused":
                raise RunError(f"The run {run_id} is {state.status}; only a run at work can be paused.", state.remedy)

    def resume(self, run_id: str) -> None:
        """Resume a run after its last complete turn, or queue it. Writes. Does nothing if it is live or queued.

        :raises RunError: the run is finished, cancelled or damaged.
        :raises DataFolderError: its folder cannot be written.
        """
        with self._changing(run_id) as (folder, state):
            if state.status in FINAL_STATUSES:
                raise RunError(f"The run {run_id} is {state.status}; it cannot go on.", "Start a new one.")
            if state.status == "damaged":
                raise RunError(state.message, state.remedy)
            if state.status == "not responding":
                kill_worker(folder)
            elif state.is_live or state.status == "queued":
                return
            folder.clear_request()
            queue.enqueue(folder)
        self._tick_soon()

    def repair(self, run_id: str) -> None:
        """Keep what is sound of a damaged run and put the rest aside; it can be resumed then. Writes.

        :raises RunError: a worker is at work on it, or its settings are lost.
        :raises DataFolderError: its folder cannot be written.
        """
        with self._changing(run_id) as (folder, _):
            repair_run(folder)

    def cancel(self, run_id: str) -> None:
        """End a run for good; its results stay. Its worker is killed after ``cancel_grace_seconds``. Writes.

        :raises RunError: the run is finished or damaged.
        :raises DataFolderError: its folder cannot be written.
        """
        with self._changing(run_id) as (folder, state):
            if state.status == "finished":
                raise RunError(f"The run {run_id} is finished; there is nothing to cancel.")
            if state.status == "damaged":
                raise RunError(state.message, state.remedy)
            if state.status == "cancelled":
                return
            folder.write_request("cancel")
            if state.status == "not responding":
                kill_worker(folder)
        self.tick()

    def delete(self, run_id: str) -> None:
        """Remove a run's folder, damaged or not; this also works on a full disk. Writes.

        :raises RunError: the run is live, or its folder cannot be removed.
        """
        with self._changing(run_id) as (folder, state):
            if state.is_live:
                raise RunError(f"The run {run_id} is at work.", "Cancel it first.")
            delete_run(folder)
            self._scheduler.forget(run_id)

    def ensure_warm_worker(self) -> None:
        """Start a warm worker if there is none, one is wanted, and there is room. Does not wait for its imports."""
        with self._lock:
            if self._keep_warm_worker and not self._closed.is_set() and not self.launcher.ensure_warm_worker():
                self._warm_at = time.monotonic() + MAX_RETRY_SECONDS

    def tick(self) -> None:
        """Start queued runs if there is room, end cancelled ones, and start a warm worker. Writes.

        What fails for one run is tried again later (``backoff.py``), and stops no other.

        :raises DataFolderError: the data folder cannot be read.
        """
        with self._lock:
            if self._closed.is_set():
                return
            states = self._scheduler.tick(self.max_concurrent_runs, self.cancel_grace_seconds)
            is_any_starting = any(state.status == "starting" for state in states)
            if time.monotonic() >= self._warm_at and not is_any_starting:
                self._warm_at = math.inf
                self.ensure_warm_worker()

    def close(self) -> None:
        """Stop the warm worker and the thread; runs continue."""
        with self._lock:
            self._closed.set()
            self.launcher.stop_warm_worker()

    # ------------------------------------------------------------------ helpers

    @contextmanager
    def _changing(self, run_id: str) -> Iterator[tuple[RunFolder, RunState]]:
        """A run's folder and state, for a change that the user asks for: what failed before is tried at once again.

        :raises UnknownRun: there is no such run.
        :raises DataFolderError: what the change writes cannot be written.
        """
        with self._lock:
            folder = open_run(self.data, run_id)
            self._scheduler.backoff.forget(run_id)
            with files.explained_storage_errors(folder.path, label="folder of this simulation"):
                yield folder, self._scheduler.read_state(folder)

    def _tick_soon(self) -> None:
        """Tick now, and replace the warm worker once the run has begun."""
        self.tick()
        self._warm_at = time.monotonic() + WARM_DELAY_SECONDS

    def _take_back(self, run_id: str) -> None:
        """Cancel a run of a group that cannot be created whole; delete it where even that cannot be written. Writes."""
        for undo in (self.cancel, self.delete):
            try:
                return undo(run_id)
            except StudentsimError as error:
                logger.error("run %s of an incomplete group: %s", run_id, error)

    def _tick_forever(self, interval_seconds: float) -> None:
        last_problem = ""
        while not self._closed.wait(interval_seconds):
            try:
                self.tick()
                last_problem = ""
            except Exception as error:  # the next tick may succeed; this thread must live as long as the app
                if repr(error) != last_problem:
                    last_problem = repr(error)
                    logger.exception("looking after the runs failed")
