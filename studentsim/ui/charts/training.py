"""Training figures by step."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from studentsim.analysis.rewards import RewardView
from studentsim.labels.strategy_styles import CORRECT_COLOR_SLOT, HELD_OUT_COLOR_SLOT, WRONG_COLOR_SLOT, theme_color
from studentsim.ui.charts.figure_builder import FigureBuilder
from studentsim.ui.charts.frame import add_level_line, finish_figure, insert_lesson_gaps, lesson_ticks


def training_figure(
    steps: pd.DataFrame, validations: pd.DataFrame, view: RewardView, *, turns: int, revision: str = ""
) -> go.Figure:
    """One figure of the training by step, and the same figure on held-out pairs after each turn.

    ``steps`` and ``validations`` have the columns of ``view``; ``steps`` also ``x``, its position on the axis of turns.
    """
    factor = 100 if view.is_percent else 1
    single_step = steps.groupby("turn").turn.transform("size") == 1  # a line through one point is invisible
    steps = insert_lesson_gaps(steps.assign(size=[6 * is_single for is_single in single_step]))
    figure = FigureBuilder()
    slots = (CORRECT_COLOR_SLOT, WRONG_COLOR_SLOT)
    for (column, label), slot, dash in zip(view.columns.items(), slots, ("solid", "dash"), strict=False):
        figure.add_scatter(
            x=steps.x, y=factor * steps[column], mode="lines+markers" if single_step.any() else "lines", name=label,
            line={"color": theme_color(slot), "width": 2, "dash": dash}, marker={"size": steps["size"].fillna(0), "symbol": "square"},
            customdata=steps[["turn", "step", "steps"]],
            hovertemplate="lesson %{customdata[0]}, step %{customdata[1]} of %{customdata[2]}: %{y:.2f}<extra>" + label + "</extra>",
        )  # fmt: skip
        if not validations.empty:
            symbol = "circle" if slot == CORRECT_COLOR_SLOT else "x"
            figure.add_scatter(
                x=validations.turn, y=factor * validations[column], mode="lines+markers", name=f"{label}, held-out pairs",
                line={"color": theme_color(HELD_OUT_COLOR_SLOT), "width": 1.5, "dash": "dot"}, marker={"symbol": symbol, "size": 7},
                hovertemplate="after lesson %{x}: %{y:.2f}<extra>held-out pairs</extra>",
            )  # fmt: skip
    if view.options_column in validations and validations[view.options_column].notna().any():
        figure.add_scatter(
            x=validations.turn, y=factor * validations[view.options_column], mode="lines+markers", name="right option, held-out questions",
            line={"color": theme_color(HELD_OUT_COLOR_SLOT), "width": 1.5}, marker={"symbol": "diamond", "size": 7},
            hovertemplate="after lesson %{x}: %{y:.2f}<extra>right option against a wrong one</extra>",
        )  # fmt: skip
    figure.update_xaxes(title="lesson", range=[0, turns + max(0.1, turns * 0.02)], **lesson_ticks(turns))
    figure.update_yaxes(title=view.unit, range=[-2, 102] if view.is_percent else None)
    if view.is_percent:
        add_level_line(figure, 50, "a coin")
    figure.update_layout(showlegend=True)
    return finish_figure(figure, f"rewards-{view.term}-{revision}")
