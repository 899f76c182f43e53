"""One bad run hides no other: states, the queue, lists, commands and archives, whatever a run's files hold."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import fakes
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journals import make_run
from odd_runs import DAMAGING, HARMLESS, write
from run_help import manager, until_status

from studentsim import cli
from studentsim.cli import runner
from studentsim.config import RunConfig
from studentsim.errors import ConfigError, DataFolderError, RunError, StudentsimError, UnknownRun
from studentsim.events import Cell
from studentsim.labels import formatting
from studentsim.runs import groups, queue, status
from studentsim.runs.executor import execute
from studentsim.runs.run_dir import RunFolder, create_run, list_runs, open_run
from studentsim.runs.status import RunState, read_run_state
from studentsim.store.database import Database

BAD, GOOD = "20261121-031500-aaaa", "20261121-031500-bbbb"


@pytest.fixture
def both(tmp_path) -> Path:
    """A data folder with two runs that are paused."""
    for run_id in (BAD, GOOD):
        make_run(tmp_path, run_id, status="paused", turn=2)
    return tmp_path


def bad(data: Path) -> RunFolder:
    return RunFolder(data / "runs" / BAD)


@pytest.mark.parametrize("how", HARMLESS)
def test_what_a_run_does_not_need_may_hold_anything(both, how):
    before = read_run_state(bad(both))
    HARMLESS[how](bad(both).path)
    state = read_run_state(bad(both))
    assert (state.status, state.request) == (before.status, "") == ("paused", "")
    assert [folder.run_id for folder in list_runs(both)] == [BAD, GOOD] and bad(both).read_config().turns
    assert execute(bad(both), build_components=fakes.fake) == "finished"


@pytest.mark.parametrize("how", DAMAGING)
def test_a_run_that_cannot_go_on_says_what_is_wrong_and_what_can_be_done(both, how):
    DAMAGING[how](bad(both).path)
    state = read_run_state(open_run(both, BAD))
    assert state.status == "damaged" and state.message and not state.is_live, state
    assert "elete" in state.remedy and str(bad(both).path) in state.remedy
    assert ("studentsim repair" in state.remedy) == how.startswith("journal")
    runs = manager(both, max_concurrent_runs=0)
    assert {run_id: s.status for run_id, s in runs.get_states().items()} == {BAD: "damaged", GOOD: "paused"}
    for action in (runs.resume, runs.pause, runs.cancel):
        with pytest.raises(RunError) as caught:
            action(BAD)
        assert caught.value.remedy == state.remedy
    runs.resume(GOOD)
    runs.delete(BAD)
    assert list(runs.get_states()) == [GOOD]
    assert not [path for path in (both / "runs").iterdir() if path.name.startswith(".gone")]
    with pytest.raises(UnknownRun, match="was deleted"):
        runs.get_state(BAD)
    runs.close()


def test_an_end_that_is_not_known_here_is_no_invitation_to_resume(tmp_path):
    path = make_run(tmp_path, BAD, status="paused", turn=2)
    journal = path / "events.jsonl"
    *rest, end = journal.read_text().splitlines()
    for status_text in ('"archived"', "null", "[]", "7"):
        event = json.loads(end) | {"status": json.loads(status_text)}
        event.pop("crc", None)
        journal.write_text("\n".join([*rest, json.dumps(event)]) + "\n")
        assert read_run_state(bad(tmp_path)).status == "damaged"


def test_a_finished_run_needs_no_settings_of_this_version(tmp_path):
    make_run(tmp_path, BAD)
    DAMAGING["settings: newer"](bad(tmp_path).path)
    assert read_run_state(bad(tmp_path)).status == "finished"


def test_a_queued_run_that_is_damaged_keeps_no_other_from_starting(tmp_path):
    folders = [create_run(tmp_path, fakes.config(seed=n), queue_entry=f'{{"since": {n}}}') for n in (1, 2)]
    write("config.json", '{"seed": "x"}')(folders[0].path)
    runs = manager(tmp_path, max_concurrent_runs=1)
    until_status(runs, folders[1].run_id, "finished")
    assert runs.get_state(folders[0].run_id).status == "damaged" and not (folders[0].path / "leases").exists()
    runs.close()


@pytest.mark.parametrize(
    "entry", ["{}", '{"since": null}', '{"since": "noon"}', '{"since": NaN}', "hello", '{"since": 1' + "0" * 400 + "}"]
)
def test_a_queue_entry_may_hold_anything_and_the_run_starts_in_its_turn(tmp_path, entry):
    first = create_run(tmp_path, fakes.config(), queue_entry='{"since": 1}')
    odd = create_run(tmp_path, fakes.config(), queue_entry=entry)
    runs = manager(tmp_path, max_concurrent_runs=0)
    assert [folder for folder in queue.list_queued_runs(tmp_path)] == [first, odd]
    assert runs.get_state(odd.run_id).queue_position == 2
    runs.max_concurrent_runs = 2
    until_status(runs, odd.run_id, "finished")
    until_status(runs, first.run_id, "finished")
    runs.close()


def test_a_run_without_its_settings_file_is_listed_shown_resumed_and_deleted(tmp_path):
    """The journal's first event holds them."""
    folder = create_run(tmp_path, fakes.config(seed=7))
    execute(folder, build_components=fakes.prone("answer", 30, fakes.disk))
    config = folder.read_config()
    (folder.path / "config.json").unlink()
    assert open_run(tmp_path, folder.run_id) == folder and folder.read_config() == config
    runs = manager(tmp_path)
    assert runs.get_state(folder.run_id).status == "paused"
    runs.resume(folder.run_id)
    until_status(runs, folder.run_id, "finished")
    runs.delete(folder.run_id)
    assert runs.get_states() == {}
    runs.close()


def test_an_end_that_stands_in_the_lease_alone_is_the_run_s(tmp_path, monkeypatch):
    """As on a disk where even the journal's last line had no room."""
    folder = create_run(tmp_path, fakes.config())

    class Lease:
        epoch, pid, pid_started, beats, is_alive, is_overdue, last_seq = 1, 0, "", 3, False, False, -1
        reason = "paused|The disk is full.|Free some space, then resume."

    monkeypatch.setattr(status, "current_lease", lambda folder: Lease)
    state = read_run_state(folder)
    assert (state.status, state.message) == ("paused", "The disk is full.") and state.remedy.startswith(
        "Free some space"
    )
    Lease.reason = "hello|x"
    assert read_run_state(folder).status == "failed"


# ------------------------------------------------------------------ whatever the files hold

FIELDS = """
    request at since epoch pid pid_started beat beats seed turns dpo model group name tags type status seq turn timestamp config mix teacher
    student_table reason
""".split()
ANYTHING = st.one_of(
    st.binary(max_size=60),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode()),
)
FILES = [
    "config.json", "events.jsonl", "leases/0001.json", "leases/x.json", "control.json", "queue.json", "cell.json", "notes.json",
    "worker.log", "writing.json",
]  # fmt: skip


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    data = tmp_path_factory.mktemp("template")
    for run_id in (BAD, GOOD):
        make_run(data, run_id, status="paused", turn=1, turns=2, exam_size=12, questions_per_turn=6)
    return data


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(FILES), ANYTHING, min_size=1, max_size=4), st.booleans())
def test_whatever_the_files_of_one_run_hold_all_runs_have_a_state(template, tmp_path, contents, ended_line):
    """Law: a state of a known status, with words where it is damaged; the other run's is as it was; each is a row of the list."""
    run = template / "runs" / BAD
    saved = tmp_path / "saved"
    shutil.rmtree(saved, ignore_errors=True)
    shutil.copytree(run, saved)
    try:
        for name, content in contents.items():
            write(name, content + b"\n" * ended_line)(run)
        states = {folder.run_id: read_run_state(folder) for folder in list_runs(template)}
        assert list(states) == [BAD, GOOD] and states[GOOD].status == "paused"
        state = states[BAD]
        assert state.status in formatting.STATUS_DISPLAY and state.request in ("", "pause", "cancel")
        assert state.status != "damaged" or (state.message and state.remedy)
        rows = runner.summarize_runs(template)
        assert [row["run_id"] for row in rows] == [GOOD, BAD] and rows[0]["problem"] == ""
        assert json.loads(json.dumps(rows)) and (rows[1]["status"] == "damaged") == bool(rows[1]["problem"])
    finally:
        shutil.rmtree(run)
        shutil.copytree(saved, run)


@settings(max_examples=300)
@given(ANYTHING)
def test_settings_are_read_or_refused_in_words(content):
    try:
        RunConfig.from_json(content)
    except ConfigError as error:
        assert error.problem and error.remedy


# ------------------------------------------------------------------ folders that may not be looked into


def as_nobody(data: Path, program: str) -> str:
    """What a Python program prints that is run by a user who owns nothing, in the data folder."""
    data.chmod(0o755)
    text = (
        "import os, sys\nfrom pathlib import Path\nfrom studentsim.cli import runner\n"
        f"os.chdir({str(data)!r})\nos.setgid(65534)\nos.setuid(65534)\n{program}"
    )
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, cwd=Path(__file__).parents[1], check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("what", ["", "events.jsonl", "leases"])
def test_a_folder_that_nobody_may_look_into_is_a_damaged_run(both, what):
    (both / "runs" / BAD / "leases").mkdir(exist_ok=True)
    (both / "runs" / BAD / what).chmod(0)
    out = as_nobody(
        both,
        "for row in runner.summarize_runs(Path('.')): print(row['run_id'], row['status'], row['problem'])",
    )
    (both / "runs" / BAD / what).chmod(0o755)
    good, damaged = out.splitlines()
    assert good.strip() == f"{GOOD} paused"
    if what != "leases":  # without its leases it has no worker, as far as anybody can see
        assert damaged.startswith(f"{BAD} damaged") and "ermission" in damaged and "elete" in damaged


def test_a_folder_that_cannot_be_read_becomes_sound_once_it_can(both, monkeypatch):
    listdir = os.listdir

    def refuse(path):
        if Path(path).name == BAD:
            raise PermissionError(13, "Permission denied", str(path))
        return listdir(path)

    runs = manager(both, max_concurrent_runs=0)
    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", refuse)
        states = runs.get_states()
        assert (states[BAD].status, states[GOOD].status) == ("damaged", "paused")
        assert "Permission denied" in states[BAD].message
    runs._scheduler._clock = lambda: 1e9  # long after
    assert runs.get_state(BAD).status == "paused"
    runs.close()


# ------------------------------------------------------------------ the command line


@pytest.fixture
def say(monkeypatch, capsys):
    """Runs a command in this process; what it printed, and its exit status."""

    def run(*arguments: object) -> tuple[str, str, int]:
        monkeypatch.setattr(sys, "argv", ["studentsim", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
            sys.exit(0)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return out, err, ended.value.code or 0

    return run


@pytest.mark.parametrize("how", [*DAMAGING, *HARMLESS])
def test_the_list_shows_every_run(both, say, how):
    {**DAMAGING, **HARMLESS}[how](bad(both).path)
    out, err, code = say("runs", "--data", both)
    assert code == 0 and err == "" and GOOD in out and BAD in out
    rows = json.loads(say("runs", "--data", both, "--json")[0])
    assert [row["run_id"] for row in rows] == [GOOD, BAD] and rows[0]["problem"] == ""
    assert bool(rows[1]["problem"]) == (how in DAMAGING)
    assert ("damaged" in out) == (how in DAMAGING)


@pytest.mark.parametrize("how", DAMAGING)
@pytest.mark.parametrize("command", ["resume", "export", "archive", "report", "annotate", "export-adapter"])
def test_a_command_on_a_damaged_run_says_what_is_wrong(both, say, tmp_path, how, command):
    DAMAGING[how](bad(both).path)
    to = {"export": "tables", "archive": "all.zip", "report": "report.html", "export-adapter": "adapter"}
    arguments = ["--to", tmp_path / to[command]] if command in to else []
    out, err, code = say(command, BAD, *arguments, "--data", both)
    assert code in (0, 2) and (code == 0 or (err.startswith("Error: ") and len(err) > 30))
    if command == "resume":
        assert code == 2 and "elete" in err


@pytest.mark.parametrize("how", ["journal: middle", "settings: types", "journal: folder"])
def test_of_several_runs_the_sound_ones_are_archived_and_exported(tmp_path, say, how):
    cells = [Cell("group-x", groups.REPEAT_PLAN, 2, {"seed": n}) for n in (1, 2)]
    for run_id, cell in zip((BAD, GOOD), cells, strict=True):
        make_run(tmp_path, run_id, turns=2, exam_size=12, questions_per_turn=6, cell=cell)
        write("cell.json", json.dumps({"group": cell.group, "plan": cell.plan, "runs": 2, "coordinates": {}}))(
            tmp_path / "runs" / run_id
        )
    DAMAGING[how](bad(tmp_path).path)
    out, err, code = say("archive", "group-x", "--to", tmp_path / "x.zip", "--data", tmp_path)
    names = zipfile.ZipFile(tmp_path / "x.zip").namelist()
    assert code == 0 and f"{GOOD}/report.html" in names and (f"{BAD}/PROBLEM.txt" in names) == (BAD in err)
    assert BAD in err or f"{BAD}/tables/answers.csv" in names
    out, err, code = say("export", "group-x", "--to", tmp_path / "tables", "--data", tmp_path)
    assert (tmp_path / "tables" / GOOD / "answers.csv").exists() and (code == 2) == (BAD in err)


NEEDS_RUNS = {
    "runs": [], "resume": ["x"], "annotate": ["x"], "export": ["x", "--to", "y"], "archive": ["x", "--to", "y"], "rebuild-db": [],
    "report": ["x"], "export-adapter": ["x", "--to", "y"],
}  # fmt: skip


@pytest.mark.parametrize("command", NEEDS_RUNS)
def test_a_data_folder_that_is_missing_is_said(tmp_path, say, command):
    out, err, code = say(command, *NEEDS_RUNS[command], "--data", tmp_path / "none")
    assert code == 2 and out == "" and "There is no data folder" in err and "--data" in err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("command", [*NEEDS_RUNS, "run"])
@pytest.mark.parametrize("place", ["", "runs"])
def test_a_file_where_the_data_folder_should_be_is_said(tmp_path, say, command, place):
    data = tmp_path / "data"
    if place:
        data.mkdir()
    (data / place if place else data).write_text("x")
    out, err, code = say(command, *NEEDS_RUNS.get(command, []), "--data", data)
    assert code == 2 and out == "" and err.startswith("Error: ") and "ot a directory" in err


def test_an_empty_data_folder_holds_no_runs(tmp_path, say):
    out, _, code = say("runs", "--data", tmp_path)
    assert code == 0 and "No runs" in out


@pytest.mark.parametrize("command", ["resume", "annotate"])
@pytest.mark.parametrize("code", [30, 13, 28, 5], ids=["read-only", "refused", "full", "fault"])
def test_a_folder_that_cannot_be_written_is_said(both, say, monkeypatch, command, code):
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code), str(bad(both).path))

    for name in ("unlink", "replace", "rename", "mkdir"):
        monkeypatch.setattr(os, name, fail)
    arguments = ["--tag", "x"] if command == "annotate" else []
    out, err, status_code = say(command, BAD, *arguments, "--data", both)
    assert status_code == 2 and err.startswith("Error: ") and BAD in err


def test_a_report_is_written_of_a_folder_that_is_read_only(tmp_path, say, monkeypatch):
    make_run(tmp_path, GOOD, turns=2, exam_size=12, questions_per_turn=6)

    def refuse(folder: Path) -> None:
        raise DataFolderError(f"The database of {folder} cannot be opened: Read-only file system.")

    monkeypatch.setattr(Database, "open", refuse)
    _, err, code = say("report", GOOD, "--to", tmp_path / "report.html", "--data", tmp_path)
    assert code == 0 and err == "" and (tmp_path / "report.html").stat().st_size > 10_000


def test_any_command_says_what_the_system_refuses(tmp_path, say, monkeypatch):
    """One guard for all commands, also for a library's own error."""

    def fail(*_: object) -> None:
        raise RuntimeError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(runner, "summarize_runs", fail)
    out, err, code = say("runs", "--data", tmp_path)
    assert code == 2 and "disk" in err and "Free some space" in err


def test_a_data_folder_that_cannot_be_read_is_an_error_for_the_manager_too(tmp_path):
    runs = manager(tmp_path)
    (tmp_path / "runs").rename(tmp_path / "elsewhere")
    (tmp_path / "runs").write_text("x")
    with pytest.raises(StudentsimError, match="ot a directory"):
        runs.get_states()
    runs.close()


def test_damaged_has_words_an_icon_and_a_colour():
    label, colour, icon = formatting.status_display("damaged")
    assert label == "damaged" and colour == "orange" and icon.startswith(":material/")
    assert (
        "damaged"
        not in formatting.RESUMABLE_STATUSES | formatting.CANCELLABLE_STATUSES | formatting.STATUSES_WITH_WORKER
    )
    assert not RunState("x", "damaged").is_live
