"""What killed processes left is swept at the next start: old enough, and of nobody who lives."""

from __future__ import annotations

import os
import time
from pathlib import Path

import fakes
import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_help import manager

from studentsim.files import TEMPORARY_NAME_PATTERN, write_atomically
from studentsim.runs import leftovers
from studentsim.runs.leftovers import MIN_AGE_SECONDS, find_leftovers, sweep_leftovers
from studentsim.runs.run_dir import create_run, runs_folder

DEAD_PID = 2**22 + 1
"""Larger than any PID."""


def leave(path: Path, *, folder: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if folder:
        path.mkdir()
        (path / "x").write_text("x")
        (path / "x").chmod(0)
        path.chmod(0)
    else:
        path.write_text("x")
    return path


def leave_all(data: Path) -> list[Path]:
    """One of each kind."""
    runs = runs_folder(data)
    run = create_run(data, fakes.config(), "token").path
    return [
        leave(runs / ".gone-20261121-031500-aaaa-0a1b2c3d", folder=True),
        leave(runs / ".new-0a1b2c3d4e5f", folder=True),
        leave(runs / ".tokens" / ".new-0a1b2c3d4e5f", folder=True),
        leave(data / "models" / ".gone-x-0a1b2c3d", folder=True),
        leave(runs / ".probe-0a1b2c3d"),
        leave(run / ".probe-0a1b2c3d"),
        leave(run / ".control.json-0a1b2c3d"),
        leave(runs / "..recorded.json-0a1b2c3d"),
        leave(runs / ".spares" / f"{DEAD_PID}-0a1b2c3d4e5f.log"),
        leave(runs / ".spares" / "0a1b2c3d4e5f.log"),  # as version 0.1 named them
    ]


def everything(data: Path) -> set[Path]:
    return {path for path in data.rglob("*") if not path.is_dir()}


def test_old_left_overs_are_removed_and_nothing_else(tmp_path, monkeypatch):
    create_run(tmp_path, fakes.config())
    left = leave_all(tmp_path)
    (runs_folder(tmp_path) / ".recorded.json").write_text("{}")
    before = everything(tmp_path)
    assert sweep_leftovers(tmp_path) == [], "they are new"
    now = time.time()
    monkeypatch.setattr(leftovers.time, "time", lambda: now + MIN_AGE_SECONDS + 5)
    assert sorted(sweep_leftovers(tmp_path)) == sorted(left)
    assert everything(tmp_path) == {path for path in before if not {path, *path.parents} & {*left}}


def test_the_next_start_sweeps(tmp_path, monkeypatch):
    left, now = leave_all(tmp_path), time.time()
    monkeypatch.setattr(leftovers.time, "time", lambda: now + MIN_AGE_SECONDS + 5)
    manager(tmp_path, max_concurrent_runs=0).close()
    assert not [path for path in left if os.path.lexists(path)]


def test_the_log_of_a_living_manager_s_worker_stays_however_old(tmp_path, monkeypatch):
    mine = leave(runs_folder(tmp_path) / ".spares" / f"{os.getpid()}-0a1b2c3d4e5f.log")
    now = time.time()
    monkeypatch.setattr(leftovers.time, "time", lambda: now + 1e7)
    assert find_leftovers(tmp_path) == []
    os.replace(mine, mine.with_name(f"{DEAD_PID}-0a1b2c3d4e5f.log"))
    assert len(find_leftovers(tmp_path)) == 1


def test_a_worker_whose_log_was_swept_takes_a_run_all_the_same(tmp_path):
    from run_help import until_status

    runs = manager(tmp_path)
    runs.ensure_warm_worker()
    runs.launcher.warm_worker.log_path.unlink()
    run_id = runs.start(fakes.config())
    until_status(runs, run_id, "finished")
    runs.close()


def test_a_data_folder_that_cannot_be_swept_is_left_as_it_is(tmp_path, monkeypatch):
    left = leave(runs_folder(tmp_path) / ".probe-0a1b2c3d")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    now = time.time()
    monkeypatch.setattr(leftovers.time, "time", lambda: now + 1e7)
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", refuse)
        assert sweep_leftovers(tmp_path) == [] and left.exists()
    assert sweep_leftovers(tmp_path / "none") == []


@pytest.mark.parametrize(
    "name", ["config.json", ".recorded.json", ".tokens", ".deleted", ".dtype.json", ".spares", "studentsim.duckdb"]
)
def test_names_that_the_product_keeps_are_not_temporary(name):
    assert not TEMPORARY_NAME_PATTERN.fullmatch(name)


@given(st.text(alphabet="abc.-0123456789_", min_size=1, max_size=20))
def test_what_write_atomically_leaves_is_always_recognised(tmp_path_factory, name):
    """Law: whatever the file is called, its temporary name is known for one."""
    folder = tmp_path_factory.getbasetemp()
    seen: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", lambda old, new: seen.append(Path(old).name))
        write_atomically(folder / f"x{name}", "text")
    assert TEMPORARY_NAME_PATTERN.fullmatch(seen[0])
