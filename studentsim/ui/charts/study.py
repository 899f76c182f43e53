"""Exam accuracy of several strategies, for the start page."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from studentsim.labels.formatting import round_percent
from studentsim.labels.strategy_styles import STRATEGY_STYLES, StrategyStyle, strategy_style, theme_color
from studentsim.types import FIVE_OPTION_CHANCE
from studentsim.ui.charts.figure_builder import FigureBuilder
from studentsim.ui.charts.frame import add_chance_line, finish_figure, hover_columns, lesson_ticks, line_style
from studentsim.ui.charts.labels import spread_labels

NAMES_MARGIN_PX = 146
"""Width of the margin for the lines' names."""
MIN_LABEL_DISTANCE = 6.5
"""Least distance of two names, in percent of the axis."""


def study_figure(exams: pd.DataFrame, *, chance: float = FIVE_OPTION_CHANCE) -> go.Figure:
    """Exam accuracy by turn, a line per strategy, named at its end; the last exam with its 95 % interval.

    ``exams`` has ``strategy, turn, correct, questions, accuracy, ci_low, ci_high``, of one run per strategy.
    """
    figure = FigureBuilder()
    last = exams.loc[exams.groupby("strategy").turn.idxmax()]
    order = [s for s in STRATEGY_STYLES if s in set(exams.strategy)]
    turns = int(exams.turn.max())
    for index, strategy in enumerate(order):
        style, rows = strategy_style(strategy), exams[exams.strategy == strategy]
        figure.add_scatter(
            x=rows.turn, y=100 * rows.accuracy, mode="lines+markers", name=style.name, **_line_style(style),
            customdata=hover_columns(rows, "correct", "questions"),
            hovertemplate="after lesson %{x}: %{customdata[0]} of %{customdata[1]} right<br>%{y:.0f} of 100 "
                          "(%{customdata[2]:.0f} to %{customdata[3]:.0f})<extra>" + style.name + "</extra>",
        )  # fmt: skip
        end = last[last.strategy == strategy].iloc[0]
        _add_interval_bar(figure, turns * (1 + 0.018 * (index + 1)), end, style.color_slot)
    right = turns * (1 + 0.018 * (len(order) + 2))
    _add_line_names(figure, last, right)
    add_chance_line(figure, chance)
    figure.update_xaxes(title="lessons so far", range=[-0.03 * turns, 1.02 * right])
    step = int(lesson_ticks(turns)["dtick"]) * (2 if turns > 10 else 1)  # legible on a phone, beside the names
    figure.update_xaxes(showgrid=False, tickvals=list(range(0, turns + 1, step)), tickangle=0)
    figure.update_yaxes(range=[0, 100], dtick=20)
    return finish_figure(figure, "study", height=360, margin={"r": NAMES_MARGIN_PX})


def _line_style(style: StrategyStyle) -> dict[str, Any]:
    """The strategy's line style with the start page's smaller markers."""
    properties: dict[str, Any] = line_style(style)
    return {**properties, "marker": {**properties["marker"], "size": 7}}


def _add_interval_bar(figure: FigureBuilder, x: float, end: pd.Series, slot: int) -> None:
    """The interval of a line's last exam at ``x``, right of the line's end, so that none hides another."""
    figure.add_scatter(
        x=[x, x], y=[100 * end.ci_low, 100 * end.ci_high], mode="lines", line={"color": theme_color(slot), "width": 2},
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip


def _add_line_names(figure: FigureBuilder, last: pd.DataFrame, x: float) -> None:
    """Each line's marker, last value and name in the margin, without overlap."""
    ends = last.sort_values("accuracy")
    centres, shrink = spread_labels([100 * a for a in ends.accuracy], [MIN_LABEL_DISTANCE] * len(ends), high=100)
    for end, y in zip(ends.itertuples(), centres, strict=True):
        style = strategy_style(end.strategy)
        figure.add_scatter(
            x=[x], y=[y], mode="markers", marker=_line_style(style)["marker"], cliponaxis=False, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
        figure.add_annotation(
            x=x, y=y, text=f"<b>{round_percent(end.accuracy)}</b> {style.name}", showarrow=False, xanchor="left", xshift=7,
            font={"size": 13 * shrink},
        )  # fmt: skip
