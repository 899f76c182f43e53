"""The seventh way of choosing on the pages: offered, raced, drawn in its own look, reckoned with in estimates."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from journals import make_run
from visits import NEW, WATCH, text_of, visit

from studentsim.analysis import estimate
from studentsim.config import RunConfig
from studentsim.labels import strategy_styles
from studentsim.runs.model_info import SpeedTrial
from studentsim.selection.strategies.likely_wrong import CANDIDATES_PER_QUESTION
from studentsim.store.queries import RunTimings
from studentsim.ui import charts
from studentsim.ui.charts.sketch import DASH_PATTERNS
from studentsim.ui.svg_component import render_sketch

ID, NAME = "likely-wrong", "What it would get wrong"


def test_the_form_offers_it_and_starts_a_run_of_it(started: list):
    app = visit(NEW)
    button = app.button(key=f"new.strategy.{ID}")
    assert button.label == NAME
    button.click().run()
    assert "P(right)" not in text_of(app) and "taken from wherever it lies in the pool" in text_of(app)
    app.button(key="new.start").click().run()
    assert not app.exception and started[0][0] == RunConfig(strategy=ID)


def test_it_can_race_another_way(started: list):
    app = visit(WATCH, race="new")
    app.multiselect(key="watch.race.Ways of choosing").set_value([ID, "random"]).run()
    app.button(key="watch.race.start").click().run()
    assert [config.strategy for config, _ in started] == [ID, "random"]
    assert app.title[0].value == "Race: what it would get wrong, mixed bag"


def test_a_race_draws_it_in_the_eleventh_colour_with_a_dash_and_a_marker_of_its_own(folder: Path):
    make_run(folder, "a", strategy=ID)
    make_run(folder, "b", strategy="random")
    app = visit(WATCH, race="a,b")
    assert not app.exception and app.title[0].value == "Race: what it would get wrong, mixed bag"
    protos = [element.proto for element in app.get("bidi_component")]
    told = [json.loads(p.bytes or p.json or p.mixed.json) for p in protos]
    curve = next(t for p in told for t in json.loads(p["figure"])["data"] if t["name"] == NAME)
    assert (curve["line"]["color"], curve["line"]["dash"], curve["marker"]["symbol"]) == (
        "#000011", "longdashdot", "star"
    )  # fmt: skip


def test_a_small_picture_knows_its_dash_and_its_marker():
    told = charts.exams_sparkline([0.3, 0.7], ID).to_dict()
    assert {item.get("dash") for item in told["items"]} & {DASH_PATTERNS["longdashdot"]}
    assert [item["slot"] for item in told["items"]] == [10] * len(told["items"])
    script = (Path(render_sketch.__code__.co_filename).parent / "svg_component.js").read_text()
    assert re.search(r'star: "M[\d.,L-]+Z"', script)


def test_its_practice_is_said_to_be_no_fair_sample(folder: Path):
    make_run(folder, "a", strategy=ID)
    assert "They are those that it would most probably get wrong" in text_of(visit(WATCH, run="a"))


def test_estimates_count_what_it_looks_at():
    nothing = RunTimings(runs=0, start=None, study_question=None, pair=None, exam_question=None, turn=None)
    plain, looking, unsure = (
        estimate.estimate_seconds(RunConfig(strategy=strategy), nothing)
        for strategy in ("random", ID, "log-probability")
    )
    assert plain < looking < unsure
    known = RunTimings(runs=5, start=1.0, study_question=0.02, pair=0.05, exam_question=0.01, turn=3.0)
    assert estimate.estimate_seconds(RunConfig(strategy=ID), known) == estimate.estimate_seconds(RunConfig(), known)

    figures = {f.name: 0.0 for f in fields(SpeedTrial)} | {
        "said": "",
        "problem": "",
        "text": "",
        "letter": None,
        "choice": 1.0,
    }
    trial, config = SpeedTrial(**figures), RunConfig(strategy=ID, turns=3, questions_per_turn=10)
    assert trial.estimate_run_seconds(config) == 3 * CANDIDATES_PER_QUESTION * 10
    assert trial.estimate_run_seconds(config.model_copy(update={"strategy": "log-probability"})) == 3 * 2 * 10
    assert trial.estimate_run_seconds(config.model_copy(update={"strategy": "random"})) == 0


@pytest.mark.parametrize("place", ["summary", "when_to_use"])
def test_it_is_explained_in_words_of_its_own(place: str):
    told = [getattr(look, place) for look in strategy_styles.STRATEGY_STYLES.values()]
    assert len(set(told)) == len(told) and getattr(strategy_styles.strategy_style(ID), place)
