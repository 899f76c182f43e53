"""What was practised beside the mistakes that led to it: in each row the mistakes above, the questions below."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from studentsim.analysis.mix_table import MixLine, MixTable
from studentsim.labels import category_names
from studentsim.labels.strategy_styles import diverging_color
from studentsim.ui.charts.frame import (
    AXIS_TITLE_PX,
    CHAR_WIDTH_PX,
    LABEL_PADDING_PX,
    MAX_ROW_LABEL_CHARS,
    TITLE_STANDOFF_PX,
    finish_figure,
    lesson_ticks,
    wrap_label,
)
from studentsim.ui.charts.picture import FigureBuilder

MIX_ROW_HEIGHT_PX = 52
"""Pixels a row is high: two cells that hold a number each."""
CELL_HEIGHT = 0.45
"""Height of a cell, as a share of its row."""
FULL_COLOR_SHARE = 0.5
"""A cell of this share of all mistakes, or questions, or more has the fullest colour."""
MIN_FONT_PX = 9
"""Pixels of the smallest type: a number that would be smaller is left out, and stands in the table."""
MAX_COLUMN_LABEL_CHARS = 30
"""Characters of a column's name at most: one line, since turned lines of neighbours lie over one another on a phone."""
COLUMN_LABEL_DEGREES = -40
"""Degrees by which the names of columns are turned, so that they have room on a phone."""


@dataclass(frozen=True)
class MixCell:
    """A number in row ``row``, from ``left`` to ``right``. ``share`` (0 to 1) is of all mistakes, or of all questions."""

    row: int
    left: float
    right: float
    share: float
    text: str
    hover_text: str
    """What it says when pointed at."""
    is_practice: bool
    """Questions (below, blue), else mistakes (above, orange)."""
    is_planned: bool = False
    """Questions that no lesson asked; hatched."""


def mix_by_lesson_figure(table: MixTable, *, exam_turns: Sequence[int], revision: str = "") -> go.Figure:
    """A row for each category, lessons from left to right: above, the mistakes of an exam, as wide as the lessons until the next one;
    below, the questions of each lesson. After the last exam comes what it asks for, where the way of choosing follows the mistakes.

    ``exam_turns`` are the exams planned, so that cells stay where they are while a run goes on.
    """
    ends = sorted({*map(int, exam_turns), *(line.turn for line in table.lines if line.kind == "exam")} or {0})
    after = max(1, min(round(ends[-1] / 10), ends[-1] - ends[-2])) if len(ends) > 1 else 1
    ends.append(ends[-1] + after)
    cells = [cell for line in table.lines for cell in _line_cells(line, table.columns, ends)]
    figure = _cell_grid(cells, _column_titles(table.columns), gap=ends[-1] / 250)
    step = int(str(lesson_ticks(ends[-2])["dtick"]))
    shown = [lesson for lesson in range(1, ends[-2] + 1) if lesson % step == 0 or step == 1]
    figure.update_xaxes(
        title="lesson", range=[0, ends[-1]], tickvals=[n - 0.5 for n in shown], ticktext=[str(n) for n in shown],
        showgrid=False,
    )  # fmt: skip
    return _finish_mix_figure(figure, len(table.columns), f"mix-{revision}")


def mix_by_strategy_figure(
    strategies: Sequence[tuple[str, Sequence[int], Sequence[int]]], columns: Sequence[str], *, of_hundred: bool = False, revision: str = ""
) -> go.Figure:  # fmt: skip
    """A row for each way, a column for each category: above, its mistakes, below, its questions; each way is its name and the two
    counts by column. ``of_hundred``: told as shares, for sums over many lessons.
    """
    cells, titles = [], _column_titles(columns)
    short_titles = [textwrap.shorten(title, MAX_COLUMN_LABEL_CHARS, placeholder=" …") for title in titles]
    for row, (name, *both) in enumerate(strategies):
        for practised, counts in zip((False, True), both, strict=True):
            total = sum(counts)
            what = ("question" if practised else "mistake") + ("" if total == 1 else "s")
            for index, count in enumerate(counts if total else ()):
                share = count / total
                text = f"{100 * share:.0f}" if of_hundred else str(count)
                hover_text = html.escape(f"{name}: {count:,} of {total:,} {what} in {titles[index]}")
                cells.append(MixCell(row, index - 0.5, index + 0.5, share, text, hover_text, practised))
    figure = _cell_grid(cells, [name for name, *_ in strategies], gap=0.04)
    figure.update_xaxes(
        range=[-0.5, max(len(columns), 1) - 0.5], tickvals=list(range(len(titles))),
        ticktext=[html.escape(label) for label in short_titles], tickangle=COLUMN_LABEL_DEGREES, showgrid=False,
    )  # fmt: skip
    longest = max(map(len, short_titles), default=0)
    below = round(LABEL_PADDING_PX + 14 + 0.65 * CHAR_WIDTH_PX * longest)
    return _finish_mix_figure(figure, len(strategies), f"ways-{revision}", below=below)


def _line_cells(line: MixLine, columns: Sequence[str], ends: Sequence[int]) -> Iterable[MixCell]:
    lessons = line.kind == "practised"
    left = line.first_turn - 1 if lessons else line.turn
    right = line.turn if lessons else next(end for end in ends if end > line.turn)
    titles = _column_titles(columns)
    for row, count in enumerate(line.counts):
        share = count / line.total if line.total else 0.0
        hover_text = html.escape(f"{titles[row]}, {line.title}: {_describe_count(line, row)}")
        yield MixCell(row, left, right, share, str(count), hover_text, line.kind != "exam", line.kind == "next")


def _describe_count(line: MixLine, row: int) -> str:
    if line.kind == "exam":
        return f"{line.cells[row]} wrong, and {line.total} mistakes in all"
    return f"{line.cells[row]} of {line.total} questions"


def _column_titles(columns: Sequence[str]) -> list[str]:
    return [category_names.category_label(column, columns) for column in columns]


def _cell_grid(cells: Sequence[MixCell], rows: Sequence[str], *, gap: float) -> FigureBuilder:
    """Cells are bars: plotly draws no pattern in a heatmap's cells, and writes no number of its own into each."""
    figure = FigureBuilder()
    for practised in (False, True):
        half_cells = [cell for cell in cells if cell.is_practice == practised]
        figure.add_bar(
            x=[(cell.left + cell.right) / 2 for cell in half_cells], width=[cell.right - cell.left - gap for cell in half_cells],
            base=[cell.row + (0.01 if practised else -CELL_HEIGHT - 0.01) for cell in half_cells], y=[CELL_HEIGHT] * len(half_cells),
            marker={"color": [_cell_color(cell) for cell in half_cells], "line": {"width": 0},
                    "pattern": {"shape": ["/" if cell.is_planned else "" for cell in half_cells], "size": 6, "solidity": 0.25}},
            text=[cell.text for cell in half_cells], textposition="inside", insidetextanchor="middle", textangle=0,
            hovertext=[cell.hover_text for cell in half_cells], hovertemplate="%{hovertext}<extra></extra>",
            name="questions practised" if practised else "mistakes in the exam before",
        )  # fmt: skip
    figure.update_yaxes(
        range=[len(rows) - 0.46, -0.54], showgrid=False, fixedrange=True, ticks="",
        tickvals=list(range(len(rows))), ticktext=[wrap_label(str(name), MAX_ROW_LABEL_CHARS) for name in rows],
    )  # fmt: skip
    figure.update_xaxes(fixedrange=True)
    return figure


def _cell_color(cell: MixCell) -> str:
    """Of the theme's ten, five each: from pale to orange (mistakes), or to blue (questions)."""
    step = round(4 * min(1.0, cell.share / FULL_COLOR_SHARE))
    return diverging_color((5.5 + step if cell.is_practice else 4.5 - step) / 10)


def _finish_mix_figure(figure: FigureBuilder, rows: int, revision: str, *, below: int | None = None) -> go.Figure:
    bottom = LABEL_PADDING_PX + 17 + AXIS_TITLE_PX if below is None else below
    layout: dict[str, Any] = {"margin": {"b": bottom, "t": TITLE_STANDOFF_PX}} if below is not None else {}
    height = MIX_ROW_HEIGHT_PX * max(rows, 1) + bottom + 16
    return finish_figure(
        figure, revision, height=height, barmode="overlay", dragmode=False,
        uniformtext={"minsize": MIN_FONT_PX, "mode": "hide"}, **layout,
    )  # fmt: skip
