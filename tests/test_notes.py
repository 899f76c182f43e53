"""What a user says about a run: what may be said, where it is kept, and that the database takes it in."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from journals import make_run

from studentsim.errors import ConfigError, DataFolderError
from studentsim.runs import demo, notes
from studentsim.runs.run_dir import RunFolder, open_run
from studentsim.store import ingest, queries
from studentsim.store import notes as form
from studentsim.store.database import Database, rebuild_database
from studentsim.store.notes import RunNotes


def said(folder: Path, run_id: str = "it") -> tuple[str, tuple[str, ...], str]:
    with Database.open(folder) as database:
        ingest.sync_journals(database, folder / "runs")
        row = queries.fetch_run(database, run_id)
        return row.config["name"], row.tags, row.note


def test_a_new_name_changes_neither_the_id_nor_the_settings_nor_the_journal(tmp_path: Path):
    run = RunFolder(make_run(tmp_path, "it", name="Old"))
    before = (run.path / "config.json").read_bytes(), run.journal_path.read_bytes()
    notes.write_notes(run, RunNotes.make(name=" New ", tags=["a", "b"], note="first\r\nsecond "))
    assert ((run.path / "config.json").read_bytes(), run.journal_path.read_bytes()) == before
    assert said(tmp_path) == ("New", ("a", "b"), "first\nsecond")
    assert open_run(tmp_path, "it").read_config().name == "Old"
    notes.write_notes(run, RunNotes())
    assert not (run.path / form.NOTES_FILE_NAME).exists() and said(tmp_path) == ("Old", (), "")


def test_the_database_follows_the_words_while_it_is_open_and_asks_nothing_where_they_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run = RunFolder(make_run(tmp_path, "it"))
    with Database.open(tmp_path) as database:
        for name in ("one", "two", ""):
            notes.write_notes(run, RunNotes.make(name=name))
            ingest.sync_journals(database, tmp_path / "runs", "it")
            assert queries.fetch_run(database, "it").name == name
            assert list(queries.fetch_runs(database).name) == [name]
        monkeypatch.setattr(database, "run_transaction", lambda use: pytest.fail("asked the database"))
        monkeypatch.setattr(database, "query_rows", lambda *_: pytest.fail("asked the database"))
        ingest.sync_journals(database, tmp_path / "runs", "it")


def test_words_outlive_a_journal_that_is_read_again_and_a_database_made_anew(tmp_path: Path):
    run = RunFolder(make_run(tmp_path, "it"))
    notes.write_notes(run, RunNotes.make(tags=["kept"]))
    with Database.open(tmp_path) as database:
        ingest.sync_journals(database, tmp_path / "runs")
        text = run.journal_path.read_text().splitlines(keepends=True)
        run.journal_path.write_text("".join(text[:-2]))
        ingest.sync_journals(database, tmp_path / "runs")
        assert queries.fetch_run(database, "it").tags == ("kept",)
    rebuild_database(tmp_path)
    assert said(tmp_path)[1] == ("kept",)


def test_words_that_went_while_the_database_was_closed_are_forgotten_and_those_of_a_deleted_run_too(tmp_path: Path):
    runs = [RunFolder(make_run(tmp_path, run_id)) for run_id in ("it", "gone")]
    for run in runs:
        notes.write_notes(run, RunNotes.make(note="words"))
    assert said(tmp_path)[2] == "words"
    (runs[0].path / form.NOTES_FILE_NAME).unlink()
    for file in sorted(runs[1].path.iterdir()):
        file.unlink()
    runs[1].path.rmdir()
    assert said(tmp_path) == ("", (), "")
    with Database.open(tmp_path) as database:
        assert database.query_rows("SELECT count(*) FROM notes") == [(0,)]


@pytest.mark.parametrize(
    "given, field",
    [
        ({"name": "x" * 81}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"tags": ["x" * 31]}, "tags"),
        ({"tags": ["a, b"]}, "tags"),
        ({"tags": [str(i) for i in range(13)]}, "tags"),
        ({"note": "x" * 2001}, "note"),
        ({"note": "a\0b"}, "note"),
        ({"tags": ["\ud800"]}, "tags"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_the_field_named(given: dict, field: str):
    with pytest.raises(ConfigError) as refused:
        RunNotes.make(**given)
    assert refused.value.field == field and refused.value.remedy


def test_a_tag_that_is_there_twice_counts_once_and_blank_ones_do_not():
    assert RunNotes.make(tags=["Year 7", "year  7", " ", "b"]).tags == ("Year 7", "b")


@pytest.mark.parametrize(
    "text, kept",
    [
        ("{", RunNotes()),
        ("[]", RunNotes()),
        ("null", RunNotes()),
        ('{"name": 5, "tags": "abc", "note": "ok"}', RunNotes(note="ok")),
        ('{"name": "a/b", "tags": ["x", 3]}', RunNotes(name="a/b")),
        ('{"tags": ["x"], "more": 1}', RunNotes(tags=("x",))),
        ("[" * 30_000, RunNotes()),
        (json.dumps({"note": "x" * 70_000}), RunNotes()),
    ],
)
def test_a_file_that_anybody_wrote_gives_what_it_may(tmp_path: Path, text: str, kept: RunNotes):
    run = make_run(tmp_path, "it", turns=1, exam_size=6)
    (run / form.NOTES_FILE_NAME).write_text(text)
    assert form.read_notes(run) == kept
    assert said(tmp_path) == (kept.name, kept.tags, kept.note)


def test_a_name_in_another_script_and_what_looks_like_sql_or_json_is_kept_as_it_is(tmp_path: Path):
    run = RunFolder(make_run(tmp_path, "it"))
    words = RunNotes.make(name="Klasse 7ß Ω'); DROP TABLE runs --", tags=["{", "'a'"], note='"}]\\ = 1')
    notes.write_notes(run, words)
    assert said(tmp_path) == (words.name, words.tags, words.note)


def test_a_folder_that_cannot_be_written_is_said_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = RunFolder(make_run(tmp_path, "it"))

    def refused(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(notes, "write_atomically", refused)
    with pytest.raises(DataFolderError, match="folder of this simulation .* cannot be written .*[Rr]ead-only"):
        notes.write_notes(run, RunNotes.make(name="New"))


def test_a_newer_recording_keeps_what_was_said_about_the_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(demo.RECORDED_VARIABLE, "1")
    source, data = tmp_path / "source", tmp_path / "data"
    source.mkdir()
    for seconds, student in enumerate(("balanced", "careless")):
        made = make_run(tmp_path / str(seconds), "x", turns=2, strategy="random", student=student)
        path = demo.pack_run(RunFolder(made), source)
        demo.unpack_recorded_runs(data, source)
        run = open_run(data, path.name.removesuffix(demo.JOURNAL_SUFFIX))
        if not seconds:
            notes.write_notes(run, RunNotes.make(name="Mine"))
    assert run.read_config().student == "careless" and notes.read_notes(run).name == "Mine"
