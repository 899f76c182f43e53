"""The report's pictures as SVG text: exam accuracy with its intervals, the heatmap, a slip's course. No browser, no library.

Each has a title and a description for those who do not see it; nothing in it is a script, a link or an outer file. Colours are
those of the light theme (.streamlit/config.toml), since a report is printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from studentsim.ui.report.text import escape
from studentsim.ui.words import hundred

BLUE, ORANGE, GREY, INK, FAINT = "#0072B2", "#D55E00", "#6B7280", "#1F2328", "#D3D8E0"
NONE_RIGHT, HALF_RIGHT, ALL_RIGHT = (0xF2, 0xA3, 0x6B), (0xF7, 0xEE, 0xE6), (0x7D, 0xB9, 0xE8)
FEW = 10
"""A cell from fewer answers is hatched and shows the count itself."""
WIDTH = 680


def accuracy(exams: pd.DataFrame, *, guessing: float) -> str:
    """A point for each exam with its 95 % bar, of 100 questions, and the line that guessing would reach (0 to 1)."""
    left, top, height, right = 46, 14, 210, 56
    turns = [int(t) for t in exams.turn]
    reach = max(turns[-1], 1)

    def x(turn: float) -> float:
        return round(left + 14 + (WIDTH - left - right - 14) * turn / reach, 1)

    def y(share: float) -> float:
        return round(top + height * (1 - share), 1)

    parts = [
        _line(left, y(s), WIDTH - right + 8, y(s), FAINT) + text_at(left - 8, y(s) + 4, f"{100 * s:.0f}", "end")
        for s in (0, 0.25, 0.5, 0.75, 1)
    ]
    parts += [_line(left, y(guessing), WIDTH - right + 8, y(guessing), GREY, dash="3 3")]
    parts += [text_at(WIDTH - right + 4, y(guessing) + 14, f"guessing: {hundred(guessing)}", "end", GREY, 11)]
    for row in exams.itertuples():
        px = x(row.turn)
        parts += [
            _line(px, y(row.low), px, y(row.high), BLUE, 1.5),
            *(_line(px - 4, y(b), px + 4, y(b), BLUE, 1.5) for b in (row.low, row.high)),
        ]
    points = " ".join(f"{x(t)},{y(a)}" for t, a in zip(turns, exams.accuracy, strict=True))
    parts.append(f'<polyline points="{points}" fill="none" stroke="{BLUE}" stroke-width="2"/>')
    parts += [
        f'<circle cx="{x(t)}" cy="{y(a)}" r="4" fill="{BLUE}"/>' for t, a in zip(turns, exams.accuracy, strict=True)
    ]
    every = 1 + len(turns) // 13
    parts += [
        text_at(x(t), top + height + 18, str(t), "middle") for i, t in enumerate(turns) if i % every == 0 or t == reach
    ]
    end = exams.accuracy.iloc[-1]
    parts += [text_at(x(turns[-1]) + 10, y(end) + 5, str(hundred(end)), "start", INK, 15)]
    parts += [text_at((left + WIDTH - right) / 2, top + height + 36, "lessons so far", "middle", GREY)]
    said = "; ".join(f"after lesson {t}: {hundred(a)}" for t, a in zip(turns, exams.accuracy, strict=True))
    return image(parts, top + height + 42, "Right answers of 100 in each exam", said)


def heatmap(frame: pd.DataFrame, *, names: Mapping[str, str]) -> str:
    """A row for each of ``names`` (row to label), a column for each exam: ``row, turn, correct, questions``."""
    left, top, cell = 190, 6, 34
    turns = sorted(int(t) for t in frame.turn.unique())
    wide = min(84.0, (WIDTH - left - 6) / max(len(turns), 1))
    size = 13 if wide > 34 else 9
    parts = [_HATCH]
    by = {(str(r.row), int(r.turn)): (int(r.correct), int(r.questions)) for r in frame.itertuples()}
    for i, (row, label) in enumerate(names.items()):
        parts.append(text_at(left - 10, top + cell * i + cell / 2 + 5, shorten(label), "end"))
        for j, turn in enumerate(turns):
            if (row, turn) in by:
                parts += _cell(left + wide * j, top + cell * i, wide, cell, *by[row, turn], size)
    bottom = top + cell * len(names)
    every = 1 + len(turns) // 16
    parts += [
        text_at(left + wide * (j + 0.5), bottom + 16, str(t), "middle") for j, t in enumerate(turns) if j % every == 0
    ]
    parts.append(text_at(left + wide * len(turns) / 2, bottom + 34, "lessons so far", "middle", GREY))
    last = turns[-1] if turns else 0
    said = "; ".join(
        f"{label}: {k} of {n}" for row, label in names.items() for k, n in [by.get((row, last), (0, 0))] if n
    )
    return image(parts, bottom + 40, "Right answers by category and exam", f"In the last exam, {said}")


def course(counts: Sequence[int], of: int, title: str) -> str:
    """One slip's counts, exam by exam, as small bars; ``of`` is the most there could be."""
    step, height = 9, 22
    bars = [
        f'<rect x="{i * step + 1}" y="{height - max(1.0, (height - 2) * k / max(of, 1)):.1f}" width="6" '
        f'height="{max(1.0, (height - 2) * k / max(of, 1)):.1f}" fill="{ORANGE if k else FAINT}"/>'
        for i, k in enumerate(counts)
    ]
    width = step * len(counts) + 2
    said = f"{title}: {', '.join(map(str, counts))} of {of}, exam by exam"
    return (
        f'<svg class="course" role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}" aria-label="{escape(said)}">'
        f"<title>{escape(said)}</title>{''.join(bars)}</svg>"
    )


# ------------------------------------------------------------------ pieces

_HATCH = (
    '<defs><pattern id="few" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="6" height="6" fill="#FFFFFF" fill-opacity="0.45"/>'
    f'<line x1="0" y1="0" x2="0" y2="6" stroke="{GREY}" stroke-opacity="0.5"/>'
    "</pattern></defs>"
)


def _cell(x: float, y: float, width: float, height: float, correct: int, questions: int, size: int) -> list[str]:
    share = correct / questions
    box = f'x="{x + 1:.1f}" y="{y + 1:.1f}" width="{width - 2:.1f}" height="{height - 2:.1f}" rx="3"'
    few = questions < FEW
    label = f"{correct}/{questions}" if few else str(hundred(share))
    cells = [f'<rect {box} fill="{shade(share)}"><title>{correct} of {questions} right</title></rect>']
    cells += [f'<rect {box} fill="url(#few)"/>'] if few else []
    return [*cells, text_at(x + width / 2, y + height / 2 + size * 0.36, label, "middle", INK, size)]


def shade(share: float) -> str:
    """From orange (none right) by way of pale to blue (all right), for a share of 0 to 1."""
    start, end, way = (NONE_RIGHT, HALF_RIGHT, 2 * share) if share < 0.5 else (HALF_RIGHT, ALL_RIGHT, 2 * share - 1)
    return "#" + "".join(f"{round(a + (b - a) * way):02X}" for a, b in zip(start, end, strict=True))


def image(parts: Sequence[str], height: float, title: str, description: str) -> str:
    """A whole picture, with its title and description for those who do not see it."""
    name = escape(f"{title}. {description}.")
    return f'<svg role="img" viewBox="0 0 {WIDTH} {height:.0f}" aria-label="{name}"><title>{name}</title>{"".join(parts)}</svg>'


def _line(x1: float, y1: float, x2: float, y2: float, color: str, width: float = 1, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" stroke-width="{width}"{dashed}/>'


def text_at(x: float, y: float, text: str, anchor: str, color: str = INK, size: int = 13) -> str:
    """One text at a place; ``anchor`` is ``start``, ``middle`` or ``end``."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}" font-size="{size}">{escape(text)}</text>'
    )


def shorten(label: str, longest: int = 26) -> str:
    """A label in at most so many characters."""
    return label if len(label) <= longest else f"{label[: longest - 1]}…"
