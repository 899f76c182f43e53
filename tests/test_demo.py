"""The recorded study: how it is made, how a data folder takes it in, and that what ships is sound."""

from __future__ import annotations

import json
import lzma
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import answer_queries
import fakes
import pytest
import typer
from journals import make_run

from studentsim import presets
from studentsim.cli import export, record_demo, runner
from studentsim.config import RunConfig
from studentsim.errors import ConfigError, RunError
from studentsim.labels.strategy_styles import STRATEGY_STYLES
from studentsim.legacy_names import upgrade_event
from studentsim.runs import demo
from studentsim.runs.executor import execute
from studentsim.runs.manager import RunManager
from studentsim.runs.run_dir import RunFolder, create_run, delete_run, list_runs
from studentsim.runs.status import read_run_state
from studentsim.store import ingest, queries
from studentsim.store.database import Database, rebuild_database
from studentsim.store.journal import read_events

NAMES = {strategy: look.name for strategy, look in STRATEGY_STYLES.items()}
IDS = sorted(demo.EMBEDDED_STUDY.run_id_for(config) for config in demo.EMBEDDED_STUDY.build_configs(NAMES))


@pytest.fixture(autouse=True)
def asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests want the recorded study."""
    monkeypatch.setenv(demo.RECORDED_VARIABLE, "1")


def pack(folder: Path, to: Path, run_id: str = "it", **settings: object) -> Path:
    to.mkdir(exist_ok=True)
    return demo.pack_run(RunFolder(make_run(folder, run_id, **{"turns": 2, "strategy": "random", **settings})), to)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two packed runs."""
    for strategy in ("random", "log-probability+category"):
        pack(tmp_path / "scratch", tmp_path / "source", strategy.replace("+", "-"), strategy=strategy)
    return tmp_path / "source"


def ids(data: Path) -> list[str]:
    return [folder.run_id for folder in list_runs(data)]


# ------------------------------------------------------------------ making it


def test_a_packed_journal_is_the_run_s_own_but_for_the_first_event_that_says_recorded(tmp_path: Path):
    path = pack(tmp_path, tmp_path / "to")
    told = [json.loads(line) for line in lzma.decompress(path.read_bytes()).splitlines()]
    own = read_events(tmp_path / "runs" / "it" / "events.jsonl")
    for event in own:
        del event["lease"]
    assert told[1:] == own[1:]
    assert told[0] == own[0] | {"recorded": True, "run_id": "recorded-random-seed-0"}


def test_packing_the_same_run_twice_gives_the_same_bytes(tmp_path: Path):
    folder = RunFolder(make_run(tmp_path, turns=2, strategy="random"))
    assert demo.pack_run(folder, tmp_path).read_bytes() == demo.pack_run(folder, tmp_path).read_bytes()


def test_a_study_s_runs_are_told_from_another_s_whose_ids_begin_alike():
    assert demo.EMBEDDED_STUDY.contains_run("recorded-category-seed-12")
    assert demo.SMOLLM2_STUDY.contains_run("recorded-smollm2-log-probability-category-seed-3")
    for other in ("recorded-gemma-random-seed-1", "recorded-random", "recorded-smollm2-random-seed-1"):
        assert not demo.EMBEDDED_STUDY.contains_run(other) and demo.find_study_of_run(other) in (
            demo.SMOLLM2_STUDY,
            None,
        )


@pytest.mark.parametrize("settings", [{"status": "paused", "turn": 1}, {"status": "", "turn": 1}])
def test_a_run_that_did_not_finish_is_not_packed(tmp_path: Path, settings: Mapping):
    folder = RunFolder(make_run(tmp_path, turns=2, **settings))
    with pytest.raises(RunError, match="did not finish"):
        demo.pack_run(folder, tmp_path)


def test_a_run_that_was_interrupted_is_packed_as_if_it_had_not_been(tmp_path: Path):
    folder, whole = (create_run(tmp_path, fakes.config(strategy="random")) for _ in range(2))
    execute(
        folder, build_components=fakes.fake, on_event=lambda e: folder.write_request("pause") if e.turn == 2 else None
    )
    folder.clear_request()
    assert execute(folder, build_components=fakes.fake) == execute(whole, build_components=fakes.fake) == "finished"
    assert "RunResumed" in {event["type"] for event in read_events(folder.journal_path)}
    told = [_told(demo.pack_run(run, tmp_path)) for run in (folder, whole)]
    assert [event["seq"] for event in told[0]] == list(range(len(told[0])))
    assert [_bare(e) for e in told[0] if e["type"] != "StageStarted"] == [
        _bare(e) for e in told[1] if e["type"] != "StageStarted"
    ]
    assert [e["timestamp"] for e in told[0]] == sorted(e["timestamp"] for e in told[0])


def _told(path: Path) -> list[dict]:
    return [upgrade_event(json.loads(line)) for line in lzma.decompress(path.read_bytes()).splitlines()]


def _bare(event: Mapping) -> dict:
    """Without what two runs of the same settings differ in: ids, places, seconds."""
    return {
        k: v
        for k, v in event.items()
        if k not in ("seq", "lease", "timestamp", "seconds", "milliseconds", "versions", "run_id")
    }


def test_a_packed_journal_names_the_bank_s_file_but_not_the_folder_it_lay_in(tmp_path: Path):
    (tmp_path / "dev.json").write_text("[]")
    joined = f"{tmp_path / 'dev.json'} | gsm8k"
    for number, (bank, named) in enumerate(
        {str(tmp_path / "dev.json"): "dev.json", joined: "dev.json | gsm8k", "math_qa": "math_qa"}.items()
    ):
        told = _told(pack(tmp_path, tmp_path / "to", f"run-{number}", bank=bank))
        assert told[0]["config"]["bank"] == named and str(tmp_path) not in json.dumps(told)


def test_the_study_is_one_student_under_several_ways_and_those_compared_have_several_seeds():
    configs = demo.EMBEDDED_STUDY.build_configs(NAMES)
    assert Counter(c.strategy for c in configs) == {"random": 5, "category": 5, "none": 1, "fixed": 1}
    assert len({run for run in IDS}) == len(configs) == len({c.name for c in configs}) == 12
    same = {c.model_copy(update={"strategy": "none", "seed": 0, "name": ""}).model_dump_json() for c in configs}
    assert len(same) == 1 and (configs[0].turns, configs[0].exam_size, configs[0].exam_every) == (8, 300, 2)
    assert all(demo.is_embedded_study_run(run_id) for run_id in IDS)
    assert not demo.is_embedded_study_run("recorded-random") and not demo.is_embedded_study_run("20261121-031500-k3f9")
    assert Counter(c.strategy for c in demo.EMBEDDED_STUDY.build_configs(NAMES, seeds_by_strategy={"random": 2})) == {
        "random": 2
    }


def test_the_command_records_each_way_with_its_seeds_and_what_ran_is_what_a_checked_run_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(runner, "components_builder", fakes.fake)
    checked = []
    monkeypatch.setattr(record_demo.preflight, "check_run_config", lambda config: checked.append(config) or config)
    (tmp_path / f"recorded-old{demo.JOURNAL_SUFFIX}").touch()
    of_another_study = f"recorded-smollm2-none-seed-1{demo.JOURNAL_SUFFIX}"
    (tmp_path / of_another_study).touch()
    paths = record_demo.record_study(demo.EMBEDDED_STUDY, tmp_path / "work", tmp_path, turns=1, exam_size=12).files
    shutil.rmtree(tmp_path / "work")
    (tmp_path / of_another_study).unlink()  # it is still there
    assert sorted(path.name.removesuffix(demo.JOURNAL_SUFFIX) for path in tmp_path.iterdir()) == IDS
    assert (
        len(paths) == len(IDS) == len(checked) and "Recorded study, mixed bag, seed 5: exam" in capsys.readouterr().out
    )
    assert sorted(demo.unpack_recorded_runs(tmp_path / "data", tmp_path)) == IDS


def test_the_command_takes_fewer_seeds_and_shorter_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(runner, "components_builder", fakes.fake)
    monkeypatch.setattr(record_demo.preflight, "check_run_config", lambda config: config)
    export.record_demo(tmp_path, seeds=1, turns=1, exam_size=12)
    assert len(list(tmp_path.iterdir())) == 4 and f"MB in {tmp_path}" in capsys.readouterr().out


SMALL = demo.RecordedStudy(
    "small",
    {"random": 2, "none": 1},
    {"turns": 2, "questions_per_turn": 12, "exam_size": 24, "validation": 6},
    run_id_prefix="recorded-small-",
)


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings are not looked at: the whole bank would be made for that."""
    monkeypatch.setattr(record_demo.preflight, "check_run_config", lambda config: config)
    monkeypatch.setattr(runner, "components_builder", fakes.fake)


def test_a_recording_that_is_killed_goes_on_and_ends_as_one_that_was_not(
    tmp_path: Path, unchecked: None, monkeypatch: pytest.MonkeyPatch
):
    def killed() -> None:
        raise KeyboardInterrupt

    loads = iter([fakes.fake, fakes.prone("answer", 60, killed)])
    monkeypatch.setattr(runner, "components_builder", lambda config: next(loads)(config))
    with pytest.raises(KeyboardInterrupt):
        record_demo.record_study(SMALL, tmp_path / "work", tmp_path / "to")
    assert not (tmp_path / "to").exists()
    first = tmp_path / "work" / "runs" / "recorded-small-random-seed-1" / "events.jsonl"
    before = first.read_bytes()
    monkeypatch.setattr(runner, "components_builder", fakes.fake)
    found = record_demo.record_study(SMALL, tmp_path / "work", tmp_path / "to")
    whole = record_demo.record_study(SMALL, tmp_path / "again", tmp_path / "whole")
    assert first.read_bytes() == before and not found.remaining_run_ids and len(found.files) == 3
    resumed = (tmp_path / "work" / "runs" / "recorded-small-none-seed-1" / "events.jsonl").read_text()
    assert '"type":"RunResumed"' in resumed
    for one, other in zip(found.files, whole.files, strict=True):
        own, wanted = ([_bare(e) for e in _told(path) if e["type"] != "StageStarted"] for path in (one, other))
        assert one.name == other.name and own == wanted


def test_a_recording_stops_when_its_time_is_up_says_what_is_left_and_goes_on(
    tmp_path: Path, unchecked: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(demo, "STUDIES", {"small": SMALL})
    to, work = tmp_path / "to", tmp_path / "work"
    for hours in (0.0, 1e-9):  # before the first run; within it
        with pytest.raises(typer.Exit) as ended:
            export.record_demo(to, study="small", work=work, hours=hours)
        assert ended.value.exit_code == 3 and not to.exists()
        said = capsys.readouterr().out
        assert "3 of 3 runs are left: recorded-small-random-seed-1" in said and "goes on with them" in said
    export.record_demo(to, study="small", work=work)
    assert len(list(to.iterdir())) == 3
    with pytest.raises(ConfigError, match="not where to keep"):
        export.record_demo(to, study="small", hours=1)


def test_a_folder_that_holds_runs_with_other_settings_is_refused(tmp_path: Path, unchecked: None):
    record_demo.record_study(SMALL, tmp_path / "work", tmp_path / "to", max_hours=0)
    with pytest.raises(RunError, match="recorded-small-random-seed-1 with other settings"):
        record_demo.record_study(SMALL, tmp_path / "work", tmp_path / "to", exam_size=12)


def test_what_the_machine_decides_is_settled_once_for_all_runs(
    tmp_path: Path, unchecked: None, monkeypatch: pytest.MonkeyPatch
):
    dtypes = iter(["bfloat16", "float32", "float32"])

    def pinned(config: RunConfig) -> RunConfig:
        model_loading = config.model_loading
        return config.model_copy(
            update={"model_loading": model_loading.model_copy(update={"dtype": next(dtypes)})}
            if model_loading.dtype == "auto"
            else {}
        )

    monkeypatch.setattr(record_demo.preflight, "check_run_config", pinned)
    record_demo.record_study(SMALL, tmp_path / "work", tmp_path / "to", max_hours=0)
    assert {folder.read_config().model_loading.dtype for folder in list_runs(tmp_path / "work")} == {"bfloat16"}


def test_a_run_that_fails_ends_the_recording_in_words(tmp_path: Path, unchecked: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runner, "components_builder", fakes.prone("answer", 60, fakes.memory))
    with pytest.raises(RunError, match="recorded-small-random-seed-1 failed"):
        record_demo.record_study(SMALL, tmp_path / "work", tmp_path / "to")


def test_smollm2_s_study_is_the_paper_s_ways_and_no_teaching_on_questions_that_must_be_named(tmp_path: Path):
    study = demo.get_study("smollm2")
    configs = study.build_configs(NAMES, bank="dev.json")
    assert Counter(c.strategy for c in configs) == dict.fromkeys([*presets.PAPER_STRATEGIES, "none"], 3)
    ids = {study.run_id_for(config) for config in configs}
    assert len(ids) == 15 and "recorded-smollm2-log-probability-category-seed-3" in ids
    assert all(demo.find_study_of_run(run_id) is study and not demo.is_embedded_study_run(run_id) for run_id in ids)
    config = configs[0]
    assert config.exam_turns() == (0, 5, 10) and (config.questions_per_turn, config.exam_size, config.validation) == (
        24,
        200,
        8,
    )
    assert (config.model, config.model_loading.exam_mode, config.model_loading.dtype, config.dpo.epochs) == (
        "smollm2",
        "scored",
        "auto",
        1,
    )
    suits = presets.get_preset("default", "smollm2")
    paper = RunConfig.paper(model="smollm2").dpo.model_copy(update={"epochs": 1, "batch_size": suits.dpo.batch_size})
    assert config.dpo == paper and config.max_new_tokens == suits.max_new_tokens
    assert config.name == "Recorded study, SmolLM2, mixed bag, seed 1" and config.drop_invalid
    with pytest.raises(ConfigError, match="do not come with the product"):
        study.build_configs(NAMES)
    with pytest.raises(ConfigError, match="Choose among embedded, smollm2"):
        demo.get_study("gemma")


# ------------------------------------------------------------------ taking it in


def test_a_data_folder_takes_the_study_in_once_as_finished_runs(tmp_path: Path, source: Path):
    data = tmp_path / "data"
    taken = demo.unpack_recorded_runs(data, source)
    assert sorted(taken) == ids(data) == ["recorded-log-probability-category-seed-0", "recorded-random-seed-0"]
    assert all(read_run_state(folder).status == "finished" for folder in list_runs(data))
    assert {folder.read_config().strategy for folder in list_runs(data)} == {"random", "log-probability+category"}
    assert demo.unpack_recorded_runs(data, source) == []


def test_the_switch_keeps_it_away(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(demo.RECORDED_VARIABLE, "0")
    assert demo.unpack_recorded_runs(tmp_path / "data", source) == [] and not (tmp_path / "data").exists()


def test_a_recorded_run_that_was_deleted_does_not_come_back(tmp_path: Path, source: Path):
    data = tmp_path / "data"
    demo.unpack_recorded_runs(data, source)
    delete_run(RunFolder(data / "runs" / "recorded-random-seed-0"))
    assert demo.unpack_recorded_runs(data, source) == []
    (data / "runs" / demo.FINGERPRINTS_FILE).unlink()
    demo.unpack_recorded_runs(data, source)
    assert "recorded-random-seed-0" not in ids(data)


def test_whoever_deleted_all_recorded_runs_is_not_sent_those_of_another_version(tmp_path: Path, source: Path):
    data = tmp_path / "data"
    for run_id in demo.unpack_recorded_runs(data, source):
        delete_run(RunFolder(data / "runs" / run_id))
    pack(tmp_path / "again", tmp_path / "next", strategy="fixed", seed=1)
    assert demo.unpack_recorded_runs(data, tmp_path / "next") == [] and ids(data) == []


def test_a_folder_with_an_earlier_version_s_study_keeps_it_and_gets_the_new_one_beside_it(tmp_path: Path, source: Path):
    data = tmp_path / "data"
    demo.unpack_recorded_runs(data, source)
    journals = {run_id: (data / "runs" / run_id / "events.jsonl").read_bytes() for run_id in ids(data)}
    pack(tmp_path / "again", tmp_path / "next", strategy="random", seed=1)
    assert demo.unpack_recorded_runs(data, tmp_path / "next") == ["recorded-random-seed-1"]
    assert ids(data) == sorted([*journals, "recorded-random-seed-1"])
    assert all((data / "runs" / run_id / "events.jsonl").read_bytes() == text for run_id, text in journals.items())


def test_a_newer_recording_takes_the_older_one_s_place_but_not_a_deleted_one_s(tmp_path: Path, source: Path):
    data = tmp_path / "data"
    demo.unpack_recorded_runs(data, source)
    with Database.open(data) as database:
        ingest.sync_journals(database, data / "runs")
        assert answer_queries.fetch_last_seq(database, "recorded-random-seed-0") > 0
        delete_run(RunFolder(data / "runs" / "recorded-log-probability-category-seed-0"))
        pack(tmp_path / "again", source, strategy="random", turns=4)
        pack(tmp_path / "again", source, "both", strategy="log-probability+category", turns=4)
        assert demo.unpack_recorded_runs(data, source) == ["recorded-random-seed-0"]
        ingest.sync_journals(database, data / "runs")
        assert queries.fetch_run(database, "recorded-random-seed-0").turns_planned == 4
        assert queries.fetch_exams(database, "recorded-random-seed-0").turn.max() == 4
    assert ids(data) == ["recorded-random-seed-0"]
    assert not list((data / "runs").glob(".gone-*"))


@pytest.mark.parametrize("damage", [b"", b"not xz at all", lzma.compress(b"{}\n"), lzma.compress(b"no line")])
def test_a_damaged_file_is_left_out_and_hinders_nothing(tmp_path: Path, source: Path, damage: bytes):
    (source / f"recorded-none-seed-0{demo.JOURNAL_SUFFIX}").write_bytes(damage)
    assert len(demo.unpack_recorded_runs(tmp_path / "data", source)) == 2


def test_a_data_folder_that_cannot_be_made_is_for_others_to_tell(tmp_path: Path, source: Path):
    (tmp_path / "file").touch()
    assert demo.unpack_recorded_runs(tmp_path / "file" / "data", source) == []


def test_the_database_knows_that_they_are_recorded_and_keeps_them_out_of_this_computer_s_speed(
    tmp_path: Path, source: Path
):
    data = tmp_path / "data"
    demo.unpack_recorded_runs(data, source)
    with Database.open(data) as database:
        ingest.sync_journals(database, data / "runs")
        assert queries.fetch_run(database, "recorded-random-seed-0").recorded
        assert queries.fetch_recent_timings(database).runs == 0
        make_run(data, "own", turns=2)
        ingest.sync_journals(database, data / "runs")
        assert queries.fetch_recent_timings(database).runs == 1
        runs = queries.fetch_runs(database)
        assert set(runs[runs.recorded].run_id) == {"recorded-random-seed-0", "recorded-log-probability-category-seed-0"}


def test_a_deleted_run_stays_away_when_the_database_is_made_anew(tmp_path: Path, source: Path):
    data = tmp_path / "data"
    demo.unpack_recorded_runs(data, source)
    manager = RunManager(data, tick_interval_seconds=None)
    manager.delete("recorded-random-seed-0")
    assert rebuild_database(data) == 1
    for refused in (manager.resume, manager.cancel):
        with pytest.raises(RunError, match="is finished"):
            refused("recorded-log-probability-category-seed-0")


# ------------------------------------------------------------------ what ships


def shipped() -> list[Path]:
    return sorted(demo.RECORDED_FOLDER.glob(f"*{demo.JOURNAL_SUFFIX}"))


def test_what_ships_is_small_and_of_the_studies_that_there_are():
    files = shipped()
    of = [demo.find_study_of_run(path.name.removesuffix(demo.JOURNAL_SUFFIX)) for path in files]
    assert None not in of and demo.EMBEDDED_STUDY in of
    assert sum(path.stat().st_size for path in files) <= 5e6
    assert sum(path.stat().st_size for path, one in zip(files, of, strict=True) if one is demo.EMBEDDED_STUDY) < 1.3e6


def test_smollm2_s_journals_ship_with_all_seeds_of_each_way_or_not_at_all_and_whose_questions_they_hold_is_said():
    own = [path for path in shipped() if demo.SMOLLM2_STUDY.contains_run(path.name.removesuffix(demo.JOURNAL_SUFFIX))]
    ways = Counter(path.name.partition("-seed-")[0] for path in own)
    assert len(set(ways.values())) <= 1 and len(ways) in (0, len(demo.SMOLLM2_STUDY.seeds_by_strategy))
    for path in own:
        config = _told(path)[0]["config"]
        assert (config["model"], config["model_loading"]["exam_mode"]) == ("smollm2", "scored") and "/" not in config[
            "bank"
        ]
        assert config["model_loading"]["revision"] and config["model_loading"]["dtype"] != "auto"
    notice = (demo.RECORDED_FOLDER.parents[1] / "NOTICE").read_text()
    assert "MathQA" in notice and "Amini" in notice and "Apache License, Version 2.0" in notice


def test_the_embedded_student_s_journals_are_whole_and_one_study(tmp_path: Path):
    demo.unpack_recorded_runs(tmp_path)
    configs = [folder.read_config() for folder in list_runs(tmp_path) if folder.run_id in IDS]
    assert [folder.run_id for folder in list_runs(tmp_path) if demo.is_embedded_study_run(folder.run_id)] == IDS
    same = {c.model_copy(update={"strategy": "none", "seed": 0, "name": ""}).model_dump_json() for c in configs}
    assert len(same) == 1
    assert configs[0].dpo == RunConfig().dpo and configs[0].student == demo.EMBEDDED_SETTINGS["student"]
    told = [read_events(tmp_path / "runs" / run_id / "events.jsonl") for run_id in IDS]
    exams = [[e["correct"] for e in events if e["type"] == "ExamFinished"] for events in told]
    assert len({own[0] for own in exams}) == 1 and all(len(own) == len(configs[0].exam_turns()) for own in exams)
    for run_id in IDS[:-1]:
        shutil.rmtree(tmp_path / "runs" / run_id)
    with Database.open(tmp_path) as database:  # one goes through the database; Home shows all in test_browser_new.py
        ingest.sync_journals(database, tmp_path / "runs")
        assert queries.fetch_exams(database, IDS[-1]).correct.tolist() == exams[-1]
    assert not database.notices
