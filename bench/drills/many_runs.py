"""Fifty runs at once, two schedulers on one folder, and a queue on a full disk: processes are counted while they are carried out."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

import fakes
import psutil
from run_help import comparable_events, manager

from drills.results import EQUAL, SAID, SILENT, DrillResult
from studentsim.runs.executor import execute
from studentsim.runs.manager import RunManager
from studentsim.runs.repair import check_run
from studentsim.runs.run_dir import create_run, list_runs

MAX_CONCURRENT = 2
PROCESSES_BESIDE = 3
"""Beside those at work: one that waits warm, and for a moment those that are ending."""
TIMEOUT_SECONDS = 600.0


class _Census(threading.Thread):
    """Counts this process's children from time to time; ``most`` at once."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self.done = 0, threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.1):
            alive = [c for c in psutil.Process().children(recursive=True) if _is_running(c)]
            self.most = max(self.most, len(alive))


def _is_running(child: psutil.Process) -> bool:
    try:
        return child.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def many_runs(runs: int, schedulers: int) -> DrillResult:
    """So many runs are started at once, and carried out by so many schedulers on the same folder."""
    fault = f"{runs} runs started at once (23)" if schedulers == 1 else f"{schedulers} schedulers on one folder (16)"
    result = DrillResult(fault)
    census = _Census()
    with tempfile.TemporaryDirectory() as path:
        data = Path(path)
        whole = create_run(data, fakes.config())
        execute(whole, build_components=fakes.fake, pause_on=())
        expected = comparable_events(whole)
        managers = [
            manager(data, max_concurrent_runs=MAX_CONCURRENT, tick_interval_seconds=0.2, keep_warm_worker=True)
            for _ in range(schedulers)
        ]
        census.start()
        ids = [managers[0].start(fakes.config()) for _ in range(runs)]
        _wait_until_finished(managers[0], ids)
        census.done.set()
        for scheduler in managers:
            scheduler.close()
        for folder in list_runs(data):
            is_good = not check_run(folder).problems and comparable_events(folder) == expected
            result.add(EQUAL if is_good else SILENT, f"{folder.run_id}: {check_run(folder).problems or 'other events'}")
    if census.most > schedulers * (MAX_CONCURRENT + PROCESSES_BESIDE):
        result.add(SILENT, f"{census.most} processes at once")
    return result


def _wait_until_finished(scheduler: RunManager, ids: list[str]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while any(scheduler.get_state(run_id).status != "finished" for run_id in ids):
        if time.monotonic() > deadline:
            return
        time.sleep(0.3)


def queue_without_room(seconds: float) -> DrillResult:
    """A queued run on a full disk: hardly any attempts, no processes, and it goes on by itself once there is room."""
    result = DrillResult("queue on a full disk (11)")
    census, room = _Census(), [0]
    with tempfile.TemporaryDirectory() as path:
        data = Path(path)
        scheduler = manager(data, tick_interval_seconds=0.2, keep_warm_worker=False, get_free_bytes=lambda _: room[0])
        census.start()
        run_id = scheduler.start(fakes.config())
        time.sleep(seconds)
        state = scheduler.get_state(run_id)
        census.done.set()
        if census.most or state.status != "queued" or "full" not in state.message:
            result.add(SILENT, f"{census.most} processes; {state}")
        room[0] = 2**40
        _wait_until_finished(scheduler, [run_id])
        scheduler.close()
        result.add(
            SAID if scheduler.get_state(run_id).status == "finished" else SILENT, str(scheduler.get_state(run_id))
        )
    return result
