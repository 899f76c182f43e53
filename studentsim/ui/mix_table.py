"""What was practised in each lesson beside the exam before it, as lines of a table. No streamlit here.

For the pages, the report and the command line; mix_sentences.py says it in words. Rows are those of
``studentsim/store/practice_mix.py``, as plain mappings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from studentsim.ui import words

Row = Mapping[str, Any]

MOST = 8
"""Columns of categories; a bank with more has its smallest summed up as ``OTHERS``."""
OTHERS = "all others"


@dataclass(frozen=True)
class Line:
    """One line: an exam's mistakes (``wrong``), or the lessons (one or several alike) that came of the same choosing."""

    title: str
    kind: str
    """``exam`` (wrong answers of those asked), ``practised``, or ``next`` (planned, but no lesson followed)."""
    cells: tuple[str, ...]
    """By column."""
    turn: int
    """The exam's lesson, or the last of the lessons."""
    counts: tuple[int, ...]
    """Wrong answers, or questions, by column."""
    label: str
    """The title in short: ``exam``, ``3–4``, ``next``."""
    first: int
    """As ``turn``, but the first of the lessons."""

    @property
    def total(self) -> int:
        """Mistakes, or questions, of all columns."""
        return sum(self.counts)


@dataclass(frozen=True)
class MixTable:
    """``columns`` are categories in the bank's order, at most ``MOST``."""

    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    departs: bool
    """Whether some lesson holds another mix than was planned."""


def rows(frame: pd.DataFrame) -> list[Row]:
    """A frame of ``queries.practice_mix_of`` or ``next_mix_of`` as plain mappings, in which what is not known is None."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def table(lessons: Sequence[Row], exams: Sequence[Row], *, follows: bool | None = None) -> MixTable:
    """Exams and lessons in the order in which they came. Lessons after the same exam with the same mix share a line.

    ``lessons`` are ``practice_mix.rows_of``, ``exams`` ``practice_mix.exam_rows_of``, of one run. ``follows``: whether its lessons follow
    the mistakes; None: as the lessons say, which before the first one say nothing.
    """
    columns = _columns(lessons, exams)
    by_lesson, by_exam = _by_turn(lessons), _by_turn(exams)
    if follows is None:
        follows = any(row["follows_mistakes"] for row in lessons)
    lines: list[tuple[float, Line]] = [
        (turn + 0.5, _exam(turn, _summed(rows, columns, ("wrong", "asked")))) for turn, rows in by_exam.items()
    ]
    for first, last, rows in _alike(by_lesson):
        figures = _summed(rows, columns, ("practised", "planned"))
        lines.append((float(first), _practised(first, last, figures)))
    last_exam = max(by_exam, default=-1)
    if follows and last_exam >= max(by_lesson, default=0):
        counts = tuple(n for (n,) in _summed(by_exam[last_exam], columns, ("next_mix",)))
        line = Line("would come next", "next", tuple(map(str, counts)), last_exam, counts, "next", last_exam)
        lines.append((last_exam + 0.75, line))
    departs = any(row["planned"] is not None and row["planned"] != row["practised"] for row in lessons)
    return MixTable(columns, tuple(line for _, line in sorted(lines, key=lambda item: item[0])), departs)


def _by_turn(rows: Sequence[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(int(row["turn"]), []).append(row)
    return found


def _columns(lessons: Sequence[Row], exams: Sequence[Row]) -> tuple[str, ...]:
    weights: dict[str, int] = {}
    for rows, name in ((exams, "wrong"), (lessons, "practised")):
        for row in rows:
            weights[row["category"]] = weights.get(row["category"], 0) + int(row[name])
    if len(weights) <= MOST:
        return tuple(weights)
    kept = set(sorted(weights, key=lambda category: -weights[category])[: MOST - 1])
    return (*(category for category in weights if category in kept), OTHERS)


def _summed(rows: Sequence[Row], columns: Sequence[str], names: Sequence[str]) -> list[tuple[int, ...]]:
    """For each column the sums of these figures; -1 where one is not known."""
    sums = {column: [0] * len(names) for column in columns}
    for row in rows:
        own = sums[row["category"] if row["category"] in sums else OTHERS]
        for place, name in enumerate(names):
            own[place] = -1 if row[name] is None else own[place] + int(row[name])
    return [tuple(sums[column]) for column in columns]


def _alike(by_lesson: Mapping[int, Sequence[Row]]) -> list[tuple[int, int, Sequence[Row]]]:
    """First and last of the neighbouring lessons that came of the same exam and hold the same mix, with one's rows."""
    found: list[tuple[int, int, Sequence[Row]]] = []
    for turn, rows in sorted(by_lesson.items()):
        if found and found[-1][1] == turn - 1 and _same(found[-1][2], rows):
            found[-1] = (found[-1][0], turn, rows)
        else:
            found.append((turn, turn, rows))
    return found


def _same(one: Sequence[Row], other: Sequence[Row]) -> bool:
    keys = ("category", "practised", "planned", "exam_turn")
    return [[row[key] for key in keys] for row in one] == [[row[key] for key in keys] for row in other]


def _exam(turn: int, figures: Sequence[tuple[int, ...]]) -> Line:
    cells = tuple(f"{wrong} of {asked}" for wrong, asked in figures)
    return Line(exam_title(turn), "exam", cells, turn, tuple(wrong for wrong, _ in figures), "exam", turn)


def _practised(first: int, last: int, figures: Sequence[tuple[int, ...]]) -> Line:
    joint = "and" if last == first + 1 else "to"
    title = f"lesson {first}" if first == last else f"lessons {first} {joint} {last}"
    label = str(first) if first == last else f"{first}\N{EN DASH}{last}"
    cells = tuple(f"{n} (planned {planned})" if planned not in (-1, n) else str(n) for n, planned in figures)
    return Line(title, "practised", cells, last, tuple(n for n, _ in figures), label, first)


def exam_title(turn: int) -> str:
    """``exam after lesson 4``, ``exam before any lesson``."""
    return f"exam after lesson {turn}" if turn else "exam before any lesson"


# ------------------------------------------------------------------ several runs

Counts = tuple[int, ...]


def latest(lessons: Sequence[Row], exams: Sequence[Row], *, going_on: bool) -> tuple[list[Row], list[Row]]:
    """The rows of the last exam that a lesson came after, and of the first such lesson. While a run is ``going_on`` and none has
    come after its last exam yet, that exam's rows alone.
    """
    last = max((row["turn"] for row in exams), default=None)
    led = [row for row in lessons if row["exam_turn"] is not None]
    if led and not (going_on and all(row["exam_turn"] != last for row in led)):
        last = max(row["exam_turn"] for row in led)
    after = [row for row in led if row["exam_turn"] == last]
    first = min((row["turn"] for row in after), default=None)
    return [row for row in exams if row["turn"] == last], [row for row in after if row["turn"] == first]


def side_by_side(
    runs: Sequence[tuple[Sequence[Row], Sequence[Row]]],
) -> tuple[tuple[str, ...], list[tuple[Counts, Counts]]]:
    """Columns of categories that serve all runs, and by run its mistakes and its questions in each, summed up over what it is given:
    of each run the rows of some exams, and of some lessons.
    """
    columns = _columns(*([row for run in runs for row in run[which]] for which in (1, 0)))
    return columns, [
        (
            tuple(n for (n,) in _summed(exams, columns, ("wrong",))),
            tuple(n for (n,) in _summed(lessons, columns, ("practised",))),
        )
        for exams, lessons in runs
    ]


# ------------------------------------------------------------------ plain text

LINES = 40
"""Lines that the command line prints at most; the last ones."""


def plain_text(found: MixTable) -> list[str]:
    """The table as lines of plain text, columns aligned; wrong answers of those asked, and questions practised."""
    shown = found.lines[-LINES:]
    titles = [f"{line.title}: wrong" if line.kind == "exam" else line.title for line in shown]
    heads = [_printable(column) for column in found.columns]
    widths = [max(len(head), *(len(line.cells[i]) for line in shown)) for i, head in enumerate(heads)]
    left = max(len(title) for title in titles)
    text = [" " * left + "".join(f"  {head:>{width}}" for head, width in zip(heads, widths, strict=True))]
    for title, line in zip(titles, shown, strict=True):
        cells = "".join(f"  {cell:>{width}}" for cell, width in zip(line.cells, widths, strict=True))
        text.append(f"{title:<{left}}{cells}")
    if len(found.lines) > LINES:
        text.append(f"({len(found.lines) - LINES} earlier lines are left out; --json has all.)")
    return text


def _printable(category: str) -> str:
    """A category's name without what could move the cursor of a terminal, and not too long."""
    return words.shortened("".join(c if c.isprintable() else "\ufffd" for c in category), 24)
