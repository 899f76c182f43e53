"""Damaged runs on the pages: each is a row that says what is wrong and what can be done, and no page falls with it."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from journals import make_run
from odd_runs import DAMAGING, HARMLESS
from visits import link_labels, stock, text_of, use, visit

from studentsim.runs.backoff import Wait
from studentsim.runs.manager import RunManager
from studentsim.runs.run_dir import RunFolder
from studentsim.ui import data
from studentsim.ui.home import rows
from studentsim.ui.layout import (
    ANSWERS_PAGE,
    CHECK_QUESTIONS_PAGE,
    COMPARE_PAGE,
    HOME_PAGE,
    MENU_PAGES,
    NEW_SIMULATION_PAGE,
    QUESTIONS_PAGE,
    WATCH_PAGE,
    WEAKNESSES_PAGE,
)
from studentsim.ui.watch import live_run

WAYS = {**DAMAGING, **HARMLESS}
IDS = {how: f"20261121-0315{number:02d}-aaaa" for number, how in enumerate(WAYS)}
GOOD = "20261120-031500-good"


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory, written_bank: Path) -> Iterator[Path]:
    """A data folder with a run of each kind, and one that is sound."""
    folder = stock(tmp_path_factory.mktemp("crowd"), written_bank)
    make_run(folder, GOOD, name="The sound one")
    for how, run_id in IDS.items():
        make_run(folder, run_id, status="paused", turn=2, turns=3, exam_size=12, questions_per_turn=6, name=how)
        WAYS[how](folder / "runs" / run_id)
    with pytest.MonkeyPatch.context() as patch:
        use(folder, patch)
        patch.setattr(data, "MAX_LISTED_RUNS", 100)
        patch.setattr(rows, "FILTERED_ROWS", 100)
        yield folder
        data.close_engines()


def said_on(page: str, **query: str) -> tuple[str, list[str]]:
    """All that a page says, links and fields too, and its errors; it must not fall."""
    app = visit(page, **query)
    assert not app.exception
    said = "\n".join(
        [text_of(app), *link_labels(app), *(option for field in app.multiselect for option in field.options)]
    )
    assert "Something went wrong" not in said and "Traceback" not in said
    return said.replace("\\", ""), [str(error.value) for error in app.error]


def says_where(crowd: Path, how: str, said: str) -> bool:
    """Whether it says where the damaged run is, which is the end of what can be done about it."""
    return f"Its folder is {crowd / 'runs' / IDS[how]}" in said


@pytest.mark.parametrize("page", [script for script, _, _ in MENU_PAGES])
def test_a_page_stands_and_lists_of_runs_say_what_is_wrong_with_which(crowd, page):
    said, errors = said_on(page)
    assert not errors
    if page in (WATCH_PAGE, ANSWERS_PAGE, WEAKNESSES_PAGE, COMPARE_PAGE):
        assert "The sound one" in said
        assert [how for how in DAMAGING if not says_where(crowd, how, said)] == []


def test_home_lists_them_all(crowd):
    said, errors = said_on(HOME_PAGE, find="2026")
    assert not errors and "The sound one" in said
    assert [how for how in DAMAGING if not says_where(crowd, how, said)] == []


@pytest.mark.parametrize("how", DAMAGING)
def test_a_damaged_run_s_own_pages_say_what_is_wrong(crowd, how):
    for page in (WATCH_PAGE, ANSWERS_PAGE, WEAKNESSES_PAGE):
        said, errors = said_on(page, run=IDS[how])
        if page == WATCH_PAGE:
            assert any("elete" in error for error in errors), (how, said[-600:])
            assert "Resume goes on" not in said
    said_on(NEW_SIMULATION_PAGE, like=IDS[how])
    said_on(CHECK_QUESTIONS_PAGE, run=IDS[how])
    said, _ = said_on(COMPARE_PAGE, runs=f"{IDS[how]},{GOOD}")
    assert "The sound one" in said
    said_on(WATCH_PAGE, race=f"{IDS[how]},{GOOD}")


@pytest.mark.parametrize("how", HARMLESS)
def test_a_run_that_is_sound_in_what_counts_is_shown(crowd, how):
    said, errors = said_on(WATCH_PAGE, run=IDS[how])
    assert not errors and "Paused after 2 lessons of 3" in said


def test_the_questions_page_stands(crowd):
    said_on(QUESTIONS_PAGE, question="exam-0-1")


def test_a_damaged_run_is_deleted_on_home(folder):
    make_run(folder, IDS["journal: middle"], status="paused", turn=2, name="to go")
    shutil.rmtree(folder / "runs" / IDS["journal: middle"])
    (folder / "runs" / IDS["journal: middle"]).write_text("x")
    app = visit(HOME_PAGE)
    assert "is not a folder" in text_of(app)
    engine = data.get_engine()
    data.control_run(engine, "delete", IDS["journal: middle"])
    assert "is not a folder" not in text_of(visit(HOME_PAGE))


def test_a_finished_run_whose_journal_is_damaged_says_so_beside_what_is_left(folder, monkeypatch):
    """What stands before the damage is shown, never as if it were all."""
    monkeypatch.setattr(live_run, "SNAPSHOT_TTL_SECONDS", 0)
    path = make_run(folder, GOOD, name="The sound one")
    DAMAGING["journal: middle"](path)
    for app in (visit(HOME_PAGE), visit(WATCH_PAGE), visit(COMPARE_PAGE, runs=GOOD), visit(WATCH_PAGE, run=GOOD)):
        said = text_of(app)
        assert not app.exception and "is damaged" in said and "repair" in said
    assert "finished" not in [badge for badge in said.splitlines() if "badge" in badge][0]
    shutil.copy(make_run(folder, "another") / "events.jsonl", path / "events.jsonl")  # as a repair does
    visit(WATCH_PAGE, run=GOOD)  # reads it anew, below the notices
    said = text_of(visit(WATCH_PAGE, run=GOOD))
    assert "damaged" not in said and "repair" not in said


def test_why_a_queued_run_waits_is_said_in_the_list_and_on_watch(folder):
    make_run(folder, GOOD, status="", turn=-1, name="The sound one")
    (folder / "runs" / GOOD / "queue.json").write_text('{"since": 1}')
    visit(HOME_PAGE)
    backoff = data.get_engine().manager._scheduler.backoff
    backoff._waits[GOOD] = Wait("It waits: the disk is full.", "Free some space. It goes on by itself then.", 1e12)
    for app in (visit(HOME_PAGE), visit(WATCH_PAGE), visit(WATCH_PAGE, run=GOOD)):
        assert "It waits: the disk is full." in text_of(app) and not app.exception


def test_a_run_that_paused_on_a_full_disk_says_so_on_watch(folder):
    path = make_run(folder, GOOD, status="paused", turn=2)
    journal = RunFolder(path).journal_path
    text = journal.read_text().replace('"message": ""', '"message": "The disk is full."')
    *rest, last = text.splitlines()
    end = json.loads(last)
    assert end["type"] == "RunEnded"
    end |= {"message": "The disk is full.", "remedy": "Free some space, then resume: complete turns are safe."}
    del end["crc"], end["lease"]
    journal.write_text("\n".join([*rest, json.dumps(end)]) + "\n")
    assert "The disk is full. Free some space" in text_of(visit(WATCH_PAGE, run=GOOD))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("action", ["pause", "resume", "cancel", "delete"])
def test_what_a_button_cannot_write_is_the_ordinary_error(folder, monkeypatch, code, action):
    make_run(folder, GOOD, status="paused", turn=2)
    if action == "pause":
        (folder / "runs" / GOOD / "queue.json").write_text('{"since": 1}')
    visit(HOME_PAGE)

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        for name in ("replace", "rename", "mkdir", "unlink"):
            patch.setattr(os, name, fail)
        patch.setattr(data.st, "session_state", kept := {})
        data.control_run(data.get_engine(), action, GOOD)
    assert kept["shell.error"].problem and kept["shell.error"].remedy


def test_a_page_that_meets_a_full_disk_says_so(folder, monkeypatch):
    visit(HOME_PAGE)

    def fail(self: RunManager) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data")

    monkeypatch.setattr(RunManager, "get_states", fail)
    app = visit(HOME_PAGE)
    assert not app.exception and any("disk of /data is full" in str(error.value) for error in app.error)


def test_a_damaged_run_is_repaired_where_it_is_watched(folder):
    make_run(folder, "hurt", status="paused", turn=2)
    DAMAGING["journal: middle"](folder / "runs" / "hurt")
    app = visit(WATCH_PAGE, run="hurt")
    app.button(key="watch.repair").click().run()
    assert not app.exception and "has been repaired" in text_of(app)
    assert not [b for b in app.button if b.key == "watch.repair"] and app.button(key="watch.resume")
