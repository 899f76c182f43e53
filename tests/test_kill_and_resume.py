"""``bench/kill_and_resume.py``: it calls equal what is equal, and nothing else."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import fakes
import hubs
import pytest

from studentsim.runs.executor import execute
from studentsim.runs.run_dir import RunFolder, create_run

SCRIPT = Path(__file__).parent.parent / "bench" / "kill_and_resume.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("kill_and_resume", SCRIPT)
    assert spec and spec.loader
    module = sys.modules["kill_and_resume"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["kill_and_resume"]


def run_of(data: Path, pause_at: int = 0, **settings: object) -> RunFolder:
    folder, seen = create_run(data, fakes.config(**{"turns": 2, **settings})), iter(range(1, 10**6))

    def pause(_: object) -> None:
        if next(seen) == pause_at:
            folder.write_request("pause")

    status = execute(folder, build_components=fakes.fake, on_event=pause)
    return folder if status == "finished" or execute(folder, build_components=fakes.fake) else folder


def test_a_run_that_went_on_is_called_equal_and_another_is_not(bench, tmp_path):
    whole = run_of(tmp_path / "whole")
    assert (
        bench.difference(
            bench.comparable_events(whole), bench.comparable_events(run_of(tmp_path / "paused", pause_at=60))
        )
        == ""
    )
    other = bench.difference(
        bench.comparable_events(whole), bench.comparable_events(run_of(tmp_path / "other", seed=1))
    )
    assert other.startswith("event ") and " against " in other
    longer = bench.comparable_events(run_of(tmp_path / "longer", turns=3, exam_every=3))
    assert bench.difference(bench.comparable_events(whole), longer)


def test_a_single_figure_that_differs_is_named_and_a_missing_end_too(bench, tmp_path):
    whole = run_of(tmp_path)
    events = bench.comparable_events(whole)
    changed = json.loads(json.dumps(events))
    step = next(n for n, event in enumerate(events) if event["type"] == "TrainingStep")
    changed[step]["metrics"]["loss"] += 1e-9
    assert f"event {step}, TrainingStep of lesson 1: metrics" in bench.difference(events, changed)
    assert bench.difference(events, events[:-1]) == f"{len(events)} events against {len(events) - 1}"


def test_what_is_not_its_own_option_goes_to_the_run(bench, tmp_path, monkeypatch):
    (tmp_path / "models" / "small").mkdir(parents=True)
    monkeypatch.setenv("STUDENTSIM_DATA", str(tmp_path))
    options = bench.options_of(argparse.Namespace(model="small"), ["--calculator"])
    assert options[:2] == ["--model", str(tmp_path / "models" / "small")] and options[-1] == "--calculator"
    assert bench.options_of(argparse.Namespace(model="owner/name"), [])[:2] == ["--model", "owner/name"]
    words = [sys.executable, "-m", "studentsim", "run", "--help"]
    wide = {**os.environ, "COLUMNS": "300"}
    listed = subprocess.run(words, capture_output=True, text=True, check=True, env=wide).stdout
    assert all(f"--{name} " in listed for name in bench.SETTINGS)


@pytest.mark.long
def test_killed_at_random_moments_a_small_model_s_run_is_equal(tmp_path):
    model = hubs.save(tmp_path, "llama")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(model), "--tries", "2", "--calculator"], capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": equal") == 2 and "killed after" in done.stdout
