"""``python -m studentsim doctor``: every fault gets its line with what to do; ``--fix`` does the safe part and deletes no run."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from journals import make_run
from store_runs import crashed_run, put
from typer.testing import CliRunner

from studentsim.cli import app
from studentsim.diagnosis import doctor
from studentsim.diagnosis.checks import (
    data_folder,
    database,
    disk_room,
    leftovers,
    memory,
    models,
    port,
    run_states,
    versions,
)
from studentsim.diagnosis.finding import BAD, LOOK, OK, Context, Finding
from studentsim.runs import leftovers as run_leftovers
from studentsim.store.database import DATABASE_FILE_NAME, Database
from studentsim.store.ingest import sync_journals


def invoke(data: Path, *options: str) -> tuple[int, list[dict[str, str]], str]:
    """Exit status, findings and output of the command."""
    result = CliRunner().invoke(app, ["doctor", "--data", str(data), "--json", "--port", "59999", *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, json.loads(result.stdout.splitlines()[-1])["findings"], result.stdout


def levels(module, context: Context) -> list[str]:
    return [finding.level for finding in module.check(context)]


@pytest.fixture
def data(tmp_path) -> Path:
    """A sound data folder with a database."""
    folder = tmp_path / "data"
    for number in range(3):
        make_run(folder, f"run-{number}", turns=2, questions_per_turn=4, exam_size=6)
    with Database.open(folder) as opened:
        sync_journals(opened, opened.runs_folder)
    return folder


def test_a_sound_folder_is_all_well_and_stays_as_it_was(data):
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}
    code, findings, _ = invoke(data, "--thorough")
    assert code == 0, findings
    assert {f["check"] for f in findings} == {module.TITLE for module in doctor.load_checks()}
    assert not [f for f in findings if f["level"] != OK and f["check"] not in ("disk", "memory", "versions")]
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.name != "data"} == {
        path: time for path, time in before.items() if path.name != "data"
    }


def test_every_line_that_is_not_well_says_what_to_do(data):
    (data / "runs" / "run-0" / "config.json").write_text("{")
    (data / "runs" / "run-1" / "events.jsonl").write_bytes(b"\xff" * 900 + b"\n" + b"\xff\n")
    (data / DATABASE_FILE_NAME).write_bytes(b"no database" * 900)
    code, findings, output = invoke(data)
    assert code == 1 and {"journals", "database", "runs"} <= {f["check"] for f in findings if f["level"] == BAD}
    assert all(f["remedy"] for f in findings if f["level"] != OK)
    assert "bad " in output and "Traceback" not in output


def test_a_check_that_fails_hides_no_other(data, monkeypatch):
    monkeypatch.setattr(memory, "check", lambda context: 1 / 0)
    code, findings, _ = invoke(data)
    (failed,) = [f for f in findings if f["check"] == "memory"]
    assert code == 1 and "ZeroDivisionError" in failed["found"] and len(findings) > 8


@pytest.mark.parametrize("kind", ["missing", "file", "other", "empty"])
def test_what_is_no_data_folder_is_said(tmp_path, kind):
    folder = tmp_path / "data"
    if kind == "file":
        folder.write_text("")
    elif kind != "missing":
        folder.mkdir()
    if kind == "other":
        (folder / "holiday.jpg").write_text("")
    (finding,) = data_folder.check(Context(folder))
    assert finding.level == (LOOK if kind == "empty" else BAD) and str(folder) in finding.found
    assert invoke(folder)[0] == (0 if kind == "empty" else 1)
    assert folder.exists() == (kind != "missing")  # looking makes nothing


def test_a_folder_that_cannot_be_written_is_said(data, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "touch", refuse)
        (finding,) = data_folder.check(Context(data))
    assert finding.level == BAD and "Permission denied" in finding.found


def test_little_room_and_little_memory_are_said(data, tmp_path, monkeypatch):
    for free, level in ((50e6, BAD), (500e6, LOOK), (5e9, OK)):
        usage = type("Usage", (), {"free": free, "total": 9e9})
        monkeypatch.setattr(disk_room.shutil, "disk_usage", lambda folder, usage=usage: usage)
        assert levels(disk_room, Context(data))[0] == level
    for limit, used, level in (("500000000", "400000000", BAD), ("1000000000", "100000", LOOK), ("max", "5", OK)):
        (tmp_path / "memory.max").write_text(limit)
        (tmp_path / "memory.current").write_text(used)
        (finding,) = memory.check(Context(data), tmp_path)
        assert finding.level == level or (level == OK and finding.level == LOOK), finding


def test_a_port_in_use_is_said_and_by_whom(data):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        number = other.getsockname()[1]
        (finding,) = port.check(Context(data, port=number))
        assert finding.level == LOOK and f"process {os.getpid()}" in finding.found and "--port" in finding.remedy
    assert levels(port, Context(data, port=number)) == [OK]


def test_packages_that_are_missing_or_differ_are_said(data, tmp_path):
    pins = tmp_path / "requirements.txt"
    for text, expected in (
        ("duckdb==0.0.1\n", [OK, LOOK]),
        ("no-such-package-at-all==1.0\nduckdb==0.0.1  # old\n", [OK, BAD, LOOK]),
        ("# nothing\n", [OK, OK]),
    ):
        pins.write_text(text)
        assert [f.level for f in versions.check(Context(data), pins)] == expected
    assert [f.level for f in versions.check(Context(data), tmp_path / "none.txt")] == [OK, LOOK]


def test_models_that_lack_files_or_differ_are_said(data, monkeypatch):
    monkeypatch.setenv("STUDENTSIM_DATA", str(data))
    folder = data / "models" / "smollm2"
    folder.mkdir(parents=True)
    (folder / "studentsim_model.json").write_text("{")
    assert levels(models, Context(data)) == [BAD]
    record = {
        "title": "S",
        "family": "f",
        "parameters": 1,
        "weights": "",
        "licence": "",
        "source": {},
        "files": {"a": "0" * 64},
    }
    (folder / "studentsim_model.json").write_text(json.dumps(record))
    assert levels(models, Context(data)) == [BAD]
    (folder / "a").write_text("other")
    assert levels(models, Context(data)) == [OK]
    assert levels(models, Context(data, thorough=True)) == [BAD]
    (folder / "studentsim_model.json").unlink()
    assert levels(models, Context(data)) == [LOOK]


def test_runs_are_counted_by_state(data):
    make_run(data, "killed", status="")
    make_run(data, "at-work", status="", alive=True)
    make_run(data, "failed", status="failed")
    findings = list(run_states.check(Context(data)))
    assert [f.level for f in findings] == [LOOK, LOOK, OK]
    assert "1 interrupted: killed" in findings[0].found and "Resume" in findings[0].remedy
    assert "6 runs: 1 at work, 3 finished" in findings[-1].found


HOLD = "import sys\nfrom studentsim.store.database import Database\nd = Database.open(sys.argv[1])\nprint(1, flush=True)\nsys.stdin.read()"


def test_the_database_is_looked_at_whatever_it_is(data):
    def look(thorough: bool = False) -> Finding:
        (finding,) = database.check(Context(data, thorough=thorough))
        return finding

    assert look().level == OK and "numbers of rows" in look().found
    with Database.open(data) as opened:
        opened.run_transaction(lambda cursor: cursor.execute("UPDATE exams SET correct = 0 WHERE run_id = 'run-1'"))
    assert look().level == OK and look(thorough=True).level == LOOK and "run-1" in look(thorough=True).found
    with Database.open(data) as opened:
        opened.verify_rows()
        opened.run_transaction(lambda cursor: cursor.execute("DELETE FROM exams"))
    assert look().level == LOOK and "run-0, run-1, run-2" in look().found
    (data / "runs" / "run-0" / "x").write_text("")
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(data)], stdin=-1, stdout=-1, text=True)
    try:
        holder.stdout.readline()
        assert look().level == OK and f"process {holder.pid}" in look().found
    finally:
        holder.communicate("")
    for version, level in ((3, LOOK), (99, BAD)):
        with Database.open(data) as opened:
            opened.run_transaction(lambda cursor, v=version: cursor.execute("UPDATE meta SET version = ?", [v]))
        assert look().level == level
    content = (data / DATABASE_FILE_NAME).read_bytes()
    (data / DATABASE_FILE_NAME).write_bytes(content[: len(content) // 2])
    assert look().level == BAD and "--fix" in look().remedy
    (data / DATABASE_FILE_NAME).unlink()
    assert look().level == OK


def test_a_log_that_a_killed_app_left_is_looked_into(tmp_path):
    put(tmp_path, "r1", crashed_run())
    leave = (
        "import os, sys\nfrom studentsim.store.database import Database\nfrom studentsim.store.ingest import sync_journals\n"
        "d = Database.open(sys.argv[1])\nsync_journals(d, d.runs_folder)\nos._exit(0)"
    )
    subprocess.run([sys.executable, "-c", leave, str(tmp_path)], check=True)
    log = tmp_path / f"{DATABASE_FILE_NAME}.wal"
    before = log.read_bytes()
    assert levels(database, Context(tmp_path, thorough=True)) == [OK]
    assert log.read_bytes() == before


# -------------------------------------------------------------------- --fix


@pytest.fixture
def littered(data, monkeypatch) -> list[Path]:
    """What may be swept, and looks eleven minutes old."""
    monkeypatch.setattr(run_leftovers, "_changed_at", lambda path: path.lstat().st_mtime)
    run = data / "runs" / "run-0"
    folders = [
        data / "runs" / ".gone-run-9-0000", data / "runs" / ".new-000000", run / "checkpoints" / ".new-0001-0001",
        run / "checkpoints" / ".old-0002", data / "models" / ".get-smollm2", data / "models" / ".gone-smollm2-00",
    ]  # fmt: skip
    files = [data / "runs" / ".spares" / "spare.log", run / ".control.json-0123abcd", data / "runs" / ".probe-0123"]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "part").write_text("half")
        os.utime(folder / "part", (1000, 1000))
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text("half")
    for path in (*folders, *files):
        os.utime(path, (1000, 1000))
    return [*folders, *files]


def test_what_is_left_over_is_named_and_swept_and_no_run_is(data, littered):
    assert levels(leftovers, Context(data)) == [LOOK, LOOK]
    assert all(path.exists() for path in littered)
    young = data / "runs" / ".gone-young"
    young.mkdir()
    runs = {path: path.read_bytes() for path in data.rglob("events.jsonl")}
    code, findings, output = invoke(data, "--fix")
    assert code == 0 and output.count("mended") == len(littered), output
    assert not [path for path in littered if path.exists()] and young.exists()
    assert {path: path.read_bytes() for path in data.rglob("events.jsonl")} == runs
    assert levels(leftovers, Context(data)) == [OK]


def test_what_a_living_process_may_need_stays(data, littered, monkeypatch):
    import fcntl

    make_run(data, "at-work", status="", alive=True)
    half = data / "runs" / "at-work" / "checkpoints" / ".new-0003-0001"
    half.mkdir(parents=True)
    os.utime(half, (1000, 1000))
    with (data / "models" / ".smollm2.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        invoke(data, "--fix")
    assert half.exists() and (data / "models" / ".get-smollm2").exists()


@pytest.mark.parametrize("damage", ["half", "rows", "text"])
def test_a_hurt_database_is_made_anew_and_the_old_one_kept(data, damage):
    path = data / DATABASE_FILE_NAME
    if damage == "rows":
        with Database.open(data) as opened:
            opened.run_transaction(lambda cursor: cursor.execute("DELETE FROM answers WHERE run_id = 'run-1'"))
    else:
        path.write_bytes(path.read_bytes()[:300_000] if damage == "half" else b"text" * 9000)
    code, findings, output = invoke(data, "--fix")
    assert code == 0 and "mended" in output and "database" in output, output
    with Database.open(data) as opened:
        assert opened.notices == [] and opened.query_rows("SELECT count(*) FROM runs")[0][0] == 3
        assert opened.verify_rows() == []
    assert (data / f"{DATABASE_FILE_NAME}.damaged-1").exists() == (damage != "rows")
    if damage != "rows":
        assert "put aside" in output  # and says that it may be deleted


def test_a_newer_database_and_a_missing_folder_are_left_alone(data, tmp_path):
    with Database.open(data) as opened:
        opened.run_transaction(lambda cursor: cursor.execute("UPDATE meta SET version = 99"))
    before = (data / DATABASE_FILE_NAME).read_bytes()
    assert invoke(data, "--fix")[0] == 1
    assert (data / DATABASE_FILE_NAME).read_bytes() == before
    assert invoke(tmp_path / "nowhere", "--fix")[0] == 1 and not (tmp_path / "nowhere").exists()


def test_a_new_check_is_one_file(data, monkeypatch, tmp_path):
    from studentsim.diagnosis import checks

    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "coffee.py").write_text(
        "from studentsim.diagnosis.finding import LOOK, Finding\nTITLE, ORDER = 'coffee', 99\n"
        "def check(context):\n    yield Finding(LOOK, 'There is none.', 'Make some.')\n"
    )
    monkeypatch.setattr(checks, "__path__", [*checks.__path__, str(tmp_path / "checks")])
    code, findings, output = invoke(data)
    assert findings[-1] == {"check": "coffee", "level": "look", "found": "There is none.", "remedy": "Make some."}
    assert code == 0 and "look    coffee:" in output
