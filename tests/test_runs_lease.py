"""Who works on a run: one at a time, known by more than its PID, judged by a clock that nobody can set."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import fakes
import pytest
from run_help import until

from studentsim.errors import LeaseLost
from studentsim.events import StageStarted
from studentsim.runs import lease as leases
from studentsim.runs import process
from studentsim.runs.lease import HEARTBEAT_TIMEOUT_SECONDS, Lease, LeaseInfo, current_lease, grant_lease
from studentsim.runs.run_dir import RunFolder, create_run
from studentsim.runs.status import read_run_state
from studentsim.runs.termination import kill_worker
from studentsim.store.journal_writer import JournalWriter


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return create_run(tmp_path, fakes.config())


@pytest.fixture
def sleeper():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        yield child
        child.kill()


def test_a_run_that_nobody_worked_on_has_no_lease(folder):
    assert current_lease(folder) is None


def test_the_next_lease_ends_the_one_before(folder):
    first = Lease.acquire(folder)
    first.ensure_current()
    grant_lease(folder, os.getppid())
    assert not first.is_current()
    with pytest.raises(LeaseLost, match="taken over"):
        first.ensure_current()
    assert current_lease(folder).epoch == 2


def test_a_worker_takes_up_the_lease_that_was_granted_to_it(folder):
    info = grant_lease(folder, os.getpid())
    assert Lease.acquire(folder).info == info


def test_a_lease_given_back_belongs_to_nobody(folder):
    lease = Lease.acquire(folder)
    lease.close()
    lease.close()
    lease.write_heartbeat()  # too late: no effect
    assert current_lease(folder).pid == 0 and not current_lease(folder).is_alive


def test_heartbeats_are_seen_and_stop_with_their_work(folder, monkeypatch):
    monkeypatch.setattr(leases, "HEARTBEAT_INTERVAL_SECONDS", 0.005)
    lease = Lease.acquire(folder)
    with lease.keep_alive():
        until(lambda: current_lease(folder).beats > 3)
    beats = current_lease(folder).beats
    assert current_lease(folder).beats == beats and not current_lease(folder).is_overdue


def test_a_lost_lease_never_overwrites_the_new_one(folder):
    old = Lease.acquire(folder)
    new = grant_lease(folder, os.getppid())
    old.write_heartbeat()
    old.close()
    assert current_lease(folder) == new


def test_only_one_of_many_gets_each_lease(folder):
    def take(_: int) -> int:
        try:
            return grant_lease(folder, os.getpid()).epoch
        except LeaseLost:
            return 0

    with ThreadPoolExecutor(16) as threads:
        won = [epoch for epoch in threads.map(take, range(64)) if epoch]
    assert len(won) == len(set(won)) and max(won) == current_lease(folder).epoch


@pytest.mark.parametrize("text", ["", "{", "{}", '{"epoch": 1}', "[]"])
def test_a_damaged_lease_belongs_to_nobody_and_the_next_one_can_be_taken(folder, text):
    Lease.acquire(folder).close()
    (folder.path / "leases" / "0001.json").write_text(text)
    assert not current_lease(folder).is_alive
    assert Lease.acquire(folder).info.epoch == 2


def test_a_dead_process_and_a_deleted_run_get_no_lease(folder, sleeper):
    sleeper.kill()
    sleeper.wait()
    with pytest.raises(LeaseLost, match="ended"):
        grant_lease(folder, sleeper.pid)
    gone = RunFolder(folder.path.with_name("gone"))
    with pytest.raises(LeaseLost, match="deleted"):
        Lease.acquire(gone)


@pytest.mark.parametrize(
    ("beats", "age", "late"), [(1, 14, False), (1, 16, True), (0, 16, False), (0, 121, True), (5, -9, False)]
)
def test_late_is_judged_by_the_age_of_the_last_beat(folder, beats, age, late):
    info = replace(grant_lease(folder, os.getpid()), beats=beats, beat=time.monotonic() - age)
    assert info.is_overdue is late


def test_the_clock_does_not_matter(folder, monkeypatch):
    """Fault 20: the clock jumps."""
    lease = Lease.acquire(folder)
    lease.write_heartbeat()
    for jump in (-(10**6), 10**6):
        monkeypatch.setattr(time, "time", lambda jump=jump: 1.8e9 + jump)
        assert current_lease(folder).is_alive and not current_lease(folder).is_overdue


# ------------------------------------------------------------------ processes


def test_a_process_is_known_by_its_pid_and_its_birth(sleeper):
    born = process.get_birth_id(sleeper.pid)
    assert process.is_alive(sleeper.pid, born)
    assert not process.is_alive(sleeper.pid, "another birth") and not process.is_alive(sleeper.pid, "")
    assert process.get_birth_id(sleeper.pid) == born != process.get_birth_id(os.getpid())


def test_another_process_with_that_pid_is_never_signalled(sleeper):
    """Fault 6."""
    assert not process.kill_process(sleeper.pid, "another birth")
    assert sleeper.poll() is None
    assert process.kill_process(sleeper.pid, process.get_birth_id(sleeper.pid))
    assert sleeper.wait() == -signal.SIGKILL


def test_a_stopped_process_lives_and_a_zombie_does_not(sleeper):
    born = process.get_birth_id(sleeper.pid)
    os.kill(sleeper.pid, signal.SIGSTOP)
    assert process.is_alive(sleeper.pid, born)
    os.kill(sleeper.pid, signal.SIGKILL)
    until(lambda: not process.is_alive(sleeper.pid, born))  # not yet waited for: a zombie
    assert not process.kill_process(sleeper.pid, born)


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1])
def test_pids_that_are_none_have_no_birth(pid):
    assert process.get_birth_id(pid) is None and not process.kill_process(pid, "x")


def test_without_proc_psutil_tells_the_same(sleeper, monkeypatch):
    monkeypatch.setattr(process.Path, "exists", lambda self: False)
    born = process.get_birth_id(sleeper.pid)
    assert process.is_alive(sleeper.pid, born)
    sleeper.kill()
    sleeper.wait()
    assert not process.is_alive(sleeper.pid, born)


def test_leases_can_be_pickled(folder):
    info = grant_lease(folder, os.getpid())
    assert pickle.loads(pickle.dumps(info)) == info


# ------------------------------------------------------------------ another PID namespace, another computer


def leased_elsewhere(folder: RunFolder, *, namespace: str = "", **fields: object) -> LeaseInfo:
    """The run's lease as a process of another namespace holds it; its PID is one of ours by accident."""
    lease = Lease.acquire(folder)
    lease.write_heartbeat()
    here = process.pid_namespace()
    lease.info = replace(lease.info, namespace=namespace or f"{here}-other", pid_started="other", **fields)
    os.pwrite(lease._file, leases._encode_lease(lease.info), 0)
    return current_lease(folder)


def test_a_worker_of_another_pid_namespace_is_alive_as_long_as_its_heart_beats(folder):
    info = leased_elsewhere(folder)
    assert info.is_alive and not info.is_local
    assert read_run_state(folder).status == "starting"
    silent = leased_elsewhere(folder, beat=time.monotonic() - HEARTBEAT_TIMEOUT_SECONDS - 1)
    assert not silent.is_alive and read_run_state(folder).status != "starting"


def test_a_worker_on_another_computer_is_alive_as_long_as_its_file_is_written(folder):
    info = leased_elsewhere(folder, namespace="other-boot/pid:[1]", beat=1e12)
    assert info.is_alive
    path = sorted((folder.path / "leases").iterdir())[-1]
    os.utime(path, (time.time() - 60, time.time() - 60))
    assert not current_lease(folder).is_alive
    os.utime(path, (time.time() + 9e4, time.time() + 9e4))  # the clock was set back
    assert not current_lease(folder).is_alive


def test_nobody_signals_a_process_of_another_namespace(folder, monkeypatch):
    leased_elsewhere(folder)
    monkeypatch.setattr(process, "kill_process", lambda *_: pytest.fail("signalled"))
    kill_worker(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"text", b"[1]", b"null", b'{"pid": "7"}', b'{"beat": "x"}', b'{"pid": true}', b"\xff\xfe", b'{"x":' * 9999],
)
def test_a_damaged_lease_is_one_of_no_process(folder, content):
    Lease.acquire(folder).close()
    next((folder.path / "leases").iterdir()).write_bytes(content)
    info = current_lease(folder)
    assert (info.epoch, info.pid, info.is_alive) == (1, 0, False)
    assert read_run_state(folder).status
    assert Lease.acquire(folder).info.epoch == 2


def test_a_lease_of_a_newer_version_is_understood(folder):
    Lease.acquire(folder)
    path = next((folder.path / "leases").iterdir())
    path.write_text(json.dumps(json.loads(path.read_text()) | {"later": 1}))
    assert current_lease(folder).is_alive


def test_a_new_lease_is_above_the_journal_s_even_where_the_leases_are_gone(folder):
    with JournalWriter(folder.journal_path, epoch=7) as journal:
        journal.append(StageStarted(0, "loading"))
    assert Lease.acquire(folder).info.epoch == 8


def test_why_the_work_ended_is_kept_where_the_journal_cannot_take_it(folder):
    lease = Lease.acquire(folder)
    lease.set_reason("paused", "The disk is full." * 100, "Free some space.")
    lease.note_last_event(41)
    lease.close()
    info = current_lease(folder)
    assert info.reason.startswith("paused|The disk is full.") and len(info.reason) <= 400 and info.last_seq == 41


def test_a_process_does_not_take_itself_for_a_worker_whose_lease_it_could_not_give_back(folder, monkeypatch):
    lease = Lease.acquire(folder)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(leases.os, "pwrite", full)
    lease.close()
    assert not current_lease(folder).is_alive


def test_a_process_never_kills_itself(folder):
    Lease.acquire(folder)
    kill_worker(folder)  # or this would be the last test
