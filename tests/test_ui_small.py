"""Small still pictures: what they show, read from their shapes; and what is drawn once is kept."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as some

from studentsim.config import STRATEGIES
from studentsim.labels import strategy_styles
from studentsim.labels.formatting import round_percent
from studentsim.ui import charts, svg_component
from studentsim.ui.charts import small
from studentsim.ui.charts.sketch import DASH_PATTERNS, SvgSketch
from studentsim.ui.figure_cache import cached_figure
from studentsim.ui.watch import plot

SHARES = some.floats(0, 1)
JS = Path(svg_component.__file__).with_suffix(".js").read_text()


def of(sketch: SvgSketch, kind: str) -> list[dict]:
    return [item for item in sketch.items if item["kind"] == kind]


def percent(text: str) -> float:
    return float(text.removesuffix("%"))


@given(some.dictionaries(some.text(min_size=1, max_size=12), SHARES, min_size=1, max_size=8))
def test_a_students_bars_are_as_long_as_it_is_able_and_named_as_they_are(knows: dict[str, float]):
    sketch = charts.mastery_sketch(knows)
    assert [percent(bar["width"]) for bar in of(sketch, "rect")] == pytest.approx(
        [100 * m for m in knows.values()], abs=0.01
    )
    names, numbers = of(sketch, "text")[::2], of(sketch, "text")[1::2]
    assert [text["text"] for text in names] == list(knows)
    assert [text["text"] for text in numbers] == [str(round_percent(m)) for m in knows.values()]
    assert all(0 <= bar["y"] and bar["y"] + bar["height"] <= sketch.size["height"] for bar in of(sketch, "rect"))


@given(some.lists(some.tuples(some.integers(0, 9), some.integers(0, 9), SHARES, SHARES), min_size=1, max_size=12))
def test_a_slips_course_has_a_mark_an_exam_with_its_interval_within_the_picture(rows):
    frame = pd.DataFrame(
        {"turn": 2 * i, "made": min(a, b), "offered": max(a, b, 1), "ci_low": min(x, y), "ci_high": max(x, y)}
        for i, (a, b, x, y) in enumerate(rows)
    )
    sketch = charts.misconception_trend_sketch(frame, turns=list(frame.turn))
    marks = [mark for mark in of(sketch, "mark") if mark["symbol"] == "x"]
    told = [(percent(mark["x"]), mark["y"]) for mark in marks]
    reach = max(1, frame.turn.max())
    across = [100 * turn / reach for turn in frame.turn]
    down = [small.TOP_MARGIN_PX + small.PLOT_HEIGHT_PX * (1 - share) for share in frame.made / frame.offered]
    assert [x for x, _ in told] == pytest.approx(across, abs=0.01)
    assert [y for _, y in told] == pytest.approx(down, abs=0.06)
    assert len([mark for mark in of(sketch, "mark") if mark["symbol"] == "cap"]) == 2 * len(rows)
    assert all(
        small.TOP_MARGIN_PX <= item["y"] <= small.TOP_MARGIN_PX + small.PLOT_HEIGHT_PX for item in of(sketch, "mark")
    )


@pytest.mark.parametrize("strategy", [*STRATEGIES, "unheard of"])
def test_a_runs_spark_ends_in_its_strategys_marker_and_rises_where_it_learns(strategy: str):
    sketch = charts.exams_sparkline([0.3, 0.3, 0.9], strategy)
    (mark,), shown = of(sketch, "mark"), strategy_styles.strategy_style(strategy)
    assert (mark["symbol"], mark["slot"], mark["x"]) == (shown.symbol, shown.color_slot, "100.00%")
    flat, rise = of(sketch, "line")
    assert flat["y1"] == flat["y2"] == rise["y1"] > rise["y2"] == mark["y"]
    assert flat["dash"] == DASH_PATTERNS[shown.dash]


def test_one_exam_is_a_point():
    sketch = charts.exams_sparkline([0.3], "random")
    assert [item["kind"] for item in sketch.items] == ["mark"]


def test_the_browser_knows_every_shape_and_marker():
    markers = set(re.findall(r'"?([\w-]+)"?: "M', JS))
    assert {look.symbol for look in strategy_styles.STRATEGY_STYLES.values()} | {"cap", "x", "circle"} <= markers
    kinds = {
        item["kind"]
        for sketch in (charts.mastery_sketch({"a": 0.5}), charts.exams_sparkline([0, 1], "none"))
        for item in sketch.items
    }
    assert kinds == {"text", "rect", "line", "mark"} <= set(re.findall(r"(\w+): \(\{", JS))


def test_the_browser_sets_texts_as_text_alone():
    assert "textContent" in JS and "innerHTML" not in JS


def test_a_picture_is_drawn_once_for_what_it_is_given():
    calls = []

    def draw(frame: pd.DataFrame, *, revision: str):
        calls.append(revision)
        return charts.exam_accuracy_figure(frame, strategy="random", turns=2, revision=revision)

    none = pd.DataFrame({"turn": [], "accuracy": [], "ci_low": [], "ci_high": [], "correct": [], "questions": []})
    one = cached_figure(draw, none, revision="a")
    assert cached_figure(draw, none.copy(), revision="a") is one and calls == ["a"]
    assert cached_figure(draw, none, revision="b") is not one
    cached_figure(draw, none.assign(more=1), revision="a")
    assert calls == ["a", "b", "a"]


def test_the_place_of_a_picture_is_kept_free_before_it_is_drawn(monkeypatch: pytest.MonkeyPatch):
    heights: list[object] = []
    mounted = lambda **settings: heights.append(settings["height"])  # noqa: E731
    monkeypatch.setattr(svg_component, "_sketch_component", lambda: mounted)
    monkeypatch.setattr(plot, "_plot_component", lambda: mounted)
    sketch = charts.mastery_sketch({"gain": 0.5, "physics": 0.25})
    svg_component.render_sketch(sketch, key="a", alt="")
    figure = go.Figure(layout={"height": 340})
    plot.render_packed_figure(plot.pack_figure(figure, alt="a"), key="b")
    plot.render_packed_figure(plot.pack_figure(figure, alt="a", large=True), key="c")
    assert heights[0] >= sketch.size["height"] > 0 and heights[1:] == [340, "content"]
