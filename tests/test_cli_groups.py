"""The command line's groups of runs: repeat, list, annotate, export, archive."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from journals import make_group, make_run
from test_cli import SHORT, gate, say  # noqa: F401

from studentsim.errors import DataFolderError
from studentsim.reporting import archive
from studentsim.runs import notes
from studentsim.runs.run_dir import RunFolder, create_run, list_runs, open_run
from studentsim.store.journal import read_events
from studentsim.store.notes import RunNotes


def test_a_run_is_repeated_with_several_seeds_as_one_group(say, tmp_path):  # noqa: F811
    told = say("run", *SHORT, "--seed", 3, "--repeat", 2, "--name", "Class 7", "--data", tmp_path, "--json")
    assert told.status == 0
    ids = [result["run_id"] for result in told.last["runs"]]
    events = [read_events(open_run(tmp_path, run_id).journal_path)[0] for run_id in ids]
    assert [e["group"]["coordinates"] for e in events] == [{"seed": 3}, {"seed": 4}]
    assert {e["group"]["group"] for e in events} == {told.last["group"]}
    assert [e["config"]["name"] for e in events] == ["Class 7, seed 3", "Class 7, seed 4"]
    assert len({e["config"]["exam_seed"] for e in events}) == 1
    listed = say("runs", "--group", told.last["group"], "--data", tmp_path, "--json").last
    assert {row["run_id"] for row in listed} == set(ids) and {row["seed"] for row in listed} == {3, 4}
    people = say("run", *SHORT, "--repeat", 2, "--data", tmp_path).out
    assert "seed 0, finished" in people and "on average" in people and "2 finished runs" in people
    assert len(say("runs", "--data", tmp_path, "--json").last) == 4


@pytest.mark.parametrize("count", [1, 21])
def test_too_many_seeds_are_refused_before_anything_is_made(say, tmp_path, count):  # noqa: F811
    told = say("run", *SHORT, "--repeat", count, "--data", tmp_path / "data")
    assert told.status == 2 and "Choose 2 to 20" in told.err and not (tmp_path / "data").exists()


def test_words_about_a_run_are_kept_listed_and_taken_back(say, tmp_path):  # noqa: F811
    for run_id in ("a", "b"):
        make_run(tmp_path, run_id, turns=1, exam_size=6, name="Old")
    say(
        "annotate",
        "a",
        "--name",
        "New",
        "--tag",
        "pilot",
        "--tag",
        "Year 7",
        "--note",
        "look again",
        "--data",
        tmp_path,
    )
    say("annotate", "a", "b", "--untag", "PILOT", "--tag", "done", "--data", tmp_path)
    rows = {row["run_id"]: row for row in say("runs", "--data", tmp_path, "--json").last}
    assert (rows["a"]["title"], rows["a"]["tags"], rows["a"]["note"]) == ("New", ["Year 7", "done"], "look again")
    assert (rows["b"]["title"], rows["b"]["tags"]) == ("Old", ["done"])
    assert [r["run_id"] for r in say("runs", "--tag", "year 7", "--data", tmp_path, "--json").last] == ["a"]
    assert "#done" in say("runs", "--data", tmp_path).out
    assert "None of the 2 runs" in say("runs", "--tag", "nobody", "--data", tmp_path).out
    say("annotate", "a", "--name", "", "--note", "", "--data", tmp_path)
    assert notes.read_notes(open_run(tmp_path, "a")) == RunNotes(tags=("Year 7", "done"))
    assert "Old  #Year 7" in say("annotate", "a", "--data", tmp_path).out


def test_several_runs_get_no_common_name_and_a_bad_one_is_one_line(say, tmp_path):  # noqa: F811
    ids = make_group(tmp_path, seeds=2, turns=1, exam_size=6)
    assert say("annotate", "group-1", "--name", "Both", "--data", tmp_path).status == 2
    refused = say("annotate", ids[0], "--name", "a\u202eb", "--data", tmp_path)
    assert refused.status == 2 and len(refused.err.splitlines()) == 1
    assert notes.read_notes(open_run(tmp_path, ids[0])) == RunNotes()
    assert say("annotate", "nobody", "--tag", "x", "--data", tmp_path).status == 2


def test_a_group_is_exported_run_by_run(say, tmp_path):  # noqa: F811
    ids = make_group(tmp_path / "data", seeds=2, turns=1, exam_size=6)
    say("export", "group-1", "--to", tmp_path / "out", "--data", tmp_path / "data")
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(ids)
    assert (tmp_path / "out" / ids[0] / "answers.csv").is_file()


# ------------------------------------------------------------------ the archive


def names_in(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as packed:
        assert packed.testzip() is None
        return set(packed.namelist())


def read(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as packed:
        return packed.read(name).decode("utf-8")


def test_a_whole_run_is_one_file_with_all_that_it_left(say, tmp_path):  # noqa: F811
    data, to = tmp_path / "data", tmp_path / "run.zip"
    run_id = say("run", *SHORT, "--data", data, "--json").last["run_id"]
    say("annotate", run_id, "--name", "=1+1 Class", "--tag", "@x", "--note", "-note\n+2", "--data", data)
    assert say("archive", run_id, "--to", to, "--data", data).out.strip() == str(to)
    tables = {"answers", "exams", "turns", "training_steps", "epochs", "validations", "lookups", "practice_mix"}
    files = {f"{run_id}/tables/{table}.{kind}" for table in tables for kind in ("csv", "parquet")}
    files |= {f"{run_id}/{n}" for n in ("settings.json", "versions.json", "notes.json", "report.html", "events.jsonl")}
    figures = {name for name in names_in(to) if name.endswith(".svg")}
    assert names_in(to) - figures == files | {"README.txt", "runs.csv"}
    assert {f"{run_id}/figures/right-answers-of-100-in-each-exam.svg"} < figures
    for name in figures:
        root = ElementTree.fromstring(read(to, name))
        assert root.tag == "{http://www.w3.org/2000/svg}svg" and root.get("viewBox") and len(root) > 3
    journal = (open_run(data, run_id).journal_path).read_text()
    assert read(to, f"{run_id}/events.jsonl") == journal
    settings = json.loads(read(to, f"{run_id}/settings.json"))
    assert settings["turns"] == 4 and settings["name"] == ""  # as it ran
    assert json.loads(read(to, f"{run_id}/notes.json"))["name"] == "=1+1 Class"
    assert "studentsim" in json.loads(read(to, f"{run_id}/versions.json"))
    assert "=1+1 Class" in read(to, f"{run_id}/report.html")
    (row,) = csv.DictReader(io.StringIO(read(to, "runs.csv")))
    assert (row["run_id"], row["seed"], row["status"]) == (run_id, "0", "finished")
    assert row["title"] == "'=1+1 Class" and row["note"].startswith("'-note")


def test_a_group_s_archive_lists_its_runs_by_what_sets_them_apart(say, tmp_path):  # noqa: F811
    ids = make_group(tmp_path, racers=({"strategy": "random"}, {"strategy": "none"}), seeds=2, turns=1, exam_size=6)
    make_run(tmp_path, "other", turns=1, exam_size=6)
    to = tmp_path / "group.zip"
    say("archive", "group-1", "--to", to, "--data", tmp_path)
    rows = list(csv.DictReader(io.StringIO(read(to, "runs.csv"))))
    assert {row["run_id"] for row in rows} == set(ids) and {row["group_id"] for row in rows} == {"group-1"}
    assert json.loads(rows[0]["coordinates"]).keys() == {"strategy", "seed"}
    assert {name.split("/")[0] for name in names_in(to)} == {*ids, "README.txt", "runs.csv"}


def test_a_run_that_waits_and_one_cut_short_are_packed_as_far_as_they_went(tmp_path):
    from studentsim.config import RunConfig

    cut = RunFolder(make_run(tmp_path, "cut", status="", turn=1, until="study"))
    with cut.journal_path.open("ab") as file:
        file.write(b'{"type": "Answ')
    waits = create_run(tmp_path, RunConfig())
    to = archive.write_archive([cut, waits], tmp_path / "some.zip")
    assert read(to, "cut/events.jsonl").count("\n") == len(read_events(cut.journal_path))
    assert {n for n in names_in(to) if n.startswith(waits.run_id)} == {f"{waits.run_id}/settings.json"}


def test_what_is_too_large_or_cannot_be_written_is_said_and_leaves_nothing(tmp_path, monkeypatch):
    run = RunFolder(make_run(tmp_path / "data", "it", turns=1, exam_size=6))
    with pytest.raises(DataFolderError, match="cannot be written"):
        archive.write_archive([run], tmp_path / "nowhere" / "x.zip")
    monkeypatch.setattr(archive, "MAX_JOURNAL_BYTES", 10)
    with pytest.raises(DataFolderError, match="fewer runs"):
        archive.write_archive([run], tmp_path / "x.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_the_archive_leaves_the_data_folder_alone_and_takes_the_place_of_an_older_one(tmp_path):
    run = RunFolder(make_run(tmp_path / "data", "it", turns=1, exam_size=6))
    before = sorted(path.name for path in run.path.iterdir())
    to = tmp_path / "x.zip"
    to.write_text("old")
    archive.write_archive([run], to)
    assert "README.txt" in names_in(to) and sorted(path.name for path in run.path.iterdir()) == before
    assert [folder.run_id for folder in list_runs(tmp_path / "data")] == ["it"]
