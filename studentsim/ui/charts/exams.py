"""One run's exam accuracy by turn."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from studentsim.labels.strategy_styles import strategy_style
from studentsim.types import FIVE_OPTION_CHANCE
from studentsim.ui.charts.figure_builder import FigureBuilder
from studentsim.ui.charts.frame import (
    add_chance_line,
    add_end_label,
    finish_figure,
    hover_columns,
    interval_bars,
    line_style,
    set_lesson_axes,
)


def exam_accuracy_figure(
    exams: pd.DataFrame, *, strategy: str, turns: int, guessing: float = FIVE_OPTION_CHANCE, revision: str = ""
) -> go.Figure:
    """Exam accuracy by turn: a point with its 95 % interval per exam, and the chance level ``guessing`` (0 to 1).

    ``exams`` is ``queries.fetch_exams``. While ``revision`` stays the same, zoom survives new data.
    """
    style = strategy_style(strategy)
    figure = FigureBuilder()
    figure.add_scatter(
        x=exams.turn, y=100 * exams.accuracy, mode="lines+markers", name=style.name,
        error_y=interval_bars(exams, thickness=1.5, width=4), customdata=hover_columns(exams, "correct", "questions"),
        hovertemplate="after lesson %{x}: %{customdata[0]} of %{customdata[1]} right<br>"
                      "%{y:.0f} of 100 (%{customdata[2]:.0f} to %{customdata[3]:.0f})<extra></extra>",
        **line_style(style),
    )  # fmt: skip
    add_chance_line(figure, guessing)
    add_end_label(figure, exams.turn, 100 * exams.accuracy)
    set_lesson_axes(figure, turns)
    return finish_figure(figure, f"exam-{revision}")
