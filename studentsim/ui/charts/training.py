"""What happens in training, step by step."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from studentsim.ui.charts.frame import apart, finish, level, ticks
from studentsim.ui.charts.picture import Picture
from studentsim.ui.looks import HELD_OUT, RIGHT, WRONG, colour
from studentsim.ui.rewards import RewardView

DOT = 6
"""Pixels of a step that is its lesson's only one: a line through one point cannot be seen."""


def training(
    steps: pd.DataFrame, validations: pd.DataFrame, view: RewardView, *, turns: int, revision: str = ""
) -> go.Figure:
    """One view of the training, step by step, and the same figure on held-out pairs after each lesson."""
    factor = 100 if view.percent else 1
    steps = apart(steps)
    dots = _dots(steps)
    figure = Picture()
    slots = (RIGHT, WRONG)
    for (column, label), slot, dash in zip(view.columns.items(), slots, ("solid", "dash"), strict=False):
        figure.add_scatter(
            x=steps.x, y=factor * steps[column], mode="lines+markers" if any(dots) else "lines", name=label, marker={"size": dots},
            line={"color": colour(slot), "width": 2, "dash": dash},
            customdata=steps[["turn", "step", "steps"]],
            hovertemplate="lesson %{customdata[0]}, step %{customdata[1]} of %{customdata[2]}: %{y:.2f}<extra>" + label + "</extra>",
        )  # fmt: skip
        if not validations.empty:
            symbol = "circle" if slot == RIGHT else "x"
            figure.add_scatter(
                x=validations.turn, y=factor * validations[column], mode="lines+markers", name=f"{label}, held-out pairs",
                line={"color": colour(HELD_OUT), "width": 1.5, "dash": "dot"}, marker={"symbol": symbol, "size": 7},
                hovertemplate="after lesson %{x}: %{y:.2f}<extra>held-out pairs</extra>",
            )  # fmt: skip
    if view.options in validations and validations[view.options].notna().any():
        figure.add_scatter(
            x=validations.turn, y=factor * validations[view.options], mode="lines+markers", name="right option, held-out questions",
            line={"color": colour(HELD_OUT), "width": 1.5}, marker={"symbol": "diamond", "size": 7},
            hovertemplate="after lesson %{x}: %{y:.2f}<extra>right option against a wrong one</extra>",
        )  # fmt: skip
    figure.update_xaxes(title="lesson", range=[0, turns], **ticks(turns))
    figure.update_yaxes(title=view.unit, range=[0, 100] if view.percent else None)
    if view.percent:
        level(figure, 50, "a coin")
    figure.update_layout(showlegend=True)
    return finish(figure, f"rewards-{view.term}-{revision}")


def _dots(steps: pd.DataFrame) -> list[int]:
    """For each row the size of its dot: 0 where a line is drawn through its lesson's steps."""
    told = steps[steps["step"].notna()].groupby("turn")["step"].size() if len(steps) else {}
    return [DOT if told[turn] == 1 else 0 for turn in steps.turn]
