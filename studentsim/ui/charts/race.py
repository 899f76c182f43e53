"""Runs side by side while they go on."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from studentsim.ui.charts.frame import finish, guessing, line, ticks
from studentsim.ui.charts.picture import Picture
from studentsim.ui.looks import Look, colour
from studentsim.ui.words import hundred

HEIGHT = 440
WRAP = 12
"""Characters after which a name at a line's end goes on in a new line."""
APART = 5.5
"""Least distance of two lines of text at the lines' ends, in points of 100, at the picture's own height."""
STEP = 0.13
"""How far the bars of two runs lie apart, as a share of the lessons from exam to exam."""


def race(
    lanes: Sequence[tuple[str, Look, pd.DataFrame]],
    *,
    turns: int,
    exam_every: int = 1,
    chance: float = 0.2,
    revision: str = "",
) -> go.Figure:
    """Exam accuracy by lesson, a curve a run with its intervals, its name at its end.

    A lane is the run's name, its look, and ``queries.exams``'s frame. The bars lie a little apart, so that none hides another.
    """
    figure = Picture()
    ends = []
    for i, (name, shown, exams) in enumerate(lanes):
        shift = (i - (len(lanes) - 1) / 2) * STEP * exam_every
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
            text = [html.escape(part) for part in textwrap.wrap(name, WRAP)]
            text[-1] += f" <b>{hundred(exams.accuracy.iloc[-1])}</b>"
            ends.append((100 * float(exams.accuracy.iloc[-1]), float(exams.turn.iloc[-1]) + shift, text, shown.slot))
    guessing(figure, chance)
    _names(figure, ends)
    aside = STEP * exam_every * (len(lanes) - 1) / 2  # of the outermost
    figure.update_xaxes(
        title="lessons so far", range=[-max(0.4, 1.4 * aside), turns + max(0.5, turns * 0.03, 1.4 * aside)], tick0=0, **ticks(turns)
    )  # fmt: skip
    figure.update_yaxes(title="right, of 100 questions", range=[0, 100], dtick=20)
    return finish(figure, f"race-{revision}", height=HEIGHT, margin={"r": 104})


def _names(figure: Picture, ends: list[tuple[float, float, list[str], int]]) -> None:
    """Names right of the run that is furthest, each at its line's height as far as they leave one another room."""
    ends.sort(key=lambda end: end[0])
    front = max((x for _, x, *_ in ends), default=0)
    floor = 0.0
    for value, _, text, slot in ends:
        half = APART * len(text) / 2
        y = max(value, floor + half)
        floor = y + half
        figure.add_annotation(
            name="end", x=front, y=y, text="<br>".join(text), showarrow=False, align="left", xanchor="left", xshift=12,
            font={"size": 13, "color": colour(slot)},
        )  # fmt: skip
