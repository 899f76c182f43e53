"""A run on a disk of a few kilobytes (a tmpfs): it pauses and says so, and ends as it would have once there is room."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fakes
from run_help import comparable_events

from drills.results import EQUAL, SILENT, TRACEBACK, DrillResult
from drills.takeover import finish
from studentsim.errors import StudentsimError
from studentsim.runs.executor import execute
from studentsim.runs.repair import check_run
from studentsim.runs.run_dir import create_run
from studentsim.runs.status import read_run_state

SIZES_KB = (24, 40, 60, 80, 120, 200, 300)


@contextmanager
def small_disk(kilobytes: int) -> Iterator[Path]:
    """A mounted tmpfs of that size."""
    with tempfile.TemporaryDirectory() as path:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", path], check=True)
        try:
            yield Path(path)
        finally:
            subprocess.run(["umount", path], check=True)


def run_on_small_disks() -> DrillResult:
    """A run on disks of 24 to 300 kB."""
    result = DrillResult("disk full, a tmpfs of 24 to 300 kB (11, 12)")
    if os.geteuid():
        result.fault += " (not tried: needs root)"
        return result
    with tempfile.TemporaryDirectory() as path:
        whole = create_run(Path(path), fakes.config())
        execute(whole, build_components=fakes.fake, pause_on=())
        expected = comparable_events(whole)
    for kilobytes in SIZES_KB:
        with small_disk(kilobytes) as data:
            result.add(*_run_until_full(data, kilobytes, expected))
    return result


def _run_until_full(data: Path, kilobytes: int, expected: list[dict[str, object]]) -> tuple[str, str]:
    where = f"{kilobytes} kB"
    try:
        run = create_run(data, fakes.config())
    except StudentsimError as error:
        return (EQUAL, "") if "full" in error.problem else (SILENT, f"{where}: {error}")
    try:
        status = execute(run, build_components=fakes.fake, pause_on=())
    except StudentsimError:
        status = "refused"
    except Exception as error:  # whatever it is, it is what the drill looks for
        return TRACEBACK, f"{where}: {error!r}"
    state = read_run_state(run)
    if status == "paused" and "full" not in state.message:
        return SILENT, f"{where}: it does not say why it stopped: {state}"
    subprocess.run(["mount", "-o", "remount,size=64m", str(data)], check=True)
    try:
        finish(run)
    except Exception as error:  # the same
        return TRACEBACK, f"{where}: with room again {error!r}"
    if problems := check_run(run).problems:
        return SILENT, f"{where}: left hurt: {problems}"
    return (EQUAL, "") if comparable_events(run) == expected else (SILENT, f"{where}: other events")
