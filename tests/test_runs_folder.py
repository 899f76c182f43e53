"""Run folders: they appear whole, once, and under ids that cannot lead anywhere else."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fakes
import pytest

from studentsim.errors import DataFolderError, RunError, UnknownRun
from studentsim.runs.run_dir import (
    RUN_ID_PATTERN,
    RunFolder,
    check_run_id,
    create_run,
    delete_run,
    list_runs,
    new_run_id,
    open_run,
    pin_embedded_weights,
    runs_folder,
)


def test_ids_sort_by_time_and_do_not_repeat():
    assert new_run_id(1_800_000_000)[:-4] == "20270115-080000-"
    assert len({new_run_id(0) for _ in range(200)}) > 195
    assert new_run_id(0) < new_run_id(1) < new_run_id(10**9)
    assert RUN_ID_PATTERN.fullmatch(new_run_id())


NO_IDS = [
    "", " ", "../x", "..", ".tokens", "a/b", "a\\b", "a\0b", "' OR 1=1--", "x" * 65, "-x", "a b", "é", "x\n", None, 7, ["a"],
]  # fmt: skip


@pytest.mark.parametrize("text", NO_IDS)
def test_an_id_that_could_not_be_one_is_an_unknown_run(tmp_path, text):
    with pytest.raises(UnknownRun):
        check_run_id(text)
    with pytest.raises(UnknownRun):
        open_run(tmp_path, text)


def test_a_run_that_never_was_and_one_that_was_deleted_are_told_apart(tmp_path):
    with pytest.raises(UnknownRun, match="no run"):
        open_run(tmp_path, "20261121-031500-k3f9")
    folder = create_run(tmp_path, fakes.config())
    delete_run(folder)
    with pytest.raises(UnknownRun, match="was deleted"):
        open_run(tmp_path, folder.run_id)
    assert list_runs(tmp_path) == [] and not folder.path.exists()


def test_a_made_run_holds_its_settings(tmp_path):
    config = fakes.config(seed=7, mix={"general": 50.0, "gain": 50.0})
    folder = create_run(tmp_path, config)
    assert open_run(tmp_path, folder.run_id).read_config() == pin_embedded_weights(config) != config
    assert list_runs(tmp_path) == [folder]


def test_a_crash_while_a_run_is_made_leaves_no_run(tmp_path, monkeypatch):
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", crash)
    with pytest.raises(KeyboardInterrupt):
        create_run(tmp_path, fakes.config())
    assert list_runs(tmp_path) == []


def test_the_same_token_gives_the_same_run_from_any_thread(tmp_path):
    with ThreadPoolExecutor(16) as threads:
        made = list(threads.map(lambda n: create_run(tmp_path, fakes.config(), f"token {n % 2}"), range(32)))
    assert len(set(made)) == 2 and list_runs(tmp_path) == sorted(set(made), key=lambda f: f.run_id)


def test_the_same_token_gives_the_same_run_from_any_process(tmp_path):
    program = (
        "import sys; from pathlib import Path; from studentsim.config import RunConfig\n"
        "from studentsim.runs.run_dir import create_run\n"
        "sys.stdin.read(1); print(create_run(Path(sys.argv[1]), RunConfig(), 'click').run_id)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    clicks = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True) for _ in range(4)
    ]
    for click in clicks:
        click.stdin.write("x")
        click.stdin.flush()
    ids = {click.communicate()[0].strip() for click in clicks}
    assert len(ids) == 1 and [folder.run_id for folder in list_runs(tmp_path)] == list(ids)


def test_a_token_whose_run_was_never_made_makes_it_now(tmp_path):
    first = create_run(tmp_path, fakes.config(), "t")
    os.rename(first.path, tmp_path / "lost")  # as after a crash between the token and the run
    assert create_run(tmp_path, fakes.config(), "t") == first and first.path.is_dir()


def test_a_token_whose_run_was_deleted_says_so(tmp_path):
    delete_run(create_run(tmp_path, fakes.config(), "t"))
    with pytest.raises(UnknownRun, match="was deleted"):
        create_run(tmp_path, fakes.config(), "t")


@pytest.mark.parametrize("token", ["../../x", "a" * 5000, "\0", "ä\n"])
def test_any_text_may_be_a_token(tmp_path, token):
    folder = create_run(tmp_path, fakes.config(), token)
    assert create_run(tmp_path, fakes.config(), token) == folder
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs"]


def test_a_data_folder_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataFolderError, match="cannot be written") as caught:
        create_run(tmp_path / "file", fakes.config())
    assert "--data" in caught.value.remedy


def test_requests_are_read_back_with_their_age_and_cleared(tmp_path):
    folder = create_run(tmp_path, fakes.config())
    assert folder.read_request() is None
    folder.write_request("pause")
    folder.write_request("cancel")
    what, age = folder.read_request()
    assert what == "cancel" and 0 <= age < 5
    folder.clear_request()
    folder.clear_request()
    assert folder.read_request() is None
    with pytest.raises(RunError, match="explode"):
        folder.write_request("explode")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"request": "pause"}', "null"])
def test_a_damaged_request_is_none(tmp_path, text):
    folder = create_run(tmp_path, fakes.config())
    (folder.path / "control.json").write_text(text)
    assert folder.read_request() is None


def test_settings_that_cannot_be_read_are_an_error(tmp_path):
    folder = create_run(tmp_path, fakes.config())
    (folder.path / "config.json").unlink()
    with pytest.raises(RunError, match="cannot be read"):
        folder.read_config()


def test_what_crosses_processes_can_be_pickled(tmp_path):
    folder = RunFolder(tmp_path / "x")
    assert pickle.loads(pickle.dumps(folder)) == folder
    assert pickle.loads(pickle.dumps(fakes.config())) == fakes.config()


def test_other_names_beside_the_runs_are_no_runs(tmp_path):
    folder = create_run(tmp_path, fakes.config(), "t")
    (runs_folder(tmp_path) / "empty").mkdir()
    (runs_folder(tmp_path) / "a file").write_text("x")
    assert list_runs(tmp_path) == [folder]
    assert json.loads((folder.path / "config.json").read_text())["turns"] == fakes.SETTINGS["turns"]
