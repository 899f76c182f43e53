"""Runs side by side while they go on."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from studentsim.ui.charts.frame import finish, guessing, line, ticks
from studentsim.ui.charts.labels import spread
from studentsim.ui.charts.picture import Picture
from studentsim.ui.looks import GUESSING, Look, colour
from studentsim.ui.words import hundred

HEIGHT = 440
WRAP, LINES = 12, 3
"""Characters after which a name at a line's end goes on in a new line, and the lines after which it is cut."""
SIZE, LINE = 13, 1.3
"""Of the names: pixels of the type, and a line's height in them."""
INNER = HEIGHT - 70
"""Pixels of the plot itself, about; plot.js, which knows them, places the names anew."""
STEP = 0.13
"""How far the bars of two runs lie apart, as a share of the lessons from exam to exam."""


Lane = tuple[str, Look, pd.DataFrame]
"""A run's name, its look, and ``queries.exams``'s frame."""


def race(
    lanes: Sequence[Lane],
    *,
    turns: int,
    exam_every: int = 1,
    chance: float = 0.2,
    compared: int | None = None,
    revision: str = "",
) -> go.Figure:
    """Exam accuracy by lesson, a curve a run with its intervals, its name at its end.

    The bars lie a little apart, so that none hides another. ``compared`` is the lesson at which the runs are compared; it is marked
    where a run has gone further.
    """
    figure = Picture()
    uneven = len({int(exams.turn.iloc[-1]) for _, _, exams in lanes if len(exams)}) > 1
    ends = []
    aside = (len(lanes) - 1) / 2 * STEP * exam_every
    for i, (name, shown, exams) in enumerate(lanes):
        shift = i * STEP * exam_every - aside
        figure.add_scatter(
            x=exams.turn + shift, y=100 * exams.accuracy, mode="lines+markers", name=html.escape(name),
            error_y={"type": "data", "symmetric": False, "thickness": 1.5, "width": 3,
                     "array": 100 * (exams.high - exams.accuracy), "arrayminus": 100 * (exams.accuracy - exams.low)},
            customdata=exams[["turn", "correct", "questions", "low", "high"]].assign(low=100 * exams.low, high=100 * exams.high),
            hovertemplate=f"{html.escape(name)}<br>after lesson %{{customdata[0]}}: %{{customdata[1]}} of %{{customdata[2]}} right"
                          "<br>%{y:.0f} of 100 (%{customdata[3]:.0f} to %{customdata[4]:.0f})<extra></extra>",
            **line(shown),
        )  # fmt: skip
        if len(exams):
            last = exams.iloc[-1]
            ends.append((100 * float(last.accuracy), float(last.turn) + shift, _text(name, last, uneven), shown.slot))
    guessing(figure, chance)
    if uneven and compared:
        figure.add_vline(compared, line={"color": colour(GUESSING), "width": 1, "dash": "dash"},
                         annotation={"text": "compared here", "font": {"size": 12, "color": colour(GUESSING)}, "showarrow": False,
                                     "xanchor": "right", "xshift": -4})  # fmt: skip
    _names(figure, ends)
    margin = 1.4 * aside  # the outermost racer's points stand so far from their lesson
    figure.update_xaxes(
        title="lessons so far", range=[-max(0.4, margin), turns + max(0.5, turns * 0.03, margin)], tick0=0, **ticks(turns)
    )  # fmt: skip
    figure.update_yaxes(title="right, of 100 questions", range=[0, 100], dtick=20)
    return finish(figure, f"race-{revision}", height=HEIGHT, margin={"r": 104})


def _text(name: str, last: pd.Series, uneven: bool) -> list[str]:
    """A name in lines, with its last value; and after which lesson that was, where runs are at different ones."""
    text = [html.escape(part) for part in textwrap.wrap(name, WRAP, max_lines=LINES, placeholder=" …")] or [""]
    value = f"<b>{hundred(last.correct / last.questions)}</b>"
    if uneven:
        return [*text, f"{value} after {int(last.turn)}"]
    text[-1] = f"{text[-1]} {value}".strip()
    return text


def _names(figure: Picture, ends: list[tuple[float, float, list[str], int]]) -> None:
    """Names right of the run that is furthest, each at its line's height as far as they leave one another room."""
    front = max((x for _, x, *_ in ends), default=0)
    heights = [100 * SIZE * LINE * len(text) / INNER for _, _, text, _ in ends]
    centres, shrink = spread([value for value, *_ in ends], heights, high=100)
    for (_, _, text, slot), y in zip(ends, centres, strict=True):
        figure.add_annotation(
            name="end", x=front, y=y, text="<br>".join(text), showarrow=False, align="left", xanchor="left",
            xshift=12, font={"size": SIZE * shrink, "color": colour(slot)},
        )  # fmt: skip
    figure.update_layout(
        meta={"ends": [value for value, *_ in ends]}
    )  # plot.js places them by these, knowing the pixels
