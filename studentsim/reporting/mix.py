"""The report's section on practice by category and the mistakes of the exam before it: figure, table, sentences."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from studentsim.analysis import mix_table
from studentsim.analysis.mix_table import MixLine, MixTable
from studentsim.config import RunConfig
from studentsim.labels import category_names
from studentsim.narration import mix_summary
from studentsim.reporting import svg
from studentsim.reporting.html_text import escape_html, paragraph_html, section_html, table_html

MAX_TABLE_LINES = 60
"""Lines of the table; a longer run's first ones are left out."""
MAX_PICTURE_COLUMNS = 31
"""Columns of the figure: 20 turns and 11 exams; a longer run's first ones are left out."""
MISTAKES_RGB, PRACTISED_RGB, PALE_RGB = svg.NONE_CORRECT_RGB, svg.ALL_CORRECT_RGB, svg.HALF_CORRECT_RGB


def practice_mix_html(config: RunConfig, lessons: pd.DataFrame, exams: pd.DataFrame) -> str:
    """The section; blank before the first turn. Frames are ``queries.fetch_practice_mix`` and ``queries.fetch_next_mix`` of one run."""
    rows = mix_table.mix_rows(lessons)
    if not rows:
        return ""
    mix = mix_table.build_mix_table(rows, mix_table.mix_rows(exams))
    texts = [
        mix_summary.describe_mix_with_caveat(config),
        mix_summary.describe_mix_cause(config, rows),
        mix_summary.describe_mix_departures(config, rows),
    ]
    has_followed_mistakes = any(row["follows_mistakes"] for row in rows)
    title = f"What was practised, {'and which mistakes it followed' if has_followed_mistakes else 'beside the mistakes in the exams'}"
    caption = "Orange: mistakes of an exam; blue: questions practised in each lesson after it. The darker, the larger the share."
    if any(line.kind == "next" for line in mix.lines):
        caption += " Dashed: what the last exam asks for."
    if mix.lines[:-MAX_PICTURE_COLUMNS]:
        caption += f" The last {MAX_PICTURE_COLUMNS} columns of {len(mix.lines)}."
    blocks = [
        *(paragraph_html(sentence) for sentence in texts if sentence),
        f"<figure>{practice_mix_svg(mix)}<figcaption>{escape_html(caption)}</figcaption></figure>",
        _table_html(mix),
    ]
    return section_html(title, "\n".join(blocks))


def _table_html(mix: MixTable) -> str:
    shown = mix.lines[-MAX_TABLE_LINES:]
    rows: list[list[object]] = [
        [f"{line.title}: wrong" if line.kind == "exam" else line.title, *line.cells] for line in shown
    ]
    caption = "Wrong answers in each exam, of those asked, and questions practised in each lesson after it"
    if len(shown) < len(mix.lines):
        caption += f"; the last {len(shown)} lines of {len(mix.lines)}"
    heads = ["", *_category_labels(mix)]
    return table_html(heads, rows, caption=caption, numeric_columns=frozenset(range(1, len(heads))))


# ------------------------------------------------------------------ the figure


def practice_mix_svg(mix: MixTable) -> str:
    """A row per category, a column per ``MixLine`` in order; cells show the counts, the darker the larger their share."""
    lines = mix.lines[-MAX_PICTURE_COLUMNS:]
    grid = svg.Grid(150, 6, min(64.0, (svg.PICTURE_WIDTH - 150 - 6) / max(len(lines), 1)), 26)
    font_size = 12 if grid.width > 26 else 9
    parts = [grid.row_label(i, name, 20, offset=4) for i, name in enumerate(_category_labels(mix))]
    for j, line in enumerate(lines):
        parts += _column_svg(line, grid, j, font_size)
    bottom = grid.y(len(mix.columns))
    parts += [
        grid.column_label(j, bottom + 15, _column_label(line, grid.width), svg.GREY, min(font_size, 11))
        for j, line in enumerate(lines)
    ]
    parts.append(grid.column_label((len(lines) - 1) / 2, bottom + 33, "exams and lessons, in order", svg.GREY))
    description = "; ".join(f"{line.title}: {_describe_counts(_category_labels(mix), line)}" for line in lines[-2:])
    return svg.wrap_svg(parts, bottom + 40, "Mistakes and practice by category", f"At the end, {description}")


def _column_svg(line: MixLine, grid: svg.Grid, column: int, font_size: int) -> list[str]:
    full_color = MISTAKES_RGB if line.kind == "exam" else PRACTISED_RGB
    largest = max(line.counts, default=0)
    parts = []
    for i, count in enumerate(line.counts):
        dash = ' stroke="#6B7280" stroke-dasharray="3 2"' if line.kind == "next" else ""
        fill = svg.blend_color(PALE_RGB, full_color, count / largest if largest else 0.0)
        parts.append(grid.cell(i, column, f'fill="{fill}"{dash}', gaps=(0.5, 1), rx=2))
        parts.append(grid.cell_text(i, column, str(count), font_size))
    return parts


def _column_label(line: MixLine, column_width: float) -> str:
    """The label below a column; in a narrow one the last turn's number alone, and none for an exam, which its colour shows."""
    if line.kind == "practised":
        return line.label if 5.5 * len(line.label) < column_width else str(line.turn)
    return line.label if column_width > 30 else ""


def _category_labels(mix: MixTable) -> list[str]:
    return [category_names.category_label(column, mix.columns) for column in mix.columns]


def _describe_counts(columns: Sequence[str], line: MixLine) -> str:
    return ", ".join(f"{count} {column}" for column, count in zip(columns, line.counts, strict=True))
