"""Several ways of choosing on one picture."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from studentsim.ui.charts.frame import finish, guessing, line, ticks
from studentsim.ui.charts.labels import spread
from studentsim.ui.charts.picture import Picture
from studentsim.ui.looks import STRATEGIES, Look, colour, look
from studentsim.ui.words import hundred

NAMES = 146
"""Pixels kept free at the right for the lines' names."""
APART = 6.5
"""Of 100: how far the names of two lines that end close together are pushed apart."""


def study(exams: pd.DataFrame, *, chance: float = 0.2) -> go.Figure:
    """Exam accuracy by lesson, a line for each strategy, named at its end; the last exam with its 95 % bar.

    ``exams`` has ``strategy, turn, correct, questions, accuracy, low, high``; one run a strategy.
    """
    figure = Picture()
    last = exams.loc[exams.groupby("strategy").turn.idxmax()]
    order = [s for s in STRATEGIES if s in set(exams.strategy)]
    turns = int(exams.turn.max())
    for place, strategy in enumerate(order):
        shown, rows = look(strategy), exams[exams.strategy == strategy]
        figure.add_scatter(
            x=rows.turn, y=100 * rows.accuracy, mode="lines+markers", name=shown.name, **_line(shown),
            customdata=rows[["correct", "questions", "low", "high"]].assign(low=100 * rows.low, high=100 * rows.high),
            hovertemplate="after lesson %{x}: %{customdata[0]} of %{customdata[1]} right<br>%{y:.0f} of 100 "
                          "(%{customdata[2]:.0f} to %{customdata[3]:.0f})<extra>" + shown.name + "</extra>",
        )  # fmt: skip
        end = last[last.strategy == strategy].iloc[0]
        _bar(figure, turns * (1 + 0.018 * (place + 1)), end, shown.slot)
    right = turns * (1 + 0.018 * (len(order) + 2))
    _names(figure, last, right)
    guessing(figure, chance)
    figure.update_xaxes(title="lessons so far", range=[-0.03 * turns, 1.02 * right])
    step = int(ticks(turns)["dtick"]) * (2 if turns > 10 else 1)  # it must be legible on a phone, beside the names
    figure.update_xaxes(showgrid=False, tickvals=list(range(0, turns + 1, step)), tickangle=0)
    figure.update_yaxes(range=[0, 100], dtick=20)
    return finish(figure, "study", height=360, margin={"r": NAMES})


def _line(shown: Look) -> dict[str, Any]:
    """Its look, with markers as small as the start page's picture asks for."""
    style: dict[str, Any] = line(shown)
    return {**style, "marker": {**style["marker"], "size": 7}}


def _bar(figure: Picture, x: float, end: pd.Series, slot: int) -> None:
    """The interval of a line's last exam, a little to the right of the line's end, so that several can be told apart."""
    figure.add_scatter(
        x=[x, x], y=[100 * end.low, 100 * end.high], mode="lines", line={"color": colour(slot), "width": 2},
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip


def _names(figure: Picture, last: pd.DataFrame, x: float) -> None:
    """Each line's marker, last value and name in the free space at the right, none upon another."""
    ends = last.sort_values("accuracy")
    centres, shrink = spread([100 * a for a in ends.accuracy], [APART] * len(ends), high=100)
    for end, y in zip(ends.itertuples(), centres, strict=True):
        shown = look(end.strategy)
        figure.add_scatter(
            x=[x], y=[y], mode="markers", marker=_line(shown)["marker"], cliponaxis=False, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
        figure.add_annotation(
            x=x, y=y, text=f"<b>{hundred(end.accuracy)}</b> {shown.name}", showarrow=False, xanchor="left", xshift=7,
            font={"size": 13 * shrink},
        )  # fmt: skip
