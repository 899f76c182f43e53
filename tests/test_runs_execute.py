"""One stretch of work: what it writes, how it stops, and that stopping changes no figure."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import casts
import pytest
from run_help import last, lines, told, types

from studentsim.errors import LeaseLost, RunError, StudentError
from studentsim.runs import checkpoints
from studentsim.runs.executor import execute
from studentsim.runs.history import sum_worked_seconds
from studentsim.runs.lease import Lease, current_lease, grant_lease
from studentsim.runs.run_dir import RunFolder, create_run
from studentsim.store.journal import read_events


def a_run(data: Path, **settings: object) -> RunFolder:
    return create_run(data, casts.config(**settings))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run that nothing interrupted."""
    folder = a_run(tmp_path_factory.mktemp("whole"))
    assert execute(folder, build_components=casts.fake) == "finished"
    return folder


def after(count: int, action):
    """An ``on_event`` that does something at the nth event."""
    seen = iter(range(1, 10**9))
    return lambda event: action() if next(seen) == count else None


def test_a_run_begins_with_its_settings_and_ends_with_its_status(whole):
    events = read_events(whole.journal_path)
    assert [e["type"] for e in events[:3]] == ["RunStarted", "StageStarted", "StageStarted"]
    assert events[1]["stage"] == "loading"
    assert events[0]["config"] == whole.read_config().model_dump(mode="json")
    assert {"studentsim", "torch", "trl", "peft"} <= events[0]["versions"].keys()
    assert events[-1]["type"] == "RunEnded" and events[-1]["status"] == "finished"
    assert [e["seq"] for e in events] == list(range(len(events)))


def test_the_same_seed_twice_gives_the_same_answers_and_figures(whole, tmp_path):
    again = a_run(tmp_path)
    execute(again, build_components=casts.fake)
    assert told(again) == told(whole)


def test_another_seed_gives_other_answers(whole, tmp_path):
    other = a_run(tmp_path, seed=1)
    execute(other, build_components=casts.fake)
    assert told(other) != told(whole)


@pytest.mark.parametrize("count", [1, 2, 5, 28, 29, 35, 43, 60, 100, 140])
def test_paused_anywhere_and_resumed_it_equals_an_uninterrupted_run(whole, tmp_path, count):
    folder = a_run(tmp_path)
    status = execute(folder, build_components=casts.fake, on_event=after(count, lambda: folder.write_request("pause")))
    assert status == last(folder)["status"] == "paused"
    assert lines(folder) <= count + 2  # at once: the next event is the end (or the end of the turn before it)
    assert folder.read_request() is None
    assert execute(folder, build_components=casts.fake) == "finished"
    assert told(folder) == told(whole)
    assert types(folder).count("RunResumed") == 1 and types(folder).count("RunStarted") == 1


def test_paused_many_times_it_still_equals_an_uninterrupted_run(whole, tmp_path):
    folder, status, times = a_run(tmp_path), "paused", 0
    while status == "paused":
        times += 1
        status = execute(folder, build_components=casts.fake, on_event=after(70, lambda: folder.write_request("pause")))
    assert status == "finished" and times >= 3
    assert told(folder) == told(whole)


def test_sigterm_pauses_and_the_earlier_handler_comes_back(tmp_path):
    folder, before = a_run(tmp_path), signal.getsignal(signal.SIGTERM)
    status = execute(
        folder, build_components=casts.fake, on_event=after(20, lambda: os.kill(os.getpid(), signal.SIGTERM))
    )
    assert status == "paused" and signal.getsignal(signal.SIGTERM) is before


def test_cancelled_it_ends_for_good(tmp_path):
    folder = a_run(tmp_path)
    assert (
        execute(folder, build_components=casts.fake, on_event=after(40, lambda: folder.write_request("cancel")))
        == "cancelled"
    )
    with pytest.raises(RunError, match="cancelled"):
        execute(folder, build_components=casts.fake)


def test_a_finished_run_cannot_go_on_and_nothing_is_written(whole):
    before = whole.journal_path.read_bytes()
    with pytest.raises(RunError, match="finished"):
        execute(whole, build_components=casts.fake)
    assert whole.journal_path.read_bytes() == before


def raising(error: BaseException):
    def accident() -> None:
        raise error

    return accident


@pytest.mark.parametrize(
    ("accident", "status", "error", "message"),
    [
        (casts.memory, "failed", "OutOfMemory", "Out of memory"),
        (
            raising(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9 bytes")),
            "failed",
            "OutOfMemory",
            "",
        ),
        (casts.disk, "paused", "DiskFull", "disk is full"),
        (raising(StudentError("No such model.", "Choose another.")), "failed", "StudentError", "No such model."),
        (raising(ZeroDivisionError("division by zero")), "failed", "ZeroDivisionError", "division by zero"),
    ],
)
@pytest.mark.parametrize(
    ("moment", "count", "stage"), [("answer", 30, "study"), ("learn", 3, "training"), ("save", 2, "")]
)
def test_trouble_is_told_as_the_last_event_and_the_run_can_go_on(
    whole, tmp_path, accident, status, error, message, moment, count, stage
):
    folder = a_run(tmp_path)
    assert execute(folder, build_components=casts.prone(moment, count, accident)) == status
    end = last(folder)
    assert (end["type"], end["status"], end["error"]) == ("RunEnded", status, error)
    assert message in end["message"] and end["remedy"] and stage in end["stage"] and "Traceback" not in end["message"]
    assert "Traceback" in folder.log_path.read_text()
    assert execute(folder, build_components=casts.fake) == "finished"
    assert told(folder) == told(whole)


def test_trouble_while_loading_is_told_too(tmp_path):
    folder = a_run(tmp_path)

    def load_cast(config):
        raise StudentError("The weights are missing.", "Make them.")

    assert execute(folder, build_components=load_cast) == "failed"
    assert last(folder)["stage"] == "loading" and last(folder)["remedy"] == "Make them."


def test_the_training_is_closed_when_it_is_left_in_its_midst(tmp_path):
    folder, closed = a_run(tmp_path), []

    class Careful(casts.FakeStudent):
        def learn(self, pairs, held_out, *, turn, **how):
            try:
                yield from super().learn(pairs, held_out, turn=turn, **how)
            finally:
                closed.append(turn)

    def pause_in_training(event):
        if type(event).__name__ == "TrainingStep":
            folder.write_request("pause")

    execute(folder, build_components=lambda config: casts.cast_of(Careful()), on_event=pause_in_training)
    assert closed == [1] and last(folder)["status"] == "paused"


# ------------------------------------------------------------------ checkpoints


def test_kept_are_the_last_three_checkpoints_every_tenth_and_the_first(tmp_path):
    folder = a_run(tmp_path, turns=14, questions_per_turn=1, exam_size=1, exam_every=14)
    execute(folder, build_components=casts.fake)
    assert checkpoints.list_turns(folder.checkpoints) == [0, 10, 12, 13, 14]
    assert not list(folder.checkpoints.glob(".*"))


def pause_after_turn(folder: RunFolder, turn: int):
    def look(event):
        if type(event).__name__ == "TurnStarted" and event.turn == turn + 1:
            folder.write_request("pause")

    return look


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def other_text(path: Path) -> None:
    path.write_text(path.read_text().replace("e", "f"))


@pytest.mark.parametrize("harm", [cut, other_text, Path.unlink, lambda path: shutil.rmtree(path.parent)])
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before_and_says_so(whole, tmp_path, harm):
    folder = a_run(tmp_path)
    execute(folder, build_components=casts.fake, on_event=pause_after_turn(folder, 3))
    harm(checkpoints.checkpoint_path(folder.checkpoints, 3) / "fake.json")
    assert execute(folder, build_components=casts.fake) == "finished"
    (resumed,) = [e for e in read_events(folder.journal_path) if e["type"] == "RunResumed"]
    assert resumed["turn"] == 2 and "checkpoint of turn 3 cannot be used" in resumed["note"]
    assert "checkpoint of turn 3 cannot be used" in folder.log_path.read_text()
    assert told(folder) == told(whole)


def test_with_all_checkpoints_damaged_it_begins_anew(whole, tmp_path):
    folder = a_run(tmp_path)
    execute(folder, build_components=casts.fake, on_event=pause_after_turn(folder, 3))
    for file in folder.checkpoints.glob("*/manifest.json"):
        cut(file)
    assert execute(folder, build_components=casts.fake) == "finished"
    assert [e["turn"] for e in read_events(folder.journal_path) if e["type"] == "RunResumed"] == [-1]
    assert told(folder) == told(whole)


def test_a_later_checkpoint_than_the_one_resumed_from_is_never_taken_for_the_newest(tmp_path):
    folder = a_run(tmp_path, turns=8, questions_per_turn=2, exam_size=2)
    execute(folder, build_components=casts.fake, on_event=pause_after_turn(folder, 6))
    for turn in (5, 6):
        cut(checkpoints.checkpoint_path(folder.checkpoints, turn) / "fake.json")
    execute(folder, build_components=casts.fake, on_event=pause_after_turn(folder, 4))
    assert checkpoints.list_turns(folder.checkpoints) == [0, 4]


def test_a_half_written_last_line_is_dropped_and_that_turn_done_again(whole, tmp_path):
    folder = a_run(tmp_path)
    execute(folder, build_components=casts.fake, on_event=pause_after_turn(folder, 2))
    with folder.journal_path.open("r+b") as handle:
        handle.truncate(handle.seek(0, 2) - 7)
    assert execute(folder, build_components=casts.fake) == "finished"
    assert told(folder) == told(whole)


def test_without_its_last_line_a_complete_run_needs_only_to_be_called_finished(whole, tmp_path):
    folder = RunFolder(shutil.copytree(whole.path, tmp_path / "copy"))
    rows = folder.journal_path.read_bytes().splitlines(keepends=True)
    folder.journal_path.write_bytes(b"".join(rows[:-1]))

    def load_cast(config):
        raise AssertionError("nothing is left to do")

    assert execute(folder, build_components=load_cast) == "finished"
    assert told(folder) == told(whole)


# ------------------------------------------------------------------ the lease


@pytest.mark.parametrize("moment", ["TrainingStep", "AnswerRecorded", "TurnStarted"])
def test_who_has_lost_the_lease_writes_nothing_more(tmp_path, moment):
    folder, at = a_run(tmp_path), []

    def lose(event):
        if type(event).__name__ == moment and not at:
            grant_lease(folder, 1)
            at.append((folder.journal_path.read_bytes(), sorted(os.listdir(folder.path))))

    with pytest.raises(LeaseLost):
        execute(folder, build_components=casts.fake, on_event=lose)
    assert (folder.journal_path.read_bytes(), sorted(os.listdir(folder.path))) == at[0]
    assert current_lease(folder).pid == 1


def test_a_run_deleted_under_its_worker_is_not_brought_back(tmp_path):
    folder = a_run(tmp_path)
    with pytest.raises(LeaseLost):
        execute(folder, build_components=casts.fake, on_event=after(30, lambda: shutil.rmtree(folder.path)))
    assert not folder.path.exists()


def test_the_lease_is_given_back_at_the_end(whole):
    assert not current_lease(whole).is_alive and current_lease(whole).beats > 0
    Lease.acquire(whole).close()


# ------------------------------------------------------------------ time


def test_worked_seconds_leave_pauses_out():
    def event(kind, at, **more):
        return {"type": kind, "timestamp": at, **more}

    crashed = [event("RunStarted", 0.0), event("StageStarted", 50.0), event("AnswerRecorded", 60.0)]
    assert sum_worked_seconds(crashed) == 10
    again = [*crashed, event("RunResumed", 100.0), event("AnswerRecorded", 105.0)]
    assert sum_worked_seconds(again) == 15
    ended = [*again, event("RunEnded", 106.0, seconds=16.0), event("RunResumed", 200.0), event("AnswerRecorded", 203.0)]
    assert sum_worked_seconds(ended) == 19
    assert (
        sum_worked_seconds([event("StageStarted", 60.0), event("AnswerRecorded", 10.0)]) == 0
    )  # the clock was set back


def test_seconds_of_the_end_count_all_stretches(tmp_path):
    folder = a_run(tmp_path)
    execute(folder, build_components=casts.fake, on_event=after(60, lambda: folder.write_request("pause")))
    first = last(folder)["seconds"]
    execute(folder, build_components=casts.fake)
    assert first > 0 and last(folder)["seconds"] > first
