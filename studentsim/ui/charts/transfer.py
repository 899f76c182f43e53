"""The transfer matrix: the gain in each category from practising each one alone."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from studentsim.analysis.transfer_summary import format_points
from studentsim.labels.strategy_styles import diverging_color, theme_color
from studentsim.ui.charts.figure_builder import FigureBuilder
from studentsim.ui.charts.frame import (
    AXIS_TITLE_PX,
    CHAR_WIDTH_PX,
    LABEL_PADDING_PX,
    finish_figure,
    set_rows,
    ticks_at,
    wrap_row_labels,
)
from studentsim.ui.charts.heatmap import HEATMAP_ROW_HEIGHT_PX, cell_bars

FULL_COLOR_POINTS = 60.0
"""A gain or loss of this many points or more has the full colour."""
DIAGONAL_COLOR_SLOT = 5
"""Colour slot of the border of the diagonal: black, or white in the dark theme."""
MAX_COLUMN_LABEL_CHARS = 28
"""Characters of a column's label at most, enough for the built-in categories; the hover text has it whole."""
COLUMN_LABEL_DEGREES = 40
"""Rotation of the column labels, so that they fit a phone."""


def transfer_figure(frame: pd.DataFrame, *, categories: Sequence[str], revision: str = "") -> go.Figure:
    """A row per category practised, a column per category examined, the gain in points in each cell.

    ``frame`` has ``practised, examined, questions, before, after, points, low, high``. Gains are blue, losses orange, both signed; the
    diagonal has a border and bold numbers. A point's ``customdata`` is ``practised, examined, before, after, questions, gain, low,
    high``.
    """
    positions = {category: i for i, category in enumerate(categories)}
    is_diagonal = [p == e for p, e in zip(frame.practised, frame.examined, strict=True)]
    labels = [format_points(value) for value in frame.points]
    figure = FigureBuilder(
        go.Bar(
            **cell_bars([positions[e] for e in frame.examined], [positions[p] for p in frame.practised]),
            marker={"color": [gain_color(value) for value in frame.points],
                    "line": {"width": [2 if diagonal else 0 for diagonal in is_diagonal], "color": theme_color(DIAGONAL_COLOR_SLOT)}},
            text=[f"<b>{label}</b>" if diagonal else label for label, diagonal in zip(labels, is_diagonal, strict=True)],
            customdata=[_hover_data(row) for row in frame.itertuples()],
            hovertemplate="Practised %{customdata[0]}, examined %{customdata[1]}: %{customdata[5]} points<br>95 % interval: "
                          "%{customdata[6]} to %{customdata[7]}<br>right of %{customdata[4]}: %{customdata[2]} before, "
                          "%{customdata[3]} after<extra></extra>",
        )
    )  # fmt: skip
    count = len(categories)
    names = [
        html.escape(c if len(c) <= MAX_COLUMN_LABEL_CHARS else f"{c[: MAX_COLUMN_LABEL_CHARS - 1]}…")
        for c in categories
    ]
    figure.update_xaxes(
        title="examined", range=[-0.5, count - 0.5], showgrid=False, fixedrange=True, ticks="", tickangle=-COLUMN_LABEL_DEGREES,
        **ticks_at(names),
    )  # fmt: skip
    set_rows(figure, wrap_row_labels(categories), title="practised")
    widest = max(min(len(category), MAX_COLUMN_LABEL_CHARS) for category in categories)
    label_height = round(CHAR_WIDTH_PX * widest * math.sin(math.radians(COLUMN_LABEL_DEGREES)))
    bottom = LABEL_PADDING_PX + AXIS_TITLE_PX + 12 + label_height
    height = HEATMAP_ROW_HEIGHT_PX * count + bottom + 16
    return finish_figure(
        figure, f"transfer-{revision}", height=height, barmode="overlay", dragmode=False, margin={"b": bottom}
    )


def gain_color(points: float) -> str:
    """A cell's colour placeholder for a gain in points: orange for losses, pale for none, blue for gains."""
    return diverging_color(min(1.0, max(0.0, 0.5 + points / (2 * FULL_COLOR_POINTS))))


def _hover_data(row: object) -> tuple[str, str, int, int, int, str, str, str]:
    gain, low, high = (format_points(getattr(row, name)) for name in ("points", "low", "high"))
    practised, examined = html.escape(row.practised), html.escape(row.examined)  # type: ignore[attr-defined]
    return practised, examined, row.before, row.after, row.questions, gain, low, high  # type: ignore[attr-defined]
