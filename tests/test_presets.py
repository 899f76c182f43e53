"""Presets: what a run's settings begin with. Adding one is adding an entry."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from studentsim import presets
from studentsim.cli import app, runner
from studentsim.config import HUB_DEFAULTS, RunConfig
from studentsim.errors import ConfigError
from studentsim.presets import Preset

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))
from search_cells import cell_named  # noqa: E402

SMALL = Preset(
    "for models of a hundred million parameters",
    {"turns": 7, "mix": {"gain": 100.0}, "dpo": {"learning_rate": 2e-4}, "teacher": {"chosen_text": "short"}},
    language_model=True,
)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(presets, "PRESETS", {**presets.PRESETS, "small": SMALL})


def test_a_preset_is_what_it_says_over_what_suits_the_model(small):
    found = runner.build_config("small", {"model": "some/model", "turns": 3})
    assert found.dpo.learning_rate == 2e-4 and found.teacher.chosen_text == "short" and found.turns == 3
    assert found.dpo.batch_size == HUB_DEFAULTS["dpo"]["batch_size"]
    assert found.max_new_tokens == HUB_DEFAULTS["max_new_tokens"] and found.mix == {"gain": 100.0}
    default = presets.get_preset("default", "some/model")
    assert (
        found.model_copy(update={"turns": 20, "mix": None, "dpo": default.dpo, "teacher": default.teacher}) == default
    )


def test_one_for_language_models_is_refused_for_the_embedded_student(small):
    with pytest.raises(ConfigError, match="embedded") as caught:
        presets.get_preset("small")
    assert caught.value.field == "preset" and "--model" in caught.value.remedy


def test_what_there_was_is_as_it_was():
    assert presets.get_preset("default") == RunConfig()
    assert presets.get_preset("paper") == RunConfig.paper() and presets.get_preset("paper", "m") == RunConfig.paper(
        model="m"
    )


def test_the_small_model_s_is_the_cell_that_was_confirmed():
    cell = cell_named("curriculum-1e-03-r8-1x-option-sft10-last-turn").settings()
    found = presets.get_preset("small-model", "smollm2").model_dump()
    assert {field: found["dpo"][field] for field in cell["dpo"]} == cell["dpo"]
    assert {field: found["teacher"][field] for field in cell["teacher"]} == cell["teacher"]
    assert found["model_loading"]["exam_mode"] == "scored" and found["bank"] == "curriculum"


def test_an_unknown_one_is_refused_with_those_there_are(small):
    with pytest.raises(ConfigError, match="no preset 'none'") as caught:
        presets.get_preset("none")
    assert caught.value.remedy == "Choose 'default', 'paper', 'small-model' or 'small'."


def test_the_help_names_them_all():
    told = " ".join(CliRunner().invoke(app, ["run", "--help"]).output.split())
    assert all(f"{name} ({preset.summary})" in told for name, preset in presets.PRESETS.items())
