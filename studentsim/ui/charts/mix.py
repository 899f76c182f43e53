"""What was practised beside the mistakes that led to it: in each row the mistakes above, the questions below."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from studentsim.ui import category_names
from studentsim.ui.charts.frame import CHARACTER, NAME, PAD, STANDOFF, TITLE, finish, ticks, wrapped
from studentsim.ui.charts.picture import Picture
from studentsim.ui.looks import shade
from studentsim.ui.mix_table import Line, MixTable

ROW = 52
"""Pixels a row is high: two cells that hold a number each."""
CELL = 0.45
"""Height of a cell, as a share of its row."""
FULL = 0.5
"""A cell of this share of all mistakes, or questions, or more has the fullest colour."""
SMALLEST = 9
"""Pixels of the smallest type: a number that would be smaller is left out, and stands in the table."""
LABEL = 30
"""Characters of a column's name at most: one line, since turned lines of neighbours lie over one another on a phone."""
SLANT = -40
"""Degrees by which the names of columns are turned, so that they have room on a phone."""


@dataclass(frozen=True)
class Cell:
    """A number in row ``row``, from ``left`` to ``right``. ``share`` (0 to 1) is of all mistakes, or of all questions."""

    row: int
    left: float
    right: float
    share: float
    text: str
    told: str
    """What it says when pointed at."""
    practised: bool
    """Questions (below, blue), else mistakes (above, orange)."""
    planned: bool = False
    """Questions that no lesson asked; hatched."""


def mix_by_lesson(found: MixTable, *, exam_turns: Sequence[int], revision: str = "") -> go.Figure:
    """A row for each category, lessons from left to right: above, the mistakes of an exam, as wide as the lessons until the next one;
    below, the questions of each lesson. After the last exam comes what it asks for, where the way of choosing follows the mistakes.

    ``exam_turns`` are the exams planned, so that cells stay where they are while a run goes on.
    """
    ends = sorted({*map(int, exam_turns), *(line.turn for line in found.lines if line.kind == "exam")} or {0})
    after = max(1, min(round(ends[-1] / 10), ends[-1] - ends[-2])) if len(ends) > 1 else 1
    ends.append(ends[-1] + after)
    cells = [cell for line in found.lines for cell in _cells_of(line, found.columns, ends)]
    figure = _grid(cells, _titles(found.columns), gap=ends[-1] / 250)
    step = int(str(ticks(ends[-2])["dtick"]))
    shown = [lesson for lesson in range(1, ends[-2] + 1) if lesson % step == 0 or step == 1]
    figure.update_xaxes(
        title="lesson", range=[0, ends[-1]], tickvals=[n - 0.5 for n in shown], ticktext=[str(n) for n in shown],
        showgrid=False,
    )  # fmt: skip
    return _finished(figure, len(found.columns), f"mix-{revision}")


def mix_by_way(
    ways: Sequence[tuple[str, Sequence[int], Sequence[int]]], columns: Sequence[str], *, of_hundred: bool = False, revision: str = ""
) -> go.Figure:  # fmt: skip
    """A row for each way, a column for each category: above, its mistakes, below, its questions; each way is its name and the two
    counts by column. ``of_hundred``: told as shares, for sums over many lessons.
    """
    cells, titles = [], _titles(columns)
    told = [textwrap.shorten(title, LABEL, placeholder=" …") for title in titles]
    for row, (name, *both) in enumerate(ways):
        for practised, counts in zip((False, True), both, strict=True):
            total = sum(counts)
            what = ("question" if practised else "mistake") + ("" if total == 1 else "s")
            for place, count in enumerate(counts if total else ()):
                share = count / total
                text = f"{100 * share:.0f}" if of_hundred else str(count)
                said = html.escape(f"{name}: {count:,} of {total:,} {what} in {titles[place]}")
                cells.append(Cell(row, place - 0.5, place + 0.5, share, text, said, practised))
    figure = _grid(cells, [name for name, *_ in ways], gap=0.04)
    figure.update_xaxes(
        range=[-0.5, max(len(columns), 1) - 0.5], tickvals=list(range(len(titles))),
        ticktext=[html.escape(label) for label in told], tickangle=SLANT, showgrid=False,
    )  # fmt: skip
    longest = max(map(len, told), default=0)
    below = round(PAD + 14 + 0.65 * CHARACTER * longest)
    return _finished(figure, len(ways), f"ways-{revision}", below=below)


def _cells_of(line: Line, columns: Sequence[str], ends: Sequence[int]) -> Iterable[Cell]:
    lessons = line.kind == "practised"
    left = line.first - 1 if lessons else line.turn
    right = line.turn if lessons else next(end for end in ends if end > line.turn)
    titles = _titles(columns)
    for row, count in enumerate(line.counts):
        share = count / line.total if line.total else 0.0
        told = html.escape(f"{titles[row]}, {line.title}: {_said(line, row)}")
        yield Cell(row, left, right, share, str(count), told, line.kind != "exam", line.kind == "next")


def _said(line: Line, row: int) -> str:
    if line.kind == "exam":
        return f"{line.cells[row]} wrong, and {line.total} mistakes in all"
    return f"{line.cells[row]} of {line.total} questions"


def _titles(columns: Sequence[str]) -> list[str]:
    return [category_names.label(column, columns) for column in columns]


def _grid(cells: Sequence[Cell], rows: Sequence[str], *, gap: float) -> Picture:
    """Cells are bars: plotly draws no pattern in a heatmap's cells, and writes no number of its own into each."""
    figure = Picture()
    for practised in (False, True):
        own = [cell for cell in cells if cell.practised == practised]
        figure.add_bar(
            x=[(cell.left + cell.right) / 2 for cell in own], width=[cell.right - cell.left - gap for cell in own],
            base=[cell.row + (0.01 if practised else -CELL - 0.01) for cell in own], y=[CELL] * len(own),
            marker={"color": [_colour(cell) for cell in own], "line": {"width": 0},
                    "pattern": {"shape": ["/" if cell.planned else "" for cell in own], "size": 6, "solidity": 0.25}},
            text=[cell.text for cell in own], textposition="inside", insidetextanchor="middle", textangle=0,
            hovertext=[cell.told for cell in own], hovertemplate="%{hovertext}<extra></extra>",
            name="questions practised" if practised else "mistakes in the exam before",
        )  # fmt: skip
    figure.update_yaxes(
        range=[len(rows) - 0.46, -0.54], showgrid=False, fixedrange=True, ticks="",
        tickvals=list(range(len(rows))), ticktext=[wrapped(str(name), NAME) for name in rows],
    )  # fmt: skip
    figure.update_xaxes(fixedrange=True)
    return figure


def _colour(cell: Cell) -> str:
    """Of the theme's ten, five each: from pale to orange (mistakes), or to blue (questions)."""
    step = round(4 * min(1.0, cell.share / FULL))
    return shade((5.5 + step if cell.practised else 4.5 - step) / 10)


def _finished(figure: Picture, rows: int, revision: str, *, below: int | None = None) -> go.Figure:
    bottom = PAD + 17 + TITLE if below is None else below
    layout: dict[str, Any] = {"margin": {"b": bottom, "t": STANDOFF}} if below is not None else {}
    height = ROW * max(rows, 1) + bottom + 16
    return finish(
        figure, revision, height=height, barmode="overlay", dragmode=False,
        uniformtext={"minsize": SMALLEST, "mode": "hide"}, **layout,
    )  # fmt: skip
