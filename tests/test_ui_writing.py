"""Watch while a language model writes: the answer that grows, shown literally, in one run, in a race and before a room."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from journals import NASTY, make_run, plain_event
from streamlit.testing.v1 import AppTest
from visits import HOME, WATCH, link_labels, text_of, visit

from studentsim.narration import run_summary
from studentsim.ui.watch import live_run, writing

AT_WORK = {"model": "smollm2", "status": "", "turn": 2, "until": "study", "alive": True}
IN_ITS_FIRST_EXAM = {"model": "smollm2", "status": "", "turn": -1, "until": "exam", "alive": True}
NOW = {
    "turn": 3,
    "phase": "study",
    "question_id": "q",
    "problem": NASTY,
    "text": "The *sum* is $5 +",
    "tokens": 6,
    "done": 4,
    "of": 8,
    "seconds": 2.5,
}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every look is a new one, and none is kept from test to test."""
    monkeypatch.setattr(live_run, "SNAPSHOT_TTL_SECONDS", 0.0)
    yield
    live_run._run_cache.clear()


def write(run: Path, **changed: Any) -> None:
    (run / "writing.json").write_text(json.dumps({**NOW, **changed}))


def component_data(app: AppTest, what: str) -> list[Any]:
    """What was handed to the page's own component under this name."""
    found = [json.loads(e.proto.bytes or e.proto.json or e.proto.mixed.json) for e in app.get("bidi_component")]
    return [one[what] for one in found if what in one]


def cards(app: AppTest) -> list[dict]:
    return component_data(app, "cards")[0]


def written_now(app: AppTest) -> list[str]:
    return [one["text"] for one in component_data(app, "writing") if "text" in one]


def test_the_answer_grows_with_each_look_and_is_shown_literally(folder: Path):
    run = make_run(folder, "it", **AT_WORK)
    write(run)
    app = visit(WATCH, run="it")
    assert not app.exception
    assert component_data(app, "writing") == [
        {"where": "practice, 4 of 8 answers done", "problem": NASTY, "text": NOW["text"]}
    ]
    write(run, text="The *sum* is $5 + $10 = $15", done=5)
    app.run()
    (now,) = component_data(app, "writing")
    assert now["text"] == "The *sum* is $5 + $10 = $15" and now["where"] == "practice, 5 of 8 answers done"


@pytest.mark.parametrize("changed", [{"phase": "exam"}, {"turn": 2}, {"phase": 7, "turn": "x"}])
def test_an_answer_of_a_stage_that_is_over_is_not_shown_as_being_written(folder: Path, changed: dict):
    write(make_run(folder, "it", **AT_WORK), **changed)
    app = visit(WATCH, run="it")
    assert not app.exception and not written_now(app)
    assert component_data(app, "writing") == [{"idle": "Nothing is being written just now. The student practises."}]


@pytest.mark.parametrize("content", ["[1]", '{"phase": "study"'])
def test_a_file_that_cannot_be_read_is_nothing_to_show(folder: Path, content: str):
    run = make_run(folder, "it", **AT_WORK)
    (run / "writing.json").write_text(content)
    app = visit(WATCH, run="it")
    assert not app.exception and not app.error and not written_now(app) and component_data(app, "writing")


@pytest.mark.parametrize(
    "settings", [{"status": "finished"}, {"status": "paused", "turn": 2}, {"alive": False}, {"model": "embedded"}]
)
def test_there_is_no_card_and_no_room_for_one_where_nobody_writes(folder: Path, settings: dict):
    write(
        make_run(
            folder, "it", **{**AT_WORK, "until": "study" if settings.keys() & {"alive", "model"} else "", **settings}
        )
    )
    app = visit(WATCH, run="it")
    assert not app.exception and not component_data(app, "writing")


def test_the_first_answer_is_seen_before_any_is_done(folder: Path):
    run = make_run(folder, "it", **{**IN_ITS_FIRST_EXAM, "until": "loading"})
    told = text_of(visit(WATCH, run="it"))
    assert "SmolLM2 is loaded: about 10 seconds" in told and "135 M parameters, from 4-bit weights" in told
    lines = (run / "events.jsonl").read_text().splitlines()
    begun = {**plain_event(lines[-1]), "stage": "exam", "items": 60, "seq": len(lines)}
    (run / "events.jsonl").write_text("\n".join([*lines, json.dumps(begun)]) + "\n")
    write(run, turn=0, phase="exam")
    app = visit(WATCH, run="it")
    assert not app.exception and written_now(app) == ["The *sum* is $5 +"]


def test_a_race_and_the_room_s_view_have_a_card_a_lane(folder: Path):
    runs = [make_run(folder, name, strategy=name, **AT_WORK) for name in ("random", "category")]
    for run in runs:
        write(run, text=f"of {run.name}")
    app = visit(WATCH, race="random,category")
    assert written_now(app) == ["of random", "of category"]
    app = visit(WATCH, race="random,category", present="1")
    assert [card["writing"]["text"] for card in cards(app)] == ["of random", "of category"]
    (runs[0] / "writing.json").unlink()
    app.run()
    assert ["writing" in card for card in cards(app)] == [False, True]
    assert all("writing" not in card for card in cards(visit(WATCH, run=make_run(folder, "done").name, present="1")))


def test_of_a_long_text_the_end_is_shown_and_of_a_long_question_the_beginning():
    said = {**NOW, "text": "word " * 500 + "end", "problem": "Why " * 200}
    now = writing.parse_partial_answer(said, stage="study", turn=3)
    assert (
        now
        and now.text.startswith("… word ")
        and now.text.endswith(" end")
        and len(now.text) <= writing.MAX_TEXT_CHARS + 2
    )
    assert (
        now.problem.startswith("Why Why")
        and now.problem.endswith(" …")
        and len(now.problem) <= writing.MAX_PROBLEM_CHARS + 2
    )
    assert (
        writing.parse_partial_answer({**said, "text": "9" * 5000}, stage="study", turn=3).text
        == f"… {'9' * writing.MAX_TEXT_CHARS}"
    )


def test_the_steps_of_a_language_model_are_those_it_takes():
    for status, stage, done in (
        ("queued", "", 0),
        ("starting", "", 1),
        ("starting", "loading", 2),
        ("running", "exam", 3),
    ):
        assert [ready for _, ready in run_summary.startup_steps(status, stage, "SmolLM2")] == [
            i < done for i in range(4)
        ]
    assert len(run_summary.startup_steps("starting", "")) == 3


def test_home_leads_to_the_real_language_model(folder: Path):
    assert "Let SmolLM2 learn, a real language model" in link_labels(visit(HOME))
