"""Small still pictures for cards and lists: what a student knows, a slip's course, a run's exams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from studentsim.ui.charts.frame import CHARACTER
from studentsim.ui.charts.sketch import Sketch
from studentsim.ui.looks import FAINT, RIGHT, WRONG, look
from studentsim.ui.words import hundred

ROW = 18
"""Pixels of a bar and the space to the next one."""
PLOT = 100
"""Pixels from 0 to 100 in a slip's course."""
TOP = 8
BASELINE = 4
"""Pixels that a text's baseline lies below its middle."""


def mastery(by_category: Mapping[str, float]) -> Sketch:
    """A student's intended mastery (0 to 1) by category, as short bars with their numbers."""
    widest = max(len(name) for name in by_category)
    sketch = Sketch(ROW * len(by_category), left=CHARACTER * widest + 6, right=24)
    for i, (name, share) in enumerate(by_category.items()):
        middle = ROW * (i + 0.5)
        sketch.text((0, middle + BASELINE), name, aside=-6, anchor="end")
        sketch.bar(middle - 6, 100 * share, 12, RIGHT)
        sketch.text((100 * share, middle + BASELINE), str(hundred(share)), aside=4)
    return sketch


def slip_trend(exams: pd.DataFrame, *, turns: Sequence[int]) -> Sketch:
    """How often one slip was made: ``turn, made, offered, low, high``, an exam a row; the share of 100 with its 95 % bar.
    For a card that says the counts in words.
    """
    reach = max([*turns, 1])
    sketch = Sketch(TOP + PLOT + 24, left=30, right=10)
    for level in (0, 50, 100):
        y = _down(level / 100)
        sketch.line((-2, y), (102, y), FAINT, width=0.5)
        sketch.text((0, y + BASELINE), str(level), aside=-8, anchor="end")
    for turn in dict.fromkeys((*turns[:1], *turns[-1:])):
        sketch.text((100 * turn / reach, TOP + PLOT + 20), str(turn), anchor="middle")
    points = [(100 * row.turn / reach, _down(row.made / row.offered)) for row in exams.itertuples()]
    for (x, _), row in zip(points, exams.itertuples(), strict=True):
        sketch.line((x, _down(row.low)), (x, _down(row.high)), WRONG, width=1)
        for end in (row.low, row.high):
            sketch.mark((x, _down(end)), "cap", WRONG)
    for start, end in zip(points, points[1:], strict=False):
        sketch.line(start, end, WRONG)
    for point in points:
        sketch.mark(point, "x", WRONG)
    return sketch


def spark(accuracies: Sequence[float], strategy: str) -> Sketch:
    """A run's exams (0 to 1) as a small line without axes, from 0 to 100; its last one marked."""
    shown = look(strategy)
    sketch = Sketch(40, left=4, right=8)
    last = max(1, len(accuracies) - 1)
    points = [(100 * i / last, 6 + 30 * (1 - a)) for i, a in enumerate(accuracies)]
    for start, end in zip(points, points[1:], strict=False):
        sketch.line(start, end, shown.slot, dash=shown.dash)
    sketch.mark(points[-1], shown.symbol, shown.slot)
    return sketch


def _down(share: float) -> float:
    return round(TOP + PLOT * (1 - share), 1)
