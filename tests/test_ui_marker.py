"""New simulation with a marker of one's own: what is set is what marks, and what is wrong with it stands at its field."""

from __future__ import annotations

import shutil
from pathlib import Path

import casts
import hubs
import pytest
import torch
from journals import make_run
from streamlit.testing.v1 import AppTest
from tiny_graders import answers_of, fake_run, make
from visits import NEW, text_of, visit

from studentsim import factory
from studentsim.grader.finetune import finetune_grader
from studentsim.grader.reply_classification import ReplyKind
from studentsim.grader.student_answer import SplitSizes
from studentsim.labels import teacher_settings
from studentsim.runs.executor import execute
from studentsim.runs.run_dir import list_runs
from studentsim.settings import TeacherSettings
from studentsim.store.journal import read_events
from studentsim.student.huggingface import resolve
from studentsim.student.testing import FakeStudent


@pytest.fixture(scope="module")
def marker(tmp_path_factory) -> Path:
    """A T5 that was fine-tuned on a few answers."""
    torch.set_num_threads(1)
    work = tmp_path_factory.mktemp("work")
    answers = answers_of(work, fake_run(work).run_id)
    finetune_grader(
        str(make(work)), answers, work / "marker", sizes=SplitSizes(30, 12, 12), on_progress=lambda line: None
    )
    return work / "marker"


def own(name: Path | str, who: str = teacher_settings.MODEL_GRADES) -> AppTest:
    """The page with another model as marker."""
    app = visit(NEW)
    app.selectbox(key="new.who").set_value(who).run()
    app.selectbox(key="new.which").set_value("own").run()
    return app.text_input(key="new.grader").set_value(str(name)).run() if name else app


def test_from_the_page_a_fine_tuned_marker_decides_in_a_run(folder: Path, marker: Path):
    app = own(marker)
    for field, value in (("turns", 2), ("questions_per_turn", 12), ("exam_size", 24), ("validation", 2)):
        app.number_input(key=f"new.{field}").set_value(value)
    app.run()
    assert not app.exception and not app.error
    assert "on 12 answers it had never seen" in text_of(app) and "a trained marker marks" in text_of(app)
    (by_kind,) = [e for e in app.expander if e.label.startswith("By kind of reply: ")]
    shown = by_kind.dataframe[0].value
    assert shown["answers"].sum() >= 12 and set(shown["kind of reply"]) <= {kind.title for kind in ReplyKind}
    app.button(key="new.start").click().run()
    assert not app.exception and not app.error
    (run,) = list_runs(folder)
    assert run.read_config().teacher == TeacherSettings(
        grader=str(marker), grader_revision=resolve.compute_fingerprint(marker), grade_source="grader"
    )
    cast = lambda config: casts.cast_of(FakeStudent(), factory.build_teacher(config))  # noqa: E731
    assert execute(run, build_components=cast) == "finished"
    told = [e for e in read_events(run.journal_path) if e["type"] == "AnswerRecorded" and e["phase"] == "study"]
    assert len(told) == 24 and all(e["assigned_correct"] is e["grader_correct"] is not None for e in told)


@pytest.mark.parametrize(
    "who, decides", [(teacher_settings.KEY_GRADES_MODEL_OBSERVES, "key"), (teacher_settings.MODEL_GRADES, "marker")]
)
def test_a_name_of_the_hub_is_started_without_asking_the_network(started: list, who: str, decides: str):
    app = own("google/flan-t5-large", who)
    assert not app.error and "looked for when you start" in text_of(app)
    app.button(key="new.start").click().run()
    assert started[0][0].teacher == TeacherSettings(grader="google/flan-t5-large", grade_source=decides)


def test_a_name_that_is_none_is_refused_at_its_field(folder: Path):
    app = own("")
    for name, words in (
        ("", "No marker is named yet"),
        ("embedded", "is the one that comes with the app"),
        ("/nowhere/marker", "no config.json"),
        ("../marker", "climbs with"),
    ):
        app.text_input(key="new.grader").set_value(name).run()
        assert not app.exception and len(app.error) == 1 and words in app.error[0].value
        assert "*The marker's folder or name* above" in text_of(app) and app.button(key="new.start").disabled
    app.selectbox(key="new.which").set_value("embedded").run()
    assert not app.error and not app.button(key="new.start").disabled


def test_a_causal_model_is_refused_at_its_field(folder: Path, tmp_path: Path):
    app = own(hubs.save(tmp_path, "gemma"))
    assert len(app.error) == 1 and "cannot be a marker" in app.error[0].value and "T5 or BART" in app.error[0].value


def test_a_name_that_the_hub_does_not_have_is_refused_at_its_field_when_it_is_started(folder: Path):
    app = own("nobody/has-this")
    app.button(key="new.start").click().run()
    assert len(app.error) == 1 and "nobody/has-this is not on this computer" in app.error[0].value
    assert "*The marker's folder or name* above" in text_of(app) and not list_runs(folder)


def test_run_again_takes_the_same_version_and_refuses_another_until_it_is_given_up(
    started: list, folder: Path, marker: Path, tmp_path: Path
):
    mine = shutil.copytree(marker, tmp_path / "mine")
    teaching = {"grader": str(mine), "grader_revision": resolve.compute_fingerprint(mine), "grade_source": "grader"}
    make_run(folder, "before", teacher=teaching)
    app = visit(NEW, like="before")
    assert not app.error
    app.button(key="new.start").click().run()
    assert started[-1][0].teacher == TeacherSettings(**teaching)
    shutil.copytree(make(tmp_path, seed=1), mine, dirs_exist_ok=True)
    app = visit(NEW, like="before")
    assert len(app.error) == 1 and "not the one that was meant" in app.error[0].value
    assert "12 answers" not in text_of(app), "these figures were of the weights that lay there"
    app.text_input(key="new.grader_revision").set_value("").run()
    assert not app.error
    app.button(key="new.start").click().run()
    assert started[-1][0].teacher == TeacherSettings(grader=str(mine), grade_source="grader")


def test_another_name_gives_up_the_version(started: list, folder: Path, marker: Path, tmp_path: Path):
    make_run(folder, "before", teacher={"grader": "some/t5", "grader_revision": "abc", "grade_source": "grader"})
    app = visit(NEW, like="before")
    assert app.text_input(key="new.grader_revision").value == "abc"
    app.text_input(key="new.grader").set_value(str(make(tmp_path))).run()
    assert app.text_input(key="new.grader_revision").value == "" and not app.error
    assert "evaluate-grader --grader" in text_of(app), "nobody has checked it"


def test_help_says_how_to_make_one(folder: Path):
    app = visit("pages/7_Help.py")
    assert any("train-grader --base google/flan-t5-large --answers RUN" in c.value for c in app.code)
