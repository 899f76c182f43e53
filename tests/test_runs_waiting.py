"""Queued runs on a full disk or in a folder that cannot be written: they wait, no process is left, and they go on by themselves."""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import fakes
import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_help import Gate, at_answer, last, lines, manager, until, until_status

from studentsim.errors import StudentsimError
from studentsim.runs import launcher, oom, warm_worker
from studentsim.runs.backoff import FIRST_RETRY_SECONDS, MAX_RETRY_SECONDS, Backoff, retry_seconds
from studentsim.runs.launcher import MIN_FREE_BYTES
from studentsim.runs.manager import RunManager
from studentsim.runs.run_dir import RunFolder, create_run, list_runs, open_run

NO_ROOM = OSError(errno.ENOSPC, "No space left on device")


class Machine:
    """A clock, a disk and the processes that were started, in the test's hands."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.free_bytes, self.workers = 1000.0, 10 * MIN_FREE_BYTES, []
        machine = self

        class Worker(warm_worker.WarmWorker):
            def __init__(self, *args) -> None:
                super().__init__(*args)
                machine.workers.append(self)

        monkeypatch.setattr(launcher, "WarmWorker", Worker)

    def manager(self, data: Path, what: str = "fake", **options) -> RunManager:
        options = {"clock": lambda: self.now, "get_free_bytes": lambda folder: self.free_bytes, **options}
        return manager(data, what, **options)

    @property
    def alive(self) -> int:
        return sum(worker.is_alive for worker in self.workers)


@pytest.fixture
def machine(monkeypatch) -> Iterator[Machine]:
    made = Machine(monkeypatch)
    yield made
    for worker in made.workers:
        worker.process.kill()
        worker.process.wait()


def attempts_within(seconds: float) -> int:
    """How many attempts fit: the first at once."""
    count, at = 0, 0.0
    while at <= seconds:
        count += 1
        at += retry_seconds(count)
    return count


# ------------------------------------------------------------------ the law of the back-off


@given(st.lists(st.floats(0.0, 30.0), max_size=200))
def test_at_most_one_attempt_is_made_a_back_off_step(pauses):
    """Law: however often a run is looked at, its nth and (n+1)th attempt are ``retry_seconds(n)`` apart, and others are untouched."""
    backoff, now, made = Backoff(), 0.0, []
    for pause in pauses:
        now += pause
        if backoff.is_due("run", now):
            made.append(now)
            backoff.postpone("run", "It waits.", "Wait.", now)
    for number, (before, after) in enumerate(zip(made, made[1:], strict=False), 1):
        assert after - before >= retry_seconds(number)
    assert FIRST_RETRY_SECONDS <= retry_seconds(len(made) or 1) <= MAX_RETRY_SECONDS
    assert backoff.is_due("another", now) and backoff.get_wait("another") is None


# ------------------------------------------------------------------ a full disk


def test_on_a_full_disk_nothing_is_started_and_it_goes_on_by_itself(tmp_path, machine):
    machine.free_bytes = MIN_FREE_BYTES - 1
    runs = machine.manager(tmp_path)
    folder = create_run(tmp_path, fakes.config(), queue_entry='{"since": 1}')
    runs.ensure_warm_worker()
    for _ in range(61):
        runs.tick()
        machine.now += 1
    state = runs.get_state(folder.run_id)
    assert machine.workers == [] and not (folder.path / "leases").exists()
    assert (state.status, state.queue_position) == ("queued", 1)
    assert state.message.startswith("It waits: the disk is full") and "by itself" in state.remedy
    assert runs._scheduler.backoff.get_wait(folder.run_id).attempts == attempts_within(60)
    machine.free_bytes = MIN_FREE_BYTES
    machine.now += MAX_RETRY_SECONDS
    until_status(runs, folder.run_id, "finished")
    assert runs.get_state(folder.run_id).message == ""
    runs.close()


@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize("place", ["grant_lease", "replace"])
def test_what_fails_while_a_run_is_assigned_leaves_no_process(tmp_path, machine, monkeypatch, warm, place):
    """The storm: two workers a tick, all alive."""

    def fail(*_: object) -> None:
        raise NO_ROOM

    runs = machine.manager(tmp_path)
    folder = create_run(tmp_path, fakes.config(), queue_entry='{"since": 1}')
    if warm:
        runs.ensure_warm_worker()
    with monkeypatch.context() as patch:
        patch.setattr(*((warm_worker, "grant_lease") if place == "grant_lease" else (warm_worker.os, "replace")), fail)
        for _ in range(31):
            runs.tick()
            machine.now += 1
            assert machine.alive == 0
    assert len(machine.workers) == attempts_within(30)
    assert "It waits: the disk is full." in runs.get_state(folder.run_id).message
    assert list((tmp_path / "runs" / ".spares").iterdir()) == []
    machine.now += MAX_RETRY_SECONDS
    until_status(runs, folder.run_id, "finished")
    runs.close()


def test_one_run_that_cannot_be_written_keeps_no_other_from_starting(tmp_path, machine, monkeypatch):
    runs = machine.manager(tmp_path, max_concurrent_runs=1)
    bad, good = (create_run(tmp_path, fakes.config(seed=n), queue_entry=f'{{"since": {n}}}') for n in (1, 2))
    check = launcher._check_writable

    def refuse(folder: RunFolder) -> None:
        if folder == bad:
            raise OSError(errno.EACCES, "Permission denied", str(folder.path))
        check(folder)

    monkeypatch.setattr(launcher, "_check_writable", refuse)
    until_status(runs, good.run_id, "finished")
    state = runs.get_state(bad.run_id)
    assert state.status == "queued" and "Permission denied" in state.message and "permissions" in state.remedy
    assert machine.alive == 0 or len(machine.workers) == 1
    runs.close()


def test_what_a_user_does_is_tried_at_once_again(tmp_path, machine):
    machine.free_bytes = 0
    runs = machine.manager(tmp_path)
    run_id = runs.start(fakes.config())
    machine.free_bytes = 10 * MIN_FREE_BYTES
    runs.tick()
    assert runs.get_state(run_id).status == "queued"
    runs.pause(run_id)
    runs.resume(run_id)
    until_status(runs, run_id, "finished")
    runs.close()


def test_a_cancelled_run_whose_end_cannot_be_written_waits_too(tmp_path, machine, monkeypatch):
    runs = machine.manager(tmp_path, max_concurrent_runs=0)
    run_id, ended = runs.start(fakes.config()), []

    def fail(*args: object, **_: object) -> None:
        ended.append(args)
        raise NO_ROOM

    with monkeypatch.context() as patch:
        patch.setattr("studentsim.runs.scheduler.end_run", fail)
        runs.cancel(run_id)
        for _ in range(30):
            machine.now += 1
            runs.tick()
        state = runs.get_state(run_id)
        assert state.request == "cancel" and state.message == "It waits: the disk is full."
    assert len(ended) == attempts_within(30)
    machine.now += MAX_RETRY_SECONDS
    runs.tick()
    assert runs.get_state(run_id).status == "cancelled"
    runs.close()


def test_a_run_that_could_not_leave_the_queue_is_not_started_again(tmp_path, machine, monkeypatch):
    runs = machine.manager(tmp_path)

    def fail(folder: RunFolder) -> None:
        raise NO_ROOM

    with monkeypatch.context() as patch:
        patch.setattr("studentsim.runs.scheduler.queue.dequeue", fail)
        run_id = runs.start(fakes.config())
        folder = open_run(tmp_path, run_id)
        until(lambda: lines(folder) and last(folder)["type"] == "RunEnded")
        assert folder.queue_path.exists()
    until_status(runs, run_id, "finished")
    runs.tick()
    begun = [
        worker for worker in machine.workers if worker.run_id == run_id
    ]  # not the one that waits warm, after a while
    assert len(begun) == 1 and runs.get_state(run_id).status == "finished"
    runs.close()


def test_nothing_is_alive_once_the_manager_is_closed(tmp_path, machine):
    command = [sys.executable, "-c", "import time; time.sleep(600)"]  # as one that still imports
    runs = RunManager(tmp_path, worker_command=command, tick_interval_seconds=None, preflight_check=lambda config: None)
    runs.ensure_warm_worker()
    assert machine.alive == 1
    runs.close()
    assert machine.alive == 0
    runs.ensure_warm_worker()
    runs.tick()
    assert machine.alive == 0


# ------------------------------------------------------------------ errors of the disk in every method

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Faults:
    """The nth call that changes something on the disk fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
        self.left, self.code = -1, code
        for name in ("replace", "rename", "unlink", "mkdir", "rmdir", "write", "ftruncate", "fsync"):
            monkeypatch.setattr(os, name, self._wrap(getattr(os, name), lambda *_, **__: True))
        monkeypatch.setattr(os, "open", self._wrap(os.open, lambda path, flags, *_, **__: bool(flags & WRITING)))
        opens = self._wrap(io.open, lambda file, mode="r", *_, **__: isinstance(file, os.PathLike) and mode[0] in "wax")
        monkeypatch.setattr(io, "open", opens)
        monkeypatch.setattr(builtins, "open", opens)

    def _wrap(self, call: Callable, counts: Callable[..., bool]) -> Callable:
        def wrapped(*args, **options):
            if self.left > 0 and counts(*args, **options):
                self.left -= 1
                if self.left == 0:
                    raise OSError(self.code, os.strerror(self.code))
            return call(*args, **options)

        return wrapped


def act(runs: RunManager, name: str, ids: dict[str, str]) -> None:
    if name == "start":
        runs.start(fakes.config())
    elif name == "start_group":
        runs.start_group([fakes.config(seed=1), fakes.config(seed=2)], "repeat")
    elif name == "ensure_warm_worker":
        runs.ensure_warm_worker()
    else:
        action, status = name.split()
        getattr(runs, action)(ids[status])


ACTIONS = [
    "start", "start_group", "pause queued", "resume paused", "cancel queued", "cancel paused", "delete paused", "delete queued",
    "ensure_warm_worker",
]  # fmt: skip
CODES = [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO]


@pytest.mark.parametrize("code", CODES, ids=errno.errorcode.get)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_method_raises_the_tree_s_errors_whichever_write_fails(tmp_path, monkeypatch, machine, action, code):
    """For every n until nothing fails any more; afterwards the folder can be read."""
    monkeypatch.setattr(launcher, "_check_writable", lambda folder: None)
    for n in range(1, 40):
        data = tmp_path / str(n)
        runs = machine.manager(data, max_concurrent_runs=0)
        ids = {status: runs.start(fakes.config()) for status in ("queued", "paused")}
        runs.pause(ids["paused"])
        with monkeypatch.context() as patch:
            faults = Faults(patch, code)
            faults.left = n
            try:
                act(runs, action, ids)
            except StudentsimError as error:
                assert error.problem and str(error) != error.problem, "no remedy"
            was_reached = faults.left == 0
        states = runs.get_states()
        assert set(states) >= set(ids.values()) or action.startswith("delete")
        runs.close()
        if not was_reached:
            break
    else:
        pytest.fail("it writes without end")


def test_a_run_can_be_deleted_on_a_full_disk(tmp_path, monkeypatch):
    """Where else should room come from?"""
    runs = manager(tmp_path, max_concurrent_runs=0)
    run_id = runs.start(fakes.config())
    touch = Path.touch

    def fail_until_there_is_room(path: Path, *args: object, **options: object) -> None:
        if list_runs(tmp_path):
            raise NO_ROOM
        touch(path, *args, **options)

    monkeypatch.setattr(Path, "touch", fail_until_there_is_room)
    runs.delete(run_id)
    assert runs.get_states() == {} and (tmp_path / "runs" / ".deleted" / run_id).exists()
    runs.close()


# ------------------------------------------------------------------ out of memory


@pytest.mark.parametrize(("killed", "status"), [(1, "failed"), (0, "interrupted")])
def test_a_worker_that_the_system_killed_for_want_of_memory_failed_so(tmp_path, machine, monkeypatch, killed, status):
    counts = {"/the/group": 3}
    monkeypatch.setattr(warm_worker, "count_oom_kills", lambda: dict(counts))
    with closing(Gate(tmp_path)):
        runs = machine.manager(tmp_path, "answer:30:gate")
        run_id = runs.start(fakes.config())
        at_answer(open_run(tmp_path, run_id), 30)
        counts["/the/group"] += killed
        os.kill(runs.get_state(run_id).pid, signal.SIGKILL)
        until_status(runs, run_id, "interrupted", "failed")
        until_status(runs, run_id, status)
    state = runs.get_state(run_id)
    assert ("memory" in state.message) == bool(killed) and state.remedy
    if killed:
        assert state.error == "OutOfMemory" and last(open_run(tmp_path, run_id))["status"] == "failed"
    runs.close()


V2 = {"self/cgroup": "0::/user/app\n"}, {"user/app/memory.events": "low 0\noom 2\noom_kill 5\noom_group_kill 1\n"}
V1 = (
    {"self/cgroup": "4:memory:/app\n1:cpu,cpuacct:/\n0::/\n"},
    {"memory/app/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n"},
)
CONTAINER = {"self/cgroup": "0::/\n"}, {"memory.events": "oom_kill 5\n"}


@pytest.mark.parametrize(("proc", "groups"), [V2, V1, CONTAINER])
def test_the_group_s_counter_is_read_in_both_versions(tmp_path, proc, groups):
    for root, files in (("proc", proc), ("cgroup", groups)):
        for name, text in files.items():
            path = tmp_path / root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    counts = oom.count_oom_kills(tmp_path / "proc", tmp_path / "cgroup")
    assert list(counts.values()) == [5]
    assert oom.count_oom_kills(tmp_path / "none", tmp_path / "none") == {}
    more = {path: count + 1 for path, count in counts.items()}
    assert oom.was_killed_for_memory(-9, counts, more) and not oom.was_killed_for_memory(-9, counts, counts)
    assert not oom.was_killed_for_memory(1, counts, more) and not oom.was_killed_for_memory(None, counts, more)
    assert not oom.was_killed_for_memory(-9, {}, more), "a counter that was not there before says nothing"


def test_the_count_on_this_machine_is_of_numbers():
    assert all(type(count) is int for count in oom.count_oom_kills().values())


def test_the_wait_is_part_of_the_state_alone(tmp_path, machine):
    """Nothing of it is written: another process may try at once."""
    machine.free_bytes = 0
    runs = machine.manager(tmp_path)
    run_id = runs.start(fakes.config())
    first = runs.get_state(run_id)
    other = machine.manager(tmp_path, max_concurrent_runs=0)
    assert other.get_state(run_id) == replace(first, message="", remedy="")
    runs.close()
    other.close()
