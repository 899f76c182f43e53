"""Hurt runs: noticed, said, repaired, and then they end as if nothing had been."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import fakes
import pytest
from run_help import comparable_events
from typer.testing import CliRunner

from studentsim.cli import app
from studentsim.errors import JournalError, RunError
from studentsim.runs.executor import execute
from studentsim.runs.lease import Lease
from studentsim.runs.repair import check_run, repair_run
from studentsim.runs.run_dir import RunFolder, create_run
from studentsim.runs.status import read_run_state
from studentsim.runs.termination import end_run
from studentsim.store.journal import read_events
from studentsim.store.journal_check import check_journal
from studentsim.store.journal_lines import encode_line


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> RunFolder:
    folder = create_run(tmp_path_factory.mktemp("whole"), fakes.config())
    assert execute(folder, build_components=fakes.fake) == "finished"
    return folder


@pytest.fixture
def run(tmp_path) -> RunFolder:
    folder = create_run(tmp_path, fakes.config())
    execute(folder, build_components=fakes.fake)
    return folder


def flip(path: Path, random: Random) -> int:
    data = bytearray(path.read_bytes())
    position = random.randrange(len(data))
    data[position] ^= 1 << random.randrange(8)
    path.write_bytes(data)
    return position


def test_a_sound_run_has_nothing_to_repair(run: RunFolder):
    assert check_run(run).problems == () and repair_run(run) == []


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_bit_is_noticed_and_after_repair_the_run_ends_equal(run: RunFolder, whole: RunFolder, seed: int):
    before = run.journal_path.read_bytes()
    position = flip(run.journal_path, Random(seed))
    assert check_run(run).problems
    repair_run(run)
    kept = run.journal_path.read_bytes()
    sound = before[:position].rpartition(b"\n")[0] + b"\n"
    assert kept.startswith(sound) if position > before.find(b"\n") else kept.count(b"\n") <= 1, "sound lines are kept"
    assert not [p for p in check_run(run).problems if "journal" in p]
    assert execute(run, build_components=fakes.fake) == "finished"
    assert comparable_events(run) == comparable_events(whole) and check_run(run).problems == ()
    assert (run.path / "events.damaged-1.jsonl").read_bytes() != before


def test_lines_missing_in_the_middle(run: RunFolder, whole: RunFolder):
    lines = run.journal_path.read_bytes().splitlines(keepends=True)
    run.journal_path.write_bytes(b"".join(lines[:30] + lines[40:]))
    with pytest.raises(JournalError, match="events 30 to 39 are missing"):
        read_events(run.journal_path)
    repair_run(run)
    state = read_run_state(run)
    assert state.status == "paused" and "repaired" in state.message and "Resume" in state.remedy
    execute(run, build_components=fakes.fake)
    assert comparable_events(run) == comparable_events(whole)


def test_lines_missing_at_the_end_are_missed(run: RunFolder, whole: RunFolder):
    lines = run.journal_path.read_bytes().splitlines(keepends=True)
    run.journal_path.write_bytes(b"".join(lines[:-10]))
    state = read_run_state(run)
    assert (
        state.status == "interrupted"
        and "The end of its journal is missing or damaged: 10 of its events." in state.message
    )
    assert "the last 10 events are missing" in " ".join(check_run(run).problems)
    repair_run(run)
    execute(run, build_components=fakes.fake)
    assert comparable_events(run) == comparable_events(whole)


def test_an_exam_that_states_other_totals_than_its_answers_give(run: RunFolder):
    lines = run.journal_path.read_text().splitlines()
    plain = [json.loads(line) for line in lines]
    for number, event in enumerate(plain):  # as a version without checksums wrote it
        del event["crc"], event["lease"]
        if event["type"] == "ExamFinished" and event["turn"] == 2:
            event["correct"], where = event["questions"], number
    run.journal_path.write_text("".join(json.dumps(event) + "\n" for event in plain))
    report = check_journal(run.journal_path)
    assert (
        len(report.problems) == 1 and f"line {where + 1}: the exam after turn 2 states 24 of 24" in report.problems[0]
    )
    assert report.unchecked_lines == len(lines)


def test_a_journal_of_which_nothing_is_left_begins_anew(run: RunFolder, whole: RunFolder):
    data = bytearray(run.journal_path.read_bytes())
    data[3] ^= 1
    run.journal_path.write_bytes(data)
    repair_run(run)
    state = read_run_state(run)
    assert state.status == "paused" and "repaired" in state.message
    kept = {path.name for path in run.checkpoints.iterdir()}
    execute(run, build_components=fakes.fake)
    assert (
        comparable_events(run) == comparable_events(whole) and {path.name for path in run.checkpoints.iterdir()} == kept
    )


def test_an_event_that_fits_no_table_is_cut_away(run: RunFolder, whole: RunFolder):
    lines = run.journal_path.read_bytes().splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if b'"phase":"study"' in line)
    event = json.loads(lines[number])
    fields = {name: value for name, value in event.items() if name not in ("seq", "timestamp", "lease", "crc")}
    lines[number] = encode_line(fields | {"p_correct": "x"}, seq=event["seq"], epoch=event["lease"], timestamp=1.0)
    run.journal_path.write_bytes(b"".join(lines))
    assert "p_correct" in " ".join(check_run(run).problems)
    repair_run(run)
    execute(run, build_components=fakes.fake)
    assert comparable_events(run) == comparable_events(whole) and check_run(run).problems == ()


def test_the_end_of_a_run_that_no_worker_ended_is_missed_too(tmp_path):
    folder = create_run(tmp_path, fakes.config())
    end_run(folder, "cancelled")
    lines = folder.journal_path.read_bytes().splitlines(keepends=True)
    folder.journal_path.write_bytes(b"".join(lines[:-1]))
    assert "the last 1 events are missing" in " ".join(check_run(folder).problems)


def test_settings_that_cannot_be_read_come_from_the_journal(run: RunFolder):
    config = run.read_config()
    (run.path / "config.json").write_bytes(b"\0\xff not json")
    assert "settings" in check_run(run).problems[0]
    assert repair_run(run) == ["wrote the settings anew, from the journal"]
    assert run.read_config() == config


def test_settings_that_stand_nowhere_are_said(tmp_path):
    folder = create_run(tmp_path, fakes.config())
    (folder.path / "config.json").write_text("{")
    with pytest.raises(RunError, match="cannot be read"):
        repair_run(folder)


def test_a_run_at_work_is_left_alone(run: RunFolder):
    lease = Lease.acquire(run)
    with pytest.raises(RunError, match="at work"):
        repair_run(run)
    lease.close()


def test_a_damaged_checkpoint_goes(run: RunFolder):
    newest = sorted(run.checkpoints.iterdir())[-1]
    next(f for f in newest.iterdir() if f.name != "manifest.json").write_bytes(b"x")
    assert "checkpoint" in check_run(run).problems[0]
    assert "removed the damaged checkpoint" in repair_run(run)[0] and check_run(run).problems == ()


def test_the_commands_say_it(run: RunFolder):
    data = ["--data", str(run.path.parents[1])]
    runner = CliRunner()
    found = runner.invoke(app, ["verify", *data])
    assert found.exit_code == 0 and "sound" in found.output
    flip(run.journal_path, Random(1))
    found = runner.invoke(app, ["verify", run.run_id, *data, "--json"])
    assert found.exit_code == 1 and json.loads(found.output.splitlines()[-1])["runs"][0]["problems"]
    assert "sound lines" in runner.invoke(app, ["repair", run.run_id, *data]).output
    assert runner.invoke(app, ["verify", *data]).exit_code == 0
