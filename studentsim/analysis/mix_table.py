"""The table of practice by category beside the exam before it. No streamlit here.

For the pages, the report and the command line; ``narration/mix_summary.py`` puts it into sentences. Rows are those of
``store/practice_mix.py``, as mappings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from studentsim.labels import formatting

MixRow = Mapping[str, Any]

MAX_CATEGORY_COLUMNS = 8
"""Most columns of categories; of a bank with more the smallest are summed as ``OTHERS_COLUMN``."""
OTHERS_COLUMN = "all others"


@dataclass(frozen=True)
class MixLine:
    """One line: an exam's mistakes, or the practice of one or several consecutive turns with the same mix."""

    title: str
    kind: str
    """``exam`` (wrong answers of those asked), ``practised``, or ``next`` (planned, with no turn after it yet)."""
    cells: tuple[str, ...]
    """The text of each column."""
    turn: int
    """The exam's turn, or the last of the turns."""
    counts: tuple[int, ...]
    """Wrong answers, or questions, of each column."""
    label: str
    """A short title: ``exam``, ``3–4``, ``next``."""
    first_turn: int
    """As ``turn``, but the first of the turns."""

    @property
    def total(self) -> int:
        """Mistakes, or questions, of all columns together."""
        return sum(self.counts)


@dataclass(frozen=True)
class MixTable:
    """``columns`` are categories in the bank's order, at most ``MAX_CATEGORY_COLUMNS``."""

    columns: tuple[str, ...]
    lines: tuple[MixLine, ...]
    has_departures: bool
    """Whether some turn's mix differs from the planned one."""


def mix_rows(frame: pd.DataFrame) -> list[MixRow]:
    """The rows of ``queries.fetch_practice_mix`` or ``fetch_next_mix`` as mappings, with None for missing values."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def build_mix_table(
    turn_rows: Sequence[MixRow], exam_rows: Sequence[MixRow], *, follows_mistakes: bool | None = None
) -> MixTable:
    """Exams and turns in the order in which they came. Turns after the same exam with the same mix share a line.

    ``turn_rows`` are of ``practice_mix.build_practice_mix_rows``, ``exam_rows`` of ``build_exam_mix_rows``, of one run.
    ``follows_mistakes``: whether the run's strategy follows the mistakes; None: as ``turn_rows`` say (False before the first).
    """
    columns = _category_columns(turn_rows, exam_rows)
    by_turn, by_exam = _group_by_turn(turn_rows), _group_by_turn(exam_rows)
    if follows_mistakes is None:
        follows_mistakes = any(row["follows_mistakes"] for row in turn_rows)
    lines: list[tuple[float, MixLine]] = [
        (turn + 0.5, _exam_line(turn, _sum_by_column(rows, columns, ("wrong", "asked"))))
        for turn, rows in by_exam.items()
    ]
    for first, last, rows in _merge_equal_turns(by_turn):
        sums = _sum_by_column(rows, columns, ("practised", "planned"))
        lines.append((float(first), _practice_line(first, last, sums)))
    last_exam = max(by_exam, default=-1)
    if follows_mistakes and last_exam >= max(by_turn, default=0):
        counts = tuple(n for (n,) in _sum_by_column(by_exam[last_exam], columns, ("next_mix",)))
        line = MixLine("would come next", "next", tuple(map(str, counts)), last_exam, counts, "next", last_exam)
        lines.append((last_exam + 0.75, line))
    has_departures = any(row["planned"] is not None and row["planned"] != row["practised"] for row in turn_rows)
    return MixTable(columns, tuple(line for _, line in sorted(lines, key=lambda item: item[0])), has_departures)


def _group_by_turn(rows: Sequence[MixRow]) -> dict[int, list[MixRow]]:
    grouped: dict[int, list[MixRow]] = {}
    for row in rows:
        grouped.setdefault(int(row["turn"]), []).append(row)
    return grouped


def _category_columns(turn_rows: Sequence[MixRow], exam_rows: Sequence[MixRow]) -> tuple[str, ...]:
    """At most ``MAX_CATEGORY_COLUMNS``: the categories with most mistakes and practice, in the bank's order."""
    weights: dict[str, int] = {}
    for rows, name in ((exam_rows, "wrong"), (turn_rows, "practised")):
        for row in rows:
            weights[row["category"]] = weights.get(row["category"], 0) + int(row[name])
    if len(weights) <= MAX_CATEGORY_COLUMNS:
        return tuple(weights)
    largest = set(sorted(weights, key=lambda category: -weights[category])[: MAX_CATEGORY_COLUMNS - 1])
    return (*(category for category in weights if category in largest), OTHERS_COLUMN)


def _sum_by_column(rows: Sequence[MixRow], columns: Sequence[str], names: Sequence[str]) -> list[tuple[int, ...]]:
    """For each column the sums of the fields ``names``; -1 where one is None."""
    sums = {column: [0] * len(names) for column in columns}
    for row in rows:
        column_sums = sums[row["category"] if row["category"] in sums else OTHERS_COLUMN]
        for index, name in enumerate(names):
            column_sums[index] = -1 if row[name] is None else column_sums[index] + int(row[name])
    return [tuple(sums[column]) for column in columns]


def _merge_equal_turns(by_turn: Mapping[int, Sequence[MixRow]]) -> list[tuple[int, int, Sequence[MixRow]]]:
    """``(first, last, rows of the last)`` of consecutive turns after the same exam with the same mix."""
    merged: list[tuple[int, int, Sequence[MixRow]]] = []
    for turn, rows in sorted(by_turn.items()):
        if merged and merged[-1][1] == turn - 1 and _is_same_mix(merged[-1][2], rows):
            merged[-1] = (merged[-1][0], turn, rows)
        else:
            merged.append((turn, turn, rows))
    return merged


def _is_same_mix(rows: Sequence[MixRow], other_rows: Sequence[MixRow]) -> bool:
    keys = ("category", "practised", "planned", "exam_turn")
    return [[row[key] for key in keys] for row in rows] == [[row[key] for key in keys] for row in other_rows]


def _exam_line(turn: int, sums: Sequence[tuple[int, ...]]) -> MixLine:
    cells = tuple(f"{wrong} of {total}" for wrong, total in sums)
    return MixLine(exam_title(turn), "exam", cells, turn, tuple(wrong for wrong, _ in sums), "exam", turn)


def _practice_line(first: int, last: int, sums: Sequence[tuple[int, ...]]) -> MixLine:
    conjunction = "and" if last == first + 1 else "to"
    title = f"lesson {first}" if first == last else f"lessons {first} {conjunction} {last}"
    label = str(first) if first == last else f"{first}\N{EN DASH}{last}"
    cells = tuple(f"{n} (planned {planned})" if planned not in (-1, n) else str(n) for n, planned in sums)
    return MixLine(title, "practised", cells, last, tuple(n for n, _ in sums), label, first)


def exam_title(turn: int) -> str:
    """``exam after lesson 4``, ``exam before any lesson``."""
    return f"exam after lesson {turn}" if turn else "exam before any lesson"


# ------------------------------------------------------------------ several runs

CategoryCounts = tuple[int, ...]


def latest_exam_and_lesson(
    turn_rows: Sequence[MixRow], exam_rows: Sequence[MixRow], *, is_running: bool
) -> tuple[list[MixRow], list[MixRow]]:
    """The rows of the last exam that a turn followed, and of the first turn after it.

    While a run is running and no turn has followed its last exam yet: that exam's rows alone.
    """
    exam_turn = max((row["turn"] for row in exam_rows), default=None)
    rows_after_exams = [row for row in turn_rows if row["exam_turn"] is not None]
    if rows_after_exams and not (is_running and all(row["exam_turn"] != exam_turn for row in rows_after_exams)):
        exam_turn = max(row["exam_turn"] for row in rows_after_exams)
    following = [row for row in rows_after_exams if row["exam_turn"] == exam_turn]
    first = min((row["turn"] for row in following), default=None)
    return [row for row in exam_rows if row["turn"] == exam_turn], [row for row in following if row["turn"] == first]


def align_run_mixes(
    runs: Sequence[tuple[Sequence[MixRow], Sequence[MixRow]]],
) -> tuple[tuple[str, ...], list[tuple[CategoryCounts, CategoryCounts]]]:
    """Columns of categories for all runs, and for each run its mistakes and its practised questions by column.

    ``runs`` are ``(exam_rows, turn_rows)`` of each run, over which it sums.
    """
    columns = _category_columns(*([row for run in runs for row in run[which]] for which in (1, 0)))
    return columns, [
        (
            tuple(n for (n,) in _sum_by_column(exam_rows, columns, ("wrong",))),
            tuple(n for (n,) in _sum_by_column(turn_rows, columns, ("practised",))),
        )
        for exam_rows, turn_rows in runs
    ]


# ------------------------------------------------------------------ plain text

MAX_TEXT_LINES = 40
"""Most lines that the command line prints: the last ones."""


def format_plain_text(table: MixTable) -> list[str]:
    """The table as lines of text with aligned columns: wrong answers of those asked, and questions practised."""
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
    """A category's name without unprintable characters, in at most 24 characters."""
    return formatting.shorten_label("".join(c if c.isprintable() else "\ufffd" for c in category), 24)
