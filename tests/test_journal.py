"""The journal: written, cut, damaged, followed."""

from __future__ import annotations

import errno
import fcntl
import json
import math
import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_runs import answered, crashed_run, metrics, whole_run

from studentsim.errors import JournalError, LeaseLost
from studentsim.events import RunResumed, StageStarted, TrainingStep
from studentsim.store import file_lock, journal_writer
from studentsim.store.journal import (
    JournalChunk,
    JournalEnd,
    effective_events,
    read_events,
    read_last_event,
    read_new_events,
)
from studentsim.store.journal_check import check_journal
from studentsim.store.journal_writer import JournalWriter


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


def written(path, events):
    with JournalWriter(path) as out:
        return [out.append(event) for event in events]


def test_what_is_written_is_read_again_with_seq_and_time(path):
    events = whole_run()
    assert written(path, events) == list(range(len(events)))
    read = read_events(path)
    assert [e["seq"] for e in read] == list(range(len(events)))
    assert [e["type"] for e in read] == [type(e).__name__ for e in events]
    assert all(isinstance(e["timestamp"], float) for e in read)
    assert read[-1]["status"] == "finished"


def test_a_line_is_in_the_file_as_soon_as_it_is_appended(path):
    with JournalWriter(path) as out:
        out.append(StageStarted(0, "loading"))
        assert len(read_events(path)) == 1


def test_text_of_any_kind_stays_one_line(path):
    text = "½ \u2028 \x00 \ud800 '=1+1' \n\r emoji 🙂"
    written(path, [answered(1, "study", 1, text=text), StageStarted(1, "study")])
    assert path.read_bytes().count(b"\n") == 2
    assert read_events(path)[0]["text"] == text


def test_a_loss_that_is_no_number_survives(path):
    written(path, [TrainingStep(1, 1, 1, metrics(math.nan))])
    assert math.isnan(read_events(path)[0]["metrics"]["loss"])


@pytest.mark.parametrize("bytes_left", range(0, 60, 7))
def test_a_half_written_last_line_is_passed_over_then_cut_and_its_seq_used_again(path, bytes_left):
    written(path, [StageStarted(0, "exam", n) for n in range(3)])
    whole = path.read_bytes()
    two_lines = len(whole) - len(whole.splitlines(keepends=True)[-1])
    with path.open("r+b") as file:
        file.truncate(min(two_lines + bytes_left, len(whole) - 1))
    assert [e["items"] for e in read_events(path)] == [0, 1]
    with JournalWriter(path) as out:
        assert path.stat().st_size == two_lines
        assert out.append(StageStarted(0, "exam", 9)) == 2
    assert [(e["seq"], e["items"]) for e in read_events(path)] == [(0, 0), (1, 1), (2, 9)]


def test_cutting_seven_bytes_loses_the_last_event_alone(path):
    written(path, whole_run())
    count = len(read_events(path))
    os.truncate(path, path.stat().st_size - 7)
    assert len(read_events(path)) == count - 1
    with JournalWriter(path) as out:
        assert out.next_seq == count - 1


@pytest.mark.parametrize(
    "garbage", [b"\0\0\0\0\n", b'{"type": "x"}\n', b"[]\n", b"null\n", b'{"seq":1e3}\n', b"\xff\xfe\n"]
)
def test_a_last_line_of_garbage_counts_as_half_written(path, garbage):
    written(path, [StageStarted(0, "exam")])
    with path.open("ab") as file:
        file.write(garbage)
    assert len(read_events(path)) == 1
    assert read_new_events(path, JournalEnd()).end.byte_count == path.stat().st_size - len(garbage)
    written(path, [StageStarted(0, "study")])
    assert [e["stage"] for e in read_events(path)] == ["exam", "study"]


def test_a_damaged_line_in_the_middle_is_named(path):
    written(path, [StageStarted(0, "exam", n) for n in range(5)])
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = b'{"ty' + lines[2][30:]
    path.write_bytes(b"".join(lines))
    with pytest.raises(JournalError, match="Line 3 of") as caught:
        read_events(path)
    assert "backup" in caught.value.remedy
    chunk = read_new_events(path, JournalEnd())
    assert [e["items"] for e in chunk.events] == [0, 1]
    with pytest.raises(JournalError, match="Line 3 of"):
        read_new_events(path, chunk.end)


def test_damage_far_back_is_found_even_when_read_in_small_pieces(path):
    written(path, [StageStarted(0, "exam", n) for n in range(5)])
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"x" * 40 + b"\n" + b"".join(lines))
    with pytest.raises(JournalError, match="Line 1 of"):
        read_new_events(path, JournalEnd(), max_bytes=45)


def test_tail_gives_only_complete_lines_and_where_to_go_on(path):
    path.write_bytes(b"")
    assert read_new_events(path, JournalEnd()) == JournalChunk([], JournalEnd())
    written(path, [StageStarted(0, "exam", n) for n in range(3)])
    whole = path.read_bytes()
    seen, position = [], JournalEnd()
    for end in range(len(whole) + 1):  # the file as it grows, byte by byte
        path.write_bytes(whole[:end])
        chunk = read_new_events(path, position)
        seen, position = seen + chunk.events, chunk.end
        assert len(seen) == whole[:end].count(b"\n")
    assert [e["items"] for e in seen] == [0, 1, 2] and position.byte_count == len(whole)


@pytest.mark.parametrize("limit", [1, 50, 200, 10_000])
def test_tail_in_pieces_gives_what_reading_at_once_gives(path, limit):
    written(path, whole_run())
    seen, position = [], JournalEnd()
    while (chunk := read_new_events(path, position, max_bytes=limit)).events:
        seen, position = seen + chunk.events, chunk.end
    assert seen == read_events(path)


def test_a_full_disk_is_said_and_leaves_no_half_line(path, monkeypatch):
    real, room = os.write, [None]

    def write(file, data):
        if room[0] is None:
            return real(file, data)
        if room[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = real(file, bytes(data)[: room[0]])
        room[0] -= count
        return count

    monkeypatch.setattr(journal_writer.os, "write", write)
    with JournalWriter(path) as out:
        out.append(StageStarted(0, "exam", 1))
        before = path.read_bytes()
        room[0] = 20
        with pytest.raises(JournalError) as caught:
            out.append(StageStarted(0, "exam", 2))
        assert "disk is full" in caught.value.remedy
        assert path.read_bytes() == before
        room[0] = None
        assert out.append(StageStarted(0, "exam", 3)) == 1
    assert [(e["seq"], e["items"]) for e in read_events(path)] == [(0, 1), (1, 3)]


def test_what_a_failed_write_left_is_cut_before_the_next_even_if_it_could_not_be_at_once(path, monkeypatch):
    real_write, real_cut = os.write, os.ftruncate
    out = JournalWriter(path)
    out.append(StageStarted(0, "exam", 1))

    def half(file, data):
        real_write(file, bytes(data)[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    def no_cut(file, size):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(journal_writer.os, "write", half)
    monkeypatch.setattr(journal_writer.os, "ftruncate", no_cut)
    with pytest.raises(JournalError):
        out.append(StageStarted(0, "exam", 2))
    monkeypatch.setattr(journal_writer.os, "write", real_write)
    with pytest.raises(JournalError):
        out.append(StageStarted(0, "exam", 2))
    monkeypatch.setattr(journal_writer.os, "ftruncate", real_cut)
    out.append(StageStarted(0, "exam", 3))
    out.close()
    assert [e["items"] for e in read_events(path)] == [1, 3]


def test_a_journal_that_cannot_be_opened_says_so(tmp_path):
    with pytest.raises(JournalError, match="cannot be opened"):
        JournalWriter(tmp_path / "nowhere" / "events.jsonl")
    with pytest.raises(JournalError, match="cannot be read"):
        read_events(tmp_path / "events.jsonl")


def test_closing_twice_is_no_error(path):
    out = JournalWriter(path)
    out.close()
    out.close()


def test_a_resume_makes_the_half_done_turn_void_and_nothing_else(path):
    written(path, crashed_run())
    kept = effective_events(read_events(path))
    assert [e["turn"] for e in kept if e["type"] == "TurnStarted"] == [1, 2, 3]
    assert sum(e["type"] == "AnswerRecorded" and e["turn"] == 2 for e in kept) == 3 + 4
    assert any(e["type"] == "RunResumed" for e in kept)


def test_a_resume_before_the_first_turn_keeps_what_the_run_is():
    events = [
        {"type": "RunStarted", "turn": 0, "seq": 0},
        {"type": "AnswerRecorded", "turn": 0, "seq": 1},
        {"type": "RunResumed", "turn": -1, "seq": 2},
    ]
    assert [e["type"] for e in effective_events(events)] == ["RunStarted", "RunResumed"]


def test_a_seq_written_twice_counts_once():
    events = [{"type": "AnswerRecorded", "turn": 1, "seq": s, "n": n} for n, s in enumerate([0, 1, 1, 0, 2])]
    assert [e["n"] for e in effective_events(events)] == [0, 1, 4]


def test_later_resumes_reach_further_back():
    lines = [StageStarted(t, "study") for t in (1, 2, 3)] + [RunResumed(2), StageStarted(3, "study"), RunResumed(1)]
    events = [{**json.loads(json.dumps(e.to_json())), "seq": n} for n, e in enumerate(lines)]
    assert [(e["type"], e["turn"]) for e in effective_events(events)] == [("StageStarted", 1), ("RunResumed", 1)]


# ------------------------------------------------------------------ noticed: damage, gaps, two writers


def write_with_epochs(path, *epochs):
    """A writer for each epoch, all open at once, in the order of their epochs."""
    return [JournalWriter(path, epoch=epoch) for epoch in epochs]


@settings(max_examples=300, deadline=None)
@given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_flipped_bit_anywhere_is_noticed(tmp_path_factory, position, bit):
    path = tmp_path_factory.getbasetemp() / "flipped.jsonl"
    path.unlink(missing_ok=True)
    written(path, whole_run())
    data = bytearray(path.read_bytes())
    index = int(position * len(data))
    data[index] ^= 1 << bit
    path.write_bytes(data)
    report = check_journal(path)
    assert report.problems or report.incomplete_bytes
    if index < bytes(data[:-1]).rfind(b"\n"):  # the last line may be one that a writer left
        with pytest.raises(JournalError):
            read_events(path)


@settings(max_examples=100, deadline=None)
@given(begin=st.integers(0, 40), count=st.integers(1, 10))
def test_lines_removed_from_the_middle_are_noticed(tmp_path_factory, begin, count):
    path = tmp_path_factory.getbasetemp() / "cut.jsonl"
    path.unlink(missing_ok=True)
    written(path, whole_run())
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:begin] + lines[begin + count :]))
    if begin + count < len(lines):
        with pytest.raises(JournalError, match=f"events {begin} to {begin + count - 1} are missing"):
            read_events(path)
        assert check_journal(path).problems


def test_lines_of_a_version_without_checksums_are_read_and_called_unchecked(path):
    old = [{**e.to_json(), "seq": n, "timestamp": 1.0} for n, e in enumerate(whole_run())]
    path.write_text("".join(json.dumps(event) + "\n" for event in old))
    written(path, [RunResumed(3)])
    assert len(read_events(path)) == len(old) + 1
    report = check_journal(path)
    assert (report.unchecked_lines, report.checked_lines, report.problems) == (len(old), 1, ())


def test_what_a_worker_writes_after_it_lost_its_lease_does_not_count(path):
    first, second = write_with_epochs(path, 1, 2)
    first.append(StageStarted(0, "exam", 1))
    second.next_seq = 1  # it began after that line
    first.append(StageStarted(0, "exam", 2))  # after the second looked at the journal's end, and before it wrote
    second.append(StageStarted(0, "study", 3))
    first.append(StageStarted(0, "exam", 4))
    second.append(StageStarted(0, "study", 5))
    assert [e["items"] for e in read_events(path)] == [1, 3, 5]
    assert read_last_event(path)["items"] == 5
    first.append(StageStarted(0, "exam", 6))
    assert read_last_event(path)["items"] == 5 and JournalWriter(path).next_seq == 3
    assert check_journal(path).superseded_lines == 3 and not check_journal(path).problems


@pytest.mark.parametrize("limit", [1, 100, 10_000])
def test_a_reader_that_has_seen_what_became_void_is_told(path, limit):
    first, second = write_with_epochs(path, 1, 2)
    for items in (0, 1, 2):
        first.append(StageStarted(0, "exam", items))
    position = JournalEnd()
    while (chunk := read_new_events(path, position, max_bytes=limit)).events:
        position = chunk.end
    second.next_seq = 1
    second.append(StageStarted(0, "study", 9))
    chunk = read_new_events(path, position, max_bytes=limit)
    assert chunk.superseded_from == 1 and [e["items"] for e in chunk.events] == [9]
    assert [e["items"] for e in read_events(path)] == [0, 9]


def test_an_append_waits_for_a_stopped_holder_of_the_lock_no_longer_than_said(path, monkeypatch):
    monkeypatch.setattr(file_lock, "LOCK_TIMEOUT_SECONDS", 0.05)
    out = JournalWriter(path)
    holder = os.open(path, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    began = time.monotonic()
    assert out.append(StageStarted(0, "exam")) == 0
    assert 0.05 <= time.monotonic() - began < 5


def test_a_writer_that_may_not_write_any_more_writes_nothing(path):
    def confirm():
        raise LeaseLost("taken over")

    may_write = [True]
    out = JournalWriter(path, confirm=lambda: None if may_write.pop() else confirm())
    may_write.append(False)
    with pytest.raises(LeaseLost):
        out.append(StageStarted(0, "exam"))
    assert path.read_bytes() == b""


def test_a_stale_writer_cuts_off_nothing_that_another_wrote(path, monkeypatch):
    stale, other = write_with_epochs(path, 1, 2)
    real = os.write

    def half(file, data):
        real(file, bytes(data)[:10])
        os.ftruncate(file, 0)  # the other cuts it off, and goes on
        other.append(StageStarted(0, "study", 7))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(file_lock, "LOCK_TIMEOUT_SECONDS", 0.0)
    monkeypatch.setattr(journal_writer.os, "write", lambda f, d: half(f, d) if f == stale._file else real(f, d))
    with pytest.raises(JournalError):
        stale.append(StageStarted(0, "exam"))
    assert [e["items"] for e in read_events(path)] == [7]


def test_a_writer_that_was_stopped_while_it_looked_for_the_end_cuts_off_nothing(path, monkeypatch):
    written(path, [StageStarted(0, "exam", 1)])
    with path.open("ab") as file:
        file.write(b'{"half a line')
    real = journal_writer.find_end

    def find_end(found):
        end = real(found)
        monkeypatch.setattr(journal_writer, "find_end", real)  # another takes over meanwhile, and goes on
        written(path, [StageStarted(0, "study", n) for n in range(5)])
        return end

    monkeypatch.setattr(file_lock, "LOCK_TIMEOUT_SECONDS", 0.0)
    monkeypatch.setattr(journal_writer, "find_end", find_end)
    JournalWriter(path).close()
    assert [e["items"] for e in read_events(path)] == [1, 0, 1, 2, 3, 4]


def test_a_writer_that_may_not_write_cuts_off_nothing(path):
    written(path, [StageStarted(0, "exam", 1)])
    with path.open("ab") as file:
        file.write(b'{"half a line')
    before = path.read_bytes()

    def confirm():
        raise LeaseLost("taken over")

    with pytest.raises(LeaseLost):
        JournalWriter(path, confirm=confirm)
    assert path.read_bytes() == before
