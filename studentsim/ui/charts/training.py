"""What happens in training, step by step."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from studentsim.ui.charts.frame import apart, finish, level, ticks
from studentsim.ui.charts.picture import Picture
from studentsim.ui.looks import HELD_OUT, RIGHT, WRONG, colour
from studentsim.ui.rewards import RewardView


def training(
    steps: pd.DataFrame, validations: pd.DataFrame, view: RewardView, *, turns: int, revision: str = ""
) -> go.Figure:
    """One view of the training, step by step, and the same figure on held-out pairs after each lesson."""
    factor = 100 if view.percent else 1
    alone = steps.groupby("turn").turn.transform("size") == 1  # a line through one point is not seen
    steps = apart(steps.assign(size=[6 * one for one in alone]))
    figure = Picture()
    slots = (RIGHT, WRONG)
    for (column, label), slot, dash in zip(view.columns.items(), slots, ("solid", "dash"), strict=False):
        figure.add_scatter(
            x=steps.x, y=factor * steps[column], mode="lines+markers" if alone.any() else "lines", name=label,
            line={"color": colour(slot), "width": 2, "dash": dash}, marker={"size": steps["size"].fillna(0), "symbol": "square"},
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
    figure.update_xaxes(title="lesson", range=[0, turns + max(0.1, turns * 0.02)], **ticks(turns))
    figure.update_yaxes(title=view.unit, range=[-2, 102] if view.percent else None)
    if view.percent:
        level(figure, 50, "a coin")
    figure.update_layout(showlegend=True)
    return finish(figure, f"rewards-{view.term}-{revision}")
