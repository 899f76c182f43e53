"""The command line: what it prints, what it refuses, how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import fakes
import pytest
from run_help import Gate, at_answer, comparable_events, until
from test_runs_preflight import BAD

from studentsim import cli
from studentsim.cli import runner
from studentsim.config import RunConfig
from studentsim.errors import StudentError
from studentsim.events import PreferenceMetrics
from studentsim.runs.executor import execute
from studentsim.runs.lease import grant_lease
from studentsim.runs.run_dir import create_run, list_runs, open_run
from studentsim.settings import TeacherSettings
from studentsim.store.journal import read_events
from studentsim.types import CATEGORIES

ROOT = Path(__file__).parents[1]
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}
SHORT = ["--turns", "4", "--questions-per-turn", "12", "--exam-size", "24", "--validation", "6"]


class Said(NamedTuple):
    """What a command printed, and its exit status."""

    out: str
    err: str
    status: int

    @property
    def last(self) -> Any:
        """The JSON of the last line."""
        return json.loads(self.out.rstrip("\n").split("\n")[-1])


@pytest.fixture
def gate(tmp_path):
    """The gate at which workers wait."""
    with closing(Gate(tmp_path)) as gate:
        yield gate


@pytest.fixture
def say(monkeypatch, capsys):
    """Runs a command in this process with a fake student."""
    monkeypatch.setattr(runner, "components_builder", fakes.fake)

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["studentsim", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
            sys.exit(0)
        return Said(*capsys.readouterr(), ended.value.code or 0)

    return run


def test_a_run_prints_its_figures_as_one_json_object_on_the_last_line(say, tmp_path):
    said = say("run", *SHORT, "--data", tmp_path, "--json")
    assert said.status == 0 and said.err == ""
    found = said.last
    assert {"run_id", "status", "seconds", "exams", "turns"} <= found.keys() and found["status"] == "finished"
    assert [e["turn"] for e in found["exams"]] == [0, 2, 4]
    for exam in found["exams"]:
        assert sum(exam["wrong_by_category"].values()) == exam["questions"] - exam["correct"]
    assert [t["turn"] for t in found["turns"]] == [1, 2, 3, 4]
    for turn in found["turns"]:
        assert turn["questions"] == 12 and turn["pairs"] <= 12 - turn["correct"] and turn["seconds"] >= 0
        assert list(turn["rewards"]) == [
            "loss", "chosen", "rejected", "accuracies", "margins", "logps_chosen", "logps_rejected"
        ]  # fmt: skip


def test_without_json_a_run_prints_a_line_for_people_and_what_was_practised(say, tmp_path):
    said = say("run", *SHORT, "--data", tmp_path)
    first, blank, heads, *lines = said.out.splitlines()
    assert "finished" in first and "of 24" in first and blank == ""
    assert heads.split() == list(CATEGORIES)
    titles = [line[:28].split(":")[0].strip() for line in lines]
    assert titles[0] == "exam before any lesson" and {"exam after lesson 2", "exam after lesson 4"} <= set(titles)
    assert any(title.startswith("lesson") for title in titles) and "follows the mistakes" in said.out


@pytest.mark.parametrize(
    ("strategy", "words"), [("random", "about as often as the pool has"), ("none", "as from a mixed bag")]
)
def test_where_no_exam_leads_to_the_mix_the_table_says_so(say, tmp_path, strategy, words):
    said = say("run", *SHORT, "--strategy", strategy, "--data", tmp_path)
    assert words in said.out and "did not lead to them" in said.out and ", so " not in said.out
    turns = say("run", *SHORT, "--strategy", strategy, "--data", tmp_path, "--json").last["turns"]
    assert {turn["planned_mix"] is None for turn in turns} == {True}


def test_a_run_s_json_tells_each_lesson_s_mix_with_the_exam_behind_it_and_its_epochs(say, tmp_path):
    found = say("run", *SHORT, "--data", tmp_path, "--json").last
    exams = {exam["turn"]: exam for exam in found["exams"]}
    assert [turn["after_exam"] for turn in found["turns"]] == [0, 0, 2, 2]
    for turn in found["turns"]:
        exam = exams[turn["after_exam"]]
        assert sum(turn["mix"].values()) == turn["questions"] and turn["planned_mix"] == exam["next_mix"]
        assert turn["mix"] == exam["next_mix"]  # the whole bank is in the pool, and it is large enough
        assert sum(exam["questions_by_category"].values()) == exam["questions"]
        (epoch,) = turn["epochs"]
        assert (epoch["epoch"], epoch["epochs"]) == (1, 1)
        for told_then in (epoch["training"], epoch["validation"]):
            assert list(told_then) == [field.name for field in fields(PreferenceMetrics)]
            assert all(isinstance(value, float) for name, value in told_then.items() if name != "rehearsal")
            assert told_then["rehearsal"] is None  # this student rehearses nothing


def test_a_journal_of_before_epochs_were_recorded_is_told_without_them(say, tmp_path):
    folder = create_run(tmp_path, fakes.config())
    execute(folder, build_components=fakes.fake)
    old = [event for event in read_events(folder.journal_path) if event["type"] != "EpochFinished"]
    for event in old:  # as 0.1 wrote them: no setting, no mean logits
        if event["type"] == "RunStarted":
            del event["config"]["validation_every"]
        for told_then in (event.get("metrics"), event.get("rewards")):
            for name in ("logits_chosen", "logits_rejected") if told_then else ():
                del told_then[name]
    folder.journal_path.write_text("".join(json.dumps(event) + "\n" for event in old))
    found = runner.build_run_result(folder)
    assert [turn["epochs"] for turn in found["turns"]] == [[], [], [], []]
    assert all(turn["rewards"]["loss"] > 0 and turn["mix"] for turn in found["turns"])


def test_what_is_no_number_is_null_in_json_in_a_turns_last_step_too(tmp_path):
    folder = create_run(tmp_path, fakes.config())
    execute(folder, build_components=fakes.fake)
    text = "".join(json.dumps(event) + "\n" for event in read_events(folder.journal_path))
    folder.journal_path.write_text(re.sub(r'"loss": [\d.]+', '"loss": NaN', text))  # a training that diverged
    found = runner.build_run_result(folder)
    assert found["turns"][0]["rewards"]["loss"] is None and found["turns"][0]["epochs"][0]["training"]["loss"] is None
    json.dumps(found, allow_nan=False)


def test_a_run_that_is_never_trained_has_no_rewards(say, tmp_path):
    found = say("run", *SHORT, "--strategy", "none", "--data", tmp_path, "--json").last
    assert [t["rewards"] for t in found["turns"]] == [None] * 4


def test_the_same_seed_twice_prints_the_same_figures(say, tmp_path):
    def without_times(found: dict) -> dict:
        turns = [{k: v for k, v in t.items() if k not in ("seconds", "parts")} for t in found["turns"]]
        return {**found, "turns": turns, "run_id": "", "seconds": 0}

    first = say("run", *SHORT, "--seed", 3, "--data", tmp_path, "--json").last
    assert without_times(say("run", *SHORT, "--seed", 3, "--data", tmp_path, "--json").last) == without_times(first)
    assert without_times(say("run", *SHORT, "--seed", 4, "--data", tmp_path, "--json").last) != without_times(first)


def test_every_option_reaches_the_settings(say, tmp_path):
    options = {
        "strategy": "random", "turns": 2, "questions-per-turn": 6, "exam-size": 12, "exam-every": 1, "validation": 0, "seed": 5,
        "exam-seed": 6, "student": "careless", "temperature": 0.5, "categories": "gain,geometry", "mix-rule": "paper",
        "threshold": 0.4, "learning-rate": 0.001, "beta": 0.2, "epochs": 3, "batch-size": 4, "loss": "robust",
        "reference": "base", "lora-rank": 4, "lora-alpha": 8, "label-smoothing": 0.1, "sft-weight": 0.5, "rehearsal": 0.7,
        "mix": "gain=25,geometry=75", "name": "mine", "bank": "curriculum", "model": "embedded",
        "skills": "", "validation-every": "epoch",
    }  # fmt: skip
    arguments = [part for key, value in options.items() for part in (f"--{key}", value)]
    found = say("run", *arguments, "--data", tmp_path, "--json").last
    config = open_run(tmp_path, found["run_id"]).read_config()
    dpo = config.dpo.model_dump()
    parsed = {"categories": ("gain", "geometry"), "skills": (), "mix": {"gain": 25.0, "geometry": 75.0}}
    for key, value in options.items():
        name = key.replace("-", "_")
        assert (dpo if name in dpo else config.model_dump())[name] == parsed.get(name, value), name


def test_the_papers_preset_gives_way_to_what_is_said():
    assert runner.build_config("paper", {}) == RunConfig.paper()
    config = runner.build_config("paper", {"turns": 3, "batch_size": 2, "beta": None})
    assert config == RunConfig.paper(turns=3, dpo=RunConfig.paper().dpo.model_copy(update={"batch_size": 2}))
    assert runner.build_config("default", {}) == RunConfig()


def test_the_papers_preset_takes_the_model_and_the_marker_that_are_named():
    config = runner.build_config("paper", {"model": "a/model", "grader": "a/marker"})
    assert config == RunConfig.paper(model="a/model", teacher=TeacherSettings(grader="a/marker", grade_source="grader"))
    assert (config.model_loading.quantisation, config.max_new_tokens, config.dpo.batch_size) == ("nf4", 200, 1)


def test_the_papers_preset_runs_on_a_bare_laptop_and_says_in_what_it_departs_a_line_each(say, tmp_path):
    said = say("run", "--preset", "paper", *SHORT, "--data", tmp_path, "--json")
    assert said.status == 0
    lines = [line for line in said.err.splitlines() if line.startswith("Not as in the paper: ")]
    assert len(lines) >= 4 and "student: the embedded one" in lines[0] and "google/flan-t5-large" in lines[1]
    assert any("lessons: " in line for line in lines)
    assert not [line for line in say("run", *SHORT, "--data", tmp_path, "--json").err.splitlines() if "paper" in line]


# ------------------------------------------------------------------ errors


def option_of(key: str, value: object) -> list[str]:
    if key == "mix":
        return ["--mix", ",".join(f"{name}={share}" for name, share in value.items())]
    if key == "learning":
        return [part for name, setting in value.items() for part in (f"--{name.replace('_', '-')}", str(setting))]
    return [f"--{key}", ",".join(value) if isinstance(value, tuple) else str(value)]


@pytest.mark.parametrize(
    "settings",
    [s for s, *_ in BAD if s not in ({"nonsense": 1}, {"mix": {}}, {"seed": True})],
    ids=lambda s: str(s)[:50],
)
def test_a_bad_setting_is_one_line_and_nothing_is_made(say, tmp_path, settings):
    data = tmp_path / "data"
    options = [part for key, value in settings.items() for part in option_of(key.replace("_every", "-every"), value)]
    said = say("run", *options, "--data", data)
    assert said.status == 2 and said.out == "" and not data.exists()
    *usage, error = said.err.strip().split("\n")
    assert error.startswith("Error: ") and "Traceback" not in said.err
    assert all(line.startswith(("Usage", "Try", "")) for line in usage)


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--mix", "general"],
        ["run", "--mix", "general=x"],
        ["run", "--mix", "general=50,general=50"],
        ["run", "--preset", "nonsense"],
        ["run", "--data", __file__],
        ["resume", "../x"],
        ["resume", "nonsense"],
        ["resume", "' OR 1=1--"],
        ["export", "../x", "--to", "out"],
        ["export", "nonsense", "--to", "out"],
        ["rebuild-db", "--data", "nowhere"],
        ["evaluate-profiles", "--student", "genius"],
        ["nonsense"],
        ["run", "--nonsense", "1"],
    ],
)
def test_bad_arguments_are_one_error_line_and_exit_status_2(say, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    said = say(*arguments)
    assert said.status == 2 and "Traceback" not in said.err and said.out == ""
    assert said.err.strip().split("\n")[-1].startswith("Error: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["rebuild-db"], ["run"], ["runs"], ["models", "list"]])
def test_a_folder_of_other_things_is_no_data_folder(say, tmp_path, command):
    (tmp_path / "passwd").write_text("root")
    (tmp_path / "hosts").mkdir()
    said = say(*command, "--data", tmp_path)
    assert (
        said.status == 2
        and said.err.startswith("Error: ")
        and "is no data folder: it holds 'hosts', 'passwd'" in said.err
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hosts", "passwd"]


@pytest.mark.parametrize(
    "entries", [[], ["runs"], ["models", "notes.txt"], ["studentsim.duckdb.old"], [".DS_Store"], ["lost+found"]]
)
def test_an_empty_folder_and_one_with_runs_or_models_are_data_folders(say, tmp_path, entries):
    for entry in entries:
        (tmp_path / entry).mkdir()
    assert "No runs" in say("runs", "--data", tmp_path).out


def test_what_a_terminal_would_obey_in_a_path_is_not_printed(say, tmp_path):
    path = tmp_path / "a\x1b[31m\u202eb.json"
    path.write_text("")
    said = say("check-dataset", path)
    assert said.status == 2 and "a\ufffd[31m\ufffdb.json is empty" in said.err
    assert "\x1b" not in said.err and "\u202e" not in said.err


def test_a_run_that_fails_says_why_and_what_to_do_and_still_prints_its_json(say, tmp_path, monkeypatch):
    def build_components(config):
        raise StudentError("The model is broken.", "Choose another.")

    monkeypatch.setattr(runner, "components_builder", build_components)
    said = say("run", *SHORT, "--data", tmp_path, "--json")
    assert said.status == 1 and said.last["status"] == "failed" and said.last["exams"] == []
    assert said.err == "Error: The model is broken. Choose another.\n"


def test_a_fallback_to_an_earlier_checkpoint_is_told(say, tmp_path, caplog):
    folder = create_run(tmp_path, fakes.config())
    execute(folder, build_components=fakes.prone("answer", 70, fakes.memory))
    newest = sorted(folder.checkpoints.iterdir())[-1]
    (newest / "fake.json").write_text("{}")
    said = say("resume", folder.run_id, "--data", tmp_path)
    assert said.status == 0 and "cannot be used" in caplog.text  # on stderr, where pytest does not catch it first


# ------------------------------------------------------------------ pausing, resuming


def test_ctrl_c_pauses_with_a_hint_and_resume_ends_as_an_uninterrupted_run(say, tmp_path, gate):
    (tmp_path / "runs").mkdir()  # the gate is in it already, and would make it another folder
    command = [sys.executable, "tests/fake_cli.py", "answer:40:gate", "run", *SHORT, "--data", str(tmp_path)]
    child = subprocess.Popen(command, cwd=ROOT, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    (folder,) = until(lambda: list_runs(tmp_path))
    at_answer(folder, 40)
    child.send_signal(signal.SIGINT)
    gate.open()
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130 and "paused" in out and "Traceback" not in err
    assert f"python -m studentsim resume {folder.run_id} --data {tmp_path}" in err
    said = say("resume", folder.run_id, "--data", tmp_path, "--json")
    assert said.status == 0 and said.last["status"] == "finished"
    whole = create_run(tmp_path / "whole", fakes.config())
    execute(whole, build_components=fakes.fake)
    assert comparable_events(folder) == comparable_events(whole)
    assert "finished" in say("resume", folder.run_id, "--data", tmp_path).err


def test_a_run_at_work_is_not_resumed_a_second_time(say, tmp_path):
    folder = create_run(tmp_path, fakes.config())
    grant_lease(folder, os.getpid())
    said = say("resume", folder.run_id, "--data", tmp_path)
    assert said.status == 2 and "at work already" in said.err


# ------------------------------------------------------------------ the rest


def test_runs_lists_the_newest_first(say, tmp_path):
    assert "No runs" in say("runs", "--data", tmp_path).out
    ids = [say("run", *SHORT, "--name", f"run {n}", "--data", tmp_path, "--json").last["run_id"] for n in range(2)]
    listed = say("runs", "--data", tmp_path, "--json").last
    assert {row["run_id"] for row in listed} == set(ids) and [r["run_id"] for r in listed] == sorted(ids, reverse=True)
    assert listed[0].keys() == {
        "run_id", "status", "title", "turn", "turns", "correct", "questions", "seed", "group", "tags", "note", "problem",
    }  # fmt: skip
    assert "run 1" in say("runs", "--data", tmp_path).out


def test_export_and_rebuild_work_on_a_run_of_the_command_line(say, tmp_path):
    data, to = tmp_path / "data", tmp_path / "out"
    run_id = say("run", *SHORT, "--data", data, "--json").last["run_id"]
    written = say("export", run_id, "--to", to, "--data", data).out.split()
    assert {"answers.csv", "answers.parquet", "exams.csv", "config.json"} <= {Path(path).name for path in written}
    assert "1 run " in say("rebuild-db", "--data", data).out


def test_what_there_is_is_listed_without_loading_torch(tmp_path):
    for command in ("strategies", "students", "--help"):
        program = (
            "import sys; from studentsim import cli; sys.argv[1:] = [sys.argv[1]]\n"
            "try: cli.main()\nexcept SystemExit: pass\n"
            "print([m for m in ('torch', 'transformers', 'datasets', 'pandas', 'streamlit') if m in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", program, command], capture_output=True, text=True, cwd=ROOT)
        assert done.stdout.strip().endswith("[]"), done.stdout + done.stderr


def test_the_lists_name_everything(say):
    from studentsim.selection.registry import STRATEGIES
    from studentsim.student.embedded.profiles import PROFILES

    listed = say("strategies").out
    assert all(f"{name} " in listed for name in STRATEGIES)
    listed = say("students").out
    assert all(id in listed and profile.title in listed for id, profile in PROFILES.items())


def test_the_module_is_the_command_line():
    done = subprocess.run([sys.executable, "-m", "studentsim", "--help"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0
    commands = {line.split()[0] for line in done.stdout.split("Commands:")[1].strip().split("\n") if line.strip()}
    assert (
        set("run resume runs strategies students rebuild-db export pretrain evaluate-profiles app".split()) <= commands
    )


def test_a_reader_that_goes_away_leaves_no_traceback():
    command = f"{sys.executable} -m studentsim students | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=ROOT)
    assert "Traceback" not in done.stderr
