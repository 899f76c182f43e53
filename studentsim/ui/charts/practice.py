"""Practice accuracy by turn."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from studentsim.labels.strategy_styles import CHANCE_COLOR_SLOT, theme_color
from studentsim.ui.charts.figure_builder import FigureBuilder
from studentsim.ui.charts.frame import finish_figure, hover_columns, interval_bars, set_lesson_axes


def practice_figure(lessons: pd.DataFrame, *, turns: int, revision: str = "") -> go.Figure:
    """Each turn's practice accuracy in percent with its 95 % interval: grey rings without a line, unlike an exam's curve.

    ``lessons`` has ``turn, correct, questions, accuracy, ci_low, ci_high``.
    """
    grey = theme_color(CHANCE_COLOR_SLOT)
    figure = FigureBuilder()
    figure.add_scatter(
        x=lessons.turn, y=100 * lessons.accuracy, mode="markers", name="practice",
        marker={"color": grey, "symbol": "circle-open", "size": 8, "line": {"width": 2}},
        error_y=interval_bars(lessons, thickness=1, width=3, color=grey), customdata=hover_columns(lessons, "correct", "questions"),
        hovertemplate="lesson %{x}, practice: %{customdata[0]} of %{customdata[1]} right<br>"
                      "95 % interval: %{customdata[2]:.0f} to %{customdata[3]:.0f} of 100<extra></extra>",
    )  # fmt: skip
    set_lesson_axes(figure, turns, x="lesson", y="right, of 100")
    return finish_figure(figure, f"practice-{revision}", height=240)
