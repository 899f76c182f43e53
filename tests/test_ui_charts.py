"""Pictures: what they show, read from the figures themselves."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.elements.lib import streamlit_plotly_theme

from studentsim.analysis.rewards import REWARD_VIEWS
from studentsim.labels import strategy_styles
from studentsim.selection.registry import STRATEGIES
from studentsim.ui import charts
from studentsim.ui.charts.race import MARKER_CHARACTERS

EXAMS = pd.DataFrame(
    {
        "turn": [0, 2],
        "correct": [74, 146],
        "questions": [240, 240],
        "accuracy": [0.31, 0.61],
        "ci_low": [0.25, 0.55],
        "ci_high": [0.37, 0.67],
    }
)
STEPS = pd.DataFrame(
    {"turn": [1, 1], "step": [1, 2], "steps": [2, 2], "x": [0.5, 1.0], "loss": [0.69, 0.5], "rewards_margins": [0, 0.4],
     "rewards_chosen": [0, 0.2], "rewards_rejected": [0, -0.2], "rewards_accuracies": [0.4, 0.9],
     "logps_chosen": [-9, -8], "logps_rejected": [-7, -9]}
)  # fmt: skip
NO_STEPS, NO_EXAMS = STEPS.iloc[:0], EXAMS.iloc[:0]


def test_exam_accuracy_has_its_interval_as_a_bar_and_the_guessing_line():
    figure = charts.exam_accuracy_figure(EXAMS, strategy="category", turns=20)
    (trace,) = figure.data
    assert list(trace.y) == [31, 61]
    assert [round(v) for v in trace.error_y.array] == [6, 6] and [round(v) for v in trace.error_y.arrayminus] == [6, 6]
    assert figure.layout.shapes[0].y0 == 20
    assert tuple(figure.layout.yaxis.range) == (0, 100)


def test_the_axis_of_lessons_is_as_long_as_the_run_from_the_start():
    figure = charts.exam_accuracy_figure(NO_EXAMS, strategy="random", turns=20)
    assert figure.layout.xaxis.range[1] >= 20


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_is_drawn_in_its_own_colour_line_and_marker(strategy: str):
    (trace,) = charts.exam_accuracy_figure(EXAMS, strategy=strategy, turns=2).data
    look = strategy_styles.strategy_style(strategy)
    assert (trace.line.color, trace.line.dash, trace.marker.symbol) == (
        strategy_styles.theme_color(look.color_slot),
        look.dash,
        look.symbol,
    )


@pytest.mark.parametrize("view", list(REWARD_VIEWS))
@pytest.mark.parametrize("frames", ["empty", "steps", "steps and validations"])
def test_every_reward_view_is_drawn_at_every_stage(view: str, frames: str):
    steps = NO_STEPS if frames == "empty" else STEPS
    validations = STEPS.iloc[1:] if frames.endswith("validations") else NO_STEPS
    figure = charts.training_figure(steps, validations, REWARD_VIEWS[view], turns=20)
    assert len(figure.data) == len(REWARD_VIEWS[view].columns) * (2 if frames.endswith("validations") else 1)


def test_zoom_survives_new_data_of_the_same_run_only():
    one, more, other = (
        charts.exam_accuracy_figure(f, strategy="random", turns=2, revision=r)
        for f, r in ((NO_EXAMS, "a"), (EXAMS, "a"), (EXAMS, "b"))
    )
    assert one.layout.uirevision == more.layout.uirevision != other.layout.uirevision


def test_no_picture_has_a_transition_with_which_an_axis_would_never_follow_its_data():
    """plotly's react() keeps an axis without a range at its first drawing's as soon as there is one, even of 0 milliseconds."""
    figures = [
        charts.exam_accuracy_figure(EXAMS, strategy="random", turns=2),
        *(charts.training_figure(STEPS, STEPS, view, turns=2) for view in REWARD_VIEWS.values()),
    ]
    assert all(figure.layout.transition.to_plotly_json() == {} for figure in figures)


@pytest.mark.parametrize("view", list(REWARD_VIEWS))
def test_a_lesson_of_a_single_step_is_seen(view: str):
    """A line through one point is nothing on the screen."""
    one = pd.concat([STEPS, STEPS.iloc[-1:].assign(turn=2, step=1, steps=1, x=2.0)])
    trace = charts.training_figure(one, NO_STEPS, REWARD_VIEWS[view], turns=2).data[0]
    seen = {x: size for x, y, size in zip(trace.x, trace.y, trace.marker.size, strict=True) if not np.isnan(y)}
    assert "markers" in trace.mode and seen[2.0] > 0 and seen[0.5] == 0


@pytest.mark.parametrize("exam_every", [1, 2, 5, 10])
def test_each_exam_of_a_race_stands_at_its_lesson_and_is_moved_by_pixels_alone(exam_every: int):
    exams = EXAMS.assign(turn=[0, 20])
    lanes = [(name, strategy_styles.strategy_style("random"), exams) for name in "abcd"]
    figure = charts.race_figure(lanes, turns=20, exam_every=exam_every)
    first, last = figure.layout.xaxis.range
    assert all(first < x < last for trace in figure.data for x in trace.x)
    assert all(list(trace.x) == [0, 20] for trace in figure.data)
    aside = [trace.meta["aside"] for trace in figure.data]
    assert sum(aside) == 0 and min(b - a for a, b in zip(aside, aside[1:], strict=False)) == 6 and max(aside) <= 10
    assert all(trace.meta["most"] < exam_every / 8 for trace in figure.data), "no point gets near to the next exam's"


def test_a_race_s_intervals_are_those_of_the_last_exam_and_each_name_has_its_marker_and_a_thread():
    lanes = [
        ("Mixed bag", strategy_styles.strategy_style("random"), EXAMS),
        ("No teaching", strategy_styles.strategy_style("none"), EXAMS.assign(accuracy=0.31)),
    ]
    figure = charts.race_figure(lanes, turns=8)
    for trace in figure.data:
        assert trace.error_y.array[0] == trace.error_y.arrayminus[0] == 0 < trace.error_y.array[1]
    names = [note for note in figure.layout.annotations if note.name == "end"]
    assert [note.text[0] for note in names] == ["\N{BLACK CIRCLE}", "\N{HEAVY MULTIPLICATION X}"]
    assert all((note.x, note.xref, note.xanchor) == (1, "x domain", "left") for note in names), "in the margin"
    threads = [shape for shape in figure.layout.shapes if shape.name == "thread"]
    ends = [[float(n) for n in shape.path.rpartition("L")[2].split(",")] for shape in threads]
    assert ends == [[figure.layout.xaxis.range[1], pytest.approx(note.y, abs=1e-3)] for note in names]
    assert [shape.line.color for shape in threads] == [trace.line.color for trace in figure.data]


def test_every_marker_of_a_strategy_has_its_sign():
    assert {look.symbol for look in strategy_styles.STRATEGY_STYLES.values()} <= set(MARKER_CHARACTERS)


def test_a_category_name_cannot_smuggle_markup_into_a_chart():
    frame = pd.DataFrame({"row": ["<b>loud</b>"], "turn": [0], "correct": [5], "questions": [10]})
    heat = charts.category_heatmap_figure(frame, rows=["<b>loud</b>"])
    assert heat.layout.yaxis.ticktext == ("&lt;b&gt;loud&lt;/b&gt;",) and heat.data[0].hovertext == (
        "&lt;b&gt;loud&lt;/b&gt;",
    )


def test_every_slot_has_a_colour_in_both_themes():
    theme = tomllib.loads((Path(__file__).parents[1] / ".streamlit" / "config.toml").read_text())["theme"]
    for kind in ("light", "dark"):
        assert len(theme[kind]["chartCategoricalColors"]) == 11
    assert {strategy_styles.theme_color(slot) for slot in range(11)} == {f"#{n:06d}" for n in range(1, 12)}


def test_streamlits_own_pictures_draw_the_eleventh_slot_in_its_colour():
    """Streamlit swaps #000001 to #000010 for the categorical colours, and #000011 for the first of the sequential ones."""
    theme = tomllib.loads((Path(__file__).parents[1] / ".streamlit" / "config.toml").read_text())["theme"]
    for kind in ("light", "dark"):
        assert len(theme[kind]["chartSequentialColors"]) == 10
        assert theme[kind]["chartSequentialColors"][0] == theme[kind]["chartCategoricalColors"][10]
    assert (
        strategy_styles.theme_color(strategy_styles.STRATEGY_STYLES["likely-wrong"].color_slot)
        == streamlit_plotly_theme.SEQUENTIAL_0
    )


def linear(colour: str) -> np.ndarray:
    """Red, green and blue of ``#RRGGBB`` as light, 0 to 1 (IEC 61966-2-1)."""
    c = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG's ratio, 1 to 21."""
    dark, bright = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (bright + 0.05) / (dark + 0.05)


SEEN_WITHOUT = {
    "nothing": np.eye(3),
    "red": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "green": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]),
    "blue": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]),
}
"""How light is seen by eyes that lack one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1)."""


def lab(light: np.ndarray) -> np.ndarray:
    """CIELAB of light (red, green, blue), white D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = to_xyz @ np.clip(light, 0, 1) / np.array([0.95047, 1, 1.08883])
    x, y, z = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("kind", ["light", "dark"])
def test_the_seventh_way_stands_out_from_the_ground_and_from_the_others_for_every_eye(kind: str):
    theme = tomllib.loads((Path(__file__).parents[1] / ".streamlit" / "config.toml").read_text())["theme"][kind]
    slots = {id: look.color_slot for id, look in strategy_styles.STRATEGY_STYLES.items()}
    colours = {id: theme["chartCategoricalColors"][slot] for id, slot in slots.items()}
    own = colours.pop("likely-wrong")
    for ground in ("backgroundColor", "secondaryBackgroundColor"):
        assert contrast(own, theme[ground]) >= 4.5  # also where it is a label's colour
    for eye, matrix in SEEN_WITHOUT.items():
        for id, other in colours.items():
            apart = np.linalg.norm(lab(matrix @ linear(own)) - lab(matrix @ linear(other)))
            assert apart > 20, (eye, id, apart)


def test_no_two_ways_are_drawn_with_one_dash_and_marker():
    drawn = [(look.dash, look.symbol) for look in strategy_styles.STRATEGY_STYLES.values()]
    assert len(set(drawn)) == len(drawn)
    assert len({symbol for _, _, symbol in strategy_styles.PALETTE}) == len(strategy_styles.PALETTE)


@pytest.mark.parametrize("kind", ["light", "dark"])
@pytest.mark.parametrize("strategy", strategy_styles.STRATEGY_STYLES)
def test_two_and_three_of_one_way_stand_apart_for_every_eye(kind: str, strategy: str):
    theme = tomllib.loads((Path(__file__).parents[1] / ".streamlit" / "config.toml").read_text())["theme"][kind]
    shown = [strategy_styles.strategy_style(strategy, n) for n in strategy_styles.assign_variants([strategy] * 3)]
    assert shown[0] is strategy_styles.strategy_style(strategy)
    for one, other in itertools.combinations(shown, 2):
        assert one.dash != other.dash and one.symbol != other.symbol
        a, b = (theme["chartCategoricalColors"][look.color_slot] for look in (one, other))
        for eye, matrix in [("usual", np.eye(3)), *SEEN_WITHOUT.items()]:
            assert np.linalg.norm(lab(matrix @ linear(a)) - lab(matrix @ linear(b))) > 20, (eye, one, other)


WITH_PALETTE_STYLE = [*STRATEGIES][: len(strategy_styles.PALETTE)]


@given(st.lists(st.sampled_from([*WITH_PALETTE_STYLE, "of another version"]), max_size=12))
def test_however_many_ways_stand_side_by_side_no_two_have_one_dash_and_marker_while_there_are_looks(ways: list[str]):
    shown = [
        (strategy_styles.strategy_style(way, n), strategy_styles.marker_character(way, n))
        for way, n in zip(ways, strategy_styles.assign_variants(ways), strict=True)
    ]
    known = [one for one, way in zip(shown, ways, strict=True) if way in strategy_styles.STRATEGY_STYLES]
    for key in ("dash", "symbol"):
        told = [(getattr(look, key), look.color_slot) for look, _ in known]
        assert len(set(told)) == len(told)
    assert len({look.symbol for look, _ in known}) == len({mark for _, mark in known}) == len(known)
    slots = {strategy_styles.strategy_style(way).color_slot for way in ways}
    further = [
        look.color_slot
        for way, (look, _) in zip(ways, shown, strict=True)
        if look != strategy_styles.strategy_style(way)
    ]
    assert len({*slots, *further}) == min(8, len(slots) + len(further))


def test_a_figure_holds_no_colour_of_its_own():
    text = charts.exam_accuracy_figure(EXAMS, strategy="random", turns=2).update_layout(template=None).to_json()
    own = {part[:6] for part in text.split("#")[1:]}
    assert own <= {f"{n:06d}" for n in range(1, 12)}
