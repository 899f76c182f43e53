"""What surrounds a worker: another PID namespace, a clock that jumps, a computer that sleeps."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from unittest import mock

import fakes
from run_help import Gate, at_answer, comparable_events, manager, until, worker

from drills.results import EQUAL, SAID, SILENT, TRACEBACK, DrillResult
from drills.takeover import finish
from studentsim.child_process import child_environment
from studentsim.runs import lease
from studentsim.runs.executor import execute
from studentsim.runs.run_dir import RunFolder, create_run
from studentsim.runs.status import LIVE_STATUSES, read_run_state

HEARTBEAT_TIMEOUT = 3.0
"""Instead of 15 seconds, in this process alone."""
IN_NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
"""A command begun like this sees no process of ours, and we see it under another PID."""


def _expected(data: Path) -> list[dict[str, object]]:
    whole = create_run(data, fakes.config())
    execute(whole, build_components=fakes.fake, pause_on=())
    return comparable_events(whole)


@contextmanager
def _drill(fault: str) -> Iterator[tuple[DrillResult, Path, list[dict[str, object]]]]:
    with (
        tempfile.TemporaryDirectory() as path,
        mock.patch.object(lease, "HEARTBEAT_TIMEOUT_SECONDS", HEARTBEAT_TIMEOUT),
    ):
        yield DrillResult(fault), Path(path), _expected(Path(path))


def _add(result: DrillResult, try_once: Callable[[], tuple[str, str]]) -> None:
    try:
        result.add(*try_once())
    except Exception as error:  # whatever it is, it is what the drill looks for
        result.add(TRACEBACK, repr(error))


def other_namespace(tries: int, seed: int) -> DrillResult:
    """A run is carried out in another PID namespace: it is seen at work, not taken over, and, once killed there, can be resumed."""
    with _drill("worker in another PID namespace") as (result, data, expected):
        if not shutil.which(IN_NAMESPACE[0]) or os.geteuid():
            result.fault += " (not tried: needs root)"
            return result
        for _ in range(tries):
            _add(
                result,
                lambda: _work_elsewhere(data, expected, killed=bool(len(result.details) + result.outcomes.total() & 1)),
            )
        return result


def _spawn(run: RunFolder, data: Path, *prefix: str) -> subprocess.Popen[bytes]:
    """A worker that waits at its 30th answer for the gate."""
    command = [*prefix, *worker("answer:30:gate"), "--data", str(data), "--run", run.run_id]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=child_environment())


def _work_elsewhere(data: Path, expected: list[dict[str, object]], *, killed: bool) -> tuple[str, str]:
    run = create_run(data, fakes.config())
    gate = Gate(data)
    child = _spawn(run, data, *IN_NAMESPACE)
    runs = manager(data)
    try:
        at_answer(run, 30)
        time.sleep(1.0)
        if (state := read_run_state(run)).status != "running":
            return SILENT, f"a running run is called {state.status}"
        runs.resume(run.run_id)  # must leave it alone
        runs.tick()
        if read_run_state(run).epoch != 1:
            return SILENT, "a running run was taken over"
        if killed:
            child.kill()
            until(lambda: read_run_state(run).status == "interrupted", patience=30)
        else:
            gate.open()
            child.wait(60)
        finish(run)
    finally:
        runs.close()
        child.kill()
        child.wait()
        gate.close()
        (data / "gate").unlink()
    return (EQUAL, "") if comparable_events(run) == expected else (SILENT, "other events")


def clock_jumps(tries: int, seed: int) -> DrillResult:
    """The system's time jumps by up to a week, back and forth, while a run is carried out."""
    with _drill("clock jumps (20)") as (result, data, expected):
        random = Random(seed)
        real = time.time
        for _ in range(tries):
            run = create_run(data, fakes.config())
            with mock.patch.object(
                time, "time", lambda: real() + random.choice((0.0, 1.0)) * random.uniform(-6e5, 6e5)
            ):
                _add(result, lambda run=run: _finish_watched(run, expected))
        return result


def _finish_watched(run: RunFolder, expected: list[dict[str, object]]) -> tuple[str, str]:
    seen: set[str] = set()
    execute(run, build_components=fakes.fake, pause_on=(), on_event=lambda _: seen.add(read_run_state(run).status))
    if seen - LIVE_STATUSES - {"finished"} or "not responding" in seen:
        return SILENT, f"while at work it was called {seen}"
    return (EQUAL, "") if comparable_events(run) == expected else (SILENT, "other events")


def sleeping_computer(tries: int, seed: int) -> DrillResult:
    """A worker is stopped for longer than its heartbeat may be late, as by a suspended laptop, and goes on."""
    with _drill("worker stopped and woken, as by sleep (7)") as (result, data, expected):
        runs = manager(data)
        for _ in range(tries):
            run = create_run(data, fakes.config())
            _add(result, lambda run=run: _sleep_once(runs, data, run, expected))
        runs.close()
        return result


def _sleep_once(runs: object, data: Path, run: RunFolder, expected: list[dict[str, object]]) -> tuple[str, str]:
    gate = Gate(data)
    child = _spawn(run, data)
    try:
        at_answer(run, 30)
        child.send_signal(signal.SIGSTOP)
        until(lambda: read_run_state(run).status == "not responding", patience=30)
        for _ in range(3):
            runs.tick()
        gate.open()
        child.send_signal(signal.SIGCONT)
        child.wait(60)
    finally:
        child.kill()
        child.wait()
        gate.close()
        (data / "gate").unlink()
    if comparable_events(run) != expected:
        return SILENT, "other events"
    return SAID, "it was called not responding, and went on"
