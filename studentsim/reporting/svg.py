"""The report's figures as SVG text: exam accuracy with intervals, the heatmap, a misconception's history. No browser, no library.

Each has a title and a description for screen readers, and no script, link or external file. Colours are those of the light theme
(.streamlit/config.toml), since a report is printed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from studentsim.labels.formatting import round_percent
from studentsim.reporting.html_text import escape_html

Rgb = tuple[int, int, int]

BLUE, ORANGE, GREY, INK, FAINT = "#0072B2", "#D55E00", "#6B7280", "#1F2328", "#D3D8E0"
NONE_CORRECT_RGB, HALF_CORRECT_RGB, ALL_CORRECT_RGB = (0xF2, 0xA3, 0x6B), (0xF7, 0xEE, 0xE6), (0x7D, 0xB9, 0xE8)
MIN_CELL_QUESTIONS = 10
"""A cell of fewer questions is hatched and shows the count itself."""
PICTURE_WIDTH = 680
"""Width of a figure in SVG user units."""


@dataclass(frozen=True)
class Grid:
    """The geometry of a table of cells: the corner at (``left``, ``top``), and the cells' size."""

    left: float
    top: float
    width: float
    height: float

    def x(self, column: float) -> float:
        """The left edge of a column; its middle at + 0.5."""
        return self.left + self.width * column

    def y(self, row: float) -> float:
        """The upper edge of a row."""
        return self.top + self.height * row

    def row_label(self, row: int, label: str, max_chars: int = 26, *, offset: float = 5) -> str:
        """The label left of a row, ``offset`` below its middle."""
        return text_svg(self.left - 10, self.y(row + 0.5) + offset, truncate_label(label, max_chars), "end")

    def column_label(self, column: float, y: float, label: str, color: str = INK, font_size: int = 13) -> str:
        """A label centred over or below a column."""
        return text_svg(self.x(column + 0.5), y, label, "middle", color, font_size)

    def cell(
        self,
        row: int,
        column: int,
        attributes: str,
        title: str = "",
        *,
        gaps: tuple[float, float] = (1, 1),
        rx: int = 3,
    ) -> str:
        """A cell's rectangle with ``gaps`` to its left and above; ``title`` is shown on hovering."""
        (dx, dy), end = gaps, f"><title>{title}</title></rect>" if title else "/>"
        corner = f'x="{self.x(column) + dx:.1f}" y="{self.y(row) + dy:.1f}"'
        size = f'width="{self.width - 2 * dx:.1f}" height="{self.height - 2 * dy:.1f}" rx="{rx}"'
        return f"<rect {corner} {size} {attributes}{end}"

    def cell_text(self, row: int, column: int, text: str, font_size: int, offset: float | None = None) -> str:
        """A text in the middle of a cell, its baseline ``offset`` below the middle."""
        y = self.y(row + 0.5) + (font_size * 0.36 if offset is None else offset)
        return text_svg(self.x(column + 0.5), y, text, "middle", INK, font_size)


def accuracy_svg(exams: pd.DataFrame, *, guessing_accuracy: float) -> str:
    """A point per exam with its 95 % interval, and a line at ``guessing_accuracy`` (0 to 1); the axis is of 100 questions."""
    left, top, height, right = 46, 14, 210, 56
    turns = [int(t) for t in exams.turn]
    last_turn = max(turns[-1], 1)

    def x(turn: float) -> float:
        return round(left + 14 + (PICTURE_WIDTH - left - right - 14) * turn / last_turn, 1)

    def y(share: float) -> float:
        return round(top + height * (1 - share), 1)

    parts = [
        _line_svg(left, y(s), PICTURE_WIDTH - right + 8, y(s), FAINT)
        + text_svg(left - 8, y(s) + 4, f"{100 * s:.0f}", "end")
        for s in (0, 0.25, 0.5, 0.75, 1)
    ]
    parts += [_line_svg(left, y(guessing_accuracy), PICTURE_WIDTH - right + 8, y(guessing_accuracy), GREY, dash="3 3")]
    guessing = f"guessing: {round_percent(guessing_accuracy)}"
    parts += [text_svg(PICTURE_WIDTH - right + 4, y(guessing_accuracy) + 14, guessing, "end", GREY, 11)]
    for row in exams.itertuples():
        px = x(row.turn)
        parts += [
            _line_svg(px, y(row.ci_low), px, y(row.ci_high), BLUE, 1.5),
            *(_line_svg(px - 4, y(b), px + 4, y(b), BLUE, 1.5) for b in (row.ci_low, row.ci_high)),
        ]
    points = " ".join(f"{x(t)},{y(a)}" for t, a in zip(turns, exams.accuracy, strict=True))
    parts.append(f'<polyline points="{points}" fill="none" stroke="{BLUE}" stroke-width="2"/>')
    parts += [
        f'<circle cx="{x(t)}" cy="{y(a)}" r="4" fill="{BLUE}"/>' for t, a in zip(turns, exams.accuracy, strict=True)
    ]
    label_step = 1 + len(turns) // 13
    parts += [
        text_svg(x(t), top + height + 18, str(t), "middle")
        for i, t in enumerate(turns)
        if i % label_step == 0 or t == last_turn
    ]
    last_accuracy = exams.accuracy.iloc[-1]
    parts += [text_svg(x(turns[-1]) + 10, y(last_accuracy) + 5, str(round_percent(last_accuracy)), "start", INK, 15)]
    parts += [text_svg((left + PICTURE_WIDTH - right) / 2, top + height + 36, "lessons so far", "middle", GREY)]
    description = "; ".join(f"after lesson {t}: {round_percent(a)}" for t, a in zip(turns, exams.accuracy, strict=True))
    return wrap_svg(parts, top + height + 42, "Right answers of 100 in each exam", description)


def heatmap_svg(frame: pd.DataFrame, *, row_labels: Mapping[str, str]) -> str:
    """A row per entry of ``row_labels`` (row to label), a column per exam; ``frame`` has ``row, turn, correct, questions``."""
    turns = sorted(int(t) for t in frame.turn.unique())
    grid = Grid(190, 6, min(84.0, (PICTURE_WIDTH - 190 - 6) / max(len(turns), 1)), 34)
    font_size = 13 if grid.width > 34 else 9
    parts = [_HATCH_PATTERN]
    counts_by_cell = {(str(r.row), int(r.turn)): (int(r.correct), int(r.questions)) for r in frame.itertuples()}
    for i, (row, label) in enumerate(row_labels.items()):
        parts.append(grid.row_label(i, label))
        for j, turn in enumerate(turns):
            if (row, turn) in counts_by_cell:
                parts += _heatmap_cell_svg(grid, i, j, *counts_by_cell[row, turn], font_size)
    bottom = grid.y(len(row_labels))
    label_step = 1 + len(turns) // 16
    parts += [grid.column_label(j, bottom + 16, str(t)) for j, t in enumerate(turns) if j % label_step == 0]
    parts.append(grid.column_label((len(turns) - 1) / 2, bottom + 34, "lessons so far", GREY))
    last_turn = turns[-1] if turns else 0
    description = "; ".join(
        f"{label}: {k} of {n}"
        for row, label in row_labels.items()
        for k, n in [counts_by_cell.get((row, last_turn), (0, 0))]
        if n
    )
    return wrap_svg(parts, bottom + 40, "Right answers by category and exam", f"In the last exam, {description}")


def history_bars_svg(counts: Sequence[int], max_count: int, title: str) -> str:
    """One misconception's counts, exam by exam, as small bars; ``max_count`` is the largest possible count."""
    step, height = 9, 22
    bars = [
        f'<rect x="{i * step + 1}" y="{height - max(1.0, (height - 2) * k / max(max_count, 1)):.1f}" width="6" '
        f'height="{max(1.0, (height - 2) * k / max(max_count, 1)):.1f}" fill="{ORANGE if k else FAINT}"/>'
        for i, k in enumerate(counts)
    ]
    width = step * len(counts) + 2
    description = f"{title}: {', '.join(map(str, counts))} of {max_count}, exam by exam"
    label = escape_html(description)
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg class="course" role="img" {size} aria-label="{label}"><title>{label}</title>{"".join(bars)}</svg>'


# ------------------------------------------------------------------ pieces

_HATCH_PATTERN = (
    '<defs><pattern id="few" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="6" height="6" fill="#FFFFFF" fill-opacity="0.45"/>'
    f'<line x1="0" y1="0" x2="0" y2="6" stroke="{GREY}" stroke-opacity="0.5"/>'
    "</pattern></defs>"
)


def _heatmap_cell_svg(grid: Grid, row: int, column: int, correct: int, questions: int, font_size: int) -> list[str]:
    share = correct / questions
    few = questions < MIN_CELL_QUESTIONS
    label = f"{correct}/{questions}" if few else str(round_percent(share))
    cells = [grid.cell(row, column, f'fill="{share_color(share)}"', f"{correct} of {questions} right")]
    cells += [grid.cell(row, column, 'fill="url(#few)"')] if few else []
    return [*cells, grid.cell_text(row, column, label, font_size)]


def share_color(share: float) -> str:
    """The diverging colour of a share of 0 to 1: orange (none correct), pale, blue (all correct)."""
    if share < 0.5:
        return blend_color(NONE_CORRECT_RGB, HALF_CORRECT_RGB, 2 * share)
    return blend_color(HALF_CORRECT_RGB, ALL_CORRECT_RGB, 2 * share - 1)


def blend_color(start: Rgb, end: Rgb, fraction: float) -> str:
    """``#RRGGBB`` between two colours; ``fraction`` 0 is ``start``, 1 is ``end``."""
    return "#" + "".join(f"{round(a + (b - a) * fraction):02X}" for a, b in zip(start, end, strict=True))


def wrap_svg(parts: Sequence[str], height: float, title: str, description: str) -> str:
    """A whole figure of ``PICTURE_WIDTH``, with its title and description for screen readers."""
    name = escape_html(f"{title}. {description}.")
    return f'<svg role="img" viewBox="0 0 {PICTURE_WIDTH} {height:.0f}" aria-label="{name}"><title>{name}</title>{"".join(parts)}</svg>'


def standalone_svg(svg_text: str) -> str:
    """A figure of ``wrap_svg`` as a file of its own, on a white ground, for print and papers."""
    head = '<svg xmlns="http://www.w3.org/2000/svg" font-family="system-ui, sans-serif" style="background:#FFFFFF" '
    svg_text = re.sub(r'\s+xmlns="[^"]*"', "", svg_text)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + svg_text.replace("<svg ", head, 1)


def _line_svg(x1: float, y1: float, x2: float, y2: float, color: str, width: float = 1, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" stroke-width="{width}"{dashed}/>'


def text_svg(x: float, y: float, text: str, anchor: str, color: str = INK, font_size: int = 13) -> str:
    """A text at (``x``, ``y``); ``anchor`` is ``start``, ``middle`` or ``end``."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}" font-size="{font_size}">{escape_html(text)}</text>'


def truncate_label(label: str, max_chars: int = 26) -> str:
    """``label`` in at most ``max_chars`` characters, the last one an ellipsis where it is cut."""
    return label if len(label) <= max_chars else f"{label[: max_chars - 1]}…"
