"""Fine-tuning a marker on students' answers, end to end: from journals to a folder, and from the folder to a run it decides."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import casts
import pytest
import tiny_graders
import torch
from safetensors.torch import load_file
from tiny_graders import answers_of, fake_run, make, run_config
from typer.testing import CliRunner

from studentsim import cli, factory
from studentsim.analysis import grader_evaluation
from studentsim.cli import runner
from studentsim.errors import ConfigError, DataFolderError, StudentError
from studentsim.exam import wilson_interval
from studentsim.grader import finetune, finetune_training
from studentsim.grader.finetune import finetune_grader
from studentsim.grader.finetune_training import FinetuneSettings
from studentsim.grader.model import load_grader
from studentsim.grader.student_answer import SplitSizes
from studentsim.runs import preflight
from studentsim.runs.executor import execute
from studentsim.runs.run_dir import create_run, list_runs
from studentsim.store.journal import read_events
from studentsim.student.testing import FakeStudent

SMALL = SplitSizes(40, 15, 15)
ROWS = ["--train-rows", 40, "--validation-rows", 15, "--test-rows", 15]
KINDS = ["t5", "bart"]


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    """A data folder with a run of some hundred answers."""
    torch.set_num_threads(1)
    data = tmp_path_factory.mktemp("data")
    return data, fake_run(data).run_id


def fake_cast(config):
    """A student without a model, and the teacher that the settings name."""
    return casts.cast_of(FakeStudent(), factory.build_teacher(config))


@pytest.fixture
def say(monkeypatch, capsys):
    """Runs a command in this process with a fake student and a real teacher; what it printed, and its exit status."""
    monkeypatch.setattr(runner, "components_builder", fake_cast)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["studentsim", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
            sys.exit(0)
        said = capsys.readouterr()
        return said.out, said.err, ended.value.code or 0

    return run


def practised(folder):
    return [e for e in read_events(folder.journal_path) if e["type"] == "AnswerRecorded" and e["phase"] == "study"]


# ------------------------------------------------------------------ from answers to a marker that decides


@pytest.mark.parametrize("kind", KINDS)
def test_from_the_command_line_a_students_answers_make_a_marker_and_it_decides_in_a_run(school, tmp_path, say, kind):
    data, run_id = school
    base, out = make(tmp_path, kind), tmp_path / "new" / "marker"
    told, _, status = say(
        "train-grader", "--base", base, "--answers", run_id, "--data", data, "--out", out, *ROWS, "--epochs", 2, "--json"
    )  # fmt: skip
    assert status == 0 and "Epoch 2 of 2: training loss" in told and "Test, 15 answers" in told
    card = json.loads(told.rstrip().split("\n")[-1])
    assert card["answers"] == [{"run": run_id, "student": "balanced", "rows": 70}]
    assert [len(card["epochs"]), card["settings"]["learning_rate"], card["settings"]["batch_size"]] == [2, 1e-3, 8]
    assert {k: sum(v.values()) for k, v in card["rows"].items()} == {"train": 40, "validation": 15, "test": 15}
    assert json.loads((out / "grader.json").read_text()) == {k: v for k, v in card.items() if k != "folder"}
    before, after = load_file(base / "model.safetensors"), load_file(out / "model.safetensors")
    assert sum(not torch.equal(before[name], after[name]) for name in after) > len(after) / 2

    _, err, status = say(
        "run", "--turns", 2, "--questions-per-turn", 12, "--exam-size", 12, "--validation", 2, "--grader", out, "--grade-source", "grader",
        "--data", tmp_path / "d", "--json",
    )  # fmt: skip
    assert status == 0 and "Marker" in err and "on 15 answers it had never seen" in err
    (folder,) = list_runs(tmp_path / "d")
    answers = practised(folder)
    marker = load_grader(str(out))
    by_id = {q.id: q for q in casts.bank().study}
    judged = marker.judge([(by_id[e["question_id"]], e["text"]) for e in answers])
    assert (
        [e["grader_correct"] for e in answers]
        == [e["assigned_correct"] for e in answers]
        == [v.is_correct for v in judged]
    )
    assert {e["graded_by"] for e in answers} == {str(out)} and len(answers) == 24
    assert folder.read_config().teacher.grader_revision.startswith("files-")
    assert any(e["is_correct"] != e["assigned_correct"] for e in answers), (
        "a marker of 40 rows errs, and its errors count"
    )


def test_with_the_papers_settings_an_untrained_t5_learns_to_mark_a_real_students_answers(tmp_path, monkeypatch):
    run_id = tiny_graders.real_run(tmp_path / "data", monkeypatch)
    answers = answers_of(tmp_path / "data", run_id)
    said: list[str] = []
    made = finetune_grader(
        str(tiny_graders.make_learner(tmp_path)), answers, tmp_path / "marker", on_progress=said.append
    )
    rows = {split: sum(counts.values()) for split, counts in made.dataset.label_counts_by_split().items()}
    assert rows == {"train": 680, "validation": 110, "test": 110} and len(made.epochs) == 1
    right = sum(a.is_correct for a in made.dataset.test)
    low, _ = wilson_interval(made.grader_confusion.agreed, 110)
    assert low > max(right, 110 - right) / 110 > 0.5, "more than saying one word always"
    assert made.grader_confusion.accuracy > 0.85 > 0.75 > made.base_confusion.accuracy
    assert not any("Careful" in line for line in said)
    assert grader_evaluation.load_evaluation(tmp_path / "marker").written_answers.answers == 110


def test_the_same_seed_makes_the_same_marker(school, tmp_path):
    base, answers = make(tmp_path), answers_of(*school[:1], school[1])
    weights = []
    for name in "ab":
        finetune_grader(str(base), answers, tmp_path / name, sizes=SMALL, on_progress=lambda line: None)
        weights.append(load_file(tmp_path / name / "model.safetensors"))
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_what_is_taught_is_what_a_judgement_asks_and_the_losses_are_the_models_own(school, tmp_path):
    loaded = load_grader(str(make(tmp_path, "bart")))
    model, tokenizer, answers = loaded.model, loaded.tokenizer, answers_of(school[0], school[1])[:6]
    batch = finetune_training.collate_features(
        finetune_training.build_features(answers, model, tokenizer, loaded.encode_input), tokenizer.pad_token_id
    )
    with torch.no_grad():
        ours = model(**batch).loss
        labels = batch.pop("labels")
        batch.pop("decoder_input_ids")
        assert ours.item() == pytest.approx(model(**batch, labels=labels).loss.item(), rel=1e-4)
    for row, answer in zip(labels.tolist(), answers, strict=True):
        ids = [token for token in row if token != -100]
        assert tokenizer.decode(ids[:-1]) == answer.label and ids[-1] == tokenizer.eos_token_id


def test_a_marker_that_says_one_word_always_is_told_to_be_no_better(school, tmp_path):
    said: list[str] = []
    finetune_grader(
        str(make(tmp_path)), answers_of(school[0], school[1]), tmp_path / "m", sizes=SMALL, on_progress=said.append
    )
    assert any("Careful: always saying" in line for line in said), said
    assert any("Targets have 5 tokens, not 3" in line for line in said), "the byte-level tokenizer needs more"


# ------------------------------------------------------------------ a run and its marker


def test_a_resumed_run_refuses_another_marker_in_words(tmp_path):
    marker = shutil.copytree(make(tmp_path), tmp_path / "marker")
    folder = create_run(tmp_path / "data", preflight.check_run_config(run_config(marker)))
    shutil.copytree(make(tmp_path, seed=1), marker, dirs_exist_ok=True)
    assert execute(folder, build_components=fake_cast) == "failed"
    end = read_events(folder.journal_path)[-1]
    assert "not the one that was meant" in end["message"] and "Put the files back" in end["remedy"]


@pytest.mark.parametrize("damage", ["gone", "cut", "no tokenizer"])
def test_a_marker_that_cannot_be_loaded_fails_the_run_in_words(tmp_path, damage):
    marker = make(tmp_path)
    folder = create_run(tmp_path / "data", run_config(marker))
    weights = marker / "model.safetensors"
    if damage == "gone":
        shutil.rmtree(marker)
    elif damage == "cut":
        weights.write_bytes(weights.read_bytes()[:20_000])
    else:
        (marker / "tokenizer.json").unlink()
    assert execute(folder, build_components=fake_cast) == "failed"
    end = read_events(folder.journal_path)[-1]
    assert end["error"] in ("ConfigError", "StudentError") and end["stage"] == "loading" and end["remedy"]
    assert not folder.log_path.exists() or "unexpected" not in end["message"].lower()


# ------------------------------------------------------------------ refused, and nothing left behind


@pytest.fixture
def refused(school, tmp_path, say):
    """Fine-tuning with these options: the one line it is refused with. Nothing is left behind."""

    def run(*options, base=None, answers=None, out=None):
        out = out or tmp_path / "there" / "marker"
        base = base or make(tmp_path)
        before = sorted(p for p in tmp_path.rglob("*"))
        _, err, status = say(
            "train-grader", "--base", base, "--answers", answers or school[1], "--data", school[0], "--out", out, *options
        )  # fmt: skip
        assert status == 2 and "Traceback" not in err
        assert sorted(p for p in tmp_path.rglob("*")) == before
        return err.strip().split("\n")[-1]

    return run


def test_too_few_answers_are_refused_with_the_counts(refused):
    said = refused("--as-they-come")
    assert "900 rows are needed (680 / 110 / 110), and there are" in said and "--answers can be said several" in said


def test_answers_too_long_are_refused_with_the_counts(refused):
    assert "answers are longer than the marker reads" in refused(*ROWS, "--input-tokens", 32)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--epochs", 0], "--epochs is 0. Choose a number from 1"),
        (["--learning-rate", -1], "--learning-rate is -1"),
        (["--test-rows", 1], "--test-rows is 1"),
        (["--seed", -1], "--seed is -1"),
        (["--learning-rate", "nan"], "--learning-rate is nan"),
        (["--device", "tpu"], "Choose auto, cpu or cuda"),
        (["--rows", "rows.xlsx"], "neither .csv nor .parquet"),
    ],
)
def test_a_wrong_option_is_refused_with_its_value(refused, options, words):
    assert words in refused(*options)


def test_an_unknown_run_and_a_causal_base_are_refused(refused, tmp_path):
    import hubs

    assert "no run 'nobody'" in refused(answers="nobody")
    assert "no encoder and decoder (gemma)" in refused(*ROWS, base=hubs.save(tmp_path, "gemma"))


def test_a_folder_that_is_not_empty_is_refused_and_stays(refused, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    assert "is there already, and is not empty" in refused(*ROWS, out=tmp_path / "mine")
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--answers", "x"], "no --base to fine-tune"),
        (["--base", "some/t5"], "answers of a student must be named"),
        (["--base", "some/t5", "--answers", "x"], "a folder to write to must be named"),
    ],
)
def test_what_is_not_said_is_asked_for(say, options, words):
    _, err, status = say("train-grader", *options)
    assert status == 2 and words in err


def test_a_training_that_fails_leaves_nothing(school, tmp_path, monkeypatch):
    base, answers = make(tmp_path), answers_of(school[0], school[1])
    monkeypatch.setattr(finetune, "train_grader", lambda *given: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(StudentError, match="memory does not suffice.*--batch"):
        finetune_grader(str(base), answers, tmp_path / "out", sizes=SMALL, on_progress=lambda line: None)
    monkeypatch.setattr(finetune, "train_grader", lambda *given: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(DataFolderError, match="cannot be written.*No space left"):
        finetune_grader(str(base), answers, tmp_path / "out", sizes=SMALL, on_progress=lambda line: None)
    monkeypatch.setattr(finetune, "train_grader", lambda *given: (_ for _ in ()).throw(RuntimeError("shapes\nmore")))
    with pytest.raises(StudentError, match=r"failed \(shapes\)\. Choose another base"):
        finetune_grader(str(base), answers, tmp_path / "out", sizes=SMALL, on_progress=lambda line: None)
    assert [p.name for p in tmp_path.iterdir()] == [base.name]


def test_a_training_that_diverges_is_told_as_such(school, tmp_path):
    with pytest.raises(StudentError, match="diverged.*Lower --learning-rate"):
        base = make(tmp_path)
        state = load_file(base / "model.safetensors")
        from safetensors.torch import save_file

        state = {name: tensor * 1e30 for name, tensor in state.items()}
        save_file(state, base / "model.safetensors", metadata={"format": "pt"})
        finetune_grader(
            str(base), answers_of(school[0], school[1]), tmp_path / "out", sizes=SMALL,
            settings=FinetuneSettings(learning_rate=1.0), on_progress=lambda line: None,
        )  # fmt: skip


def test_an_existing_empty_folder_is_taken_and_rows_are_written_for_a_look(school, tmp_path, say):
    (tmp_path / "out").mkdir()
    rows = tmp_path / "rows.csv"
    told, _, status = say(
        "train-grader", "--base", make(tmp_path), "--answers", school[1], "--data", school[0], "--out", tmp_path / "out", *ROWS,
        "--rows", rows,
    )  # fmt: skip
    assert status == 0 and (tmp_path / "out" / "model.safetensors").is_file() and str(tmp_path / "out") in told
    assert rows.read_text().count('"train"') >= 40


@pytest.mark.parametrize("out", [".", "link"])
def test_a_folder_that_is_the_place_itself_or_a_link_is_taken_too(school, tmp_path, monkeypatch, out):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    base = make(tmp_path)
    monkeypatch.chdir(tmp_path / "real" if out == "." else tmp_path)
    finetune_grader(str(base), answers_of(*school), Path(out), sizes=SMALL, on_progress=lambda line: None)
    assert (tmp_path / "real" / "model.safetensors").is_file() and (tmp_path / "real" / "check.json").is_file()
    assert not list(tmp_path.glob(".new-*"))


def test_a_folder_that_there_cannot_be_is_refused_before_anything_is_loaded():
    with pytest.raises(DataFolderError, match="another --out"):
        finetune_grader("no/model", [], Path("x" * 300), on_progress=lambda line: None)


# ------------------------------------------------------------------ the check


def test_check_teacher_tells_how_a_marker_of_one_s_own_does_on_the_answers_of_runs(school, tmp_path, say):
    told, _, status = say(
        "evaluate-grader", "--grader", make(tmp_path), "--answers", school[1], "--data", school[0], "--json"
    )
    found = json.loads(told.rstrip().split("\n")[-1])
    distinct = {(a.question.id, a.text) for a in answers_of(school[0], school[1])}
    cells = ("right_right", "right_wrong", "wrong_right", "wrong_wrong")
    assert status == 0 and sum(found["written"][c] for c in cells) == len(distinct) and found["hard"] == {}
    assert "answers as written" in told and "hard cases" not in told


def test_check_teacher_says_so_where_there_are_no_answers(tmp_path, say):
    run = create_run(tmp_path, casts.config())
    _, err, status = say("evaluate-grader", "--answers", run.run_id, "--data", tmp_path)
    assert status == 2 and "no answers yet" in err


def test_the_embedded_marker_is_made_as_before_where_no_base_is_named(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "studentsim.grader.training.train_embedded_grader", lambda *given, **more: asked.append((given, more))
    )
    result = CliRunner().invoke(cli.app, ["train-grader", "--steps", "7", "--out", str(tmp_path), "--work", "w"])
    assert result.exit_code == 0, result.output
    ((_, out), more), = asked  # fmt: skip
    assert out == tmp_path and more["recipe"].max_steps == 7 and more["work_folder"] == Path("w")


def test_answers_without_a_base_are_no_setting_of_the_embedded_one():
    result = CliRunner().invoke(cli.app, ["train-grader", "--answers", "x"])
    assert isinstance(result.exception, ConfigError)
