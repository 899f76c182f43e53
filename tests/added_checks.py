"""What a strategy and a data set are that one file each has added; test_adding.py runs these in a process where there are such files."""

from __future__ import annotations

import json
from pathlib import Path

import fakes
import pytest
from journals import make_run
from question_rows import load_questions
from typer.testing import CliRunner
from visits import NEW, WATCH, text_of, visit

from studentsim import cli
from studentsim.analysis import estimate
from studentsim.config import RunConfig
from studentsim.datasets.specs import FILE_DATASETS, RECOGNIZABLE_DATASETS, get_dataset
from studentsim.errors import ConfigError
from studentsim.events import TurnStarted
from studentsim.labels.strategy_styles import (
    PALETTE,
    STRATEGY_STYLES,
    assign_variants,
    palette_style,
    strategy_style,
    theme_color,
)
from studentsim.narration import mix_summary
from studentsim.selection.registry import STRATEGIES
from studentsim.simulation import simulate
from studentsim.ui import dataset_picker, glossary

ID, LABEL = "shortest", "The shortest first"


def test_the_settings_accept_it_and_the_message_to_a_wrong_one_lists_it():
    config = RunConfig.make(strategy=ID)
    assert RunConfig.from_json(config.model_dump_json()) == config and config.title == "balanced, shortest"
    assert config.trains and not config.follows_mistakes
    with pytest.raises(ConfigError, match=f"'{ID}'"):
        RunConfig.make(strategy="no-such-way")


def test_a_run_practises_what_it_picks():
    events = simulate(fakes.config(strategy=ID, turns=1), fakes.build_fake_components(fakes.FakeStudent()))
    (ids,) = [e.question_ids for e in events if isinstance(e, TurnStarted)]
    lengths = sorted((len(q.problem), q.id) for q in fakes.bank().study)
    assert [id for _, id in lengths][: len(ids)] == list(ids)


def test_it_is_drawn_in_a_look_of_its_own_and_no_other_s_has_changed():
    style, position = STRATEGY_STYLES[ID], list(STRATEGIES).index(ID)
    assert position >= len(PALETTE)
    assert (style.name, (style.color_slot, style.dash, style.symbol)) == (LABEL, palette_style(position))
    assert [s.color_slot for s in STRATEGY_STYLES.values()][: len(PALETTE)] == [1, 0, 2, 3, 10, 4, 5]
    side_by_side = [strategy_style(ID, variant) for variant in assign_variants([ID] * 4)]
    assert len({style.color_slot for style in side_by_side}) == len({style.symbol for style in side_by_side}) == 4


def test_command_line_and_help_explain_it():
    said = CliRunner().invoke(cli.app, ["strategies"]).output
    assert f"{LABEL}: Questions with few words." in said and said.count("\n") == len(STRATEGIES)
    term = glossary.TERMS[glossary.strategy_term_id(ID)]
    assert (term.name, term.details) == (LABEL, "When reading is hard.")


def test_an_estimate_and_the_sentences_about_a_run_know_it():
    assert estimate.estimate_seconds(RunConfig(strategy=ID)) == estimate.estimate_seconds(RunConfig(strategy="random"))
    assert mix_summary.describe_mix_source(RunConfig(strategy=ID)) == (
        "This way of choosing (the shortest first) does not look at the mistakes of the exams."
    )


def test_the_form_offers_it_and_starts_it(started: list):
    app = visit(NEW)
    button = app.button(key=f"new.strategy.{ID}")
    assert button.label == LABEL
    button.click().run()
    assert "No category is preferred" in text_of(app)
    app.segmented_control(key="new.mix").set_value("even").run()
    assert f"whatever *{LABEL}* would choose." in text_of(app)
    app.button(key="new.start").click().run()
    assert not app.exception and started[0][0].strategy == ID


def test_it_can_race_and_is_compared_under_its_name_in_its_colour(folder: Path):
    app = visit(WATCH, race="new")
    assert LABEL in app.multiselect(key="watch.race.Ways of choosing").options
    for strategy in (ID, "random"):
        make_run(folder, strategy, strategy=strategy)
    app = visit(WATCH, race=f"{ID},random")
    assert not app.exception and app.title[0].value == "Race: the shortest first, mixed bag"
    app = visit("pages/3_Compare.py", runs=f"{ID},random")
    assert not app.exception
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    colors = {trace["name"]: trace["line"]["color"] for trace in figure["data"] if trace.get("name")}
    assert colors == {LABEL: theme_color(STRATEGY_STYLES[ID].color_slot), "Mixed bag": theme_color(0)}


def test_a_data_set_is_known_by_its_name_and_by_its_rows(tmp_path: Path):
    rows = [{"riddle": f"What is {n}?", "solution": "this", "red_herrings": ["that", "those"]} for n in range(40)]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    questions = load_questions(tmp_path / "rows.json")
    assert len(questions) == 40 and {q.category for q in questions} == {"riddles"}
    assert questions[0].id.startswith("riddles") and {o.text for o in questions[0].options} == {"this", "that", "those"}
    assert get_dataset("riddles") in RECOGNIZABLE_DATASETS and FILE_DATASETS[-2].name == "riddles"
    assert (
        dataset_picker.dataset_titles()["riddles"] == "Riddles"
        and "ASDiv and Riddles are" in dataset_picker.FORMATS_HELP
    )
