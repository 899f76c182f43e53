"""Two writers: a worker stopped at any boundary of its work, another one that takes over and finishes, and the first one woken.

The run goes on in a forked child that stops itself (SIGSTOP) at its nth boundary: after looking at its lease, before and after
writing a line, around each rename of a checkpoint. The parent takes over as a worker from another PID namespace would, which can
neither see nor kill it.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from unittest import mock

import fakes
from run_help import comparable_events

from drills.results import EQUAL, SILENT, TRACEBACK, DrillResult
from studentsim.runs import checkpoints
from studentsim.runs.executor import execute
from studentsim.runs.lease import Lease
from studentsim.runs.repair import check_run
from studentsim.runs.run_dir import RunFolder, create_run
from studentsim.runs.status import read_run_state
from studentsim.store import file_lock
from studentsim.store.journal_writer import JournalWriter

LOCK_SECONDS = 0.1
"""Instead of two seconds: a holder that is stopped is waited for once a try."""


@contextmanager
def boundaries(at: Callable[[str], None]) -> Iterator[None]:
    """Call ``at`` with its name at every boundary of a worker in this process."""

    def around(function: Callable, name: str, *, before: bool, after: bool) -> Callable:
        def called(*args: object, **options: object) -> object:
            if before:
                at(f"before {name}")
            value = function(*args, **options)
            if after:
                at(f"after {name}")
            return value

        return called

    with (
        mock.patch.object(Lease, "ensure_current", around(Lease.ensure_current, "check", before=False, after=True)),
        mock.patch.object(
            JournalWriter, "_write_all", around(JournalWriter._write_all, "write", before=True, after=True)
        ),
        mock.patch.object(checkpoints.os, "rename", around(os.rename, "rename", before=True, after=True)),
        mock.patch.object(checkpoints, "fsync_path", around(checkpoints.fsync_path, "sync", before=True, after=False)),
    ):
        yield


def list_boundaries(folder: Path) -> list[str]:
    """The names of all boundaries of an uninterrupted run, in order."""
    names: list[str] = []
    with boundaries(names.append):
        execute(create_run(folder, fakes.config()), build_components=fakes.fake, pause_on=())
    return names


def stop_at_boundaries(tries: int, seed: int, folder: Path | None = None) -> DrillResult:
    """A try at each boundary, or at ``tries`` of them by chance where there are more."""
    result = DrillResult("two writers: a stopped worker wakes after a takeover (8)")
    with (
        tempfile.TemporaryDirectory(dir=folder) as path,
        mock.patch.object(file_lock, "LOCK_TIMEOUT_SECONDS", LOCK_SECONDS),
    ):
        data = Path(path)
        whole = create_run(data, fakes.config())
        execute(whole, build_components=fakes.fake, pause_on=())
        expected = comparable_events(whole)
        names = list_boundaries(data)
        chosen = range(len(names))
        for number in sorted(Random(seed).sample(chosen, tries)) if tries < len(names) else chosen:
            outcome, detail = _stop_once(create_run(data, fakes.config()), number, expected)
            result.add(outcome, f"{number} ({names[number]}): {detail}")
    return result


def finish(run: RunFolder) -> str:
    """Work on a run to its end, unless it has ended; its status."""
    state = read_run_state(run)
    return state.status if state.status == "finished" else execute(run, build_components=fakes.fake, pause_on=())


def _stop_once(run: RunFolder, number: int, expected: list[dict[str, object]]) -> tuple[str, str]:
    """Stop a worker at its boundary ``number``, take over, finish, wake it; the outcome."""
    child = os.fork()
    if child == 0:
        _work_until_stopped(run, number)  # never returns
    _, status = os.waitpid(child, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        return TRACEBACK, f"the worker ended before it stopped ({status})"
    try:
        finish(run)
        after_takeover = run.journal_path.stat().st_size
    finally:
        os.kill(child, signal.SIGCONT)
        _, status = os.waitpid(child, 0)
    if os.WEXITSTATUS(status):
        return TRACEBACK, f"the woken worker ended with {os.WEXITSTATUS(status)}"
    check = check_run(run)
    if check.problems:
        return SILENT, f"the files are hurt: {check.problems}"
    if comparable_events(run) != expected:
        return (
            SILENT,
            f"other answers than an uninterrupted run's; {run.journal_path.stat().st_size - after_takeover} bytes were added",
        )
    return EQUAL, ""


def _work_until_stopped(run: RunFolder, number: int) -> None:
    """Work on the run and stop at the boundary; once woken go on, and end: 0 if it noticed that it had lost the run or was done."""
    from studentsim.errors import LeaseLost

    count = 0

    def at(_: str) -> None:
        nonlocal count
        count += 1
        if count == number + 1:
            os.kill(os.getpid(), signal.SIGSTOP)

    status = 3
    try:
        with open(os.devnull, "w") as nowhere, boundaries(at):
            os.dup2(nowhere.fileno(), sys.stderr.fileno())
            execute(run, build_components=fakes.fake, pause_on=())
        status = 0
    except LeaseLost:
        status = 0
    finally:
        os._exit(status)
