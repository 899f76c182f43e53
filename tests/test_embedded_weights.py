"""Which weights the embedded student has: named in a run's settings and in its checkpoints, found again, never exchanged unnoticed."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import fakes
import pytest
from journals import as_of_0_1, make_run, without_what_came_later
from safetensors.torch import load_file, save_file

from studentsim import cli, factory
from studentsim.cli import record_demo, runner
from studentsim.config import EMBEDDED_0_1_WEIGHTS, RunConfig, parse_stored_config, upgrade_stored_settings
from studentsim.datasets.registry import open_bank
from studentsim.errors import ConfigError, StudentError
from studentsim.runs import demo, preflight
from studentsim.runs.executor import execute
from studentsim.runs.manager import RunManager
from studentsim.runs.run_dir import create_run, list_runs, open_run, pin_embedded_weights
from studentsim.store.export import export_run
from studentsim.store.journal import read_events
from studentsim.student import adapter
from studentsim.student.embedded import weight_versions
from studentsim.student.embedded.model import load_embedded_model
from studentsim.student.embedded.student import EmbeddedStudent
from studentsim.student.embedded.weight_versions import FINGERPRINT_0_1, WEIGHTS_DIR_0_1, WEIGHTS_FILENAME

NOWHERE = "0123456789abcdef"
"""The fingerprint of no weights that are here."""


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of the same shape as version 0.1's, with other values."""
    folder = tmp_path_factory.mktemp("others")
    shutil.copytree(WEIGHTS_DIR_0_1, folder, dirs_exist_ok=True)
    state = {name: tensor * 1.01 for name, tensor in load_file(folder / WEIGHTS_FILENAME).items()}
    save_file(state, folder / WEIGHTS_FILENAME, metadata={"format": "pt"})
    return folder


@pytest.fixture
def shipped(others: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """This version ships other weights than version 0.1; their fingerprint."""
    monkeypatch.setattr(weight_versions, "SHIPPED_WEIGHTS_DIR", others)
    return weight_versions.compute_fingerprint(others)


def as_0_1_stored(**settings: object) -> dict[str, Any]:
    """A config as version 0.1 stored it: it knew neither weights nor rehearsal."""
    return without_what_came_later(json.loads(fakes.config(**settings).model_dump_json()))


# ------------------------------------------------------------------ finding weights


def test_those_of_0_1_are_in_their_folder_whole():
    assert weight_versions.compute_fingerprint(WEIGHTS_DIR_0_1) == FINGERPRINT_0_1
    assert weight_versions.find_weights(EMBEDDED_0_1_WEIGHTS) == WEIGHTS_DIR_0_1


def test_weights_are_found_by_their_fingerprint_and_blank_are_the_shipped(shipped: str, others: Path):
    assert weight_versions.find_weights() == weight_versions.find_weights(shipped) == others
    assert weight_versions.find_weights(FINGERPRINT_0_1) == WEIGHTS_DIR_0_1
    assert weight_versions.pin_weights() == shipped != FINGERPRINT_0_1
    assert weight_versions.pin_weights(EMBEDDED_0_1_WEIGHTS) == EMBEDDED_0_1_WEIGHTS


def test_weights_that_are_not_here_are_told_with_those_that_are(shipped: str):
    for look in (weight_versions.find_weights, load_embedded_model):
        with pytest.raises(StudentError, match=f"{NOWHERE}; here are {shipped} .* and {FINGERPRINT_0_1}") as caught:
            look(NOWHERE)
        assert "start a new run" in caught.value.remedy


def test_one_changed_byte_is_noticed(tmp_path: Path, others: Path, monkeypatch: pytest.MonkeyPatch):
    folder = Path(shutil.copytree(others, tmp_path / "weights"))
    monkeypatch.setattr(weight_versions, "SHIPPED_WEIGHTS_DIR", folder)
    monkeypatch.setattr(weight_versions, "WEIGHTS_DIR_0_1", folder)
    before = weight_versions.pin_weights()
    assert load_embedded_model(before)[0].weights_fingerprint == before
    with (folder / WEIGHTS_FILENAME).open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)[0]
        file.seek(-1, 2)
        file.write(bytes([last ^ 1]))
    assert weight_versions.pin_weights() == weight_versions.compute_fingerprint(folder) != before
    with pytest.raises(StudentError, match=f"had the weights {before}"):
        load_embedded_model(before)
    with pytest.raises(StudentError, match="not those of version 0.1"):
        load_embedded_model(EMBEDDED_0_1_WEIGHTS)


# ------------------------------------------------------------------ settings


@pytest.mark.parametrize("value", ["embedded-0.2", "0123", "0123456789ABCDEF", f"{NOWHERE}0", "../weights"])
def test_weights_are_named_by_a_fingerprint_or_as_those_of_0_1(value: str):
    with pytest.raises(ConfigError, match="16 digits") as caught:
        RunConfig.make(weights=value)
    assert caught.value.field == "weights"
    assert RunConfig.make(weights=NOWHERE).weights == NOWHERE


def test_a_stored_config_that_names_no_weights_had_those_of_0_1_and_no_rehearsal():
    told = as_0_1_stored(seed=7)
    for read in (RunConfig.from_json(json.dumps(told)), parse_stored_config(told)):
        assert (read.weights, read.dpo.rehearsal, read.seed) == (EMBEDDED_0_1_WEIGHTS, 0.0, 7)
    del told["dpo"]
    assert RunConfig.from_json(json.dumps(told)).dpo.rehearsal == 0.0
    unknown = parse_stored_config({**as_0_1_stored(), "setting_of_another_version": 1})
    assert (unknown.weights, unknown.dpo.rehearsal) == (EMBEDDED_0_1_WEIGHTS, 0.0)


def test_a_stored_hub_model_has_no_weights_of_the_embedded_student():
    read = RunConfig.from_json(json.dumps(as_0_1_stored(model="a/b")))
    assert (read.weights, read.dpo.rehearsal) == ("", 0.0)


def test_what_a_run_stored_stays_and_what_a_user_gives_has_today_s_defaults():
    config = fakes.config(weights=NOWHERE, dpo={"rehearsal": 0.7})
    assert RunConfig.from_json(config.model_dump_json()) == parse_stored_config(config.model_dump()) == config
    assert RunConfig.from_json(RunConfig().model_dump_json()) == RunConfig() == RunConfig.make()
    assert (RunConfig().weights, RunConfig().dpo.rehearsal) == ("", 0.5)
    assert upgrade_stored_settings({"learning": "damaged"})["dpo"] == "damaged"
    with pytest.raises(ConfigError):
        RunConfig.from_json("[]")
    with pytest.raises(ConfigError):
        RunConfig.from_json("{")


# ------------------------------------------------------------------ making runs


def started(data: Path, run_id: str) -> tuple[str, str]:
    """The weights in a run's settings and in its first event."""
    folder = open_run(data, run_id)
    if not folder.journal_path.exists():
        execute(folder, build_components=fakes.fake)
    return folder.read_config().weights, read_events(folder.journal_path)[0]["config"]["weights"]


@pytest.mark.parametrize("check", [preflight.check_run_config, lambda config: None])
def test_a_run_that_the_app_starts_names_its_weights(tmp_path: Path, shipped: str, check):
    manager = RunManager(
        tmp_path, max_concurrent_runs=0, tick_interval_seconds=None, preflight_check=check, keep_warm_worker=False
    )
    run_id = manager.start(fakes.config())
    assert started(tmp_path, run_id) == (shipped, shipped)
    of_0_1 = manager.start(fakes.config(weights=EMBEDDED_0_1_WEIGHTS))
    assert started(tmp_path, of_0_1) == (EMBEDDED_0_1_WEIGHTS, EMBEDDED_0_1_WEIGHTS)


def test_a_waiting_run_of_0_1_begins_with_its_own_student_and_writes_that_down(tmp_path: Path, shipped: str):
    folder = create_run(tmp_path, fakes.config())
    (folder.path / "config.json").write_text(json.dumps(as_0_1_stored(turns=1)))
    assert started(tmp_path, folder.run_id) == (EMBEDDED_0_1_WEIGHTS, EMBEDDED_0_1_WEIGHTS)
    assert read_events(folder.journal_path)[0]["config"]["dpo"]["rehearsal"] == 0.0


def test_a_run_whose_weights_are_gone_says_so_and_can_go_on_once_they_are_back(
    tmp_path: Path, shipped: str, monkeypatch: pytest.MonkeyPatch
):
    folder = create_run(tmp_path, fakes.config(turns=2, weights=NOWHERE))

    def build_components(config: RunConfig) -> fakes.Components:
        factory._load_embedded_once(weight_versions.pin_weights(config.weights))
        return fakes.fake(config)

    assert execute(folder, build_components=build_components) == "failed"
    last = read_events(folder.journal_path)[-1]
    assert NOWHERE in last["message"] and shipped in last["message"] and "start a new run" in last["remedy"]
    monkeypatch.setattr(factory, "_load_embedded_once", lambda weights: None)
    assert execute(folder, build_components=build_components) == "finished"


def test_every_run_of_a_race_names_its_weights(tmp_path: Path, shipped: str):
    from studentsim.runs import groups

    manager = RunManager(tmp_path, max_concurrent_runs=0, tick_interval_seconds=None, keep_warm_worker=False)
    configs = [fakes.config(strategy=strategy) for strategy in ("random", "category")]
    for run_id in manager.start_group(configs, groups.RACE_PLAN, "token").run_ids:
        assert started(tmp_path, run_id) == (shipped, shipped)


def test_a_run_of_the_command_line_names_its_weights_and_its_adapter_too(
    tmp_path: Path, shipped: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(runner, "components_builder", fakes.fake)
    for given, named in (([], shipped), (["--weights", "embedded-0.1"], EMBEDDED_0_1_WEIGHTS)):
        data = tmp_path / named
        short = [
            "--turns",
            "1",
            "--questions-per-turn",
            "12",
            "--exam-size",
            "12",
            "--validation",
            "0",
            "--data",
            str(data),
        ]
        monkeypatch.setattr(sys, "argv", ["studentsim", "run", *short, *given])
        with pytest.raises(SystemExit) as ended:
            cli.main()
            sys.exit(0)
        assert ended.value.code in (0, None)
        (folder,) = list_runs(data)
        assert started(data, folder.run_id) == (named, named)
        capsys.readouterr()
        command = ["export-adapter", folder.run_id, "--to", str(data / "adapter"), "--data", str(data)]
        monkeypatch.setattr(sys, "argv", ["studentsim", *command])
        with pytest.raises(SystemExit):
            cli.main()
            sys.exit(0)
        assert f"weights {named} and fits no others" in capsys.readouterr().out


def test_the_recorded_study_names_its_weights_and_one_of_0_1_is_known(
    tmp_path: Path, shipped: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(demo.RECORDED_VARIABLE, "1")
    monkeypatch.setattr(runner, "components_builder", fakes.fake)
    settings = {"turns": 1, "questions_per_turn": 12, "exam_size": 12, "validation": 0}
    record_demo.record_study(
        demo.EMBEDDED_STUDY, tmp_path / "work", tmp_path / "study", seeds_by_strategy={"random": 1}, **settings
    )
    (run_id,) = demo.unpack_recorded_runs(tmp_path / "data", tmp_path / "study")
    assert started(tmp_path / "data", run_id) == (shipped, shipped)
    folder = create_run(tmp_path / "scratch", fakes.config(turns=1, strategy="random"))
    execute(folder, build_components=fakes.fake)
    as_of_0_1(folder.path)
    (tmp_path / "old").mkdir()
    demo.pack_run(folder, tmp_path / "old")
    demo.unpack_recorded_runs(tmp_path / "older", tmp_path / "old")
    (read,) = [folder.read_config() for folder in list_runs(tmp_path / "older")]
    assert (read.weights, read.dpo.rehearsal) == (EMBEDDED_0_1_WEIGHTS, 0.0)


def test_weights_that_are_not_here_are_refused_before_a_run_is_made(tmp_path: Path):
    with pytest.raises(StudentError, match=NOWHERE):
        preflight.check_run_config(fakes.config(weights=NOWHERE))
    with pytest.raises(ConfigError, match="the model is a/b") as caught:
        preflight.check_student(fakes.config(model="a/b", weights=EMBEDDED_0_1_WEIGHTS))
    assert caught.value.field == "weights"
    assert pin_embedded_weights(fakes.config(model="a/b")).weights == ""


def test_a_run_of_0_1_needs_its_own_weights_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(weight_versions, "SHIPPED_WEIGHTS_DIR", tmp_path)
    assert preflight.check_run_config(fakes.config(weights=EMBEDDED_0_1_WEIGHTS)).weights == EMBEDDED_0_1_WEIGHTS
    with pytest.raises(StudentError, match="pretrain"):
        preflight.check_run_config(fakes.config())
    with pytest.raises(StudentError, match="pretrain"):
        create_run(tmp_path / "data", fakes.config())
    assert not list_runs(tmp_path / "data")


def test_an_export_tells_what_an_older_version_did_not_write_down(tmp_path: Path):
    as_of_0_1(make_run(tmp_path, "it"))
    export_run(tmp_path, "it", tmp_path / "to")
    told = json.loads((tmp_path / "to" / "config.json").read_text())
    assert (told["weights"], told["dpo"]["rehearsal"]) == (EMBEDDED_0_1_WEIGHTS, 0.0)


# ------------------------------------------------------------------ students and their adapters


def test_a_run_gets_the_student_that_its_settings_name(shipped: str):
    for named, wanted in ((EMBEDDED_0_1_WEIGHTS, FINGERPRINT_0_1), (FINGERPRINT_0_1, FINGERPRINT_0_1), ("", shipped)):
        student, _ = factory._build_embedded_student(fakes.config(weights=named), open_bank("curriculum"))
        assert student.weights_fingerprint == wanted


def student_with(weights: str = "", *, folder: Path | None = None) -> EmbeddedStudent:
    return EmbeddedStudent(*load_embedded_model(weights, folder=folder), fakes.config())


def test_an_adapter_never_goes_onto_other_weights_in_silence(shipped: str, tmp_path: Path):
    old, new = student_with(EMBEDDED_0_1_WEIGHTS), student_with()
    by_name, unnamed = tmp_path / "turn-0001", tmp_path / "turn-0002"
    for folder in (by_name, unnamed):
        folder.mkdir()
    new.save(by_name)
    adapter.save_adapter(old.model, unnamed)  # as version 0.1 wrote it
    new.load(by_name)
    old.load(unnamed)
    with pytest.raises(
        StudentError, match=f"turn-0001 belongs to .* {shipped}, but this student has {FINGERPRINT_0_1}"
    ):
        old.load(by_name)
    with pytest.raises(
        StudentError, match=f"turn-0002 belongs to .* {FINGERPRINT_0_1}, but this student has {shipped}"
    ):
        new.load(unnamed)
    (by_name / adapter.ADAPTER_FILENAME).write_bytes(b"not an adapter")
    with pytest.raises(StudentError, match="cannot be read"):
        new.load(by_name)


def test_the_student_of_0_1_refuses_a_book_in_words():
    student = EmbeddedStudent(*load_embedded_model(EMBEDDED_0_1_WEIGHTS), RunConfig.make(weights=EMBEDDED_0_1_WEIGHTS))
    question = open_bank("curriculum").exam[0]
    with pytest.raises(StudentError, match="never had a book"):
        list(student.answer([question], seed_key=("a book",), passages={question.id: "Add first."}))
    assert len(list(student.answer([question], seed_key=("a book",), passages={question.id: ""}))) == 1


@pytest.mark.parametrize("weights", [EMBEDDED_0_1_WEIGHTS, FINGERPRINT_0_1])
def test_the_student_of_0_1_is_no_table(weights):
    table = {"categories": {"physics": 10.0}}
    with pytest.raises(ConfigError, match="no table, such as 'mira'") as caught:
        preflight.check_student(RunConfig.make(student="mira", student_table=table, weights=weights))
    assert caught.value.field == "student" and caught.value.remedy
    assert preflight.check_student(RunConfig.make(student="careless", weights=weights)).weights == weights
    assert preflight.check_student(RunConfig.make(student="mira", student_table=table)).student_table
