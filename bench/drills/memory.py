"""Out of memory: the kernel ends a worker in a control group of 350 MB, and one raises MemoryError; the other run is untouched."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fakes
from run_help import comparable_events, until_status, worker

from drills.results import SAID, SILENT, DrillResult
from drills.takeover import finish
from studentsim.runs.executor import execute
from studentsim.runs.manager import RunManager
from studentsim.runs.run_dir import RunFolder, create_run

GROUPS = Path("/sys/fs/cgroup/memory")
LIMIT_BYTES = 350_000_000


@contextmanager
def _control_group() -> Iterator[Path | None]:
    group = GROUPS / f"studentsim-drill-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(LIMIT_BYTES))
    except OSError:  # no root, or control groups of version 2
        yield None
        return
    try:
        yield group
    finally:
        group.rmdir()


def out_of_memory(tries: int) -> DrillResult:
    """A run whose worker takes all memory, beside one that does not."""
    result = DrillResult("out of memory, a control group of 350 MB (18)")
    with _control_group() as group, tempfile.TemporaryDirectory() as path:
        if group is None:
            result.fault += " (not tried: no control groups)"
            return result
        data = Path(path)
        whole = create_run(data, fakes.config())
        execute(whole, build_components=fakes.fake, pause_on=())
        for _ in range(tries):
            result.add(*_eat_once(data, group, comparable_events(whole)))
    return result


def _eat_once(data: Path, group: Path, expected: list[dict[str, object]]) -> tuple[str, str]:
    enter = ["sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "sh"]
    runs = RunManager(
        data,
        worker_command=[*enter, *worker("answer:30:eat")],
        tick_interval_seconds=None,
        preflight_check=lambda config: None,
        keep_warm_worker=False,
    )
    eaten, other = runs.start(fakes.config()), create_run(data, fakes.config())
    status = until_status(runs, eaten, "failed", "interrupted", "paused", "finished")
    state = runs.get_state(eaten)
    runs.close()
    if status != "failed" or "memory" not in f"{state.message} {state.remedy}":
        return SILENT, f"it is called {status}: {state.message}"
    for folder in (other, RunFolder(data / "runs" / eaten)):
        finish(folder)
        if comparable_events(folder) != expected:
            return SILENT, "other events"
    return SAID, ""
