"""The manager with real worker processes (and a fake student): starting, queueing, pausing, ending, deleting."""

from __future__ import annotations

import select
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import fakes
import pytest
from run_help import Gate, at_answer, comparable_events, lines, manager, types, until, until_status

from studentsim.errors import ConfigError, RunError, UnknownRun
from studentsim.runs import process
from studentsim.runs.executor import execute
from studentsim.runs.lease import current_lease
from studentsim.runs.manager import RunManager
from studentsim.runs.run_dir import RunFolder, create_run, list_runs, open_run


@pytest.fixture
def managers(tmp_path):
    """A maker of managers that are closed afterwards, and whose runs are cancelled."""
    made: list[RunManager] = []

    def make(what: str = "fake", **options) -> RunManager:
        made.append(manager(tmp_path, what, **options))
        return made[-1]

    yield make
    for folder in list_runs(tmp_path):
        lease = current_lease(folder)
        if lease:
            process.kill_process(lease.pid, lease.pid_started)
    for each in made:
        each.close()


@pytest.fixture
def gated(tmp_path, managers):
    """A manager whose workers wait at their 30th answer, and what lets them through."""
    with closing(Gate(tmp_path)) as gate:
        yield managers("answer:30:gate"), gate.open


def reference(tmp_path: Path, **settings) -> list[dict]:
    folder = create_run(tmp_path / "reference", fakes.config(**settings))
    execute(folder, build_components=fakes.fake)
    return comparable_events(folder)


def test_a_started_run_ends_as_it_would_in_this_process(tmp_path, managers):
    runs = managers()
    run_id = runs.start(fakes.config())
    assert runs.get_state(run_id).status == "starting" or lines(open_run(tmp_path, run_id))
    until_status(runs, run_id, "finished")
    assert comparable_events(open_run(tmp_path, run_id)) == reference(tmp_path)
    assert list(runs.get_states()) == [run_id]


def is_worker_ready(runs) -> bool:
    """Whether its warm worker has imported everything."""
    worker = runs.launcher.warm_worker
    return bool(worker and worker.is_alive and select.select([worker.process.stdout], [], [], 0)[0])


def test_the_warm_spare_takes_the_next_run_and_another_is_warmed_a_little_later(tmp_path, managers, monkeypatch):
    monkeypatch.setattr("studentsim.runs.manager.WARM_DELAY_SECONDS", 0.1)
    runs = managers()
    runs.ensure_warm_worker()
    until(lambda: is_worker_ready(runs))
    spare = runs.launcher.warm_worker.process.pid
    run_id = runs.start(fakes.config())
    assert runs.get_state(run_id).pid in (spare, 0) and not is_worker_ready(runs)
    until_status(runs, run_id, "finished")
    until(lambda: (runs.tick(), is_worker_ready(runs))[1])
    assert runs.launcher.warm_worker.process.pid != spare


def test_an_unneeded_spare_ends_when_its_manager_closes(tmp_path, managers):
    runs = managers()
    runs.ensure_warm_worker()
    spare = runs.launcher.warm_worker.process
    runs.close()
    assert spare.poll() is not None  # at once, whatever it was importing
    assert not list((tmp_path / "runs" / ".spares").iterdir())
    runs.ensure_warm_worker()
    assert not is_worker_ready(runs)


def test_what_the_check_refuses_is_not_made(tmp_path, managers):
    def refuse(config):
        raise ConfigError("No.", field="exam")

    runs = managers(preflight_check=refuse)
    with pytest.raises(ConfigError):
        runs.start(fakes.config(), "token")
    assert runs.get_states() == {} and list((tmp_path / "runs").iterdir()) == []


def test_paused_in_the_midst_and_resumed_it_equals_an_uninterrupted_run(tmp_path, gated, managers):
    runs, open_gate = gated
    run_id = runs.start(fakes.config())
    folder = open_run(tmp_path, run_id)
    at_answer(folder, 30)
    runs.pause(run_id)
    assert runs.get_state(run_id).request == "pause"
    open_gate()
    until_status(runs, run_id, "paused")
    runs.pause(run_id)  # twice is no error
    runs.close()
    other = managers()
    other.resume(run_id)
    other.resume(run_id)  # a second click
    until_status(other, run_id, "finished")
    assert comparable_events(folder) == reference(tmp_path) and types(folder).count("RunResumed") == 1
    assert (folder.path / "worker-0001.log").exists()
    with pytest.raises(RunError, match="finished"):
        other.resume(run_id)
    with pytest.raises(RunError, match="finished"):
        other.cancel(run_id)
    with pytest.raises(RunError, match="finished"):
        other.pause(run_id)


def test_cancelled_it_ends_at_once_and_its_answers_stay(tmp_path, gated):
    runs, open_gate = gated
    runs.cancel_grace_seconds = 1000
    run_id = runs.start(fakes.config())
    folder = open_run(tmp_path, run_id)
    at_answer(folder, 30)
    runs.cancel(run_id)
    assert runs.get_state(run_id).request == "cancel"
    open_gate()
    until_status(runs, run_id, "cancelled")
    assert types(folder).count("AnswerRecorded") > 20
    runs.cancel(run_id)  # twice is no error
    with pytest.raises(RunError, match="cancelled"):
        runs.resume(run_id)


def test_more_runs_than_places_wait_in_the_order_they_came(tmp_path, gated):
    runs, open_gate = gated
    ids = [runs.start(fakes.config(seed=seed)) for seed in range(4)]
    states = runs.get_states()
    assert [states[id].queue_position for id in ids] == [0, 0, 1, 2]
    assert runs.get_state(ids[3]).queue_position == 2
    assert all(states[id].is_live for id in ids[:2]) and [states[id].status for id in ids[2:]] == ["queued"] * 2
    runs.pause(ids[2])
    assert runs.get_state(ids[2]).status == "paused" and types(open_run(tmp_path, ids[2])) == ["RunStarted", "RunEnded"]
    for run_id in ids[:2]:
        at_answer(open_run(tmp_path, run_id), 30)
        runs.cancel(run_id)
    until(lambda: (runs.tick(), runs.get_state(ids[3]).is_live)[1])
    runs.resume(ids[2])
    until(lambda: (runs.tick(), runs.get_state(ids[2]).is_live)[1])


def test_a_cancelled_run_that_waits_never_starts(tmp_path, managers):
    runs = managers(max_concurrent_runs=0)
    run_id = runs.start(fakes.config())
    runs.cancel(run_id)
    assert runs.get_state(run_id).status == "cancelled"
    runs.limit = 2
    runs.tick()
    assert runs.get_state(run_id).status == "cancelled" and types(open_run(tmp_path, run_id)) == [
        "RunStarted",
        "RunEnded",
    ]


def test_a_deleted_run_is_unknown_and_a_run_at_work_is_not_deleted(tmp_path, gated):
    runs, open_gate = gated
    run_id = runs.start(fakes.config())
    with pytest.raises(RunError, match="at work"):
        runs.delete(run_id)
    at_answer(open_run(tmp_path, run_id), 30)
    runs.cancel(run_id)
    until_status(runs, run_id, "cancelled")
    runs.delete(run_id)
    for use in (runs.get_state, runs.pause, runs.resume, runs.cancel, runs.delete):
        with pytest.raises(UnknownRun, match="was deleted"):
            use(run_id)
    assert runs.get_states() == {}


def test_the_next_manager_starts_what_waited(tmp_path, managers):
    first = managers(max_concurrent_runs=0)
    run_id = first.start(fakes.config())
    first.close()
    second = managers()
    assert second.get_state(run_id).status == "queued"
    until_status(second, run_id, "finished")


def test_a_ticking_manager_needs_nobody_to_look(tmp_path, managers):
    runs = managers(max_concurrent_runs=1, tick_interval_seconds=0.02)
    ids = [runs.start(fakes.config(seed=seed, turns=1)) for seed in range(3)]
    until(lambda: {state.status for state in runs.get_states().values()} == {"finished"})
    assert sorted(runs.get_states()) == sorted(ids)


def test_a_command_that_does_not_exist_fails_the_run_with_words(tmp_path):
    runs = RunManager(
        tmp_path, worker_command=["/no/such/program"], preflight_check=lambda config: None, tick_interval_seconds=None
    )
    folder = create_run(tmp_path, fakes.config(), queue_entry='{"since": 1}')
    runs.tick()
    state = runs.get_state(folder.run_id)
    assert state.status == "failed" and "No worker could be started" in state.message
    runs.close()


def test_the_manager_imports_no_torch():
    heavy = ("torch", "transformers", "trl", "peft", "datasets", "streamlit", "duckdb")
    program = f"import sys, studentsim.runs.manager; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=Path(__file__).parents[1]
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_a_runs_folder_is_all_that_a_worker_needs(tmp_path, managers):
    """The worker by itself: ``--run`` carries a run out without any manager."""
    from run_help import worker

    folder: RunFolder = create_run(tmp_path, fakes.config())
    env = {"PYTHONPATH": str(Path(__file__).parents[1])}
    command = [*worker(), "--data", str(tmp_path), "--run"]
    assert subprocess.run([*command, folder.run_id], env=env).returncode == 0
    assert managers().get_state(folder.run_id).status == "finished"
    unknown = subprocess.run([*command, "../x"], env=env, capture_output=True, text=True)
    assert unknown.returncode == 2 and unknown.stderr.startswith("Error:") and "Traceback" not in unknown.stderr
