"""The journal: written, cut, damaged, followed."""

from __future__ import annotations

import errno
import json
import math
import os

import pytest
from store_runs import answered, crashed_run, metrics, whole_run

from studentsim.errors import JournalError
from studentsim.events import RunResumed, StageStarted, TrainingStep
from studentsim.store import journal
from studentsim.store.journal import JournalWriter, effective_events, read_events, read_new_events


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
    assert read_new_events(path, 0)[1] == path.stat().st_size - len(garbage)
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
    events, offset = read_new_events(path, 0)
    assert [e["items"] for e in events] == [0, 1]
    with pytest.raises(JournalError, match="Line 3 of"):
        read_new_events(path, offset)


def test_damage_far_back_is_found_even_when_read_in_small_pieces(path):
    written(path, [StageStarted(0, "exam", n) for n in range(5)])
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"x" * 40 + b"\n" + b"".join(lines))
    with pytest.raises(JournalError, match="Line 1 of"):
        read_new_events(path, 0, max_bytes=45)


def test_tail_gives_only_complete_lines_and_where_to_go_on(path):
    path.write_bytes(b"")
    assert read_new_events(path, 0) == ([], 0)
    written(path, [StageStarted(0, "exam", n) for n in range(3)])
    whole = path.read_bytes()
    seen, offset = [], 0
    for end in range(len(whole) + 1):  # the file as it grows, byte by byte
        path.write_bytes(whole[:end])
        events, offset = read_new_events(path, offset)
        seen += events
        assert len(seen) == whole[:end].count(b"\n")
    assert [e["items"] for e in seen] == [0, 1, 2] and offset == len(whole)


@pytest.mark.parametrize("limit", [1, 50, 200, 10_000])
def test_tail_in_pieces_gives_what_reading_at_once_gives(path, limit):
    written(path, whole_run())
    seen, offset = [], 0
    while True:
        events, offset = read_new_events(path, offset, max_bytes=limit)
        if not events:
            break
        seen += events
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

    monkeypatch.setattr(journal.os, "write", write)
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

    monkeypatch.setattr(journal.os, "write", half)
    monkeypatch.setattr(journal.os, "ftruncate", no_cut)
    with pytest.raises(JournalError):
        out.append(StageStarted(0, "exam", 2))
    monkeypatch.setattr(journal.os, "write", real_write)
    with pytest.raises(JournalError):
        out.append(StageStarted(0, "exam", 2))
    monkeypatch.setattr(journal.os, "ftruncate", real_cut)
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
