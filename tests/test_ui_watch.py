"""Watch in every state a run can be in, a race, the presentation view, and what a refresh costs. Real journals, a real database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import answer_queries
import journals
import pandas as pd
import pytest
from journals import NASTY, go_on, make_run
from streamlit.testing.v1 import AppTest
from visits import NEW, WATCH, link_labels, text_of, visit

from studentsim.analysis import practice_accuracy, rewards
from studentsim.config import RunConfig
from studentsim.errors import ConfigError, RunError
from studentsim.events import Cell, ValidationFinished
from studentsim.exam import wilson_interval
from studentsim.labels import strategy_styles
from studentsim.runs import status as states
from studentsim.runs.manager import RunManager
from studentsim.runs.queue import dequeue, enqueue
from studentsim.runs.run_dir import RunFolder
from studentsim.settings import DPOSettings
from studentsim.store import apply_chunk, queries
from studentsim.store.database import Database
from studentsim.ui import charts, data, glossary
from studentsim.ui.watch import links, live, live_run, packed_figures, plot, race_entries


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every look is a new one, and none is kept from test to test."""
    monkeypatch.setattr(live_run, "SNAPSHOT_TTL_SECONDS", 0.0)
    yield
    live_run._run_cache.clear()


def component_data(app: AppTest) -> list[dict]:
    """What was handed to the page's own components: packed pictures, and the texts of the presentation view."""
    found = []
    for element in app.get("bidi_component"):
        proto = element.proto
        found.append(json.loads(proto.bytes or proto.json or proto.mixed.json))
    return found


def titles(app: AppTest) -> list[str]:
    return [e.value for e in app.get("subheader")]


STATES: dict[str, tuple[dict, str]] = {
    "finished": ({}, "After 4 lessons this student answers"),
    "paused": ({"status": "paused", "turn": 2}, "Paused after 2 lessons of 4"),
    "cancelled": ({"status": "cancelled", "turn": 2}, "Cancelled after 2 lessons of 4"),
    "failed": ({"status": "failed", "turn": 2, "until": "training"}, "the memory is full"),
    "interrupted": ({"status": "", "turn": 2, "until": "study"}, "Resume goes on from there"),
    "getting ready": ({"status": "", "turn": -1, "until": "loading", "alive": True}, "The student is getting ready"),
    "in the first exam": ({"status": "", "turn": -1, "until": "exam", "alive": True}, "There is no exam result yet"),
    "learning": ({"status": "", "turn": 2, "until": "training", "alive": True}, "After 2 lessons this student answers"),
    "one answer an exam": (
        {"turns": 1, "questions_per_turn": 1, "exam_size": 1},
        "never-practised questions rightly, which is",
    ),
    "no teaching": ({"strategy": "none"}, "this student is never taught"),
}


# ------------------------------------------------------------------ one run


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


def test_a_finished_run_shows_exams_categories_practice_and_learning_and_three_ways_on(folder: Path):
    make_run(folder, "it", turns=4, exam_size=60)
    app = visit(WATCH, run="it")
    assert titles(app) == [
        "How many never-practised questions does it answer rightly?",
        "Which categories are still weak?",
        "Which mistakes led to which practice?",
        "How did the practice go?",
        "What happens while it learns?",
        "Its latest answers",
    ]
    assert {"Where is it weak?", "Compare with another way", "Read the answers"} <= set(link_labels(app))
    shown = [picture for picture in component_data(app) if "figure" in picture]
    assert len(shown) == 5
    assert all(picture["alt"] and json.loads(picture["figure"])["data"] for picture in shown)


def test_a_running_run_says_how_far_it_is_and_that_the_page_may_be_closed(folder: Path):
    make_run(folder, "it", **STATES["learning"][0])
    app = visit(WATCH, run="it")
    assert not {"Where is it weak?", "Read the answers"} & set(link_labels(app)) - {"Weaknesses", "Answers"}
    (bar,) = app.get("progress")
    assert "Lesson 3 of 4" in bar.proto.text and "You can close this page" in bar.proto.text


def test_pause_asks_the_worker_and_says_so(folder: Path):
    path = make_run(folder, "it", **STATES["learning"][0])
    app = visit(WATCH, run="it")
    app.button(key="watch.pause").click().run()
    assert (path / "control.json").exists()
    assert "pausing" in text_of(app)


def test_an_action_that_came_too_late_is_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch):
    make_run(folder, "it", **STATES["paused"][0])
    app = visit(WATCH, run="it")

    def late(self: RunManager, run_id: str) -> None:
        raise RunError("The run it is finished; only a run at work can be paused.")

    app.button(key="watch.resume").click()
    monkeypatch.setattr(RunManager, "resume", late)
    app.run()
    assert not app.exception
    assert "only a run at work can be paused" in app.error[0].value


def test_what_a_question_holds_is_shown_literally(folder: Path):
    make_run(folder, "it", **STATES["in the first exam"][0])
    assert NASTY in [t.value for t in visit(WATCH, run="it").text]


def test_a_category_is_named_by_what_it_holds_before_the_first_exam_is_over_too(folder: Path):
    make_run(folder, "it", **STATES["in the first exam"][0])
    captions = [c.value for c in visit(WATCH, run="it").caption]
    assert any("sequences, counting, percent" in c for c in captions), captions
    assert not any("· other" in c for c in captions), captions


@pytest.mark.parametrize(
    "link",
    [
        {"run": "nobody"},
        {"run": "' OR 1=1--", "present": "1"},
        {"run": "../../etc/passwd", "present": "maybe"},
        {"run": "x" * 5000},
        {"run": "a\0b"},
        {"race": "<script>alert(1)</script>"},
        {"race": "a,b,c,d,e,f", "present": "1"},
        {"race": "x" * 5000},
        {"race": "a\0b,../.."},
    ],
)
def test_a_link_to_no_run_gives_a_friendly_page_with_a_way_home(folder: Path, link: dict[str, str]):
    make_run(folder, "it")
    app = visit(WATCH, **link)
    assert not app.exception
    assert "There is no run" in app.error[0].value
    assert "Go to Home" in link_labels(app)


def test_a_run_deleted_under_its_watcher_is_said_to_be_gone(folder: Path):
    make_run(folder, "it")
    app = visit(WATCH, run="it")
    data.get_engine().manager.delete("it")
    app.run()
    assert not app.exception and "deleted" in app.error[0].value
    assert "Go to Home" in link_labels(app)


def test_watch_without_a_run_lets_one_be_chosen_or_a_race_be_started(folder: Path):
    assert "Start one on Home" in link_labels(visit(WATCH))
    make_run(folder, "it")
    labels = link_labels(visit(WATCH))
    assert "Balanced beginner: follow the mistakes" in labels
    assert any("race" in label for label in labels)


@pytest.mark.parametrize("view", ["margins", "chosen_rejected", "accuracies", "loss", "logps"])
def test_every_view_of_the_learning_can_be_chosen_and_linked(folder: Path, view: str):
    make_run(folder, "it")
    app = visit(WATCH, run="it")
    app.segmented_control(key="watch.view").set_value(view).run()
    assert not app.exception and not app.error
    linked = visit(WATCH, **{"run": "it", "watch.view": rewards.REWARD_VIEWS[view].name})
    assert linked.segmented_control(key="watch.view").value == view


@pytest.mark.parametrize("reference", ["last-turn", "base"])
def test_each_lesson_is_said_to_start_again_only_where_it_does_and_nobody_is_frightened(folder: Path, reference: str):
    make_run(folder, "it", dpo=DPOSettings(reference=reference, epochs=1))
    app = visit(WATCH, run="it")
    said = [c.value for c in app.caption if c.value.startswith("Rewards compare with")]
    assert len(said) == 1 and ("starts again from about 0" in said[0]) == (reference == "last-turn")
    text = text_of(app)
    assert text.count("starts again") == (reference == "last-turn") and "so far it prefers" not in text
    assert not app.warning and "less likely" not in text
    assert {"Technical view", "The source paper's table, lesson by lesson"} <= {fold.label for fold in app.expander}


def test_held_out_options_are_told_of_where_they_were_looked_at(folder: Path, monkeypatch: pytest.MonkeyPatch):
    make_run(folder, "before")
    monkeypatch.setattr(
        journals, "ValidationFinished", partial(ValidationFinished, option_accuracies=0.625, option_margins=0.3)
    )
    make_run(folder, "it")
    line = "After lesson 4 the right option has gained more than a wrong one in 22 of 36 held-out questions, which is 45 to 75 of 100;"
    (caption,) = [c for c in visit(WATCH, run="it").caption if "wrong one in" in c.value]
    assert caption.value.startswith(line) and "+0.30" in caption.value
    assert not [c for c in visit(WATCH, run="before").caption if "wrong one in" in c.value]


def test_what_was_not_practised_is_told_of_where_it_was_rehearsed(folder: Path, monkeypatch: pytest.MonkeyPatch):
    make_run(folder, "before")
    plain = journals.metrics
    monkeypatch.setattr(
        journals, "metrics", lambda turn, step: replace(plain(turn, step), rehearsal=0.25 if step % 2 else None)
    )
    make_run(folder, "it")
    line = "What lesson 4 does not practise stays as it was (rehearsal: drift 0.25 nat² a step)."
    (caption,) = [c for c in visit(WATCH, run="it").caption if "rehearsal" in c.value]
    assert caption.value == line and glossary.TERMS["rehearsal"].summary in caption.help
    assert not [c for c in visit(WATCH, run="before").caption if "rehearsal" in c.value]
    with Database.open(folder) as database:
        frame = queries.fetch_training_steps(database, "it")
    assert (frame.rehearsal.notna() == (frame.step % 2 == 1)).all() and set(live.STEP_COLUMNS) <= set(frame)


def test_a_link_to_a_view_that_is_not_there_shows_the_usual_one(folder: Path):
    make_run(folder, "it")
    app = visit(WATCH, **{"run": "it", "watch.view": "x" * 3000})
    assert not app.exception and app.segmented_control(key="watch.view").value == rewards.DEFAULT_REWARD_VIEW


def test_new_events_appear_at_the_next_look(folder: Path):
    make_run(folder, "it", **STATES["in the first exam"][0])
    app = visit(WATCH, run="it")
    before = [t.value for t in app.text]
    go_on(folder, "it", answers=3)
    app.run()
    assert [t.value for t in app.text] != before


# ------------------------------------------------------------------ what a refresh costs


def test_only_tables_that_hold_something_new_are_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch):
    make_run(folder, "it", status="", turn=2, alive=True)
    engine = data.get_engine()
    first = live_run.take_snapshot(engine, "it")
    asked: list[str] = []
    frame = Database.query_frame
    monkeypatch.setattr(Database, "query_frame", lambda self, sql, *rest: asked.append(sql) or frame(self, sql, *rest))
    live_run.take_snapshot(engine, "it")
    assert asked == [], "nothing is new, so nothing is read"
    go_on(folder, "it", answers=3)
    second = live_run.take_snapshot(engine, "it")
    assert len(asked) == 1 and "FROM answers" in asked[0]
    assert second.exams is first.exams and second.steps is first.steps
    assert not second.answers.equals(first.answers)
    go_on(folder, "it", lessons=1)
    assert len(live_run.take_snapshot(engine, "it").steps) > len(first.steps)


def test_one_look_and_one_picture_serve_all_viewers(folder: Path, monkeypatch: pytest.MonkeyPatch):
    make_run(folder, "it", **STATES["learning"][0])
    engine = data.get_engine()
    monkeypatch.setattr(live_run, "SNAPSHOT_TTL_SECONDS", 60.0)
    first = live_run.take_snapshot(engine, "it")
    go_on(folder, "it", answers=3)
    assert live_run.take_snapshot(engine, "it") is first
    assert packed_figures.pack_exam_figure(first) is packed_figures.pack_exam_figure(
        live_run.take_snapshot(engine, "it")
    )
    live_run.control_runs(engine, "pause", ["it"])
    assert live_run.take_snapshot(engine, "it").state.request == "pause", "what a button did is seen at once"


def test_a_run_refreshes_while_it_goes_on_and_more_eagerly_before_its_first_answer(folder: Path):
    make_run(folder, "done")
    make_run(folder, "ready", **STATES["getting ready"][0])
    make_run(folder, "busy", **STATES["learning"][0])
    done, ready, busy = (live_run.take_snapshot(data.get_engine(), name) for name in ("done", "ready", "busy"))
    assert live.refresh_interval([done]) is None
    make_run(folder, "paused", **STATES["paused"][0])
    assert (
        live.refresh_interval([live_run.take_snapshot(data.get_engine(), "paused"), done]) == live.IDLE_REFRESH_SECONDS
    ), "another visitor may resume it"
    killed = make_run(folder, "killed", **STATES["interrupted"][0])
    RunFolder(killed).write_request("cancel")
    assert live.refresh_interval([live_run.take_snapshot(data.get_engine(), "killed")]) == live.REFRESH_SECONDS, (
        "it will be cancelled in a moment"
    )
    assert live.refresh_interval([done, busy]) == live.REFRESH_SECONDS == 1.0
    assert live.refresh_interval([ready]) == live.refresh_interval([busy, ready]) == live.EAGER_REFRESH_SECONDS == 0.5


def test_a_resumed_run_forgets_what_is_void(folder: Path):
    path = make_run(folder, "it", status="paused", turn=2, until="training")
    engine = data.get_engine()
    before = live_run.take_snapshot(engine, "it")
    from studentsim.events import RunResumed
    from studentsim.store.journal_writer import JournalWriter

    with JournalWriter(path / "events.jsonl") as journal:
        journal.append(RunResumed(2))
    after = live_run.take_snapshot(engine, "it")
    assert before.steps.turn.max() == 3 and after.steps.turn.max() == 2


def test_a_journal_that_grows_while_it_is_read_does_not_hold_its_reader(folder: Path, monkeypatch: pytest.MonkeyPatch):
    make_run(folder, "it", **STATES["learning"][0])
    engine, pieces, take_in = data.get_engine(), [], apply_chunk.apply_chunk

    def and_it_grows(*args: object) -> tuple[int, int]:
        taken = take_in(*args)
        pieces.append(taken)
        go_on(folder, "it", answers=1)
        return taken

    monkeypatch.setattr(apply_chunk, "apply_chunk", and_it_grows)
    live_run.take_snapshot(engine, "it")
    assert len(pieces) == 1


def test_a_run_that_is_just_being_handed_to_its_worker_does_not_look_interrupted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    waiting = RunFolder(make_run(folder, "it", status="", turn=-1))
    enqueue(waiting)
    real = states.current_lease

    def and_then_it_is_handed_over(run: RunFolder) -> object:
        seen = real(run)
        dequeue(run)
        return seen

    monkeypatch.setattr(states, "current_lease", and_then_it_is_handed_over)
    assert states.read_run_state(waiting).status == "queued"


def test_the_newest_answers_are_the_last_ones_wherever_they_lie(folder: Path):
    make_run(folder, "it", turns=2, exam_size=60)
    engine = data.get_engine()
    live_run.take_snapshot(engine, "it")
    last = answer_queries.fetch_last_seq(engine.database, "it")
    all_of_them = queries.fetch_latest_answers(engine.database, "it", 500)
    for limit in (1, 6, 500):
        newest = queries.fetch_newest_answers(engine.database, "it", last, limit)
        assert list(newest.seq) == list(all_of_them.seq[:limit])
    assert queries.count_phase_answers(engine.database, "it", turn=0, phase="exam") == 60
    assert list(queries.fetch_finished_turns(engine.database, "it").turn) == [1, 2]
    assert queries.fetch_last_seqs(engine.database, "nobody") == dict.fromkeys(
        ("exams", "turns", "training_steps", "validations"), -1
    )


# ------------------------------------------------------------------ race


def race_of(folder: Path, **settings: dict) -> str:
    for name, changes in settings.items():
        make_run(folder, name, **changes)
    return ",".join(settings)


def test_a_race_shows_all_curves_in_one_picture_and_each_ones_standing(folder: Path):
    ids = race_of(folder, a={"strategy": "random"}, b={"strategy": "category", "status": "paused", "turn": 2})
    app = visit(WATCH, race=ids)
    assert not app.exception and not app.error
    assert app.title[0].value == "Race: mixed bag, follow the mistakes"
    picture, mix = component_data(app)
    assert [t["name"] for t in json.loads(picture["figure"])["data"]] == ["Mixed bag", "Follow the mistakes"]
    assert {"Mixed bag", "Follow the mistakes"} <= set(link_labels(app))
    assert "Paused" in "".join(p.proto.text for p in app.get("progress"))


@pytest.mark.parametrize(
    "states, buttons",
    [
        (({"status": "", "alive": True, "turn": 2},) * 2, {"Pause all", "Cancel all"}),
        (({"status": "paused", "turn": 2}, {}), {"Resume all", "Cancel all"}),
        (({}, {}), set()),
    ],
)
def test_a_race_is_paused_resumed_and_cancelled_as_one(folder: Path, states: tuple, buttons: set[str]):
    ids = race_of(folder, a={"strategy": "random", **states[0]}, b=dict(states[1]))
    app = visit(WATCH, race=ids)
    assert {b.label for b in app.button if not b.label.startswith("Repeat")} == buttons


def test_pause_all_asks_every_worker(folder: Path):
    ids = race_of(
        folder,
        a={"strategy": "random", "status": "", "turn": 2, "alive": True},
        b={"status": "", "turn": 2, "alive": True},
    )
    app = visit(WATCH, race=ids)
    app.button(key="watch.all.pause").click().run()
    assert all((folder / "runs" / run_id / "control.json").exists() for run_id in "ab")


def test_a_race_link_with_a_wrong_name_among_right_ones_shows_the_right_ones(folder: Path):
    make_run(folder, "a")
    app = visit(WATCH, race="a,nobody,a,a")
    assert not app.exception
    assert "There is no run" in app.error[0].value and len(component_data(app)) == 2


def test_a_new_race_starts_all_with_the_same_exam_and_luck(started: list):
    app = visit(WATCH, race="new")
    assert not app.exception and not app.error
    app.multiselect(key="watch.race.Ways of choosing").set_value(["random", "category", "none"]).run()
    app.number_input(key="watch.race.turns").set_value(6).run()
    app.number_input(key="watch.race.seed").set_value(7).run()
    app.button(key="watch.race.start").click().run()
    assert not app.exception
    configs = [config for config, _ in started]
    assert [c.strategy for c in configs] == ["random", "category", "none"]
    assert {(c.turns, c.seed, c.exam_seed, c.student) for c in configs} == {(6, 7, 7, "balanced")}
    assert len({token for _, token in started}) == 3
    assert app.query_params["race"] == "run-1,run-2,run-3"
    assert app.title[0].value.startswith("Race: mixed bag")


def test_students_can_race_one_another(started: list):
    app = visit(WATCH, race="new")
    app.segmented_control(key="watch.race.differs").set_value("Students").run()
    app.button(key="watch.race.start").click().run()
    configs = [config for config, _ in started]
    assert len(configs) == 2 and len({c.student for c in configs}) == 2 and len({c.strategy for c in configs}) == 1


def test_a_race_of_one_cannot_be_started_and_more_than_two_are_said_to_queue(folder: Path):
    app = visit(WATCH, race="new")
    app.multiselect(key="watch.race.Ways of choosing").set_value(["random"]).run()
    assert app.button(key="watch.race.start").disabled and "at least two" in text_of(app)
    app.multiselect(key="watch.race.Ways of choosing").set_value(["random", "none", "fixed"]).run()
    assert not app.button(key="watch.race.start").disabled and "wait in the queue" in text_of(app)


def test_a_race_s_form_says_that_others_are_at_work_or_wait(folder: Path):
    assert "take longer" not in text_of(visit(WATCH, race="new"))
    make_run(folder, "one", **STATES["learning"][0])
    assert "1 simulation at work: beside it these take longer." in text_of(visit(WATCH, race="new"))
    make_run(folder, "two", **STATES["learning"][0])
    queued(folder, "three")
    said = "2 simulations at work, 1 more in the queue: these start when there is room, so it takes that much longer."
    assert said in text_of(visit(WATCH, race="new"))


def queued(folder: Path, run_id: str, **settings: object) -> None:
    """A run that waits for a free place."""
    path = make_run(folder, run_id, status="", turn=-1, **settings)
    enqueue(RunFolder(path))


def test_a_race_that_waits_for_its_turn_says_so_and_not_that_it_is_on(folder: Path):
    for run_id, way in (("a", "random"), ("b", "category"), ("c", "none")):
        queued(folder, run_id, strategy=way)
    said = "All 3 wait for a free place on this computer and start by themselves."
    text = text_of(visit(WATCH, race="a,b,c"))
    assert f"The race has not begun yet. {said}" in text and "The race is on" not in text
    sentence, _picture, *_ = component_data(visit(WATCH, race="a,b,c", present="1"))
    assert sentence["note"].startswith("Say it before it begins") and sentence["note"].endswith(said)
    make_run(folder, "d", **STATES["in the first exam"][0])
    sentence, *_ = component_data(visit(WATCH, race="a,d", present="1"))
    assert "It has begun" in sentence["note"] and sentence["note"].endswith(
        "1 waits for a free place on this computer and starts by itself."
    )
    text = text_of(visit(WATCH, race="a,d"))
    assert "The race is on. Who leads shows once all have sat their first exam. 1 waits for a free place" in text


@pytest.mark.parametrize(
    "statuses, says",
    [
        (["queued", "queued"], "The race has not begun yet. Both wait for a free place"),
        (["paused", "queued"], "The race has not begun yet. 1 waits for a free place"),
        (["running", "starting"], "The race is on. Who leads shows once all have sat their first exam."),
        (["paused", "paused"], "The race stands still."),
        (["cancelled", "cancelled"], "The race ended before all had sat their first exam."),
    ],
)
def test_before_anybody_leads_a_race_says_how_it_stands(statuses: list[str], says: str):
    assert race_entries.describe_standings([lane("A"), lane("B")], statuses).startswith(says)


def test_if_one_of_a_race_cannot_start_none_does(started: list, monkeypatch: pytest.MonkeyPatch):
    begin, cancelled = RunManager.start, []

    def start(self: RunManager, config: RunConfig, token: str = "", cell: Cell | None = None) -> str:
        if started:
            raise ConfigError("The bank has too few questions.", "Ask for fewer.", field="exam")
        return begin(self, config, token, cell)

    monkeypatch.setattr(RunManager, "start", start)
    monkeypatch.setattr(RunManager, "cancel", lambda self, run_id: cancelled.append(run_id))
    app = visit(WATCH, race="new")
    app.button(key="watch.race.start").click().run()
    assert not app.exception and "Ask for fewer" in app.error[0].value
    assert cancelled == ["run-1"]


# ------------------------------------------------------------------ presentation


@pytest.mark.parametrize("link", [{"run": "a"}, {"race": "a,b"}])
def test_the_presentation_view_has_no_menu_one_picture_a_card_each_and_a_way_out(folder: Path, link: dict[str, str]):
    race_of(folder, a={"strategy": "random"}, b={"status": "paused", "turn": 2})
    app = visit(WATCH, **link, present="1")
    assert not app.exception and not app.error
    assert not app.sidebar.children
    sentence, picture, cards = component_data(app)
    assert "lesson" in sentence["sentence"]
    assert picture["large"] and picture["alt"]
    assert len(cards["cards"]) == len(next(iter(link.values())).split(","))
    assert all(card["problem"] and card["mark"] and card["verdict"] for card in cards["cards"])
    app.button(key="watch.leave").click().run()
    assert app.query_params == link and app.sidebar.children


def test_the_presentation_view_pauses_and_goes_on_by_key(folder: Path):
    path = make_run(folder, "it", **STATES["learning"][0])
    app = visit(WATCH, run="it", present="1")
    button = app.button(key="watch.all.pause")
    assert button.proto.shortcut.upper() == "P"
    button.click().run()
    assert (path / "control.json").exists()
    make_run(folder, "other", **STATES["paused"][0])
    assert visit(WATCH, run="other", present="1").button(key="watch.all.resume").proto.shortcut.upper() == "G"


@pytest.mark.parametrize("state", list(STATES))
def test_the_presentation_view_stands_in_every_state(folder: Path, state: str):
    make_run(folder, "it", **STATES[state][0])
    app = visit(WATCH, run="it", present="1")
    assert not app.exception and not app.error


# ------------------------------------------------------------------ what is said


def exams(*rows: tuple[int, int, int, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["turn", "correct", "questions", "ci_low", "ci_high"])
    return frame.assign(accuracy=frame.correct / frame.questions)


def lane(name: str, *rows: tuple[int, int, int, float, float]) -> race_entries.RaceEntry:
    return race_entries.RaceEntry(name, name, strategy_styles.strategy_style("random"), exams(*rows))


START = (0, 72, 240, 0.24, 0.36)


def test_a_race_names_a_leader_only_where_the_intervals_bear_it():
    fast = lane("Fast", START, (4, 160, 240, 0.60, 0.72))
    near = lane("Near", START, (4, 150, 240, 0.56, 0.68))
    slow = lane("Slow", START, (4, 90, 240, 0.32, 0.44))
    assert "“Fast” is ahead of “Slow” by more than chance" in race_entries.describe_standings([slow, fast])
    assert race_entries.find_leader([slow, fast]) == 1 and race_entries.find_leader([near, slow, fast]) is None
    assert "nobody is clearly ahead" in race_entries.describe_standings(
        [near, fast]
    ) and "may be chance" in race_entries.describe_standings([near, fast])
    assert race_entries.describe_standings([near, near]).endswith("nobody is clearly ahead: 63 of 100 each.")
    three = race_entries.describe_standings([near, slow, fast])
    assert "ahead of “Slow” by more than chance, but not clearly of “Near”" in three


def test_a_race_is_told_at_the_last_exam_that_all_have_sat_and_says_so_where_one_is_further():
    further = (6, 200, 240, 0.78, 0.88)
    ahead = lane("Fast", START, (4, 160, 240, 0.60, 0.72), further)
    behind = lane("Slow", START, (4, 90, 240, 0.32, 0.44))
    assert race_entries.describe_standings([ahead, behind]).startswith(
        "After 4 lessons, the last exam that all have sat, “Fast” is ahead of"
    )
    assert race_entries.describe_standings([ahead, behind]).endswith("“Fast” has gone on to lesson 6.")
    near = lane("Near", START, (4, 150, 240, 0.56, 0.68), further)
    assert "“Fast” and “Near” have gone on to lesson 6." in race_entries.describe_standings([ahead, near, behind])
    late = lane("Late", START, (4, 150, 240, 0.56, 0.68), (8, 180, 240, 0.69, 0.80))
    assert race_entries.describe_standings([ahead, late, behind]).endswith(
        "“Fast” has gone on to lesson 6, “Late” to lesson 8."
    )
    level = race_entries.describe_standings(
        [lane("A", START, (4, 90, 240, 0.32, 0.44)), lane("B", START, (4, 90, 240, 0.32, 0.44))]
    )
    assert level == "After 4 lessons nobody is clearly ahead: 38 of 100 each."
    first = race_entries.describe_standings([ahead, lane("New", START)])
    assert "before any lesson" in first and first.endswith("“Fast” has gone on to lesson 6.")
    assert "once all have sat" in race_entries.describe_standings([ahead, lane("Newer")])
    assert (
        race_entries.last_common_exam_turn([ahead, behind]) == 4
        and race_entries.last_common_exam_turn([ahead, lane("Newer")]) is None
    )


def test_a_race_s_picture_marks_the_lesson_that_is_compared_where_one_is_further(folder: Path):
    ids = race_of(folder, a={"strategy": "random"}, b={"status": "paused", "turn": 2})
    picture, *_ = component_data(visit(WATCH, race=ids))
    figure = json.loads(picture["figure"])
    assert [n["x"] for n in figure["layout"]["annotations"] if n["text"] == "compared here"] == [2]
    assert "has gone on to lesson 4" in picture["alt"]


def test_of_races_among_equals_at_most_one_in_twenty_has_a_leader():
    rng = Random("races among equals")

    def racer(name: str) -> race_entries.RaceEntry:
        right = sum(rng.random() < 0.6 for _ in range(100))
        return lane(name, START, (4, right, 100, *wilson_interval(right, 100)))

    led = sum(race_entries.find_leader([racer(name) for name in "ABCD"]) is not None for _ in range(1000))
    assert led <= 50


def test_lanes_are_named_by_what_sets_them_apart():
    ways = [RunConfig(strategy="random"), RunConfig(strategy="category")]
    assert race_entries.entry_names(ways) == ["Mixed bag", "Follow the mistakes"]
    students = [RunConfig(student="balanced"), RunConfig(student="physics-gap")]
    assert race_entries.entry_names(students) == ["Balanced beginner", "Physics gap"]
    twins = [RunConfig(), RunConfig(seed=1)]
    assert len(set(race_entries.entry_names(twins))) == 2
    for configs in (ways, students, twins, [*ways, *students]):
        assert len({id(look) for look in race_entries.entry_styles(configs)}) == len(configs)


def test_a_race_of_unlike_runs_says_so():
    assert race_entries.describe_unfairness([RunConfig(strategy="random"), RunConfig()]) == ""
    assert "exam seed" in race_entries.describe_unfairness([RunConfig(exam_seed=3), RunConfig()])


def test_the_practice_is_told_with_its_interval_and_why_it_is_no_exam():
    lessons = practice_accuracy.with_practice_accuracy(
        pd.DataFrame({"turn": [1, 2], "correct": [4, 12], "questions": [40, 40]})
    )
    text = practice_accuracy.describe_latest_practice(lessons, "category")
    assert "In lesson 2 it answered 12 of 40 rightly, which is 18 to 45 of 100." in text
    assert "only the exam says what was learnt" in text
    assert "no practice yet" in practice_accuracy.describe_latest_practice(lessons.iloc[:0], "category")


# ------------------------------------------------------------------ pictures


CELLS = pd.DataFrame(
    [("physics", 0, 10, 40), ("physics", 2, 30, 40), ("<b>odd</b>", 0, 3, 7), ("gone", 0, 5, 9), ("empty", 0, 0, 0)],
    columns=["row", "turn", "correct", "questions"],
)


def test_a_heatmap_shows_its_number_in_each_cell_and_hatches_those_of_few_answers():
    (bars,) = charts.category_heatmap_figure(CELLS, rows=["physics", "<b>odd</b>", "empty"]).data
    assert list(bars.text) == ["25", "75", "3/7"]
    assert list(bars.marker.pattern.shape) == ["", "", "/"]
    assert [tuple(point[:4]) for point in bars.customdata] == [
        ("physics", 0, 10, 40),
        ("physics", 2, 30, 40),
        ("<b>odd</b>", 0, 3, 7),
    ]
    assert (
        bars.marker.color[0]
        == strategy_styles.diverging_color(0.25)
        != bars.marker.color[1]
        == strategy_styles.diverging_color(0.75)
    )
    assert "<b>" not in bars.hovertext[2]


def test_the_heatmaps_cells_stay_where_they_are_while_a_run_goes_on():
    full = charts.category_heatmap_figure(CELLS, rows=["physics"], turns=range(0, 9, 2), revision="a")
    fewer = charts.category_heatmap_figure(CELLS[CELLS.turn == 0], rows=["physics"], turns=range(0, 9, 2), revision="a")
    assert full.layout.xaxis == fewer.layout.xaxis and full.layout.uirevision == fewer.layout.uirevision
    assert charts.category_heatmap_figure(CELLS.iloc[:0], rows=[]).data


def test_a_race_is_drawn_in_the_strategies_looks_with_names_at_the_lines_ends():
    one, two = exams(START, (2, 120, 240, 0.44, 0.56)), exams(START)
    figure = charts.race_figure(
        [
            ("A", strategy_styles.strategy_style("random"), one),
            ("<i>B</i>", strategy_styles.strategy_style("category"), two),
        ],
        turns=4,
        exam_every=2,
    )
    first, second = figure.data
    assert (first.line.dash, second.line.dash) == ("solid", "dash")
    assert first.x[0] == second.x[0] == 0 and first.meta["aside"] < second.meta["aside"], "points are moved by pixels"
    ends = [note for note in figure.layout.annotations if note.name == "end"]
    assert {note.text for note in ends} == {"● A<br><b>50</b> after 2", "■ &lt;i&gt;B&lt;/i&gt;<br><b>30</b> after 0"}
    assert abs(ends[0].y - ends[1].y) >= 5
    level = charts.race_figure(
        [("A", strategy_styles.strategy_style("random"), one), ("B", strategy_styles.strategy_style("category"), one)],
        turns=4,
        exam_every=2,
    )
    assert {note.text for note in level.layout.annotations if note.name == "end"} == {"● A <b>50</b>", "■ B <b>50</b>"}


def test_practice_looks_unlike_an_exam():
    lessons = practice_accuracy.with_practice_accuracy(
        pd.DataFrame({"turn": [1, 2], "correct": [4, 12], "questions": [40, 40]})
    )
    (trace,) = charts.practice_figure(lessons, turns=20).data
    assert trace.mode == "markers" and "open" in trace.marker.symbol and trace.error_y.array is not None


def test_a_packed_picture_is_small_and_never_holds_plotly_itself():
    figure = charts.exam_accuracy_figure(exams(START, (2, 120, 240, 0.44, 0.56)), strategy="random", turns=20)
    packed = plot.pack_figure(figure, alt="what it shows")
    assert len(packed) < 8000
    told = json.loads(packed)
    assert told["alt"] == "what it shows" and told["height"] == "340px"
    assert (plot.PLOTLY_FOLDER / "plotly.min.js").exists() and told["plotly"].endswith("/plotly.min.js")


def test_where_the_browser_cannot_get_plotly_streamlits_own_chart_stands_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(plot, "PLOTLY_FOLDER", folder / "nowhere")
    make_run(folder, "it")
    app = visit(WATCH, run="it")
    assert not app.exception and len(app.get("plotly_chart")) == 5


@pytest.mark.parametrize("query", ["", ",", ",,,", "a,,b", "a,a", "new", "new,a"])
def test_any_race_parameter_is_read_without_trouble(folder: Path, query: str):
    app = visit(WATCH, race=query)
    assert not app.exception
    assert links.MAX_RACE_RUNS == 4


def test_new_simulation_and_watch_know_the_way_to_one_another(folder: Path):
    make_run(folder, "it")
    assert not visit(NEW).exception and "Run it again with changes" in link_labels(visit(WATCH, run="it"))


def test_practice_by_a_mix_of_ones_own_is_not_said_to_follow_the_mistakes(folder):
    mix = {"probability": 60.0, "geometry": 40.0}
    make_run(folder, "own", mix=mix)
    text = text_of(visit(WATCH, run="own"))
    assert "given by a mix of your own" in text and "went wrong, so" not in text
