"""The recorded study: how it is made, how a data folder takes it in, and that what ships is sound."""

from __future__ import annotations

import json
import lzma
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import casts
import pytest
from journals import make_run

from studentsim import foreground
from studentsim.cli import handing_out
from studentsim.config import RunConfig
from studentsim.errors import RunError
from studentsim.runs import recorded
from studentsim.runs.execute import execute
from studentsim.runs.folder import RunFolder, all_runs, create_run, delete_run
from studentsim.runs.manager import Manager
from studentsim.runs.states import observe
from studentsim.store import ingest, queries
from studentsim.store.database import Database, rebuild
from studentsim.store.journal import read_events
from studentsim.ui.looks import STRATEGIES

NAMES = {strategy: look.name for strategy, look in STRATEGIES.items()}
IDS = sorted(recorded.run_id_of(config) for config in recorded.study(NAMES))


@pytest.fixture(autouse=True)
def asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests want the recorded study."""
    monkeypatch.setenv(recorded.VARIABLE, "1")


def pack(folder: Path, to: Path, run_id: str = "it", **settings: object) -> Path:
    to.mkdir(exist_ok=True)
    return recorded.pack(RunFolder(make_run(folder, run_id, **{"turns": 2, "strategy": "random", **settings})), to)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two packed runs."""
    for strategy in ("random", "log-probability+category"):
        pack(tmp_path / "scratch", tmp_path / "source", strategy.replace("+", "-"), strategy=strategy)
    return tmp_path / "source"


def ids(data: Path) -> list[str]:
    return [folder.run_id for folder in all_runs(data)]


# ------------------------------------------------------------------ making it


def test_a_packed_journal_is_the_run_s_own_but_for_the_first_event_that_says_recorded(tmp_path: Path):
    path = pack(tmp_path, tmp_path / "to")
    told = [json.loads(line) for line in lzma.decompress(path.read_bytes()).splitlines()]
    own = read_events(tmp_path / "runs" / "it" / "events.jsonl")
    assert told[1:] == own[1:]
    assert told[0] == own[0] | {"recorded": True, "run_id": "recorded-random-seed-0"}


def test_packing_the_same_run_twice_gives_the_same_bytes(tmp_path: Path):
    folder = RunFolder(make_run(tmp_path, turns=2, strategy="random"))
    assert recorded.pack(folder, tmp_path).read_bytes() == recorded.pack(folder, tmp_path).read_bytes()


@pytest.mark.parametrize("settings", [{"status": "paused", "turn": 1}, {"status": "", "turn": 1}])
def test_a_run_that_did_not_finish_is_not_packed(tmp_path: Path, settings: Mapping):
    folder = RunFolder(make_run(tmp_path, turns=2, **settings))
    with pytest.raises(RunError, match="did not finish in one go"):
        recorded.pack(folder, tmp_path)


def test_a_run_that_was_resumed_is_not_packed(tmp_path: Path):
    folder = create_run(tmp_path, casts.config(strategy="random"))
    execute(folder, load_cast=casts.fake, on_event=lambda e: folder.request("pause") if e.turn == 2 else None)
    folder.clear_request()
    assert execute(folder, load_cast=casts.fake) == "finished"
    with pytest.raises(RunError):
        recorded.pack(folder, tmp_path)


def test_the_study_is_one_student_under_several_ways_and_those_compared_have_several_seeds():
    configs = recorded.study(NAMES)
    assert Counter(c.strategy for c in configs) == {"random": 5, "category": 5, "none": 1, "fixed": 1}
    assert len({run for run in IDS}) == len(configs) == len({c.name for c in configs}) == 12
    same = {c.model_copy(update={"strategy": "none", "seed": 0, "name": ""}).model_dump_json() for c in configs}
    assert len(same) == 1 and (configs[0].turns, configs[0].exam, configs[0].exam_every) == (8, 300, 2)
    assert all(recorded.of_this_study(run_id) for run_id in IDS)
    assert not recorded.of_this_study("recorded-random") and not recorded.of_this_study("20261121-031500-k3f9")
    assert Counter(c.strategy for c in recorded.study(NAMES, seeds={"random": 2})) == {"random": 2}


def test_the_command_records_each_way_with_its_seeds_and_what_ran_is_what_a_checked_run_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(foreground, "load_cast", casts.fake)
    checked = []
    monkeypatch.setattr(foreground.preflight, "check", lambda config: checked.append(config) or config)
    (tmp_path / f"recorded-old{recorded.SUFFIX}").touch()
    paths = foreground.record(tmp_path, turns=2, exam=24)
    assert sorted(path.name.removesuffix(recorded.SUFFIX) for path in tmp_path.iterdir()) == IDS
    assert (
        len(paths) == len(IDS) == len(checked) and "Recorded study, mixed bag, seed 5: exam" in capsys.readouterr().out
    )
    assert sorted(recorded.unpack(tmp_path / "data", tmp_path)) == IDS


def test_the_command_takes_fewer_seeds_and_shorter_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(foreground, "load_cast", casts.fake)
    monkeypatch.setattr(foreground.preflight, "check", lambda config: config)
    handing_out.record(tmp_path, seeds=1, turns=2, exam=24)
    assert len(list(tmp_path.iterdir())) == 4 and f"MB in {tmp_path}" in capsys.readouterr().out


# ------------------------------------------------------------------ taking it in


def test_a_data_folder_takes_the_study_in_once_as_finished_runs(tmp_path: Path, source: Path):
    data = tmp_path / "data"
    taken = recorded.unpack(data, source)
    assert sorted(taken) == ids(data) == ["recorded-log-probability-category-seed-0", "recorded-random-seed-0"]
    assert all(observe(folder).status == "finished" for folder in all_runs(data))
    assert {folder.config().strategy for folder in all_runs(data)} == {"random", "log-probability+category"}
    assert recorded.unpack(data, source) == []


def test_the_switch_keeps_it_away(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(recorded.VARIABLE, "0")
    assert recorded.unpack(tmp_path / "data", source) == [] and not (tmp_path / "data").exists()


def test_a_recorded_run_that_was_deleted_does_not_come_back(tmp_path: Path, source: Path):
    data = tmp_path / "data"
    recorded.unpack(data, source)
    delete_run(RunFolder(data / "runs" / "recorded-random-seed-0"))
    assert recorded.unpack(data, source) == []
    (data / "runs" / recorded.KNOWN).unlink()
    recorded.unpack(data, source)
    assert "recorded-random-seed-0" not in ids(data)


def test_whoever_deleted_all_recorded_runs_is_not_sent_those_of_another_version(tmp_path: Path, source: Path):
    data = tmp_path / "data"
    for run_id in recorded.unpack(data, source):
        delete_run(RunFolder(data / "runs" / run_id))
    pack(tmp_path / "again", tmp_path / "next", strategy="fixed", seed=1)
    assert recorded.unpack(data, tmp_path / "next") == [] and ids(data) == []


def test_a_folder_with_an_earlier_version_s_study_keeps_it_and_gets_the_new_one_beside_it(tmp_path: Path, source: Path):
    data = tmp_path / "data"
    recorded.unpack(data, source)
    journals = {run_id: (data / "runs" / run_id / "events.jsonl").read_bytes() for run_id in ids(data)}
    pack(tmp_path / "again", tmp_path / "next", strategy="random", seed=1)
    assert recorded.unpack(data, tmp_path / "next") == ["recorded-random-seed-1"]
    assert ids(data) == sorted([*journals, "recorded-random-seed-1"])
    assert all((data / "runs" / run_id / "events.jsonl").read_bytes() == text for run_id, text in journals.items())


def test_a_newer_recording_takes_the_older_one_s_place_but_not_a_deleted_one_s(tmp_path: Path, source: Path):
    data = tmp_path / "data"
    recorded.unpack(data, source)
    with Database.open(data) as database:
        ingest.sync(database, data / "runs")
        assert queries.last_seq(database, "recorded-random-seed-0") > 0
        delete_run(RunFolder(data / "runs" / "recorded-log-probability-category-seed-0"))
        pack(tmp_path / "again", source, strategy="random", turns=4)
        pack(tmp_path / "again", source, "both", strategy="log-probability+category", turns=4)
        assert recorded.unpack(data, source) == ["recorded-random-seed-0"]
        ingest.sync(database, data / "runs")
        assert queries.run(database, "recorded-random-seed-0").turns_planned == 4
        assert queries.exams(database, "recorded-random-seed-0").turn.max() == 4
    assert ids(data) == ["recorded-random-seed-0"]
    assert not list((data / "runs").glob(".gone-*"))


@pytest.mark.parametrize("damage", [b"", b"not xz at all", lzma.compress(b"{}\n"), lzma.compress(b"no line")])
def test_a_damaged_file_is_left_out_and_hinders_nothing(tmp_path: Path, source: Path, damage: bytes):
    (source / f"recorded-none-seed-0{recorded.SUFFIX}").write_bytes(damage)
    assert len(recorded.unpack(tmp_path / "data", source)) == 2


def test_a_data_folder_that_cannot_be_made_is_for_others_to_tell(tmp_path: Path, source: Path):
    (tmp_path / "file").touch()
    assert recorded.unpack(tmp_path / "file" / "data", source) == []


def test_the_database_knows_that_they_are_recorded_and_keeps_them_out_of_this_computer_s_speed(
    tmp_path: Path, source: Path
):
    data = tmp_path / "data"
    recorded.unpack(data, source)
    with Database.open(data) as database:
        ingest.sync(database, data / "runs")
        assert queries.run(database, "recorded-random-seed-0").recorded
        assert queries.recent_speed(database).runs == 0
        make_run(data, "own", turns=2)
        ingest.sync(database, data / "runs")
        assert queries.recent_speed(database).runs == 1
        runs = queries.runs(database)
        assert set(runs[runs.recorded].run_id) == {"recorded-random-seed-0", "recorded-log-probability-category-seed-0"}


def test_a_deleted_run_stays_away_when_the_database_is_made_anew(tmp_path: Path, source: Path):
    data = tmp_path / "data"
    recorded.unpack(data, source)
    manager = Manager(data, tick_every=None)
    manager.delete("recorded-random-seed-0")
    assert rebuild(data) == 1
    for refused in (manager.resume, manager.cancel):
        with pytest.raises(RunError, match="is finished"):
            refused("recorded-log-probability-category-seed-0")


# ------------------------------------------------------------------ what ships


def test_what_ships_is_small_whole_and_one_study(tmp_path: Path):
    files = sorted(recorded.FOLDER.glob(f"*{recorded.SUFFIX}"))
    assert sorted(path.name.removesuffix(recorded.SUFFIX) for path in files) == IDS
    assert sum(path.stat().st_size for path in files) < 1.3e6
    assert sorted(recorded.unpack(tmp_path)) == IDS
    configs = [folder.config() for folder in all_runs(tmp_path)]
    same = {c.model_copy(update={"strategy": "none", "seed": 0, "name": ""}).model_dump_json() for c in configs}
    assert len(same) == 1
    assert configs[0].learning == RunConfig().learning and configs[0].student == recorded.SETTINGS["student"]
    with Database.open(tmp_path) as database:
        ingest.sync(database, tmp_path / "runs")
        exams = queries.exams_of(database, IDS)
    assert len(exams[exams.turn == 0].correct.unique()) == 1
    assert not database.notices
