"""The report's section on what was practised, by category, beside the mistakes of the exam before: picture, table, sentences."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from studentsim.config import RunConfig
from studentsim.ui import category_names, mix_sentences, mix_table
from studentsim.ui.mix_table import Line, MixTable
from studentsim.ui.report import svg
from studentsim.ui.report.text import escape, paragraph, table

LINES = 60
"""Lines of the table; a longer run's first ones are left out."""
COLUMNS = 31
"""Columns of the picture: 20 lessons and 11 exams; a longer run's first ones are left out."""
MISTAKES, PRACTISED, PALE = svg.NONE_RIGHT, svg.ALL_RIGHT, svg.HALF_RIGHT


def section(config: RunConfig, lessons: pd.DataFrame, exams: pd.DataFrame) -> str:
    """The section; blank where there was no lesson. Frames are ``queries.practice_mix_of`` and ``queries.next_mix_of`` of one run."""
    rows, results = mix_table.rows(lessons), mix_table.rows(exams)
    if not rows:
        return ""
    found = mix_table.table(rows, results)
    said = [mix_sentences.choosing(config), mix_sentences.led_to(config, rows), mix_sentences.departures(config, rows)]
    follows = any(row["follows_mistakes"] for row in rows)
    title = f"What was practised, {'and which mistakes it followed' if follows else 'beside the mistakes in the exams'}"
    caption = "Orange: mistakes of an exam; blue: questions practised in each lesson after it. The darker, the larger the share."
    if any(line.kind == "next" for line in found.lines):
        caption += " Dashed: what the last exam asks for."
    if found.lines[:-COLUMNS]:
        caption += f" The last {COLUMNS} columns of {len(found.lines)}."
    return "\n".join(
        [
            "<section>",
            f"<h2>{escape(title)}</h2>",
            *(paragraph(sentence) for sentence in said if sentence),
            f"<figure>{picture(found)}<figcaption>{escape(caption)}</figcaption></figure>",
            _table(found),
            "</section>",
        ]
    )


def _table(found: MixTable) -> str:
    shown = found.lines[-LINES:]
    rows: list[list[object]] = [
        [f"{line.title}: wrong" if line.kind == "exam" else line.title, *line.cells] for line in shown
    ]
    caption = "Wrong answers in each exam, of those asked, and questions practised in each lesson after it"
    if len(shown) < len(found.lines):
        caption += f"; the last {len(shown)} lines of {len(found.lines)}"
    heads = ["", *_labels(found)]
    return table(heads, rows, caption=caption, numbers=frozenset(range(1, len(heads))))


# ------------------------------------------------------------------ the picture


def picture(found: MixTable) -> str:
    """A row for each category, a column for each exam and each line of lessons, in order; cells show the counts."""
    lines = found.lines[-COLUMNS:]
    left, top, cell = 150, 6, 26
    wide = min(64.0, (svg.WIDTH - left - 6) / max(len(lines), 1))
    size = 12 if wide > 26 else 9
    parts = [
        svg.text_at(left - 10, top + cell * i + cell / 2 + 4, svg.shorten(name, 20), "end")
        for i, name in enumerate(_labels(found))
    ]
    for j, line in enumerate(lines):
        parts += _column(line, left + wide * j, top, wide, cell, size)
    bottom = top + cell * len(found.columns)
    parts += [
        svg.text_at(left + wide * (j + 0.5), bottom + 15, _under(line, wide), "middle", svg.GREY, min(size, 11))
        for j, line in enumerate(lines)
    ]
    middle = left + wide * len(lines) / 2
    parts.append(svg.text_at(middle, bottom + 33, "exams and lessons, in order", "middle", svg.GREY))
    said = "; ".join(f"{line.title}: {_in_words(_labels(found), line)}" for line in lines[-2:])
    return svg.image(parts, bottom + 40, "Mistakes and practice by category", f"At the end, {said}")


def _column(line: Line, x: float, top: float, wide: float, cell: float, size: int) -> list[str]:
    full = MISTAKES if line.kind == "exam" else PRACTISED
    largest = max(line.counts, default=0)
    parts = []
    for i, count in enumerate(line.counts):
        box = f'x="{x + 0.5:.1f}" y="{top + cell * i + 1:.1f}" width="{wide - 1:.1f}" height="{cell - 2:.1f}" rx="2"'
        dash = ' stroke="#6B7280" stroke-dasharray="3 2"' if line.kind == "next" else ""
        parts.append(f'<rect {box} fill="{_shade(count / largest if largest else 0.0, full)}"{dash}/>')
        parts.append(
            svg.text_at(x + wide / 2, top + cell * i + cell / 2 + size * 0.36, str(count), "middle", svg.INK, size)
        )
    return parts


def _shade(way: float, full: tuple[int, int, int]) -> str:
    """From pale (0) to the ``full`` colour (1)."""
    return "#" + "".join(f"{round(a + (b - a) * way):02X}" for a, b in zip(PALE, full, strict=True))


def _under(line: Line, wide: float) -> str:
    """What stands below a column: where there is little room, the last lesson alone; an exam is told by its colour."""
    if line.kind == "practised":
        return line.label if 5.5 * len(line.label) < wide else str(line.turn)
    return line.label if wide > 30 else ""


def _labels(found: MixTable) -> list[str]:
    return [category_names.label(column, found.columns) for column in found.columns]


def _in_words(columns: Sequence[str], line: Line) -> str:
    return ", ".join(f"{count} {column}" for column, count in zip(columns, line.counts, strict=True))
