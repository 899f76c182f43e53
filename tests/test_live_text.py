"""The answer that is being written now: a small file that grows, that nobody meets half, and that stops no run."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import fakes
import pytest
from run_help import comparable_events, last

from studentsim.config import RunConfig
from studentsim.runs import live_text
from studentsim.runs.executor import execute
from studentsim.runs.live_text import LiveText, WritingProgress
from studentsim.runs.run_dir import RunFolder, create_run
from studentsim.simulation import Components
from studentsim.student.testing import FakeStudent
from studentsim.types import Answer, AttemptHistory, Question

WRITING = WritingProgress("q1", "How many?", "3 + 4 =", 5, 2, 12, 1.5)
SHOWN = {
    "turn": 3, "phase": "study", "question_id": "q1", "problem": "How many?", "text": "3 + 4 =", "tokens": 5, "done": 2, "of": 12,
    "seconds": 1.5,
}  # fmt: skip


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LiveText:
    monkeypatch.setattr(live_text, "WRITE_INTERVAL_SECONDS", 0.0)
    found = LiveText(tmp_path)
    found.begin_stage(3, "study")
    return found


class WordByWordStudent(FakeStudent):
    """A fake student that shows each of its answers word by word."""

    def __init__(self, look: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.on_progress: Callable[[WritingProgress], None] | None = None
        self.look = look

    def answer(
        self,
        questions: Sequence[Question],
        *,
        seed_key: Sequence[object],
        with_p_correct: bool = False,
        earlier: AttemptHistory | None = None,
    ) -> Iterator[Answer]:
        """See ``Student``."""
        for done, answer in enumerate(
            super().answer(questions, seed_key=seed_key, with_p_correct=with_p_correct, earlier=earlier)
        ):
            for tokens in (1, 2):
                assert self.on_progress
                problem = next(q.problem for q in questions if q.id == answer.question_id)
                text = " ".join(answer.text.split()[:tokens])
                self.on_progress(WritingProgress(answer.question_id, problem, text, tokens, done, len(questions), 0.1))
                self.look()
            yield answer


def run_of(data: Path, **settings: object) -> RunFolder:
    return create_run(data, fakes.config(turns=1, **settings))


# ------------------------------------------------------------------ the file


def test_what_is_shown_is_read(live, tmp_path):
    assert LiveText.read(tmp_path) is None
    live.update(WRITING)
    assert LiveText.read(tmp_path) == LiveText.read(RunFolder(tmp_path)) == SHOWN
    assert [path.name for path in tmp_path.iterdir()] == ["writing.json"]
    live.remove()
    assert LiveText.read(tmp_path) is None and not [*tmp_path.iterdir()]
    live.remove()


def test_a_new_stage_begins_with_nothing_written(live, tmp_path):
    live.update(WRITING)
    live.begin_stage(4, "exam")
    assert LiveText.read(tmp_path) is None
    live.update(WRITING)
    assert LiveText.read(tmp_path) == {**SHOWN, "turn": 4, "phase": "exam"}


def test_it_is_written_twice_a_second_at_most(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(live_text.time, "monotonic", lambda: now[0])
    live = LiveText(tmp_path)
    seen = []
    for step in range(11):
        now[0] = 100 + step / 10
        live.update(WritingProgress("q", "", str(step), step, 0, 1, 0.0))
        seen.append(LiveText.read(tmp_path)["tokens"])
    assert seen == [0] * 5 + [5] * 5 + [10]


@pytest.mark.parametrize("problem", ["", "p" * 9000, "ü" * 9000])
@pytest.mark.parametrize("text", ["", "a" * 9000, "→" * 9000 + "end", '\\"\n\t' * 3000, "\ud800 lone", "$x$ <b> `"])
def test_however_long_and_strange_it_stays_small_and_ends_as_the_answer_does(live, tmp_path, problem, text):
    live.update(WritingProgress("q", problem, text, 1, 0, 1, 0.0))
    found = LiveText.read(tmp_path)
    assert (tmp_path / "writing.json").stat().st_size <= 4096
    expected = text.encode("utf-8", "replace").decode()
    assert expected.endswith(found["text"]) and problem.startswith(found["problem"])
    assert len(found["text"]) == len(expected) or len(found["text"]) > 500
    assert len(found["problem"]) == len(problem) or len(found["problem"]) > 200


def test_a_missing_damaged_or_stale_file_tells_of_nothing(live, tmp_path):
    file = tmp_path / "writing.json"
    for data in (
        b"", b"{", b"[]", b"null", b"[" * 4000, b"\xff\xfe", json.dumps(SHOWN)[:-2].encode(), json.dumps({**SHOWN, "text": 5}).encode(),
        json.dumps({**SHOWN, "done": True}).encode(), json.dumps({**SHOWN, "of": None}).encode(), b'{"turn": 3}',
        json.dumps({**SHOWN, "text": "a" * 5000}).encode(),
    ):  # fmt: skip
        file.write_bytes(data)
        assert LiveText.read(tmp_path) is None, data[:40]
    live.update(WRITING)
    assert LiveText.read(tmp_path) == SHOWN
    for age in (31, -31):
        os.utime(file, (time.time() - age,) * 2)
        assert LiveText.read(tmp_path) is None
    file.unlink()
    file.mkdir()
    assert LiveText.read(tmp_path) is None


def test_a_reader_never_sees_half_a_file(live, tmp_path):
    stop, bad = threading.Event(), []

    def reading() -> None:
        while not stop.is_set():
            found = LiveText.read(tmp_path)
            if found is None or found["text"] != str(found["tokens"]) * 300:
                bad.append(found)

    live.update(WritingProgress("q", "", "0" * 300, 0, 0, 1, 0.0))
    reader = threading.Thread(target=reading)
    reader.start()
    for tokens in range(10, 400):
        live.update(WritingProgress("q", "", str(tokens) * 300, tokens, 0, 1, 0.0))
    stop.set()
    reader.join()
    assert not bad


# ------------------------------------------------------------------ the run


def listening(look: Callable[[], None] = lambda: None) -> Callable[[RunConfig], Components]:
    return lambda config: fakes.build_fake_components(WordByWordStudent(look))


def test_a_run_shows_the_answer_that_grows_and_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(live_text, "WRITE_INTERVAL_SECONDS", 0.0)
    folder, seen = run_of(tmp_path), []
    assert execute(folder, build_components=listening(lambda: seen.append(LiveText.read(folder)))) == "finished"
    assert {(s["turn"], s["phase"]) for s in seen} == {(0, "exam"), (1, "study"), (1, "exam")}
    assert seen[0]["tokens"] == 1 and seen[1]["text"].startswith(seen[0]["text"]) and seen[0]["problem"]
    assert [s["done"] for s in seen if s["phase"] == "study"] == [n // 2 for n in range(24)]
    assert LiveText.read(folder) is None and not [*folder.path.glob("*writing*")]


def test_a_run_whose_student_shows_its_answers_equals_one_whose_student_does_not(tmp_path):
    folders = [run_of(tmp_path / name) for name in ("one", "two")]
    execute(folders[0], build_components=listening())
    execute(folders[1], build_components=fakes.fake)
    assert comparable_events(folders[0]) == comparable_events(folders[1])


@pytest.mark.parametrize("how", ["pause", "failure"])
def test_paused_or_failed_it_leaves_no_file(tmp_path, how):
    folder, count = run_of(tmp_path), iter(range(10**6))

    def look() -> None:
        if next(count) == 60:
            assert LiveText.read(folder) is not None
            if how == "failure":
                raise RuntimeError("broken")
            folder.write_request("pause")

    assert execute(folder, build_components=listening(look)) == ("paused" if how == "pause" else "failed")
    assert last(folder)["type"] == "RunEnded" and not [*folder.path.glob("*writing*")]


def test_what_a_killed_worker_left_is_gone_when_the_run_goes_on(tmp_path):
    folder = run_of(tmp_path)
    (folder.path / "writing.json").write_text(json.dumps(SHOWN))
    (folder.path / ".writing.json-123").write_text("{")
    seen = []

    def load(config: RunConfig) -> Components:
        seen.append(LiveText.read(folder))
        return fakes.fake(config)

    assert execute(folder, build_components=load) == "finished"
    assert seen == [None] and not [*folder.path.glob("*writing*")]


@pytest.mark.parametrize("trouble", [OSError(28, "No space left on device"), PermissionError(13, "Permission denied")])
def test_a_disk_that_takes_nothing_stops_no_run(tmp_path, monkeypatch, trouble):
    def refuse(*_: object) -> None:
        raise trouble

    monkeypatch.setattr(live_text, "WRITE_INTERVAL_SECONDS", 0.0)
    monkeypatch.setattr(live_text.Path, "write_bytes", refuse)
    folder = run_of(tmp_path)
    assert execute(folder, build_components=listening()) == "finished"
    assert not [*folder.path.glob("*writing*")]


def test_a_folder_that_is_gone_raises_nothing(tmp_path):
    live = LiveText(tmp_path / "nowhere")
    live.update(WRITING)
    live.begin_stage(1, "exam")
    assert LiveText.read(tmp_path / "nowhere") is None
