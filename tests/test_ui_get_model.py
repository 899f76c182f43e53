"""New simulation with SmolLM2: got with one click, which chooses it, then started; and what goes wrong is said, and tried again."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import fake_get_model
import journals
import pytest
from journals import make_run
from streamlit.testing.v1 import AppTest
from visits import NEW, PAUSE, ROOT, text_of, visit

from studentsim import presets
from studentsim.analysis import estimate, run_groups, setting_differences
from studentsim.config import RunConfig
from studentsim.labels import formatting, language_models
from studentsim.student.huggingface.catalogue import CATALOGUE
from studentsim.ui import background
from studentsim.ui.new import getting, model_card, suited

SMOL = "smollm2"
GET = f"new.get.{SMOL}"


@pytest.fixture(autouse=True)
def fake_job(monkeypatch: pytest.MonkeyPatch) -> None:
    background._job_registry().jobs.clear()
    monkeypatch.setattr(model_card, "JOB_MODULE", "fake_get_model")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))


def keys(app: AppTest) -> set[str]:
    return {button.key for button in app.button}


def waited(app: AppTest, key: str) -> AppTest:
    """Until a button of that key is there: the fragment that looks after the job is drawn by hand here."""
    for _ in range(200):
        if key in keys(app):
            return app
        time.sleep(PAUSE)
        app.run()
    raise AssertionError(text_of(app))


def put(folder: Path) -> None:
    """The model, got before."""
    fake_get_model.put(folder, SMOL)


# ------------------------------------------------------------------ got and started


def test_from_a_fresh_app_it_is_got_chosen_and_started_with_two_clicks_on_the_page(started: list):
    app = visit(NEW)
    assert not app.exception and "SmolLM2, a real small language model (93 MB)" in text_of(app)
    assert "135 M parameters, from 4-bit weights; Apache-2.0 licence" in text_of(app)
    app.button(key=GET).click().run()
    app = waited(app, f"new.model.{SMOL}")
    assert not app.exception and not app.error and "It is here, checked." in text_of(app)
    app.button(key="new.start").click().run()
    config = started[0][0]
    assert (config.model, config.turns, config.questions_per_turn, config.exam_size, config.validation) == (
        SMOL,
        10,
        24,
        40,
        8,
    )
    assert (config.model_loading.exam_mode, config.model_loading.revision, config.dpo.epochs, config.student_table) == (
        "scored",
        "",
        1,
        None,
    )
    assert config.max_new_tokens == 200 and config.dpo.batch_size < RunConfig().dpo.batch_size


def test_while_it_is_got_the_page_says_how_far_it_is_and_start_waits(folder: Path):
    (folder / "fake-get").write_text("waits")
    app = visit(NEW)
    app.button(key=GET).click().run()
    for _ in range(200):
        told = " ".join(bar.proto.text for bar in app.get("progress"))
        if "40 of 93 MB" in told:
            break
        time.sleep(PAUSE)
        app.run()
    assert told == "Downloading: 40 of 93 MB." and app.button(key="new.start").disabled
    assert "Start opens once it is here" in text_of(app) and not app.error
    app.button(key=f"{GET}.stop").click().run()
    app = waited(app, GET)
    assert app.button(key="new.start").disabled and "is not here yet" in text_of(app) and not app.error
    app.segmented_control(key="new.whose").set_value("embedded").run()
    assert not app.button(key="new.start").disabled


def test_what_goes_wrong_is_said_with_what_to_do_and_tried_again(folder: Path):
    (folder / "fake-get").write_text("no network")
    app = visit(NEW)
    app.button(key=GET).click().run()
    for _ in range(200):
        if app.error:
            break
        time.sleep(PAUSE)
        app.run()
    assert [e.value for e in app.error] == ["The package index cannot be reached. Check the network."]
    assert app.button(key=GET).label == "Try again"
    (folder / "fake-get").unlink()
    app.button(key=GET).click().run()
    app = waited(app, f"new.model.{SMOL}")
    assert not app.error and not app.button(key="new.start").disabled


def test_a_model_that_was_removed_is_got_again(folder: Path):
    app = visit(NEW)
    app.button(key=GET).click().run()
    app = waited(app, f"new.model.{SMOL}")
    shutil.rmtree(folder / "models")
    app.run()
    app.button(key=GET).click().run()
    app = waited(app, f"new.model.{SMOL}")
    assert "It is here, checked." in text_of(app)


# ------------------------------------------------------------------ chosen


def test_it_is_chosen_with_one_click_and_the_embedded_student_s_settings_come_back(started: list, folder: Path):
    put(folder)
    app = visit(NEW)
    app.number_input(key="new.turns").set_value(7).run()
    app.button(key=f"new.model.{SMOL}").click().run()
    assert app.segmented_control(key="new.whose").value == SMOL and "new.student.balanced" not in keys(app)
    assert [app.number_input(key=f"new.{field}").value for field in ("turns", "questions_per_turn", "exam_size")] == [
        7,
        24,
        40,
    ]
    assert "two processor cores" in text_of(app)
    app.segmented_control(key="new.whose").set_value("embedded").run()
    app.button(key="new.start").click().run()
    assert started[0][0] == RunConfig(turns=7)


def test_it_begins_with_what_was_found_to_make_it_learn(started: list, folder: Path):
    put(folder)
    app = visit(NEW)
    app.button(key=f"new.model.{SMOL}").click().run()
    app.button(key="new.start").click().run()
    found, small = started[0][0], presets.get_preset("small-model", SMOL)
    assert (found.dpo, found.teacher, found.model_loading.exam_mode) == (small.dpo, small.teacher, "scored")


def test_a_link_chooses_it(started: list, folder: Path):
    put(folder)
    app = visit(NEW, model=SMOL)
    assert not app.exception and not app.error and app.button(key="new.model.check").label == "Try it out here"
    app.button(key="new.start").click().run()
    assert (started[0][0].model, started[0][0].questions_per_turn) == (SMOL, 24)


@pytest.mark.parametrize(
    "name, kind", [("google/gemma-2b-it", "own"), ("embedded", "embedded"), ("../x", "own"), (" ", "embedded")]
)
def test_a_link_may_name_any_model(folder: Path, name: str, kind: str):
    app = visit(NEW, model=name)
    assert not app.exception and app.segmented_control(key="new.whose").value == kind


def test_run_again_takes_the_model_as_it_is_here_now(started: list, folder: Path):
    put(folder)
    hub = {"revision": "files-0123456789abcdef", "exam_mode": "scored", "dtype": "bfloat16"}
    make_run(folder, "before", model=SMOL, model_loading=hub, questions_per_turn=16)
    app = visit(NEW, like="before")
    assert app.segmented_control(key="new.whose").value == SMOL
    app.button(key="new.start").click().run()
    config = started[-1][0]
    assert (config.model, config.questions_per_turn, config.model_loading.dtype, config.model_loading.revision) == (
        SMOL,
        16,
        "bfloat16",
        "",
    )


def test_a_study_that_came_with_us_does_not_bring_along_what_another_computer_computed_in(
    started: list, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    put(folder)
    begun = journals.RunStarted
    monkeypatch.setattr(journals, "RunStarted", lambda *args, **more: begun(*args, recorded=True, **more))
    make_run(folder, "before", model=SMOL, model_loading={"exam_mode": "scored", "dtype": "bfloat16"})
    app = visit(NEW, like="before")
    app.button(key="new.start").click().run()
    assert (started[-1][0].model_loading.exam_mode, started[-1][0].model_loading.dtype) == ("scored", "auto")


def test_the_paper_s_protocol_stands_with_it(folder: Path):
    put(folder)
    app = visit(NEW, model=SMOL)
    app.button(key="new.paper").click().run()
    assert [app.number_input(key=f"new.{field}").value for field in ("turns", "questions_per_turn", "exam_size")] == [
        20,
        40,
        40,
    ]
    assert "SmolLM2 (135 M parameters, from 4-bit weights)" in text_of(app)


# ------------------------------------------------------------------ progress and names, without a page


def test_progress_never_goes_back_over_a_whole_get_and_tells_the_time_left():
    said = [
        {}, {"step": "downloading", "done": 0, "of": 93e6}, {"step": "downloading", "done": 93e6, "of": 93e6},
        {"step": "checking", "done": 93e6, "of": 93e6}, {"step": "unpacking", "done": 0, "of": 98e6},
        {"step": "converting"}, {"step": "trying"},
    ]  # fmt: skip
    shares = [getting.DownloadProgress.from_message(one, 0.0).fraction for one in said]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] < 1
    begun = getting.DownloadProgress.from_message({"step": "downloading", "done": 10e6, "of": 93e6}, 100.0)
    now = getting.DownloadProgress.from_message({"step": "downloading", "done": 53e6, "of": 93e6}, 110.0)
    assert now.describe(begun) == "Downloading: 53 of 93 MB, about 9 seconds left."
    assert begun.describe(begun) == "Downloading: 10 of 93 MB."
    first, later = (getting.DownloadProgress.from_message({"step": "converting"}, at) for at in (0.0, 9.0))
    assert later.describe(first) == "Converting it for this program, 9 seconds so far."
    assert (
        begun.estimate_seconds_left(begun) is None
        and now.estimate_seconds_left(getting.DownloadProgress("checking", 0, 0, 0.0)) is None
    )


@pytest.mark.parametrize("said", [{"step": None, "done": "x", "of": -1}, {"step": "newly named", "done": 5, "of": 2}])
def test_a_message_that_is_not_known_here_is_no_error(said: dict):
    now = getting.DownloadProgress.from_message(said, 0.0)
    assert 0 <= now.fraction <= 1 and now.describe(now)


def test_every_page_calls_it_by_its_title_and_says_once_what_it_is():
    config = RunConfig(model=SMOL)
    assert formatting.run_title(config) == "SmolLM2: follow the mistakes"
    assert (
        formatting.student_version_label(config)
        == language_models.describe_model(SMOL)
        == CATALOGUE[SMOL].size_description
    )
    assert setting_differences.format_setting("model", config) == "SmolLM2, 135 M parameters, from 4-bit weights"
    assert (
        setting_differences.format_setting("model", RunConfig(model="a/model"))
        == "a/model"
        == formatting.student_title(RunConfig(model="a/model"))
    )
    assert (
        run_groups._setting_label("model", config) == "SmolLM2"
        and run_groups._setting_label("model", RunConfig()) == "embedded"
    )
    assert [d.run_value for d in language_models.preset_departures(config) if d.aspect == "student"] == [
        "SmolLM2 (135 M parameters, from 4-bit weights)"
    ]


def test_a_run_that_suits_it_ends_in_reasonable_time():
    config = suited.default_config(SMOL)
    assert 60 < estimate.estimate_seconds(config) < 20 * 60
    longer = config.model_copy(update={"dpo": config.dpo.model_copy(update={"epochs": 2})})
    assert estimate.estimate_seconds(longer) > estimate.estimate_seconds(config)
    written = config.model_copy(
        update={"model_loading": config.model_loading.model_copy(update={"exam_mode": "written"})}
    )
    assert estimate.estimate_seconds(written) > estimate.estimate_seconds(config)
