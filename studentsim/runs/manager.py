"""Starts, watches and stops runs on behalf of the app. Never imports torch: that is the workers' part.

A run goes through its folder alone: the manager remembers nothing that another process, or the next start of the app,
could not read there. It keeps one spare worker warm, so that a run's first answers come within seconds.
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
from studentsim.records import Cell
from studentsim.runs import groups, preflight, waiting
from studentsim.runs.ending import end_run, kill_worker
from studentsim.runs.folder import RunFolder, all_runs, create_run, delete_run, make_data_folder, open_run
from studentsim.runs.spare import WORKER, Spare
from studentsim.runs.states import OVER, RunState, log_line, observe, stamp
from studentsim.student.huggingface.model_store import use_data_folder

LIMIT = 2
"""Runs at work at once; the others wait. Each takes about a gigabyte, and they share the processor."""
GRACE = 3.0
"""Seconds a worker has to honour a request to cancel before it is killed. Nothing is lost: complete turns are safe."""
TICK_EVERY = 1.0
"""Seconds between looks at the queue."""
WARM_AFTER = 4.0
"""Seconds after a start before the next spare is made: its imports would slow down the new run's first answers. Longer
while a run still gets ready."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Started:
    """A group that was begun: its id, and its runs' in the order in which they wait."""

    group: str
    run_ids: tuple[str, ...]


class Manager:
    """The runs of one data folder. Its methods may be called from many threads."""

    def __init__(
        self,
        data: str | Path,
        *,
        limit: int = LIMIT,
        worker: Sequence[str] = WORKER,
        check: Callable[[RunConfig], RunConfig | None] = preflight.check,
        grace: float = GRACE,
        tick_every: float | None = TICK_EVERY,
        spare: bool = True,
    ) -> None:
        """Starts nothing but, every ``tick_every`` seconds (None: never), ``tick``. Makes the data folder, in which models are
        looked for from now on.

        ``worker`` is the command that starts a worker, ``check`` what is asked before a run is made. Without ``spare`` no
        worker waits for the next run, which then begins later by the time that its imports take.

        :raises DataFolderError: the folder cannot be made or written.
        """
        self.data = Path(data)
        self.limit = limit
        make_data_folder(self.data)
        use_data_folder(self.data)
        self._worker, self._check, self.grace = worker, check, grace
        self._lock = threading.RLock()
        self._keep_spare = spare
        self._spare: Spare | None = None
        self._children: list[Spare] = []
        self._quiet: dict[str, tuple[object, RunState]] = {}
        self._closed = threading.Event()
        self._warm_at = math.inf
        if tick_every is not None:
            threading.Thread(target=self._keep_ticking, args=(tick_every,), name="run manager", daemon=True).start()

    # ------------------------------------------------------------------ asking

    def state(self, run_id: str) -> RunState:
        """How a run stands.

        :raises UnknownRun: there is none of that id, or it was deleted.
        """
        folder = open_run(self.data, run_id)
        state = self._observe(folder)
        return replace(state, place=waiting.place(self.data, run_id)) if state.status == "queued" else state

    def states(self) -> dict[str, RunState]:
        """How all runs stand, by id, oldest first."""
        found = {folder.run_id: self._observe(folder) for folder in all_runs(self.data)}
        for place, folder in enumerate(waiting.runs(self.data), 1):
            state = found.get(folder.run_id)  # None: made since
            if state and state.status == "queued":
                found[folder.run_id] = replace(state, place=place)
        return found

    # ------------------------------------------------------------------ acting

    def start(self, config: RunConfig, token: str = "", cell: Cell | None = None) -> str:
        """Make a run and begin it, or queue it; its id. The same token, the same run: a second click starts no second one.

        ``cell`` is its place in a group of runs.

        :raises ConfigError, BankError, StudentError: the run could not work; nothing was made.
        :raises DataFolderError: the folder cannot be written.
        """
        config = self._check(config) or config  # the model's version is written in
        folder = create_run(self.data, config, token, ticket=waiting.ticket(), cell=cell)
        self.tick()
        self._warm_at = time.monotonic() + WARM_AFTER
        return folder.run_id

    def start_group(self, configs: Sequence[RunConfig], plan: str, token: str = "") -> Started:
        """Make these runs a group and begin or queue them, in this order. All or none: if one cannot work, those begun are cancelled.

        What is settled for a run when it is made, such as the version of its model, is settled once for all that differ in their
        seed alone.

        :raises ConfigError, BankError, StudentError, DataFolderError: as ``start``.
        :raises RunError: there are too many.
        """
        if len(configs) > groups.LARGEST:
            raise RunError(
                f"{len(configs)} runs are too many for one group.", f"Start at most {groups.LARGEST} together."
            )
        group = groups.new_group_id(self.data, token)
        started: list[str] = []
        settled: list[tuple[RunConfig, RunConfig]] = []
        try:
            for i, (config, cell) in enumerate(zip(configs, groups.cells(group, plan, configs), strict=True)):
                alike = config.model_copy(update={"seed": 0, "name": ""})
                own = {"seed": config.seed, "name": config.name}
                known = next((made for asked, made in settled if asked == alike), config)
                started.append(self.start(known.model_copy(update=own), f"{token}-{i}" if token else "", cell))
                settled.append((alike, open_run(self.data, started[-1]).config()))
        except StudentsimError:
            for run_id in started:
                self.cancel(run_id)
            raise
        return Started(group, tuple(started))

    def pause(self, run_id: str) -> None:
        """Ask a run to stop at once; resumed, it goes on after its last complete turn. Writes.

        :raises RunError: it is not at work.
        """
        with self._lock:
            folder = open_run(self.data, run_id)
            state = self._observe(folder)
            if state.live:
                folder.request("pause")
            elif state.status == "queued":
                end_run(folder, "paused")
            elif state.status != "paused":
                raise RunError(f"The run {run_id} is {state.status}; only a run at work can be paused.")

    def resume(self, run_id: str) -> None:
        """Let a run go on after its last complete turn, or queue it. Writes. No error if it is at work.

        :raises RunError: it is finished or was cancelled.
        """
        with self._lock:
            folder = open_run(self.data, run_id)
            state = self._observe(folder)
            if state.status in OVER:
                raise RunError(f"The run {run_id} is {state.status}; it cannot go on.", "Start a new one.")
            if state.status == "not responding":
                kill_worker(folder)
            elif state.live or state.status == "queued":
                return
            folder.clear_request()
            waiting.enter(folder)
        self.tick()
        self._warm_at = time.monotonic() + WARM_AFTER

    def cancel(self, run_id: str) -> None:
        """End a run for good; what it did stays. A worker that does not obey is killed after a while. Writes.

        :raises RunError: it is finished.
        """
        with self._lock:
            folder = open_run(self.data, run_id)
            state = self._observe(folder)
            if state.status == "finished":
                raise RunError(f"The run {run_id} is finished; there is nothing to cancel.")
            if state.status == "cancelled":
                return
            folder.request("cancel")
            if state.status == "not responding":
                kill_worker(folder)
        self.tick()

    def delete(self, run_id: str) -> None:
        """Remove a run and all that it wrote. Writes.

        :raises RunError: it is at work.
        """
        with self._lock:
            folder = open_run(self.data, run_id)
            if self._observe(folder).live:
                raise RunError(f"The run {run_id} is at work.", "Cancel it first.")
            delete_run(folder)
            self._quiet.pop(run_id, None)

    def warm(self) -> None:
        """See that one spare worker waits, unless none is wanted. Does not wait for it."""
        with self._lock:
            if self._keep_spare and (self._spare is None or not self._spare.alive):
                self._drop_spare()
                if not self._closed.is_set():
                    self._spare = Spare(self.data, self._worker)

    @property
    def is_warm(self) -> bool:
        """Whether the spare worker has imported everything: the next run begins at once."""
        with self._lock:
            return bool(self._spare and self._spare.alive and self._spare.ready)

    def tick(self) -> None:
        """Look after everything: start what waits if there is room, finish what was cancelled, warm a spare. Writes."""
        with self._lock:
            if self._closed.is_set():
                return
            self._children = [child for child in self._children if child.alive]  # also reaps those that ended
            states = {folder: self._observe(folder) for folder in all_runs(self.data)}
            for folder, state in states.items():
                if state.request == "cancel":
                    self._see_cancelled(folder, state)
            room = self.limit - sum(state.live for state in states.values())
            for folder in waiting.runs(self.data)[: max(0, room)]:
                self._launch(folder)
            starting = any(state.status == "starting" for state in states.values())
            if time.monotonic() >= self._warm_at and not starting:
                self._warm_at = math.inf
                self.warm()

    def close(self) -> None:
        """Let the spare go and stop ticking. Runs go on."""
        with self._lock:
            self._closed.set()
            self._drop_spare()

    # ------------------------------------------------------------------ inside

    def _observe(self, folder: RunFolder) -> RunState:
        """As ``observe``; a run without a worker is looked at again only when its files changed."""
        now = stamp(folder)
        known = self._quiet.get(folder.run_id)
        if known and known[0] == now:
            return known[1]
        state = observe(folder)
        if not state.live:
            self._quiet[folder.run_id] = (now, state)
        return state

    def _launch(self, folder: RunFolder) -> None:
        """Hand a waiting run to the spare worker, or to a new one."""
        for _ in range(2):
            spare = self._spare if self._spare and self._spare.alive else None
            try:
                spare = spare or Spare(self.data, self._worker)
                self._spare = None
                spare.hand(folder)
            except (LeaseLost, OSError) as error:
                problem = error
                if observe(folder).live:  # someone else began it
                    break
                continue
            self._children.append(spare)
            break
        else:
            self._give_up(folder, problem)
            return
        waiting.leave(folder)

    def _give_up(self, folder: RunFolder, problem: Exception) -> None:
        message = f"No worker could be started: {problem} {log_line(folder)}".strip()
        log.error("run %s: %s", folder.run_id, message)
        end_run(folder, "failed", error="WorkerDied", message=message, remedy="Try to resume.")

    def _see_cancelled(self, folder: RunFolder, state: RunState) -> None:
        """Kill a worker that was asked to cancel and does not; end a run that has none."""
        if state.live:
            if (asked := folder.requested()) and asked[1] > self.grace:
                kill_worker(folder)
        elif state.status not in OVER:
            try:
                end_run(folder, "cancelled")
            except StudentsimError as error:
                log.error("run %s could not be ended: %s", folder.run_id, error)

    def _drop_spare(self) -> None:
        if self._spare is not None:
            self._spare.close()
            self._children.append(self._spare)  # to be reaped
            self._spare = None

    def _keep_ticking(self, every: float) -> None:
        while not self._closed.wait(every):
            try:
                self.tick()
            except Exception:  # the next tick may succeed; this thread must live as long as the app
                log.exception("looking after the runs failed")
