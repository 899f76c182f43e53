"""Second tries: success rates by turn and by group, and how many correct answers were given up, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from studentsim.analysis.accuracy_bounds import MIN_RELIABLE_ANSWERS
from studentsim.labels.strategy_styles import CORRECT_COLOR_SLOT, WRONG_COLOR_SLOT, theme_color
from studentsim.ui.charts.figure_builder import FigureBuilder
from studentsim.ui.charts.frame import (
    finish_figure,
    hover_columns,
    interval_bars,
    set_lesson_axes,
    set_rows,
    wrap_label,
)
from studentsim.ui.charts.heatmap import HEATMAP_ROW_HEIGHT_PX

EXTRA_LINE_PX = 14
"""Height that each further line of a label adds to its row."""
MAX_LABEL_LINE_CHARS = 24
"""Characters per line of a row's label."""


def retries_by_lesson_figure(lessons: pd.DataFrame, *, turns: int, revision: str = "") -> go.Figure:
    """The percentage of questions answered wrong at first and right in the end, by turn, with its 95 % interval.

    ``lessons`` is ``tries.retry_rates_by_lesson``. Points are not joined, since each turn asks other questions.
    """
    blue = theme_color(CORRECT_COLOR_SLOT)
    figure = FigureBuilder()
    figure.add_scatter(
        x=lessons.turn, y=100 * lessons.share, mode="markers", name="mended", cliponaxis=False,
        marker={"color": blue, "size": 9, "line": {"width": 2, "color": blue},
                "symbol": [_marker_symbol(n, "circle") for n in lessons.tried]},
        error_y=interval_bars(lessons, "share", thickness=1.5, width=3, color=blue), customdata=hover_columns(lessons, "mended", "tried"),
        hovertemplate="lesson %{x}: %{customdata[0]} of %{customdata[1]} mended<br>"
                      "95 % interval: %{customdata[2]:.0f} to %{customdata[3]:.0f} of 100<extra></extra>",
    )  # fmt: skip
    set_lesson_axes(figure, turns, x="lesson", y="mended, of 100")
    return finish_figure(figure, f"mended-{revision}", height=220)


def share_intervals_figure(
    frame: pd.DataFrame, *, names: Sequence[str], count: str = "mended", of: str = "tried", wrong: Sequence[int] = (),
    title: str = "right in the end, of 100", revision: str = "",
) -> go.Figure:  # fmt: skip
    """A row for each of ``names``, top to bottom: a share in percent with its 95 % interval, its count below its name.

    ``frame`` has ``share, ci_low, ci_high`` and the columns ``count`` and ``of``. Row indices in ``wrong`` are failure rates, in the wrong
    answers' colour.
    """
    rows = list(range(len(frame)))
    colors = [theme_color(WRONG_COLOR_SLOT if i in wrong else CORRECT_COLOR_SLOT) for i in rows]
    figure = FigureBuilder()
    for i in rows:
        row = frame.iloc[[i]]
        few = int(row[of].iloc[0]) < MIN_RELIABLE_ANSWERS
        symbol = _marker_symbol(int(row[of].iloc[0]), "x" if i in wrong else "circle")
        figure.add_scatter(
            x=100 * row.share, y=[i], mode="markers", cliponaxis=False, opacity=0.55 if few else 1,
            marker={"color": colors[i], "size": 11, "symbol": symbol, "line": {"width": 2, "color": colors[i]}},
            error_x=interval_bars(row, "share", thickness=2, width=5, color=colors[i]), customdata=hover_columns(row, count, of),
            hovertemplate="%{customdata[0]} of %{customdata[1]}<br>95 % interval: %{customdata[2]:.0f} to %{customdata[3]:.0f} of 100"
                          "<extra></extra>",
        )  # fmt: skip
    labels = [
        f"{wrap_label(str(name), MAX_LABEL_LINE_CHARS)}<br>{int(k)} of {int(n)}"
        for name, k, n in zip(names, frame[count], frame[of], strict=True)
    ]
    figure.update_xaxes(title=title, range=[-2, 102], tickvals=[0, 20, 40, 60, 80, 100], fixedrange=True)
    set_rows(figure, labels)
    height = (
        HEATMAP_ROW_HEIGHT_PX * max(len(rows), 1)
        + EXTRA_LINE_PX * sum(label.count("<br>") - 1 for label in labels)
        + 70
    )
    return finish_figure(figure, f"shares-{revision}", height=height, dragmode=False)


def _marker_symbol(of: int, symbol: str) -> str:
    return f"{symbol}-open" if of < MIN_RELIABLE_ANSWERS else symbol
