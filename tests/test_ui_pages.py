"""Every page in every state a run can be in, run by Streamlit's own AppTest over real journals and a real database."""

from __future__ import annotations

from pathlib import Path

import pytest
from journals import NASTY, go_on, make_run
from visits import HOME, NEW, WATCH, link_labels, text_of, visit

from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.runs.manager import Manager
from studentsim.ui import data

# ------------------------------------------------------------------ Home


def test_home_without_runs_says_what_this_is_and_offers_one_button(folder: Path):
    app = visit(HOME)
    assert not app.exception and not app.error
    assert [b.label for b in app.button] == ["Watch a student learn"]
    assert "There is no simulation yet" in text_of(app)
    assert "not your pupils" in text_of(app)


def test_home_lists_runs_with_their_state_and_last_exam_in_words(folder: Path):
    make_run(folder, "done", exam=60)
    make_run(folder, "stuck", status="failed", turn=2, until="training", name="Class $7_b$")
    app = visit(HOME)
    assert not app.exception and not app.error
    text = text_of(app)
    assert "finished" in text and "stopped by a problem" in text
    assert "of 100 right after 4 lessons" in text
    assert r"Class \$7\_b\$" in link_labels(app)


def test_the_button_starts_the_default_run_and_leads_to_it(started: list):
    app = visit(HOME)
    app.button[0].click().run()
    assert not app.exception
    ((config, _),) = started
    assert config == RunConfig()
    assert app.title[0].value == "Balanced beginner: follow the mistakes"
    assert app.query_params["run"] == "run-1"


def test_a_double_click_starts_one_run_and_a_later_click_another(started: list, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("streamlit.switch_page", lambda *_, **__: None)  # the second click finds Home still there
    app = visit(HOME)
    app.button(key="home.start").click().run()
    app.button(key="home.start").click().run()
    app.run()
    app.button(key="home.start").click().run()
    first, second, third = (token for _, token in started)
    assert first == second != third


# ------------------------------------------------------------------ New simulation


def test_new_simulation_starts_the_run_that_was_set_up(started: list):
    app = visit(NEW)
    assert not app.exception and not app.error
    app.button(key="new.choose.physics-gap").click().run()
    app.radio(key="new.strategy").set_value("random").run()
    app.number_input(key="new.turns").set_value(6).run()
    app.button(key="new.start").click().run()
    ((config, _),) = started
    assert (config.student, config.strategy, config.turns, config.learning) == (
        "physics-gap",
        "random",
        6,
        RunConfig().learning,
    )
    assert "Physics gap: mixed bag" in app.title[0].value


def test_the_own_mix_keeps_its_sum_while_a_slider_moves(started: list):
    app = visit(NEW)
    app.segmented_control(key="new.mix").set_value("My own mix").run()
    app.slider(key="new.share.geometry").set_value(60).run()
    values = {s.label: s.value for s in app.slider}
    assert values["geometry"] == 60 and sum(values.values()) == 100
    app.button(key="new.start").click().run()
    assert started[0][0].mix == {category: float(share) for category, share in values.items()}


def test_a_preset_sets_all_six_sliders(folder: Path):
    app = visit(NEW)
    app.segmented_control(key="new.mix").set_value("My own mix").run()
    app.button(key="new.preset.Only physics").click().run()
    assert {s.label: s.value for s in app.slider if s.value} == {"physics": 100}


@pytest.mark.parametrize("name", ["../x", "CON", "a:b", ".hidden"])
def test_a_bad_name_is_said_at_its_field_and_nothing_can_be_started(started: list, name: str):
    app = visit(NEW)
    app.text_input(key="new.name").set_value(name).run()
    assert not app.exception
    assert len(app.error) == 1 and "name" in app.error[0].value
    assert app.button(key="new.start").disabled
    assert started == []


def test_what_only_the_start_can_find_wrong_is_said_at_its_field(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(self: Manager, config: RunConfig, token: str = "") -> str:
        raise ConfigError(
            "5000 exam questions were asked for, but the bank has 720.", "Ask for 720 or fewer.", field="exam"
        )

    monkeypatch.setattr(Manager, "start", refuse)
    app = visit(NEW)
    app.button(key="new.start").click().run()
    assert not app.exception
    assert "Ask for 720 or fewer" in app.error[0].value


# ------------------------------------------------------------------ Watch

STATES: dict[str, tuple[dict, str]] = {
    "finished": ({}, "After 4 lessons this student answers"),
    "paused": ({"status": "paused", "turn": 2}, "Paused after 2 lessons of 4"),
    "cancelled": ({"status": "cancelled", "turn": 2}, "Cancelled after 2 lessons of 4"),
    "failed": ({"status": "failed", "turn": 2, "until": "training"}, "the memory is full"),
    "interrupted": ({"status": "", "turn": 2, "until": "study"}, "Resume goes on from there"),
    "getting ready": ({"status": "", "turn": -1, "until": "loading", "alive": True}, "The student is getting ready"),
    "in the first exam": ({"status": "", "turn": -1, "until": "exam", "alive": True}, "There is no exam result yet"),
    "learning": ({"status": "", "turn": 2, "until": "training", "alive": True}, "After 2 lessons this student answers"),
}


@pytest.mark.parametrize("state", list(STATES))
def test_watch_shows_a_run_in_every_state(folder: Path, state: str):
    settings, says = STATES[state]
    make_run(folder, "it", **settings)
    app = visit(WATCH, run="it")
    assert not app.exception
    assert bool(app.error) == (state == "failed")
    assert says in text_of(app)


@pytest.mark.parametrize(
    "state, buttons",
    [("learning", {"Pause", "Cancel"}), ("paused", {"Resume", "Cancel"}), ("failed", {"Resume"}), ("finished", set())],
)
def test_watch_offers_only_what_the_state_allows(folder: Path, state: str, buttons: set[str]):
    make_run(folder, "it", **STATES[state][0])
    assert {b.label for b in visit(WATCH, run="it").button} == buttons


def test_pause_asks_the_worker_and_says_so(folder: Path):
    path = make_run(folder, "it", **STATES["learning"][0])
    app = visit(WATCH, run="it")
    app.button(key="watch.pause").click().run()
    assert (path / "control.json").exists()
    assert "pausing" in text_of(app)


def test_an_action_that_came_too_late_is_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch):
    make_run(folder, "it", **STATES["paused"][0])
    app = visit(WATCH, run="it")
    make_run(folder, "other")
    app.button(key="watch.resume").click()
    monkeypatch.setattr(Manager, "resume", lambda self, run: Manager.pause(self, "other"))
    app.run()
    assert not app.exception
    assert "only a run at work can be paused" in app.error[0].value


def test_what_a_question_holds_is_shown_literally(folder: Path):
    make_run(folder, "it", **STATES["in the first exam"][0])
    assert NASTY in [t.value for t in visit(WATCH, run="it").text]


@pytest.mark.parametrize(
    "run", ["nobody", "' OR 1=1--", "../../etc/passwd", "x" * 5000, "<script>alert(1)</script>", "a\0b"]
)
def test_a_link_to_no_run_gives_a_friendly_page_with_a_way_home(folder: Path, run: str):
    make_run(folder, "it")
    app = visit(WATCH, run=run)
    assert not app.exception
    assert "There is no run" in app.error[0].value
    assert "Go to Home" in link_labels(app)


def test_a_run_deleted_under_its_watcher_is_said_to_be_gone(folder: Path):
    make_run(folder, "it")
    app = visit(WATCH, run="it")
    data.engine().manager.delete("it")
    app.run()
    assert not app.exception and "There is no run" in app.error[0].value


def test_watch_without_a_run_lets_one_be_chosen(folder: Path):
    assert "Start one on Home" in link_labels(visit(WATCH))
    make_run(folder, "it")
    assert "Balanced beginner: follow the mistakes" in link_labels(visit(WATCH))


@pytest.mark.parametrize("view", ["margins", "apart", "accuracies", "loss", "logps"])
def test_every_view_of_the_learning_can_be_chosen(folder: Path, view: str):
    make_run(folder, "it")
    app = visit(WATCH, run="it")
    app.segmented_control(key="watch.view").set_value(view).run()
    assert not app.exception and not app.error


def test_new_events_appear_at_the_next_look(folder: Path):
    make_run(folder, "it", **STATES["in the first exam"][0])
    app = visit(WATCH, run="it")
    before = [t.value for t in app.text]
    go_on(folder, "it", answers=3)
    app.run()
    assert [t.value for t in app.text] != before


def test_a_database_in_use_elsewhere_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch):
    from studentsim.errors import DatabaseBusy
    from studentsim.store.database import Database

    def busy(path: str) -> Database:
        raise DatabaseBusy("The database is in use by process 4711.", "Close that app.")

    monkeypatch.setattr(Database, "open", busy)
    for page in (HOME, NEW, WATCH):
        app = visit(page)
        assert not app.exception
        assert "process 4711" in app.error[0].value


def test_what_nobody_foresaw_is_a_sentence_with_the_details_folded(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the sum of nothing")

    monkeypatch.setattr(data, "recent", broken)
    app = visit(HOME)
    assert not app.exception
    assert "Something went wrong" in app.error[0].value
    assert "ZeroDivisionError" in app.expander[0].code[0].value
