"""The heatmap of categories (or skills) by exam."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from studentsim.analysis.accuracy_bounds import MIN_RELIABLE_ANSWERS
from studentsim.exam import wilson_interval
from studentsim.labels import category_names
from studentsim.labels.formatting import round_percent
from studentsim.labels.strategy_styles import CHANCE_COLOR_SLOT, diverging_color, theme_color
from studentsim.ui.charts.figure_builder import FigureBuilder
from studentsim.ui.charts.frame import finish_figure, set_rows, ticks_at, wrap_row_labels

HEATMAP_ROW_HEIGHT_PX = 44
"""Height of a row, enough for touch."""
CELL_GAP = 0.06
"""Share of a cell's size left free between cells."""


def cell_bars(columns: Sequence[int], rows: Sequence[int]) -> dict[str, Any]:
    """Settings of a ``go.Bar`` whose bars are the cells of a table, each with its text in the middle."""
    return {
        "x": columns, "width": 1 - CELL_GAP, "base": [row - 0.5 + CELL_GAP / 2 for row in rows], "y": [1 - CELL_GAP] * len(rows),
        "textposition": "inside", "insidetextanchor": "middle", "textangle": 0,
    }  # fmt: skip


def category_heatmap_figure(
    frame: pd.DataFrame,
    *,
    rows: Sequence[str],
    names: Mapping[str, str] | None = None,
    revision: str = "",
    turns: Sequence[int] = (),
) -> go.Figure:
    """A row for each of ``rows`` (top to bottom), a column per exam, the accuracy in percent in each cell.

    ``frame`` has ``row, turn, correct, questions``; rows not in ``rows`` are left out. ``names`` are the rows' labels; without it they
    are a dataset's categories. ``turns`` are the planned exams, so that cells keep their place while a run goes on. A point's
    ``customdata`` is ``row, turn, correct, questions, ci_low, ci_high`` (bounds in percent), for hover and for Streamlit's selection of
    points: cells are bars, since plotly cannot select a heatmap's cells.
    """
    names = names or {row: category_names.category_label(row, rows) for row in rows}
    columns = sorted({*map(int, turns), *(int(t) for t in frame.turn)})
    cells = frame[frame.row.isin(list(rows)) & (frame.questions > 0)]
    shades = [diverging_color(s) for s in cells.correct / cells.questions]
    few = [int(q) < MIN_RELIABLE_ANSWERS for q in cells.questions]
    figure = FigureBuilder(
        go.Bar(
            **cell_bars([columns.index(int(t)) for t in cells.turn], [list(rows).index(r) for r in cells.row]),
            marker={"color": shades, "line": {"width": 0},
                    "pattern": {"shape": ["/" if f else "" for f in few], "size": 6, "solidity": 0.4}},
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 0.45}, "textfont": {"color": theme_color(CHANCE_COLOR_SLOT)}},
            text=[_cell_label(c, q) for c, q in zip(cells.correct, cells.questions, strict=True)],
            customdata=[_hover_data(*cell) for cell in zip(cells.row, cells.turn, cells.correct, cells.questions, strict=True)],
            hovertext=[html.escape(str(names.get(r, r))) for r in cells.row],
            hovertemplate="%{hovertext}, after lesson %{customdata[1]}: %{customdata[2]} of %{customdata[3]} right<br>"
                          "95 % interval: %{customdata[4]} to %{customdata[5]} of 100<extra></extra>",
        )
    )  # fmt: skip
    label_step = 1 + len(columns) // 14
    column_labels = ["" if i % label_step else str(turn) for i, turn in enumerate(columns)]
    figure.update_xaxes(
        title="lessons so far",
        range=[-0.5, max(len(columns), 1) - 0.5],
        showgrid=False,
        fixedrange=True,
        **ticks_at(column_labels),
    )
    set_rows(figure, wrap_row_labels(names.get(row, row) for row in rows))
    height = HEATMAP_ROW_HEIGHT_PX * max(len(rows), 1) + 70
    return finish_figure(figure, f"heatmap-{revision}", height=height, barmode="overlay", dragmode=False)


def _cell_label(correct: int, questions: int) -> str:
    """The accuracy in percent; from few answers the count itself, since percent would feign precision."""
    return (
        str(round_percent(correct / questions))
        if questions >= MIN_RELIABLE_ANSWERS
        else f"{int(correct)}/{int(questions)}"
    )


def _hover_data(row: str, turn: int, correct: int, questions: int) -> tuple[str, int, int, int, int, int]:
    low, high = wilson_interval(int(correct), int(questions))
    return row, int(turn), int(correct), int(questions), round_percent(low), round_percent(high)
