"""A race: exam accuracy of several runs while they go on."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from studentsim.labels.formatting import round_percent
from studentsim.labels.strategy_styles import StrategyStyle, theme_color
from studentsim.types import FIVE_OPTION_CHANCE
from studentsim.ui.charts.figure_builder import FigureBuilder
from studentsim.ui.charts.frame import (
    add_chance_line,
    add_level_line,
    finish_figure,
    hover_columns,
    interval_bars,
    line_style,
    set_lesson_axes,
)
from studentsim.ui.charts.labels import spread_labels

RACE_HEIGHT_PX = 440
NAME_WRAP_CHARS, MAX_NAME_LINES = 14, 3
"""Characters per line of a name in the margin, and lines after which it is cut."""
NAMES_MARGIN_PX = 124
"""Width of the margin for the names."""
FONT_SIZE_PX, LINE_HEIGHT_EM = 13, 1.3
"""Font size of the names, and line height in font sizes."""
PLOT_HEIGHT_PX = RACE_HEIGHT_PX - 70
"""Height of the plot itself, about; plot.js knows it exactly and places the names again."""
POINT_SHIFT_PX = 6
"""Distance between two runs' points of one exam, so that none hides another; plot.js moves them, since only it knows pixels."""
ELBOW_FRACTION = 0.03
"""Share of the axis before its right end at which a leader line turns from the last value to the name."""
MARKER_CHARACTERS = {
    "circle": "●",
    "square": "■",
    "diamond": "◆",
    "triangle-up": "▲",
    "star": "★",
    "x": "✖",
    "cross": "✚",
}
"""Plotly's markers as characters, so that names are matched to lines not by colour alone."""


RaceCurve = tuple[str, StrategyStyle, pd.DataFrame]
"""A run's name, its style, and ``queries.fetch_exams``."""


def race_figure(
    curves: Sequence[RaceCurve],
    *,
    turns: int,
    exam_every: int = 1,
    chance: float = FIVE_OPTION_CHANCE,
    compared_turn: int | None = None,
    revision: str = "",
) -> go.Figure:
    """Exam accuracy by turn, a curve per run, the 95 % interval of its last exam, and its name in the margin with a leader line.

    Points are at their turn; plot.js moves them by a few pixels, never as far as the next exam. ``compared_turn``, at which the
    runs are compared, gets a line where a run has gone further.
    """
    figure = FigureBuilder()
    uneven = len({int(exams.turn.iloc[-1]) for _, _, exams in curves if len(exams)}) > 1
    right = turns + max(0.3, turns * 0.05)
    ends = []
    for i, (name, style, exams) in enumerate(curves):
        bars = interval_bars(exams, thickness=1.5, width=3)
        last = [False] * (len(exams) - 1) + [True] * min(1, len(exams))
        figure.add_scatter(
            x=exams.turn.tolist(), y=100 * exams.accuracy, mode="lines+markers", name=html.escape(name),
            error_y={name: part.where(last, 0.0) if isinstance(part, pd.Series) else part for name, part in bars.items()},
            customdata=hover_columns(exams, "turn", "correct", "questions"),
            hovertemplate=f"{html.escape(name)}<br>after lesson %{{customdata[0]}}: %{{customdata[1]}} of %{{customdata[2]}} right"
                          "<br>%{y:.0f} of 100 (%{customdata[3]:.0f} to %{customdata[4]:.0f})<extra></extra>",
            meta={"aside": (i - (len(curves) - 1) / 2) * POINT_SHIFT_PX, "most": 0.12 * exam_every}, **line_style(style),
        )  # fmt: skip
        if len(exams):
            end = exams.iloc[-1]
            ends.append(
                (100 * float(end.accuracy), float(end.turn), _name_lines(name, style, end, uneven), style.color_slot)
            )
    add_chance_line(figure, chance)
    if uneven and compared_turn:
        add_level_line(figure, compared_turn, "compared here", vertical=True, dash="dash", xanchor="right", xshift=-4)
    left = -max(0.3, turns * 0.03)
    _add_names(figure, ends, left, right)
    set_lesson_axes(figure, turns, range=[left, right])
    return finish_figure(figure, f"race-{revision}", height=RACE_HEIGHT_PX, margin={"r": NAMES_MARGIN_PX})


def _name_lines(name: str, style: StrategyStyle, last: pd.Series, uneven: bool) -> list[str]:
    """A name in lines, with its curve's marker and last value, and that exam's turn where runs are at different ones."""
    lines = textwrap.wrap(name, NAME_WRAP_CHARS, max_lines=MAX_NAME_LINES, placeholder=" …")
    lines = [html.escape(line) for line in lines] or [""]
    lines[0] = f"{MARKER_CHARACTERS.get(style.symbol, '')} {lines[0]}".strip()
    value = f"<b>{round_percent(last.correct / last.questions)}</b>"
    if uneven:
        return [*lines, f"{value} after {int(last.turn)}"]
    lines[-1] = f"{lines[-1]} {value}".strip()
    return lines


def _add_names(
    figure: FigureBuilder, ends: list[tuple[float, float, list[str], int]], left: float, right: float
) -> None:
    """Names in the margin, near their curve's last value without overlap, each with a leader line from the curve's end."""
    heights = [100 * FONT_SIZE_PX * LINE_HEIGHT_EM * len(text) / PLOT_HEIGHT_PX for _, _, text, _ in ends]
    centres, shrink = spread_labels([value for value, *_ in ends], heights, high=100)
    elbow = right - ELBOW_FRACTION * (right - left)
    for (value, x, text, slot), y in zip(ends, centres, strict=True):
        figure.add_annotation(
            name="end", x=1, xref="x domain", y=y, text="<br>".join(text), showarrow=False, align="left", xanchor="left",
            xshift=4, font={"size": FONT_SIZE_PX * shrink, "color": theme_color(slot)},
        )  # fmt: skip
        figure.add_leader_line(
            [(x, value), (max(x, elbow), value), (right, y)],
            line={"color": theme_color(slot), "width": 1, "dash": "dot"},
        )
    # plot.js places both by these, knowing the pixels
    figure.update_layout(
        meta={"ends": [{"x": x, "y": value, "elbow": max(x, elbow), "right": right} for value, x, *_ in ends]}
    )
