"""The category mix: in each row an exam's mistakes above, the questions practised after it below."""

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
from studentsim.ui.charts.figure_builder import FigureBuilder
from studentsim.ui.charts.frame import (
    AXIS_TITLE_PX,
    CHAR_WIDTH_PX,
    LABEL_PADDING_PX,
    TITLE_STANDOFF_PX,
    finish_figure,
    lesson_ticks,
    set_rows,
    ticks_at,
    wrap_row_labels,
)

MIX_ROW_HEIGHT_PX = 52
"""Height of a row: two cells with a number each."""
CELL_HEIGHT = 0.45
"""Height of a cell as a share of its row."""
FULL_COLOR_SHARE = 0.5
"""A cell with this share of all mistakes, or questions, or more has the full colour."""
MIN_FONT_PX = 9
"""Smallest font size; a number that would be smaller is left out."""
MAX_COLUMN_LABEL_CHARS = 30
"""Characters of a column's label at most: one line, since rotated lines of neighbours overlap on a phone."""
COLUMN_LABEL_DEGREES = -40
"""Rotation of the column labels, so that they fit a phone."""


@dataclass(frozen=True)
class MixCell:
    """A number in row ``row``, from ``left`` to ``right`` on the x axis; ``share`` (0 to 1) of all mistakes, or of all questions."""

    row: int
    left: float
    right: float
    share: float
    text: str
    hover_text: str
    is_practice: bool
    """Questions (below, blue), else mistakes (above, orange)."""
    is_planned: bool = False
    """Questions not asked yet; hatched."""


def mix_by_lesson_figure(table: MixTable, *, exam_turns: Sequence[int], revision: str = "") -> go.Figure:
    """A row per category, turns from left to right: above, an exam's mistakes, as wide as the turns until the next exam; below, the
    questions of each turn. After the last exam, the mix it asks for, where the strategy follows mistakes.

    ``exam_turns`` are the planned exams, so that cells keep their place while a run goes on.
    """
    ends = sorted({*map(int, exam_turns), *(line.turn for line in table.lines if line.kind == "exam")} or {0})
    last_width = max(1, min(round(ends[-1] / 10), ends[-1] - ends[-2])) if len(ends) > 1 else 1
    ends.append(ends[-1] + last_width)
    cells = [cell for line in table.lines for cell in _line_cells(line, table.columns, ends)]
    figure = _cell_grid(cells, _column_titles(table.columns), gap=ends[-1] / 250)
    step = int(str(lesson_ticks(ends[-2])["dtick"]))
    labelled_turns = [turn for turn in range(1, ends[-2] + 1) if turn % step == 0]
    figure.update_xaxes(
        title="lesson", range=[0, ends[-1]], tickvals=[turn - 0.5 for turn in labelled_turns], ticktext=list(map(str, labelled_turns)),
        showgrid=False,
    )  # fmt: skip
    return _finish_mix_figure(figure, len(table.columns), f"mix-{revision}")


def mix_by_strategy_figure(
    strategies: Sequence[tuple[str, Sequence[int], Sequence[int]]], columns: Sequence[str], *, of_hundred: bool = False, revision: str = ""
) -> go.Figure:  # fmt: skip
    """A row per strategy, a column per category: mistakes above, questions below.

    Each of ``strategies`` is its name, its mistakes and its questions by column. ``of_hundred``: shown in percent, for sums over many
    turns.
    """
    cells, titles = [], _column_titles(columns)
    short_titles = [textwrap.shorten(title, MAX_COLUMN_LABEL_CHARS, placeholder=" …") for title in titles]
    for row, (name, *both) in enumerate(strategies):
        for practised, counts in zip((False, True), both, strict=True):
            total = sum(counts)
            noun = ("question" if practised else "mistake") + ("" if total == 1 else "s")
            for index, count in enumerate(counts if total else ()):
                share = count / total
                text = f"{100 * share:.0f}" if of_hundred else str(count)
                hover_text = html.escape(f"{name}: {count:,} of {total:,} {noun} in {titles[index]}")
                cells.append(MixCell(row, index - 0.5, index + 0.5, share, text, hover_text, practised))
    figure = _cell_grid(cells, [name for name, *_ in strategies], gap=0.04)
    figure.update_xaxes(
        range=[-0.5, max(len(columns), 1) - 0.5], tickangle=COLUMN_LABEL_DEGREES, showgrid=False,
        **ticks_at([html.escape(label) for label in short_titles]),
    )  # fmt: skip
    longest = max(map(len, short_titles), default=0)
    bottom_margin = round(LABEL_PADDING_PX + 14 + 0.65 * CHAR_WIDTH_PX * longest)
    return _finish_mix_figure(figure, len(strategies), f"ways-{revision}", bottom_margin=bottom_margin)


def _line_cells(line: MixLine, columns: Sequence[str], ends: Sequence[int]) -> Iterable[MixCell]:
    """The cells of one line; ``ends`` are the turns at which an exam's cells may end."""
    is_practice = line.kind == "practised"
    left = line.first_turn - 1 if is_practice else line.turn
    right = line.turn if is_practice else next(end for end in ends if end > line.turn)
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
    """Cells as bars: a plotly heatmap has no hatching and no text per cell."""
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
    set_rows(figure, wrap_row_labels(rows))
    figure.update_yaxes(range=[len(rows) - 0.46, -0.54])
    figure.update_xaxes(fixedrange=True)
    return figure


def _cell_color(cell: MixCell) -> str:
    """One of five steps from pale to orange (mistakes), or to blue (questions)."""
    step = round(4 * min(1.0, cell.share / FULL_COLOR_SHARE))
    return diverging_color((5.5 + step if cell.is_practice else 4.5 - step) / 10)


def _finish_mix_figure(
    figure: FigureBuilder, rows: int, revision: str, *, bottom_margin: int | None = None
) -> go.Figure:
    bottom = LABEL_PADDING_PX + 17 + AXIS_TITLE_PX if bottom_margin is None else bottom_margin
    layout: dict[str, Any] = {"margin": {"b": bottom, "t": TITLE_STANDOFF_PX}} if bottom_margin is not None else {}
    height = MIX_ROW_HEIGHT_PX * max(rows, 1) + bottom + 16
    return finish_figure(
        figure, revision, height=height, barmode="overlay", dragmode=False,
        uniformtext={"minsize": MIN_FONT_PX, "mode": "hide"}, **layout,
    )  # fmt: skip
