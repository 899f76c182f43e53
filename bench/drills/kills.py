"""A worker killed at a moment by chance, once or several times, with and without a loss of power; then resumed to its end.

The run goes on in a forked child that kills itself (SIGKILL) at one of its boundaries (``takeover.boundaries``). A loss of power takes
what was not synced: the journal is cut within what was appended since its last fsync.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from unittest import mock

import fakes
from run_help import comparable_events

from drills.results import EQUAL, SILENT, TRACEBACK, DrillResult
from drills.takeover import boundaries, finish, list_boundaries
from studentsim.runs.executor import execute
from studentsim.runs.repair import check_run
from studentsim.runs.run_dir import RunFolder, create_run

MAX_KILLS = 3
"""A run is killed once to so many times before it may end."""
_SYNCED_SIZE_FILE = "synced"


def kill_at_random(tries: int, seed: int, *, power_loss: bool = False) -> DrillResult:
    """Kill ``tries`` runs and resume each; ``power_loss``: also drop what was not synced."""
    result = DrillResult("power lost at random" if power_loss else "worker killed at random (4, 9)")
    random = Random(seed)
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        whole = create_run(data, fakes.config())
        execute(whole, build_components=fakes.fake, pause_on=())
        expected = comparable_events(whole)
        count = len(list_boundaries(data))
        for _ in range(tries):
            run = create_run(data, fakes.config())
            moments = [random.randrange(count) for _ in range(random.randint(1, MAX_KILLS))]
            for moment in moments:
                _work_until_killed(run, moment)
                if power_loss:
                    _drop_unsynced(run, random)
            result.add(*_resume_and_compare(run, expected, str(moments)))
    return result


def _resume_and_compare(run: RunFolder, expected: list[dict[str, object]], detail: str) -> tuple[str, str]:
    try:
        if finish(run) != "finished":
            return SILENT, f"{detail}: it did not finish"
    except Exception as error:  # whatever it is, it is what the drill looks for
        return TRACEBACK, f"{detail}: {error!r}"
    if problems := check_run(run).problems:
        return SILENT, f"{detail}: the files are hurt: {problems}"
    return (EQUAL, "") if comparable_events(run) == expected else (SILENT, f"{detail}: other events")


def _work_until_killed(run: RunFolder, moment: int) -> None:
    """Work on the run in a child that kills itself at its boundary ``moment``, or ends before; waits for it."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    count = 0

    def at(_: str) -> None:
        nonlocal count
        count += 1
        if count == moment + 1:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        with open(os.devnull, "w") as nowhere, boundaries(at), _noting_syncs(run):
            os.dup2(nowhere.fileno(), 2)
            execute(run, build_components=fakes.fake, pause_on=())
    finally:
        os._exit(0)


@contextmanager
def _noting_syncs(run: RunFolder) -> Iterator[None]:
    """Note, in a file beside the journal, up to where it is synced."""
    real = os.fsync

    def fsync(file: int) -> None:
        real(file)
        if os.readlink(f"/proc/self/fd/{file}") == str(run.journal_path):
            (run.path / _SYNCED_SIZE_FILE).write_text(str(os.fstat(file).st_size))

    with mock.patch.object(os, "fsync", fsync):
        yield


def _drop_unsynced(run: RunFolder, random: Random) -> None:
    """Cut the journal at a byte by chance after what was synced."""
    if run.journal_path.exists():
        note = run.path / _SYNCED_SIZE_FILE
        synced, size = int(note.read_text()) if note.exists() else 0, run.journal_path.stat().st_size
        if synced < size:
            os.truncate(run.journal_path, random.randint(synced, size))
