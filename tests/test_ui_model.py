"""New simulation with a language model of one's own: what is set is what is started, and the check tells what it found."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from fake_model_job import TOLD
from journals import make_run
from streamlit.testing.v1 import AppTest
from visits import NEW, PAUSE, ROOT, text_of, visit

from studentsim.config import RunConfig
from studentsim.labels import formatting
from studentsim.settings import ModelLoadingSettings
from studentsim.ui.new import model_check


@pytest.fixture
def fake_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_check, "JOB_MODULE", "fake_model_job")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))


def own(name: str) -> AppTest:
    app = visit(NEW)
    app.segmented_control(key="new.whose").set_value("own").run()
    return app.text_input(key="new.model").set_value(name).run() if name else app


def checked(app: AppTest) -> AppTest:
    """After the check has ended: the fragment that looks after it is drawn by hand here."""
    app.button(key="new.model.check").click().run()
    for _ in range(100):
        if not app.button(key="new.model.check").disabled:
            return app
        time.sleep(PAUSE)
        app.run()
    raise AssertionError("the check did not end")


def said(app: AppTest) -> str:
    return "\n".join([text_of(app), *(c.value for c in app.code)])


# ------------------------------------------------------------------ what is set up is what is started


def test_the_embedded_student_is_the_default_and_says_what_it_knows(folder: Path):
    app = visit(NEW)
    assert app.segmented_control(key="new.whose").value == "embedded"
    assert "knows nothing else" in text_of(app) and not app.warning


def test_a_model_of_one_s_own_is_started_with_settings_that_suit_it(started: list):
    app = own("google/gemma-2b-it")
    assert "new.student.balanced" not in [b.key for b in app.button]
    for field, value in (
        ("quantisation", "nf4"),
        ("device", "cpu"),
        ("dtype", "bfloat16"),
        ("exam_mode", "scored"),
        ("option_scoring", "letter"),
        ("answer_form", "working"),
    ):
        app.selectbox(key=f"new.{field}").set_value(value)
    app.text_input(key="new.revision").set_value("abc123").run()
    assert not app.exception and not app.error
    assert "not known yet" in text_of(app), "an estimate of the embedded student's would be far out"
    app.button(key="new.start").click().run()
    config = started[0][0]
    hub = ModelLoadingSettings(
        quantisation="nf4", device="cpu", dtype="bfloat16", exam_mode="scored", option_scoring="letter", revision="abc123",
        answer_form="working",
    )  # fmt: skip
    assert (config.model, config.model_loading, config.max_new_tokens) == ("google/gemma-2b-it", hub, 200)
    assert (config.dpo.learning_rate, config.dpo.batch_size) == (5e-5, 4)


def test_it_gets_a_calculator_where_one_is_asked_for(started: list):
    app = own("google/gemma-2b-it")
    assert not app.toggle(key="new.calculator").value
    app.toggle(key="new.calculator").set_value(True).run()
    app.button(key="new.start").click().run()
    assert started[0][0].model_loading.calculator


def test_back_to_the_embedded_student_all_is_as_it_was(started: list):
    app = own("google/gemma-2b-it")
    app.selectbox(key="new.quantisation").set_value("nf4").run()
    app.segmented_control(key="new.whose").set_value("embedded").run()
    app.button(key="new.start").click().run()
    assert started[0][0] == RunConfig()


def test_run_again_fills_the_model_s_fields(started: list, folder: Path):
    hub = {"quantisation": "8bit", "revision": "v1", "generation_batch_size": 3, "prompt_date": "2026-01-31"}
    make_run(folder, "before", model="some/model", model_loading=hub, max_new_tokens=64)
    app = visit(NEW, like="before")
    app.button(key="new.start").click().run()
    config = started[-1][0]
    assert (config.model, config.model_loading, config.max_new_tokens) == (
        "some/model",
        ModelLoadingSettings(**hub),
        64,
    )


def test_another_model_does_not_take_the_date_of_the_run_before(started: list, folder: Path):
    make_run(folder, "before", model="some/model", model_loading={"prompt_date": "2026-01-31", "quantisation": "8bit"})
    app = visit(NEW, like="before")
    app.text_input(key="new.model").set_value("another/model").run()
    app.button(key="new.start").click().run()
    assert started[-1][0].model_loading == ModelLoadingSettings(quantisation="8bit")


@pytest.mark.parametrize(
    "name, message",
    [
        ("", "No model is named yet"),
        ("../models/gemma", "Write it whole: /"),
        ("a" * 5 + "\0b", "is not a name or path"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused_at_the_field(folder: Path, name: str, message: str):
    app = own(name)
    assert not app.exception and len(app.error) == 1 and message in app.error[0].value
    assert "*Name of the model* above" in text_of(app)
    assert app.button(key="new.start").disabled and app.button(key="new.model.check").disabled


def test_what_a_student_lacks_is_offered_only_where_that_is_known(folder: Path):
    app = visit(NEW)
    assert "What this student lacks" in app.segmented_control(key="new.mix").options
    app.segmented_control(key="new.mix").set_value("lacks").run()
    app.segmented_control(key="new.whose").set_value("own").run()
    assert not app.exception and app.segmented_control(key="new.mix").value == "way"
    assert "What this student lacks" not in app.segmented_control(key="new.mix").options


# ------------------------------------------------------------------ the check


def test_the_check_tells_what_it_found_literally_and_how_long_the_run_will_take(folder: Path, fake_job: None):
    app = checked(own("works"))
    assert not app.exception and not app.error
    for sentence in TOLD:
        assert formatting.escape_markdown(sentence) in said(app)
    assert "What is $5 + $6?" in [t.value for t in app.text] and "**b)** <b>11</b>" in [c.value for c in app.code]
    assert "read as **b)**" in said(app)
    assert "judged by the check of the model" in said(app)
    before = next(line for line in said(app).split("\n") if "judged by the check" in line)
    app.number_input(key="new.turns").set_value(400).run()
    after = next(line for line in said(app).split("\n") if "judged by the check" in line)
    assert before != after, "the run's length counts, without a second check"


def test_what_is_wrong_with_a_model_is_said_at_its_field(folder: Path, fake_job: None):
    app = checked(own("gated/model"))
    assert not app.exception
    assert [e.value for e in app.error] == ["Its licence has not been accepted yet. Accept it, then log in."]


def test_a_check_shows_what_is_tried_now_and_can_be_stopped(folder: Path, fake_job: None):
    app = own("slow")
    app.button(key="new.model.check").click().run()
    for _ in range(100):
        told = [bar.proto.text for bar in app.get("progress")]
        if any("the longest question, of 812 tokens" in text for text in told):
            break
        time.sleep(PAUSE)
        app.run()
    else:
        raise AssertionError(told)
    app.button(key="new.model.stop").click().run()
    assert not app.exception


def test_a_check_that_dies_is_a_message(folder: Path, fake_job: None):
    app = checked(own("dies"))
    assert not app.exception and "ended without a result: Fatal: no more memory" in app.error[0].value


def test_other_settings_want_another_check(folder: Path, fake_job: None):
    app = checked(own("works"))
    app.selectbox(key="new.quantisation").set_value("nf4").run()
    assert "Is it there" in text_of(app) and "judged by the check" not in text_of(app)
