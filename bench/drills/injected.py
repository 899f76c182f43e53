"""A write that fails: no room, no permission, a read-only file system, at the nth call of each operation, for every n.

Each operation must end in one of the program's own errors or succeed, leave nothing half-saved, and once there is room again the run
must go on and end as an uninterrupted one.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from random import Random
from unittest import mock

import fakes
from run_help import comparable_events, manager
from typer.testing import CliRunner

from drills.results import EQUAL, SAID, SILENT, TRACEBACK, DrillResult
from drills.takeover import finish
from studentsim.cli import app
from studentsim.errors import StudentsimError
from studentsim.files import explain_storage_error
from studentsim.runs.executor import execute
from studentsim.runs.manager import RunManager
from studentsim.runs.repair import check_run
from studentsim.runs.run_dir import RunFolder, create_run, list_runs

ERRORS = (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO)
WRITING_CALLS = ("write", "pwrite", "fsync", "rename", "replace", "mkdir", "unlink", "ftruncate")
WORK_TRIES = 150
"""Calls of a whole run at which a write fails, by chance; of shorter operations every call is tried."""


class _Injection:
    """Raises at the nth writing call within ``folder``, and at every later one (as a disk that stays full) if ``lasting``."""

    def __init__(self, folder: Path, number: int, error: int, *, lasting: bool) -> None:
        self.folder, self.number, self.error, self.lasting = str(folder), number, error, lasting
        self.calls = 0

    def check(self, target: object) -> None:
        path = os.readlink(f"/proc/self/fd/{target}") if isinstance(target, int) else os.fspath(target)  # type: ignore[arg-type]
        if not str(path).startswith(self.folder):
            return
        self.calls += 1
        if self.calls == self.number or (self.lasting and self.calls > self.number > 0):
            raise OSError(self.error, os.strerror(self.error), str(path))


@contextmanager
def injected(folder: Path, number: int, error: int = errno.ENOSPC, *, lasting: bool = False) -> Iterator[_Injection]:
    """Within the context the ``number``th writing call in the folder fails; 0: none, the calls are only counted."""
    injection = _Injection(folder, number, error, lasting=lasting)

    def checking(function: Callable) -> Callable:
        def call(target: object, *args: object, **options: object) -> object:
            injection.check(target)
            return function(target, *args, **options)

        return call

    def opening(function: Callable) -> Callable:
        def call(target: object, *args: object, **options: object) -> object:
            mode = options.get("mode", args[0] if args else "r")
            writes = (
                mode & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if isinstance(mode, int) else set(str(mode)) & set("wax+")
            )
            if writes and not isinstance(target, int):
                injection.check(target)
            return function(target, *args, **options)

        return call

    with ExitStack() as stack:
        for name in WRITING_CALLS:
            stack.enter_context(mock.patch.object(os, name, checking(getattr(os, name))))
        stack.enter_context(mock.patch.object(os, "open", opening(os.open)))
        for module in (builtins, io):
            stack.enter_context(mock.patch.object(module, "open", opening(open)))
        yield injection


def fail_writes(tries: int, seed: int) -> list[DrillResult]:
    """Each operation of the manager, a whole run, and the commands; ``tries``: calls of a whole run at which a write fails."""
    return [
        *(fail_manager_operation(name) for name in OPERATIONS),
        fail_work(tries, seed),
        *(fail_command(words, seed) for words in COMMANDS),
    ]


@cache
def _expected_events() -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory() as path:
        whole = create_run(Path(path), fakes.config())
        execute(whole, build_components=fakes.fake, pause_on=())
        return comparable_events(whole)


# ------------------------------------------------------------------ the manager


def _start(runs: RunManager, data: Path) -> None:
    runs.start(fakes.config())


def _start_group(runs: RunManager, data: Path) -> None:
    runs.start_group([fakes.config(seed=seed) for seed in (1, 2)], "repeat")


def _with_run(method: str, status: str) -> Callable[[RunManager, Path], None]:
    def operate(runs: RunManager, data: Path) -> None:
        getattr(runs, method)(list_runs(data)[0].run_id)

    operate.status = status  # type: ignore[attr-defined]
    return operate


OPERATIONS: dict[str, Callable[[RunManager, Path], None]] = {
    "start": _start,
    "start a group": _start_group,
    "pause a queued run": _with_run("pause", "queued"),
    "resume a paused run": _with_run("resume", "paused"),
    "cancel a queued run": _with_run("cancel", "queued"),
    "cancel a paused run": _with_run("cancel", "paused"),
    "delete a paused run": _with_run("delete", "paused"),
}


def _prepare(runs: RunManager, data: Path, status: str) -> None:
    if status:
        run_id = runs.start(fakes.config())
        if status == "paused":
            runs.pause(run_id)


def fail_manager_operation(name: str, errors: Sequence[int] = ERRORS) -> DrillResult:
    """The operation of that name, with each of ``errors`` at each of its writing calls."""
    result = DrillResult(f"write fails: {name} (11, 17)")
    for error in errors:
        number = 1
        while _fail_once(result, OPERATIONS[name], number, error):
            number += 1
    return result


def _fail_once(result: DrillResult, operation: Callable[[RunManager, Path], None], number: int, error: int) -> bool:
    """One try; whether the operation made so many calls."""
    with tempfile.TemporaryDirectory() as path:
        data = Path(path)
        # no worker is started: each run is worked on below, in this process
        runs = manager(data, max_concurrent_runs=0, keep_warm_worker=False)
        _prepare(runs, data, getattr(operation, "status", ""))
        with injected(data, number, error) as injection:
            outcome = _attempt(lambda: operation(runs, data))
        result.add(*_judge(runs, data, outcome, f"{os.strerror(error)} at call {number}"))
        runs.close()
        return injection.calls >= number


def _attempt(operate: Callable[[], object]) -> tuple[str, str]:
    try:
        operate()
        return EQUAL, ""
    except StudentsimError as error:
        return (SAID, "") if error.problem and error.remedy else (SILENT, f"no remedy: {error.problem}")
    except Exception as error:  # whatever it is, it is what the drill looks for
        return TRACEBACK, repr(error)


def _judge(runs: RunManager, data: Path, outcome: tuple[str, str], where: str) -> tuple[str, str]:
    """The operation's outcome, unless what it left behind is hurt or a run that can go on ends otherwise."""
    if outcome[0] in (SILENT, TRACEBACK):
        return outcome[0], f"{where}: {outcome[1]}"
    try:
        states = runs.get_states()
        for folder in list_runs(data):
            if problems := check_run(folder).problems:
                return SILENT, f"{where}: left hurt: {problems}"
            state = states[folder.run_id]
            if state.request == "cancel":
                later = manager(
                    data, max_concurrent_runs=0, keep_warm_worker=False
                )  # this one waits before it tries again
                later.tick()
                later.close()
                if (status := later.get_state(folder.run_id).status) != "cancelled":
                    return SILENT, f"{where}: a run to be cancelled is {status}"
            elif state.status in ("queued", "paused", "interrupted") and folder.read_config().seed == 0:
                folder.clear_request()  # a request to pause is what Resume takes back
                finish(folder)
                if comparable_events(folder) != _expected_events():
                    return SILENT, f"{where}: other events"
    except Exception as error:  # the same
        return TRACEBACK, f"{where}: afterwards {error!r}"
    return outcome


# ------------------------------------------------------------------ a whole run


def fail_work(tries: int, seed: int) -> DrillResult:
    """A run in which a write fails, once or from then on, at calls by chance; then there is room again."""
    random, expected = Random(seed), _expected_events()
    result = DrillResult("write fails: in a run (11, 12)")
    with tempfile.TemporaryDirectory() as path:
        data = Path(path)
        with injected(data, 0) as counting:
            execute(create_run(data, fakes.config()), build_components=fakes.fake, pause_on=())
        for _ in range(tries):
            run = create_run(data, fakes.config())
            number, error = random.randint(1, counting.calls), random.choice(ERRORS)
            where = f"{os.strerror(error)} at call {number}"
            with injected(data, number, error, lasting=random.random() < 0.5):
                outcome = _attempt(lambda run=run: execute(run, build_components=fakes.fake, pause_on=()))
            result.add(*_go_on(run, outcome, expected, where))
    return result


def _go_on(run: RunFolder, outcome: tuple[str, str], expected: list, where: str) -> tuple[str, str]:
    if outcome[0] in (SILENT, TRACEBACK):
        return outcome[0], f"{where}: {outcome[1]}"
    try:
        finish(run)
    except Exception as error:  # the same
        return TRACEBACK, f"{where}: afterwards {error!r}"
    if problems := check_run(run).problems:
        return SILENT, f"{where}: left hurt: {problems}"
    return (EQUAL, "") if comparable_events(run) == expected else (SILENT, f"{where}: other events")


# ------------------------------------------------------------------ commands

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("annotate", "RUN", "--name", "Class 7", "--tag", "pilot"),
    ("export", "RUN", "--to", "DATA/out"),
    ("archive", "RUN", "--to", "DATA/run.zip"),
    ("report", "RUN", "--to", "DATA/report.html"),
    ("rebuild-db",),
)


def fail_command(words: tuple[str, ...], seed: int, most: int = 25) -> DrillResult:
    """A command on a finished run, at each of its writing calls, or at ``most`` of them by chance."""
    random = Random(seed)
    result = DrillResult(f"write fails: {words[0]} (17)")
    with tempfile.TemporaryDirectory() as path:
        data = Path(path)
        run = create_run(data, fakes.config())
        execute(run, build_components=fakes.fake, pause_on=())
        (data / "to-0").mkdir()
        with injected(data, 0) as counting:
            _invoke(words, run, data, 0)
        calls = range(1, counting.calls + 1)
        for number in calls if len(calls) <= most else sorted(random.sample(calls, most)):
            error = random.choice(ERRORS)
            where = f"{os.strerror(error)} at call {number}"
            (data / f"to-{number}").mkdir()
            with injected(data, number, error):
                outcome = _attempt(lambda number=number: _invoke(words, run, data, number))
            problems = check_run(run).problems
            if problems:
                outcome = SILENT, f"left hurt: {problems}"
            result.add(outcome[0], f"{where}: {outcome[1]}")
    return result


def _invoke(words: tuple[str, ...], run: RunFolder, data: Path, number: int) -> None:
    filled = [word.replace("RUN", run.run_id).replace("DATA", f"{data}/to-{number}") for word in words]
    try:
        CliRunner().invoke(app, [*filled, "--data", str(data)], catch_exceptions=False)
    except OSError as error:
        if (explained := explain_storage_error(error)) is None:  # as ``cli.main`` does
            raise
        raise explained from error
