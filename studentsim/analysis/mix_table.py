"""What was practised in each lesson beside the exam before it, as lines of a table. No streamlit here.

For the pages, the report and the command line; mix_sentences.py says it in words. Rows are those of
``studentsim/store/practice_mix.py``, as plain mappings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from studentsim.labels import formatting

MixRow = Mapping[str, Any]

MAX_CATEGORY_COLUMNS = 8
"""Columns of categories; a bank with more has its smallest summed up as ``OTHERS_COLUMN``."""
OTHERS_COLUMN = "all others"


@dataclass(frozen=True)
class MixLine:
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
    first_turn: int
    """As ``turn``, but the first of the lessons."""

    @property
    def total(self) -> int:
        """Mistakes, or questions, of all columns."""
        return sum(self.counts)


@dataclass(frozen=True)
class MixTable:
    """``columns`` are categories in the bank's order, at most ``MAX_CATEGORY_COLUMNS``."""

    columns: tuple[str, ...]
    lines: tuple[MixLine, ...]
    has_departures: bool
    """Whether some lesson holds another mix than was planned."""


def mix_rows(frame: pd.DataFrame) -> list[MixRow]:
    """A frame of ``queries.practice_mix_of`` or ``next_mix_of`` as plain mappings, in which what is not known is None."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def build_mix_table(
    lessons: Sequence[MixRow], exams: Sequence[MixRow], *, follows_mistakes: bool | None = None
) -> MixTable:
    """Exams and lessons in the order in which they came. Lessons after the same exam with the same mix share a line.

    ``lessons`` are ``practice_mix.rows_of``, ``exams`` ``practice_mix.exam_rows_of``, of one run. ``follows_mistakes``: whether its lessons follow
    the mistakes; None: as the lessons say, which before the first one say nothing.
    """
    columns = _category_columns(lessons, exams)
    by_lesson, by_exam = _group_by_turn(lessons), _group_by_turn(exams)
    if follows_mistakes is None:
        follows_mistakes = any(row["follows_mistakes"] for row in lessons)
    lines: list[tuple[float, MixLine]] = [
        (turn + 0.5, _exam_line(turn, _sum_by_column(rows, columns, ("wrong", "asked"))))
        for turn, rows in by_exam.items()
    ]
    for first, last, rows in _merge_equal_lessons(by_lesson):
        figures = _sum_by_column(rows, columns, ("practised", "planned"))
        lines.append((float(first), _lessons_line(first, last, figures)))
    last_exam = max(by_exam, default=-1)
    if follows_mistakes and last_exam >= max(by_lesson, default=0):
        counts = tuple(n for (n,) in _sum_by_column(by_exam[last_exam], columns, ("next_mix",)))
        line = MixLine("would come next", "next", tuple(map(str, counts)), last_exam, counts, "next", last_exam)
        lines.append((last_exam + 0.75, line))
    has_departures = any(row["planned"] is not None and row["planned"] != row["practised"] for row in lessons)
    return MixTable(columns, tuple(line for _, line in sorted(lines, key=lambda item: item[0])), has_departures)


def _group_by_turn(rows: Sequence[MixRow]) -> dict[int, list[MixRow]]:
    found: dict[int, list[MixRow]] = {}
    for row in rows:
        found.setdefault(int(row["turn"]), []).append(row)
    return found


def _category_columns(lessons: Sequence[MixRow], exams: Sequence[MixRow]) -> tuple[str, ...]:
    weights: dict[str, int] = {}
    for rows, name in ((exams, "wrong"), (lessons, "practised")):
        for row in rows:
            weights[row["category"]] = weights.get(row["category"], 0) + int(row[name])
    if len(weights) <= MAX_CATEGORY_COLUMNS:
        return tuple(weights)
    largest = set(sorted(weights, key=lambda category: -weights[category])[: MAX_CATEGORY_COLUMNS - 1])
    return (*(category for category in weights if category in largest), OTHERS_COLUMN)


def _sum_by_column(rows: Sequence[MixRow], columns: Sequence[str], names: Sequence[str]) -> list[tuple[int, ...]]:
    """For each column the sums of these figures; -1 where one is not known."""
    sums = {column: [0] * len(names) for column in columns}
    for row in rows:
        column_sums = sums[row["category"] if row["category"] in sums else OTHERS_COLUMN]
        for index, name in enumerate(names):
            column_sums[index] = -1 if row[name] is None else column_sums[index] + int(row[name])
    return [tuple(sums[column]) for column in columns]


def _merge_equal_lessons(by_lesson: Mapping[int, Sequence[MixRow]]) -> list[tuple[int, int, Sequence[MixRow]]]:
    """First and last of the neighbouring lessons that came of the same exam and hold the same mix, with one's rows."""
    found: list[tuple[int, int, Sequence[MixRow]]] = []
    for turn, rows in sorted(by_lesson.items()):
        if found and found[-1][1] == turn - 1 and _is_same_mix(found[-1][2], rows):
            found[-1] = (found[-1][0], turn, rows)
        else:
            found.append((turn, turn, rows))
    return found


def _is_same_mix(one: Sequence[MixRow], other: Sequence[MixRow]) -> bool:
    keys = ("category", "practised", "planned", "exam_turn")
    return [[row[key] for key in keys] for row in one] == [[row[key] for key in keys] for row in other]


def _exam_line(turn: int, figures: Sequence[tuple[int, ...]]) -> MixLine:
    cells = tuple(f"{wrong} of {total}" for wrong, total in figures)
    return MixLine(exam_title(turn), "exam", cells, turn, tuple(wrong for wrong, _ in figures), "exam", turn)


def _lessons_line(first: int, last: int, figures: Sequence[tuple[int, ...]]) -> MixLine:
    joint = "and" if last == first + 1 else "to"
    title = f"lesson {first}" if first == last else f"lessons {first} {joint} {last}"
    label = str(first) if first == last else f"{first}\N{EN DASH}{last}"
    cells = tuple(f"{n} (planned {planned})" if planned not in (-1, n) else str(n) for n, planned in figures)
    return MixLine(title, "practised", cells, last, tuple(n for n, _ in figures), label, first)


def exam_title(turn: int) -> str:
    """``exam after lesson 4``, ``exam before any lesson``."""
    return f"exam after lesson {turn}" if turn else "exam before any lesson"


# ------------------------------------------------------------------ several runs

CategoryCounts = tuple[int, ...]


def latest_exam_and_lesson(
    lessons: Sequence[MixRow], exams: Sequence[MixRow], *, is_running: bool
) -> tuple[list[MixRow], list[MixRow]]:
    """The rows of the last exam that a lesson came after, and of the first such lesson. While a run is ``is_running`` and none has
    come after its last exam yet, that exam's rows alone.
    """
    last = max((row["turn"] for row in exams), default=None)
    led = [row for row in lessons if row["exam_turn"] is not None]
    if led and not (is_running and all(row["exam_turn"] != last for row in led)):
        last = max(row["exam_turn"] for row in led)
    after = [row for row in led if row["exam_turn"] == last]
    first = min((row["turn"] for row in after), default=None)
    return [row for row in exams if row["turn"] == last], [row for row in after if row["turn"] == first]


def align_run_mixes(
    runs: Sequence[tuple[Sequence[MixRow], Sequence[MixRow]]],
) -> tuple[tuple[str, ...], list[tuple[CategoryCounts, CategoryCounts]]]:
    """Columns of categories that serve all runs, and by run its mistakes and its questions in each, summed up over what it is given:
    of each run the rows of some exams, and of some lessons.
    """
    columns = _category_columns(*([row for run in runs for row in run[which]] for which in (1, 0)))
    return columns, [
        (
            tuple(n for (n,) in _sum_by_column(exams, columns, ("wrong",))),
            tuple(n for (n,) in _sum_by_column(lessons, columns, ("practised",))),
        )
        for exams, lessons in runs
    ]


# ------------------------------------------------------------------ plain text

MAX_TEXT_LINES = 40
"""Lines that the command line prints at most; the last ones."""


def format_plain_text(table: MixTable) -> list[str]:
    """The table as lines of plain text, columns aligned; wrong answers of those asked, and questions practised."""
    shown = table.lines[-MAX_TEXT_LINES:]
    titles = [f"{line.title}: wrong" if line.kind == "exam" else line.title for line in shown]
    heads = [_printable_label(column) for column in table.columns]
    widths = [max(len(head), *(len(line.cells[i]) for line in shown)) for i, head in enumerate(heads)]
    left = max(len(title) for title in titles)
    text = [" " * left + "".join(f"  {head:>{width}}" for head, width in zip(heads, widths, strict=True))]
    for title, line in zip(titles, shown, strict=True):
        cells = "".join(f"  {cell:>{width}}" for cell, width in zip(line.cells, widths, strict=True))
        text.append(f"{title:<{left}}{cells}")
    if len(table.lines) > MAX_TEXT_LINES:
        text.append(f"({len(table.lines) - MAX_TEXT_LINES} earlier lines are left out; --json has all.)")
    return text


def _printable_label(category: str) -> str:
    """A category's name without what could move the cursor of a terminal, and not too long."""
    return formatting.shorten_label("".join(c if c.isprintable() else "\ufffd" for c in category), 24)
