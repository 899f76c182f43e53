"""Sketches for cards and lists: a student's mastery, a misconception's trend, a run's exams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from studentsim.labels.formatting import round_percent
from studentsim.labels.strategy_styles import CORRECT_COLOR_SLOT, FAINT_COLOR_SLOT, WRONG_COLOR_SLOT, strategy_style
from studentsim.ui.charts.frame import CHAR_WIDTH_PX
from studentsim.ui.charts.sketch import SvgSketch

ROW_HEIGHT_PX = 18
"""Height of a bar with the space to the next one."""
PLOT_HEIGHT_PX = 100
"""Height of 0 to 100 % in a misconception's trend."""
TOP_MARGIN_PX = 8
BASELINE_OFFSET_PX = 4
"""Distance of a text's baseline below its middle."""


def mastery_sketch(by_category: Mapping[str, float]) -> SvgSketch:
    """A profile's intended mastery (0 to 1) by category, as bars labelled in percent."""
    widest = max(len(name) for name in by_category)
    sketch = SvgSketch(ROW_HEIGHT_PX * len(by_category), left=CHAR_WIDTH_PX * widest + 6, right=24)
    for i, (name, share) in enumerate(by_category.items()):
        middle = ROW_HEIGHT_PX * (i + 0.5)
        sketch.add_text((0, middle + BASELINE_OFFSET_PX), name, offset_px=-6, anchor="end")
        sketch.add_bar(middle - 6, 100 * share, 12, CORRECT_COLOR_SLOT)
        sketch.add_text((100 * share, middle + BASELINE_OFFSET_PX), str(round_percent(share)), offset_px=4)
    return sketch


def misconception_trend_sketch(exams: pd.DataFrame, *, turns: Sequence[int]) -> SvgSketch:
    """How often one misconception was made in each exam, in percent, with its 95 % interval.

    ``exams`` has ``turn, made, offered, ci_low, ci_high``. The counts are not in it: the card around it states them.
    """
    last_turn = max([*turns, 1])
    sketch = SvgSketch(TOP_MARGIN_PX + PLOT_HEIGHT_PX + 24, left=30, right=10)
    for level in (0, 50, 100):
        y = _y_position(level / 100)
        sketch.add_line((-2, y), (102, y), FAINT_COLOR_SLOT, width=0.5)
        sketch.add_text((0, y + BASELINE_OFFSET_PX), str(level), offset_px=-8, anchor="end")
    for turn in dict.fromkeys((*turns[:1], *turns[-1:])):
        sketch.add_text((100 * turn / last_turn, TOP_MARGIN_PX + PLOT_HEIGHT_PX + 20), str(turn), anchor="middle")
    points = [(100 * row.turn / last_turn, _y_position(row.made / row.offered)) for row in exams.itertuples()]
    for (x, _), row in zip(points, exams.itertuples(), strict=True):
        sketch.add_line((x, _y_position(row.ci_low)), (x, _y_position(row.ci_high)), WRONG_COLOR_SLOT, width=1)
        for end in (row.ci_low, row.ci_high):
            sketch.add_marker((x, _y_position(end)), "cap", WRONG_COLOR_SLOT)
    for start, end in zip(points, points[1:], strict=False):
        sketch.add_line(start, end, WRONG_COLOR_SLOT)
    for point in points:
        sketch.add_marker(point, "x", WRONG_COLOR_SLOT)
    return sketch


def exams_sparkline(accuracies: Sequence[float], strategy: str) -> SvgSketch:
    """A run's exam accuracies (0 to 1) as a line without axes, its last point with a marker."""
    style = strategy_style(strategy)
    sketch = SvgSketch(40, left=4, right=8)
    last = max(1, len(accuracies) - 1)
    points = [(100 * i / last, 6 + 30 * (1 - a)) for i, a in enumerate(accuracies)]
    for start, end in zip(points, points[1:], strict=False):
        sketch.add_line(start, end, style.color_slot, dash=style.dash)
    sketch.add_marker(points[-1], style.symbol, style.color_slot)
    return sketch


def _y_position(share: float) -> float:
    return round(TOP_MARGIN_PX + PLOT_HEIGHT_PX * (1 - share), 1)
