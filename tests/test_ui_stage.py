"""The presentation: what is over is replayed, a room predicts first, and what a language model writes stays within its card."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journals import make_run, plain_event
from streamlit.testing.v1 import AppTest
from test_ui_watch import START, component_data, lane, race_of
from visits import HOME, WATCH, link_labels, text_of, visit

from studentsim.labels import formatting
from studentsim.runs.run_dir import RunFolder
from studentsim.ui import data, recorded_race
from studentsim.ui.cards import RunCard
from studentsim.ui.watch import ballot, live_run, mix, predictions, presentation, race_entries, replay
from studentsim.ui.watch.predictions import NOBODY, VoteTally


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every look is a new one, and none is kept from test to test."""
    monkeypatch.setattr(live_run, "SNAPSHOT_TTL_SECONDS", 0.0)
    yield
    for kept in (live_run._run_cache, replay._load_replay_data, replay._past_run_cache):
        kept.clear()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The replay's clock, set by hand: ``now`` in seconds."""
    hands = SimpleNamespace(now=100.0)
    for module in (replay, presentation):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: hands.now))
    return hands


LESSON_3 = 0.65
"""Of a run of four lessons with exams after the second and the last, the share in whose midst the third lies."""


def paced(run: Path) -> Path:
    """The run's journal with a hundredth of a second from event to event, however fast it was written."""
    events = [plain_event(line) for line in (run / "events.jsonl").read_text().splitlines()]
    (run / "events.jsonl").write_text(
        "".join(json.dumps(e | {"timestamp": 1e9 + 0.01 * e["seq"]}) + "\n" for e in events)
    )
    return run


def race(folder: Path) -> str:
    ids = race_of(folder, a={"strategy": "random"}, b={"strategy": "category"})
    for run_id in "ab":
        paced(folder / "runs" / run_id)
    return ids


def curves(app: AppTest) -> list[list[int]]:
    """After which lessons the picture has a point, for each racer."""
    figure = json.loads(component_data(app)[1]["figure"])
    packed = [trace["x"] for trace in figure["data"]]  # beside one another, so a little aside of the lesson
    read = [xs if isinstance(xs, list) else np.frombuffer(base64.b64decode(xs["bdata"]), xs["dtype"]) for xs in packed]
    return [[round(x) for x in xs] for xs in read]


def sentence(app: AppTest) -> str:
    return component_data(app)[0]["sentence"]


def note(app: AppTest) -> str:
    return component_data(app)[0]["note"]


def cards(app: AppTest) -> list[dict]:
    return component_data(app)[2]["cards"]


# ------------------------------------------------------------------ replay


def test_a_finished_race_is_replayed_from_its_link_paused_and_brought_to_its_end(folder: Path, clock: SimpleNamespace):
    app = visit(WATCH, race=race(folder), present="1", replay="100")
    assert not app.exception and not app.error and not app.sidebar.children
    assert curves(app) == [[], []] and "Who will be ahead after 4 lessons?" in sentence(app)
    assert app.button(key="watch.replay.go").proto.shortcut.upper() == "G"

    app.button(key="watch.replay.go").click().run()
    clock.now += 100 * LESSON_3
    app.run()
    halfway = curves(app)
    assert halfway == [[0, 2], [0, 2]] and sentence(app).startswith("After 2 lessons")
    assert all("of 4" in card["position"] and card["problem"] and card["mark"] for card in cards(app))

    pause = app.button(key="watch.replay.pause")
    assert pause.proto.shortcut.upper() == "P"
    pause.click().run()
    clock.now += 500
    app.run()
    assert curves(app) == halfway, "it stands still"

    app.button(key="watch.replay.go").click().run()
    clock.now += 36
    app.run()
    assert curves(app) == [[0, 2, 4], [0, 2, 4]] and sentence(app).startswith("After 4 lessons")
    assert app.button(key="watch.replay.go").label == "Replay again"
    assert [card["position"] for card in cards(app)] == ["Finished, lesson 4 of 4."] * 2


def test_another_speed_keeps_the_place_and_is_in_the_link(folder: Path, clock: SimpleNamespace):
    app = visit(WATCH, race=race(folder), replay="100")
    assert app.selectbox(key="watch.replay.seconds").value == 100, "a link may ask for any"
    app.button(key="watch.replay.go").click().run()
    clock.now += 100 * LESSON_3
    app.selectbox(key="watch.replay.seconds").set_value(300).run()
    assert app.query_params["replay"] in ("300", ["300"])
    assert curves(app) == [[0, 2], [0, 2]]
    clock.now += 50
    app.run()
    assert curves(app) == [[0, 2], [0, 2]], "at a third of the speed what is left takes 105 seconds"
    clock.now += 60
    app.run()
    assert curves(app) == [[0, 2, 4], [0, 2, 4]]


def test_a_single_run_is_replayed_too(folder: Path, clock: SimpleNamespace):
    paced(make_run(folder, "it"))
    app = visit(WATCH, run="it", present="1", replay="100")
    assert not app.exception and curves(app) == [[]] and "no exam result yet" in sentence(app)
    app.button(key="watch.replay.go").click().run()
    clock.now += 100 * LESSON_3
    app.run()
    assert curves(app) == [[0, 2]] and sentence(app).startswith("After 2 lessons")


def test_what_still_goes_on_is_shown_live_and_said_to_be_replayable_later(folder: Path):
    ids = race_of(folder, a={"strategy": "random"}, b={"status": "paused", "turn": 2})
    app = visit(WATCH, race=ids, present="1", replay="60")
    assert not app.exception and "once it is over" in text_of(app)
    assert curves(app)[0] == [0, 2, 4] and "watch.replay.go" not in [b.key for b in app.button]


def test_a_replay_is_offered_where_it_can_be_had(folder: Path):
    finished = race(folder)
    assert "Replay it for a room" in link_labels(visit(WATCH, race=finished))
    assert "Replay it for a room" not in link_labels(visit(WATCH, race=race_of(folder, c={}, d={"status": "paused"})))
    shown = visit(WATCH, race=finished, present="1")
    shown.button(key="watch.replay").click().run()
    assert dict(shown.query_params)["replay"] in ("60", ["60"]) and curves(shown) == [[], []]
    shown.button(key="watch.leave").click().run()
    assert "replay" not in shown.query_params and shown.sidebar.children


def test_a_replay_writes_nothing_into_a_run(folder: Path, clock: SimpleNamespace):
    ids = race(folder)
    before = {path: path.read_bytes() for path in (folder / "runs").rglob("*") if path.is_file()}
    app = visit(WATCH, race=ids, replay="60")
    app.button(key="watch.ballot.1").click().run()
    app.button(key="watch.replay.go").click().run()
    clock.now += 30
    app.run()
    assert {path: path.read_bytes() for path in (folder / "runs").rglob("*") if path.is_file()} == before


def test_a_run_s_past_is_what_a_run_that_stopped_there_shows(folder: Path):
    """What a page shows of a run halfway is what it would show of one whose journal ends there."""
    paced(make_run(folder, "whole"))
    make_run(folder, "half", status="", turn=2, alive=True)
    engine = data.get_engine()
    half = live_run.take_snapshot(engine, "half")
    (past,) = replay.take_past_snapshots(engine, ("whole",), LESSON_3)
    assert past.turn == half.turn == 2 and past.status == "running"
    for name in ("exams", "last_exam_by_category", "exams_by_category", "lessons", "steps", "validations"):
        columns = [c for c in getattr(half, name).columns if c not in ("timestamp", "seq")]
        pd.testing.assert_frame_equal(
            getattr(past, name)[columns].reset_index(drop=True), getattr(half, name)[columns].reset_index(drop=True)
        )
    assert past.last_seqs["exams"] == half.last_seqs["exams"] and past.last_seqs["turns"] == half.last_seqs["turns"]
    assert past.mistakes == [row | {"run_id": "whole"} for row in half.mistakes]


def test_a_replay_knows_of_no_mix_before_its_lesson(folder: Path):
    paced(make_run(folder, "whole"))
    engine = data.get_engine()
    (whole,) = replay.take_past_snapshots(engine, ("whole",), 1)
    seen = [replay.take_past_snapshots(engine, ("whole",), share / 50)[0] for share in range(50)]
    for past in seen:
        assert past.practised == whole.practised[: len(past.practised)]
        assert all(row["turn"] <= past.turn + bool(past.stage) for row in past.practised)
        assert all(row["turn"] <= past.turn + 1 for row in past.mistakes)
    assert len({len(past.practised) for past in seen}) == 5 and mix.build_mix_card(seen[0]) == {}, (
        "one more with each of the four lessons"
    )


def test_a_look_at_the_past_asks_the_database_once(folder: Path, monkeypatch: pytest.MonkeyPatch):
    make_run(folder, "it")
    engine = data.get_engine()
    replay.take_past_snapshots(engine, ("it",), 0.3)
    asked: list[str] = []
    frame = type(engine.database).query_frame
    monkeypatch.setattr(
        type(engine.database), "query_frame", lambda self, sql, *rest: asked.append(sql) or frame(self, sql, *rest)
    )
    for share in (0.0, 0.31, 0.5, 0.9, 1.0):
        replay.take_past_snapshots(engine, ("it",), share)
    assert asked == []


# ------------------------------------------------------------------ predict first


def test_a_room_predicts_by_number_keys_before_the_race_and_is_told_how_it_did(folder: Path, clock: SimpleNamespace):
    app = visit(WATCH, race=race(folder), replay="100", showing="7b")
    assert [app.button(key=f"watch.ballot.{i}").proto.shortcut for i in (1, 2, 3)] == ["1", "2", "3"]
    assert "press a number key" in note(app)
    for number in (1, 1, 1, 2, 3):
        app.button(key=f"watch.ballot.{number}").click().run()
    assert app.button(key="watch.ballot.1").label == "Mixed bag: 3"
    assert len(component_data(app)) == 2, "the hands are told once: by the buttons, not by cards too"
    app.button(key="watch.ballot.back").click().run()
    assert app.button(key="watch.ballot.3").label == "Nobody clearly: 0"

    again = visit(WATCH, race="b,a", replay="100", showing="7b")
    assert again.button(key="watch.ballot.2").label == "Mixed bag: 3", "a reload, or another visitor, loses nothing"

    app.button(key="watch.replay.go").click().run()
    clock.now += 100 * LESSON_3
    app.run()
    assert note(app) == "The room said: “Mixed bag” 3, “Follow the mistakes” 1."
    assert "watch.ballot.1" not in [b.key for b in app.button], "who has seen an exam does not predict"
    clock.now += 60
    app.run()
    assert note(app).startswith("The room said “Mixed bag” (3 of 4); none said “Nobody clearly”")


def test_a_replay_does_not_begin_with_the_hands_of_an_earlier_room(folder: Path, clock: SimpleNamespace):
    ids = race(folder)
    predictions.add_votes(folder, ["a", "b"], "b", 9)
    shown = visit(WATCH, race=ids, present="1")
    assert note(shown).startswith("The room said “Follow the mistakes” (9 of 9)")
    app = shown.button(key="watch.replay").click().run()
    assert app.button(key="watch.ballot.2").label.endswith(": 0"), "those of the live race are its own"
    app.button(key="watch.ballot.2").click().run()
    app.button(key="watch.replay.go").click().run()
    clock.now += 61
    app.run()
    assert note(app).startswith("The room said “Follow the mistakes” (1 of 1)")
    link = {name: "".join(app.query_params[name]) for name in ("replay", "showing")}
    app.button(key="watch.replay.go").click().run()
    assert app.button(key="watch.ballot.2").label.endswith(": 0") and "watch.ballot.back" not in [
        b.key for b in app.button
    ]
    reload = visit(WATCH, race=ids, **link)
    assert reload.button(key="watch.ballot.2").label.endswith(": 1")
    (path,) = (p for p in (folder / predictions.PREDICTIONS_FOLDER).iterdir() if '"b": 1' in p.read_text())
    os.utime(path, (1.0, 1.0))
    assert visit(WATCH, race=ids, **link).button(key="watch.ballot.2").label.endswith(": 0"), "a bookmark of long ago"
    os.utime(predictions._tally_path(folder, ["a", "b"], ""), (1.0, 1.0))
    assert predictions.load_tally(folder, ["a", "b"]).votes_for("b") == 9, "nothing that was said live is lost"


def test_the_hands_of_a_race_can_be_cleared(folder: Path):
    app = visit(WATCH, race=race(folder), replay="60")
    app.button(key="watch.ballot.2").click().run()
    app.button(key="watch.ballot.clear").click().run()
    assert app.button(key="watch.ballot.2").label.endswith(": 0")
    assert not predictions.load_tally(folder, ["a", "b"], "replay").total


def test_a_race_that_has_just_begun_waits_while_the_room_predicts(folder: Path):
    begun = {"status": "", "turn": -1, "until": "loading", "alive": True}
    ids = race_of(folder, a={"strategy": "random", **begun}, b={"strategy": "category", **begun})
    app = visit(WATCH, race=ids)
    app.button(key="watch.predict").click().run()
    assert not app.exception
    assert all(RunFolder(folder / "runs" / run_id).read_request()[0] == "pause" for run_id in "ab")
    assert app.query_params["present"] in ("1", ["1"]) and "Who will be ahead" in sentence(app)
    app.button(key="watch.ballot.1").click().run()
    assert app.button(key="watch.ballot.1").label.endswith(": 1")


@pytest.mark.parametrize(
    "runs", [({"turn": 2, "status": "", "alive": True},) * 2, ({}, {}), ({"turn": 0, "status": "paused"}, {})]
)
def test_who_has_seen_an_exam_after_a_lesson_predicts_no_more(folder: Path, runs: tuple[dict, dict]):
    app = visit(WATCH, race=race_of(folder, a={"strategy": "random", **runs[0]}, b=dict(runs[1])), present="1")
    assert not [b.key for b in app.button if b.key.startswith("watch.ballot")]


def test_what_is_begun_is_not_said_to_begin_later(folder: Path, clock: SimpleNamespace):
    app = visit(WATCH, race=race(folder), replay="100")
    assert note(app).startswith("Say it before it begins")
    app.button(key="watch.replay.go").click().run()
    clock.now += 20
    app.run()
    assert note(app).startswith("It has begun.") and app.button(key="watch.ballot.1")


def test_one_run_alone_has_nobody_to_bet_on(folder: Path):
    make_run(folder, "it", status="", turn=-1, until="exam", alive=True)
    assert not [b.key for b in visit(WATCH, run="it", present="1").button if b.key.startswith("watch.ballot")]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"hands": []}', '{"hands": {"a": -3, "b": "7", "nobody": 1e99, "c": 4}}']
)
def test_a_damaged_tally_is_an_empty_one(tmp_path: Path, text: str):
    predictions.add_votes(tmp_path, ["a", "b"], "a")
    (path,) = (tmp_path / predictions.PREDICTIONS_FOLDER).iterdir()
    path.write_text(text)
    assert predictions.load_tally(tmp_path, ["b", "a"]) == VoteTally()
    predictions.add_votes(tmp_path, ["a", "b"], "b")
    assert predictions.load_tally(tmp_path, ["a", "b"]).votes_for("b") == 1


def test_a_tally_that_cannot_be_written_is_said(folder: Path):
    ids = race(folder)
    (folder / predictions.PREDICTIONS_FOLDER).write_text("a file in its place")
    app = visit(WATCH, race=ids, replay="60")
    app.button(key="watch.ballot.1").click().run()
    assert not app.exception and "cannot be written" in app.error[0].value
    assert app.button(key="watch.ballot.1").label.endswith(": 0")


END_A, END_B, END_C = (8, 160, 240, 0.60, 0.72), (8, 90, 240, 0.32, 0.44), (8, 150, 240, 0.56, 0.68)


@pytest.mark.parametrize(
    "hands, says",
    [
        ({}, ""),
        ({"A": 14, "B": 8}, "The room was right: 14 of 22 said “A”."),
        ({"A": 8, "B": 14}, "The room said “B” (14 of 22); 8 said “A” and were right."),
        ({"A": 1, "B": 14}, "The room said “B” (14 of 15); 1 said “A” and was right."),
        ({"B": 14}, "The room said “B” (14 of 14); none said “A”, which is how it ended."),
        ({"A": 5, "B": 5, NOBODY: 1}, "The room was divided, 5 of 11 each for “A” and “B”: those who said “A” were right."),
        ({"B": 5, NOBODY: 5}, "The room said “B” and “Nobody clearly” (5 of 10 each); none said “A”, which is how it ended."),
    ],
)  # fmt: skip
def test_how_a_room_did_is_told_by_who_is_ahead_by_more_than_luck(hands: dict[str, int], says: str):
    up = [lane("A", START, END_A), lane("B", START, END_B)]
    assert predictions.describe_predictions(VoteTally(hands), up, is_over=True) == says


def test_a_room_that_doubts_is_right_where_nobody_is_clearly_ahead():
    up = [lane("A", START, END_A), lane("C", START, END_C)]
    assert race_entries.find_leader(up) is None
    assert (
        predictions.describe_predictions(VoteTally({NOBODY: 3, "A": 2}), up, is_over=True)
        == "The room was right: 3 of 5 said “Nobody clearly”."
    )
    assert "“A” 2" in predictions.describe_predictions(VoteTally({NOBODY: 3, "A": 2}), up, is_over=False)
    assert "The room said:" in predictions.describe_predictions(
        VoteTally({"A": 2}), [lane("A", START), lane("C")], is_over=True
    )


@given(st.dictionaries(st.sampled_from(["A", "B", NOBODY]), st.integers(0, 40)), st.sampled_from([END_B, END_C]))
def test_what_a_room_is_told_agrees_with_the_headline(hands: dict[str, int], other: tuple):
    up = [lane("A", START, END_A), lane("B", START, other)]
    said = predictions.describe_predictions(VoteTally(hands), up, is_over=True)
    clear = "by more than chance" in race_entries.describe_standings(up)
    best = max(hands.values(), default=0)
    won = hands.get("A" if clear else NOBODY, 0)
    assert ("The room was right" in said) == (0 < best == won and list(hands.values()).count(best) == 1)


def test_the_keys_are_as_many_as_there_are_choices():
    up = [lane(name, START) for name in "ABCD"]
    assert [key for key, *_ in ballot.number_choices(up)] == ["1", "2", "3", "4", "5"]


# ------------------------------------------------------------------ recorded races


def card(run_id: str, strategy: str, status: str = "finished", recorded: str = "recorded 3 July 2026") -> RunCard:
    return RunCard(run_id, "", status, 8, 8, "", 0.0, recorded_label=recorded, strategy=strategy, exam_accuracies=())


def test_a_recorded_race_has_one_run_of_each_way_and_only_recorded_ones():
    runs = [card(f"recorded-{way}-seed-{seed}", way) for way in ("random", "category", "none") for seed in (2, 1)]
    runs.append(card("mine", "fixed", recorded=""))
    assert recorded_race.select_race_runs(runs) == [f"recorded-{way}-seed-1" for way in ("category", "random", "none")]
    assert recorded_race.select_race_runs(runs[:2]) == [] and recorded_race.select_race_runs([]) == []


@pytest.mark.parametrize("page", [HOME, WATCH])
def test_home_and_watch_offer_the_recorded_race_and_it_replays(
    folder: Path, page: str, monkeypatch: pytest.MonkeyPatch, clock: SimpleNamespace
):
    for way in ("random", "category"):
        run = make_run(folder, f"recorded-{way}-seed-1", strategy=way)
        first, *rest = (run / "events.jsonl").read_text().splitlines()
        (run / "events.jsonl").write_text(
            "\n".join([json.dumps(plain_event(first) | {"recorded": True}), *rest]) + "\n"
        )
    app = visit(page)
    (link,) = [link for link in app.get("page_link") if link.label.startswith("Replay a recorded race")]
    assert "recorded-category-seed-1" in link.proto.query_string and "replay=60" in link.proto.query_string
    assert "showing=" in link.proto.query_string
    app = visit(WATCH, race="recorded-category-seed-1,recorded-random-seed-1", present="1", replay="60")
    app.button(key="watch.replay.go").click().run()
    clock.now += 61
    app.run()
    assert curves(app) == [[0, 2, 4], [0, 2, 4]]


# ------------------------------------------------------------------ long replies


REPLY = "First we add. " * 60 + "So the answer is b."


@pytest.fixture
def wordy(folder: Path) -> Path:
    """A run whose every answer is as long as a language model may write."""
    run = make_run(folder, "wordy", exam_size=12)
    events = [plain_event(line) for line in (run / "events.jsonl").read_text().splitlines()]
    told = [event | ({"text": REPLY} if event["type"] == "AnswerRecorded" else {}) for event in events]
    (run / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in told))
    return run


def test_a_long_reply_is_cut_on_watch_and_whole_behind_a_click(wordy: Path):
    app = visit(WATCH, run="wordy")
    shown = [code.value for code in app.code]
    assert len(shown) == 6 and all(len(text) < 320 and text.endswith("…") for text in shown)
    folds = [fold for fold in app.get("expander") if fold.label == "All of it"]
    assert len(folds) == 6


def test_a_long_reply_is_cut_alone_on_the_stage(wordy: Path):
    (only,) = cards(visit(WATCH, run="wordy", present="1"))
    assert only["reply"].startswith("First we add.") and only["reply"].endswith("…") and len(only["reply"]) < 320


def test_the_lines_of_a_working_stay_apart_on_the_stage():
    assert (
        presentation._join_lines("Square: 3 × 3 = 9\nHalve it:\n 9 ÷ 2 = 4.5\n\nAnswer: 4.5")
        == "Square: 3 × 3 = 9; Halve it: 9 ÷ 2 = 4.5; Answer: 4.5"
    )
    assert (
        presentation._join_lines("") == ""
        and presentation._join_lines("so it is\n") == "so it is"
        and presentation._join_lines("a;") == "a;"
    )


@given(st.text(max_size=1500), st.integers(20, 400), st.integers(1, 8))
def test_a_beginning_is_one_and_no_longer_than_it_may_be(text: str, characters: int, lines: int):
    head = formatting.truncate_text(text, max_chars=characters, max_lines=lines)
    assert head == text or (text.startswith(head.removesuffix("…").rstrip()) and head.endswith(" …"))
    assert len(head) <= max(1.2 * characters, characters + 2) and head.count("\n") < max(1.2 * lines, lines + 1)
