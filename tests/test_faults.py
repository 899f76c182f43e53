"""The faults of a run's life, really done: with real processes, real signals, at many moments.

For all of them: no committed turn is lost or doubled, and what went on afterwards equals an uninterrupted run.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from random import Random

import fakes
import pytest
from run_help import Gate, at_answer, comparable_events, last, lines, manager, types, until, until_status, worker

from studentsim.runs import checkpoints, process
from studentsim.runs import lease as leases
from studentsim.runs.executor import execute
from studentsim.runs.lease import current_lease
from studentsim.runs.run_dir import RunFolder, create_run, list_runs, open_run
from studentsim.store.journal import effective_events, read_events

ROOT = Path(__file__).parents[1]
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> list[dict]:
    """What a run tells that nothing interrupted."""
    folder = create_run(tmp_path_factory.mktemp("whole"), fakes.config())
    execute(folder, build_components=fakes.fake)
    return comparable_events(folder)


@pytest.fixture(autouse=True)
def no_worker_left(tmp_path):
    """Whatever a test started is ended, by PID and birth."""
    yield
    for folder in list_runs(tmp_path):
        if lease := current_lease(folder):
            process.kill_process(lease.pid, lease.pid_started)


def run_worker(folder: RunFolder, what: str) -> subprocess.Popen:
    """A worker that carries this very run out."""
    data = folder.path.parent.parent
    return subprocess.Popen([*worker(what), "--data", str(data), "--run", folder.run_id], env=ENV)


def committed(folder: RunFolder) -> list[int]:
    return [e["turn"] for e in effective_events(read_events(folder.journal_path)) if e["type"] == "TurnFinished"]


def go_on(folder: RunFolder, whole: list[dict]) -> None:
    """Resume, in this process, and compare."""
    safe = committed(folder)
    assert execute(folder, build_components=fakes.fake) == "finished"
    resumed = [e["turn"] for e in read_events(folder.journal_path) if e["type"] == "RunResumed"]
    assert not resumed or resumed[-1] == max(safe, default=-1), "a committed turn was done again"
    assert comparable_events(folder) == whole
    assert committed(folder) == list(range(fakes.SETTINGS["turns"] + 1))


# ------------------------------------------------------------------ 4, 9: killed


MOMENTS = "answer:1 answer:24 answer:25 train:1 train:12 save:1 save:4".split()
FURTHER = [pytest.param(moment, marks=pytest.mark.long) for moment in "answer:23 answer:40 answer:80 save:2".split()]


@pytest.mark.parametrize("moment", [*MOMENTS, *FURTHER])
def test_killed_at_any_moment_it_is_interrupted_and_resumed_it_equals_an_uninterrupted_run(tmp_path, whole, moment):
    folder = create_run(tmp_path, fakes.config())
    assert run_worker(folder, f"{moment}:die").wait(timeout=60) == -signal.SIGKILL
    runs = manager(tmp_path)
    assert runs.get_state(folder.run_id).status == "interrupted"
    runs.close()
    go_on(folder, whole)


def test_killed_again_and_again_at_random_moments_from_outside(tmp_path, whole):
    folder, rng = create_run(tmp_path, fakes.config()), Random(4)
    for _ in range(3):
        before = lines(folder)
        child = run_worker(folder, "fake")
        wanted = before + rng.randrange(1, 90)
        until(lambda wanted=wanted, child=child: lines(folder) >= wanted or child.poll() is not None)
        child.kill()
        child.wait()
        if types(folder)[-1] == "RunEnded":
            break
    if types(folder)[-1] != "RunEnded":
        go_on(folder, whole)
    assert comparable_events(folder) == whole


def test_killed_in_a_save_the_half_checkpoint_is_not_one(tmp_path, whole):
    folder = create_run(tmp_path, fakes.config())
    run_worker(folder, "save:3:die").wait(timeout=60)
    assert checkpoints.list_turns(folder.checkpoints) == [0, 1] and list(folder.checkpoints.glob(".new-*"))
    go_on(folder, whole)
    assert not list(folder.checkpoints.glob(".*"))


# ------------------------------------------------------------------ 2, 3: the app ends, workers go on

APP = """
import sys, time, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell runs in the background
sys.path.insert(0, {here!r})
import fakes, run_help
runs = run_help.manager({data!r}, "answer:60:gate", max_concurrent_runs=3)
ids = [runs.start(fakes.config(seed=seed)) for seed in (0, 0)]
runs.ensure_warm_worker()
print(*ids, runs.launcher.warm_worker.process.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def gate(tmp_path):
    """The gate at which workers wait."""
    with closing(Gate(tmp_path)) as gate:
        yield gate


@pytest.fixture
def app(tmp_path, gate):
    """An app: a process, leader of its group, whose two runs wait at their 60th answer."""
    program = APP.format(here=str(ROOT / "tests"), data=str(tmp_path))
    command = [sys.executable, "-c", program]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, env=ENV, text=True, start_new_session=True)
    *ids, spare = child.stdout.readline().split()
    yield child, [open_run(tmp_path, run_id) for run_id in ids], int(spare)
    child.kill()
    child.wait()
    child.stdout.close()


@pytest.mark.parametrize("how", ["kill -9", "Ctrl-C"])
def test_the_app_ends_and_its_workers_go_on_to_the_end(tmp_path, app, gate, whole, how):
    child, folders, spare = app
    born = process.get_birth_id(spare)
    for folder in folders:
        at_answer(folder, 60)
    if how == "Ctrl-C":
        os.killpg(child.pid, signal.SIGINT)
    else:
        child.kill()
    assert child.wait(timeout=30) != 0
    again = manager(tmp_path)  # the next start picks them up
    assert {state.status for state in again.get_states().values()} == {"running"}
    gate.open()
    for folder in folders:
        until_status(again, folder.run_id, "finished")
        assert (
            comparable_events(folder) == whole
            and types(folder).count("RunStarted") == 1
            and "RunResumed" not in types(folder)
        )
    until(lambda: not process.is_alive(spare, born))  # nobody needs it: its stdin was closed
    again.close()


def test_sigint_to_a_worker_itself_is_ignored(tmp_path, gate, whole):
    folder = create_run(tmp_path, fakes.config())
    child = run_worker(folder, "answer:40:gate")
    at_answer(folder, 40)
    child.send_signal(signal.SIGINT)
    gate.open()
    assert child.wait(timeout=60) == 0
    assert comparable_events(folder) == whole


def test_sigterm_to_a_worker_pauses_its_run(tmp_path, gate, whole):
    folder = create_run(tmp_path, fakes.config())
    child = run_worker(folder, "answer:40:gate")
    at_answer(folder, 40)
    child.terminate()
    gate.open()
    assert child.wait(timeout=60) == 0
    assert last(folder)["status"] == "paused"
    go_on(folder, whole)


# ------------------------------------------------------------------ 5, 6, 7, 8: strange workers


def test_a_worker_that_dies_before_its_first_heartbeat_is_found_and_shown_as_failed(tmp_path, whole):
    runs = manager(tmp_path, "exit-at-import")
    run_id = runs.start(fakes.config())
    until_status(runs, run_id, "failed")
    state = runs.get_state(run_id)
    assert "ImportError: no module named nonsense" in state.message and state.remedy
    runs.close()
    healthy = manager(tmp_path)
    healthy.resume(run_id)
    until_status(healthy, run_id, "finished")
    assert comparable_events(open_run(tmp_path, run_id)) == whole
    healthy.close()


def pretend(folder: RunFolder, **changes: object) -> None:
    """Change what the run's lease says."""
    info = replace(current_lease(folder), **changes)
    (folder.path / "leases" / f"{info.epoch:04d}.json").write_text(json.dumps(asdict(info)))


def test_a_pid_that_was_given_to_another_process_is_not_taken_for_the_worker_and_never_signalled(tmp_path, whole):
    folder = create_run(tmp_path, fakes.config())
    run_worker(folder, "answer:60:die").wait(timeout=60)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        pretend(folder, pid=stranger.pid)
        runs = manager(tmp_path)
        assert runs.get_state(folder.run_id).status == "interrupted"
        runs.cancel(folder.run_id)
        assert runs.get_state(folder.run_id).status == "cancelled"
        assert stranger.poll() is None
        runs.close()
        stranger.kill()


def test_a_hung_worker_is_not_responding_and_can_be_cancelled(tmp_path, monkeypatch):
    runs = manager(tmp_path, "answer:60:hang")
    run_id = runs.start(fakes.config())
    folder = open_run(tmp_path, run_id)
    at_answer(folder, 60)
    monkeypatch.setattr(leases, "HEARTBEAT_TIMEOUT_SECONDS", 0.2)
    until_status(runs, run_id, "not responding")
    pid = runs.get_state(run_id).pid
    born = process.get_birth_id(pid)
    runs.cancel(run_id)
    assert until_status(runs, run_id, "cancelled")
    assert not process.is_alive(pid, born)
    assert last(folder)["status"] == "cancelled" and 0 in committed(folder)
    runs.close()


def contents(folder: RunFolder) -> dict[Path, bytes]:
    """All files of a run but its log."""
    return {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file() and path.name != "worker.log"}


def test_a_stopped_worker_that_wakes_after_its_run_went_on_writes_nothing(tmp_path, whole):
    folder = create_run(tmp_path, fakes.config())
    child = run_worker(folder, "answer:60:hang")
    at_answer(folder, 60)
    until(lambda: "T" in Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0])
    assert execute(folder, build_components=fakes.fake) == "finished"
    before = contents(folder)
    child.send_signal(signal.SIGCONT)
    assert child.wait(timeout=60) == 0
    old = folder.path / "leases" / "0001.json"  # its own file, that nobody reads any more
    assert {**before, old: b""} == {**contents(folder), old: b""}
    assert "taken over" in folder.log_path.read_text()
    assert comparable_events(folder) == whole


def test_resumed_while_its_worker_hangs_the_old_worker_is_ended_first(tmp_path, whole, monkeypatch):
    hung = manager(tmp_path, "answer:60:hang")
    run_id = hung.start(fakes.config())
    folder = open_run(tmp_path, run_id)
    at_answer(folder, 60)
    hung.close()
    runs = manager(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(leases, "HEARTBEAT_TIMEOUT_SECONDS", 0.0)
        assert runs.get_state(run_id).status == "not responding"
        pid = runs.get_state(run_id).pid
        born = process.get_birth_id(pid)
        runs.resume(run_id)
    assert not process.is_alive(pid, born)
    until_status(runs, run_id, "finished")
    assert comparable_events(folder) == whole
    runs.close()


def test_out_of_memory_ends_that_run_alone(tmp_path, whole):
    """Fault 18."""
    poor, rich = manager(tmp_path, "answer:60:memory"), manager(tmp_path)
    failing = poor.start(fakes.config())
    until_status(poor, failing, "failed")
    assert "Out of memory" in poor.get_state(failing).message
    other = rich.start(fakes.config())
    until_status(rich, other, "finished")
    assert comparable_events(open_run(tmp_path, other)) == whole
    poor.close()
    rich.close()


# ------------------------------------------------------------------ 22, 23: many clicks


def test_start_clicked_twice_is_one_run(tmp_path):
    runs = manager(tmp_path)
    with ThreadPoolExecutor(8) as threads:
        ids = set(threads.map(lambda _: runs.start(fakes.config(), "one form"), range(8)))
    assert len(ids) == 1 and len(list_runs(tmp_path)) == 1
    (run_id,) = ids
    until_status(runs, run_id, "finished")
    folder = open_run(tmp_path, run_id)
    assert types(folder).count("RunStarted") == 1 and "RunResumed" not in types(folder)
    assert current_lease(folder).epoch == 1
    assert runs.start(fakes.config(), "one form") == run_id  # much later: still that run
    assert runs.start(fakes.config(), "another form") != run_id
    until(lambda: (runs.tick(), {s.status for s in runs.get_states().values()} == {"finished"})[1])
    runs.close()


def test_of_fifty_runs_only_as_many_work_as_there_are_places(tmp_path, gate):
    runs = manager(tmp_path, "answer:1:gate", max_concurrent_runs=2)
    ids = [runs.start(fakes.config(seed=seed)) for seed in range(50)]
    runs.tick()
    states = runs.get_states()
    assert [states[id].is_live for id in ids] == [True] * 2 + [False] * 48
    assert [states[id].queue_position for id in ids[2:]] == list(range(1, 49))
    for run_id in ids[2:]:
        runs.cancel(run_id)
    assert {runs.get_state(id).status for id in ids[2:]} == {"cancelled"}
    for run_id in ids[:2]:
        runs.cancel(run_id)
        until_status(runs, run_id, "cancelled")
    runs.close()
