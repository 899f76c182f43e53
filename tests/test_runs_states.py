"""How a run stands, by table: what the journal ends with, who holds the lease, what was asked."""

from __future__ import annotations

import os
import pickle
import time

import fakes
import pytest

from studentsim.events import AnswerRecorded, RunEnded, RunResumed, RunStarted, StageStarted
from studentsim.runs import queue
from studentsim.runs.lease import Lease, grant_lease
from studentsim.runs.run_dir import RunFolder, create_run
from studentsim.runs.status import RunState, read_last_event, read_last_log_line, read_run_state, state_fingerprint
from studentsim.store.journal_writer import JournalWriter

STARTED = RunStarted(0, "x", {}, {})
LOADING = StageStarted(0, "loading")
WORK = StageStarted(0, "exam", 24)
GONE = "an earlier machine:1"


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return create_run(tmp_path, fakes.config())


def ended(status: str) -> RunEnded:
    return RunEnded(0, status, 1.0, "study", "SomeError", "It broke.", "Mend it.")


def hold(folder: RunFolder, who: str) -> None:
    """Give the run a lease of this kind."""
    if who == "nobody":
        return
    if who == "released":
        Lease.acquire(folder).close()
        return
    info = grant_lease(folder, os.getpid())
    changes = {
        "new": {},
        "beating": {"beats": 3},
        "late": {"beats": 3, "beat": time.monotonic() - 60},
        "dead": {"beats": 3, "pid_started": GONE},
        "dead at birth": {"pid_started": GONE},
    }[who]
    path = folder.path / "leases" / f"{info.epoch:04d}.json"
    from studentsim.runs.lease import _encode_lease, replace

    path.write_bytes(_encode_lease(replace(info, **changes)))


TABLE = [
    # events, lease, queued -> status
    ([], "nobody", True, "queued"),
    ([], "nobody", False, "interrupted"),
    ([], "new", False, "starting"),
    ([], "new", True, "starting"),
    ([], "beating", False, "starting"),
    ([], "dead at birth", False, "failed"),
    ([STARTED], "dead", False, "failed"),
    ([STARTED], "beating", False, "starting"),
    ([STARTED, LOADING], "beating", False, "starting"),
    ([STARTED, LOADING, WORK], "beating", False, "running"),
    ([STARTED, LOADING, WORK], "late", False, "not responding"),
    ([STARTED, LOADING, WORK], "dead", False, "interrupted"),
    ([STARTED, LOADING, WORK], "released", False, "interrupted"),
    ([STARTED, LOADING, WORK], "dead", True, "queued"),
    ([STARTED, WORK, ended("paused")], "released", False, "paused"),
    ([STARTED, WORK, ended("paused")], "beating", False, "paused"),
    ([STARTED, WORK, ended("paused")], "dead", False, "paused"),
    ([STARTED, WORK, ended("paused")], "released", True, "queued"),
    ([STARTED, WORK, ended("paused")], "new", False, "starting"),
    ([STARTED, WORK, ended("paused"), RunResumed(-1)], "beating", False, "starting"),
    ([STARTED, WORK, ended("paused"), RunResumed(-1), WORK], "beating", False, "running"),
    ([STARTED, WORK, ended("paused"), RunResumed(-1)], "dead", False, "interrupted"),
    ([STARTED, WORK, ended("failed")], "released", False, "failed"),
    ([STARTED, WORK, ended("cancelled")], "released", False, "cancelled"),
    ([STARTED, WORK, ended("finished")], "released", False, "finished"),
    ([STARTED, WORK, ended("finished")], "nobody", False, "finished"),
]


@pytest.mark.parametrize(("events", "lease", "queued", "status"), TABLE)
def test_a_state_follows_from_the_files(folder, events, lease, queued, status):
    with JournalWriter(folder.journal_path) as journal:
        for event in events:
            journal.append(event)
    hold(folder, lease)
    if queued:
        queue.enqueue(folder)
    state = read_run_state(folder)
    assert state.status == status
    assert state.is_live == (status in ("starting", "running", "not responding"))
    assert pickle.loads(pickle.dumps(state)) == state


def test_a_failed_run_tells_what_and_what_to_do(folder):
    with JournalWriter(folder.journal_path) as journal:
        journal.append(ended("failed"))
    assert read_run_state(folder) == RunState(folder.run_id, "failed", "", "It broke.", "Mend it.", "SomeError")


def test_a_worker_that_died_before_it_began_is_told_with_its_last_words(folder):
    hold(folder, "dead at birth")
    folder.log_path.write_text("Traceback …\nImportError: no module named nonsense\n\n")
    state = read_run_state(folder)
    assert "ImportError: no module named nonsense" in state.message and state.remedy and state.epoch == 1


def test_a_request_is_shown_until_it_is_done(folder):
    hold(folder, "beating")
    folder.write_request("pause")
    assert read_run_state(folder).request == "pause"


def test_the_last_event_is_found_however_long_the_lines_are(folder):
    long = AnswerRecorded(
        3, "exam", "q", "general", None, None, "x" * 300_000, (), "a", "t", "a", "1", True, None, -1.0, 1.0
    )
    with JournalWriter(folder.journal_path) as journal:
        journal.append(STARTED)
        journal.append(long)
    assert read_last_event(folder.journal_path)["turn"] == 3
    with folder.journal_path.open("ab") as handle:
        handle.write(b'{"type":"RunEnded","sta')  # half a line does not count
    assert read_last_event(folder.journal_path)["turn"] == 3
    assert read_last_event(folder.path / "none") is None
    folder.journal_path.write_bytes(b"")
    assert read_last_event(folder.journal_path) is None


def test_the_last_words_are_short_and_may_be_any_bytes(folder):
    assert read_last_log_line(folder) == ""
    folder.log_path.write_bytes(b"\xff\xfe" + b"y" * 1000 + b"\n \n")
    assert len(read_last_log_line(folder)) == 300


def test_the_stamp_changes_with_what_the_state_depends_on(folder):
    seen = [state_fingerprint(folder)]
    queue.enqueue(folder)
    seen.append(state_fingerprint(folder))
    grant_lease(folder, os.getpid())
    seen.append(state_fingerprint(folder))
    folder.write_request("cancel")
    seen.append(state_fingerprint(folder))
    with JournalWriter(folder.journal_path) as journal:
        journal.append(STARTED)
    seen.append(state_fingerprint(folder))
    assert len(set(seen)) == len(seen)
