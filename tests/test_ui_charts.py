"""Pictures: what they show, read from the figures themselves."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from streamlit.elements.lib import streamlit_plotly_theme

from studentsim.config import STRATEGIES
from studentsim.ui import charts, looks
from studentsim.ui.rewards import VIEWS

EXAMS = pd.DataFrame(
    {
        "turn": [0, 2],
        "correct": [74, 146],
        "questions": [240, 240],
        "accuracy": [0.31, 0.61],
        "low": [0.25, 0.55],
        "high": [0.37, 0.67],
    }
)
STEPS = pd.DataFrame(
    {"turn": [1, 1], "step": [1, 2], "steps": [2, 2], "x": [0.5, 1.0], "loss": [0.69, 0.5], "rewards_margins": [0, 0.4],
     "rewards_chosen": [0, 0.2], "rewards_rejected": [0, -0.2], "rewards_accuracies": [0.4, 0.9],
     "logps_chosen": [-9, -8], "logps_rejected": [-7, -9]}
)  # fmt: skip
NO_STEPS, NO_EXAMS = STEPS.iloc[:0], EXAMS.iloc[:0]


def test_exam_accuracy_has_its_interval_as_a_bar_and_the_guessing_line():
    figure = charts.exam_accuracy(EXAMS, strategy="category", turns=20)
    (trace,) = figure.data
    assert list(trace.y) == [31, 61]
    assert [round(v) for v in trace.error_y.array] == [6, 6] and [round(v) for v in trace.error_y.arrayminus] == [6, 6]
    assert figure.layout.shapes[0].y0 == 20
    assert tuple(figure.layout.yaxis.range) == (0, 100)


def test_the_axis_of_lessons_is_as_long_as_the_run_from_the_start():
    figure = charts.exam_accuracy(NO_EXAMS, strategy="random", turns=20)
    assert figure.layout.xaxis.range[1] >= 20


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_is_drawn_in_its_own_colour_line_and_marker(strategy: str):
    (trace,) = charts.exam_accuracy(EXAMS, strategy=strategy, turns=2).data
    look = looks.look(strategy)
    assert (trace.line.color, trace.line.dash, trace.marker.symbol) == (looks.colour(look.slot), look.dash, look.symbol)


@pytest.mark.parametrize("view", list(VIEWS))
@pytest.mark.parametrize("frames", ["empty", "steps", "steps and validations"])
def test_every_reward_view_is_drawn_at_every_stage(view: str, frames: str):
    steps = NO_STEPS if frames == "empty" else STEPS
    validations = STEPS.iloc[1:] if frames.endswith("validations") else NO_STEPS
    figure = charts.training(steps, validations, VIEWS[view], turns=20)
    assert len(figure.data) == len(VIEWS[view].columns) * (2 if frames.endswith("validations") else 1)


def test_zoom_survives_new_data_of_the_same_run_only():
    one, more, other = (
        charts.exam_accuracy(f, strategy="random", turns=2, revision=r)
        for f, r in ((NO_EXAMS, "a"), (EXAMS, "a"), (EXAMS, "b"))
    )
    assert one.layout.uirevision == more.layout.uirevision != other.layout.uirevision


def test_a_category_name_cannot_smuggle_markup_into_a_chart():
    frame = pd.DataFrame({"row": ["<b>loud</b>"], "turn": [0], "correct": [5], "questions": [10]})
    heat = charts.category_heatmap(frame, rows=["<b>loud</b>"])
    assert heat.layout.yaxis.ticktext == ("&lt;b&gt;loud&lt;/b&gt;",) and heat.data[0].hovertext == (
        "&lt;b&gt;loud&lt;/b&gt;",
    )


def test_every_slot_has_a_colour_in_both_themes():
    theme = tomllib.loads((Path(__file__).parents[1] / ".streamlit" / "config.toml").read_text())["theme"]
    for kind in ("light", "dark"):
        assert len(theme[kind]["chartCategoricalColors"]) == 11
    assert {looks.colour(slot) for slot in range(11)} == {f"#{n:06d}" for n in range(1, 12)}


def test_streamlits_own_pictures_draw_the_eleventh_slot_in_its_colour():
    """Streamlit swaps #000001 to #000010 for the categorical colours, and #000011 for the first of the sequential ones."""
    theme = tomllib.loads((Path(__file__).parents[1] / ".streamlit" / "config.toml").read_text())["theme"]
    for kind in ("light", "dark"):
        assert len(theme[kind]["chartSequentialColors"]) == 10
        assert theme[kind]["chartSequentialColors"][0] == theme[kind]["chartCategoricalColors"][10]
    assert looks.colour(looks.STRATEGIES["likely-wrong"].slot) == streamlit_plotly_theme.SEQUENTIAL_0


def test_a_figure_holds_no_colour_of_its_own():
    text = charts.exam_accuracy(EXAMS, strategy="random", turns=2).update_layout(template=None).to_json()
    own = {part[:6] for part in text.split("#")[1:]}
    assert own <= {f"{n:06d}" for n in range(1, 12)}
