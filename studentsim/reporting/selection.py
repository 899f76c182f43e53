"""The report's section on how the strategy scored candidate questions; blank for strategies that score none."""

from __future__ import annotations

from collections.abc import Sequence

from studentsim.analysis import selection_lookups
from studentsim.analysis.selection_lookups import LessonSelectionStats
from studentsim.config import RunConfig
from studentsim.exam import wilson_interval
from studentsim.labels import formatting
from studentsim.reporting.html_text import paragraph_html, section_html, table_html


def selection_html(lessons: Sequence[LessonSelectionStats], config: RunConfig) -> str:
    """The strategy's rule, its result over all turns, and the figures turn by turn."""
    if not lessons:
        return ""
    if lessons[0].passed is None:
        label = selection_lookups.MEASURE_LABELS[lessons[0].measure]
        head, rows = (
            ["lesson", "looked at", "chosen", f"{label} of the chosen", f"{label} of all"],
            _score_rows(lessons),
        )
    else:
        head, rows = (
            ["lesson", "looked at", "pass the rule", "of 100", "95 % interval, of 100"],
            _threshold_rows(lessons),
        )
    lesson_table = table_html(head, rows, caption="Lesson by lesson", numeric_columns=frozenset(range(1, 5)))
    parts = [
        paragraph_html(selection_lookups.describe_selection_rule(lessons, config.threshold)),
        paragraph_html(selection_lookups.describe_selection_stats(lessons)),
        lesson_table,
    ]
    return section_html("How the practice questions were chosen", *parts)


def _threshold_rows(lessons: Sequence[LessonSelectionStats]) -> list[list[object]]:
    rows: list[list[object]] = []
    for row in lessons:
        passed = row.passed or 0
        low, high = wilson_interval(passed, row.candidates)
        bounds = f"{formatting.round_percent(low)} to {formatting.round_percent(high)}"
        rows.append([row.turn, row.candidates, passed, formatting.round_percent(passed / row.candidates), bounds])
    return rows


def _score_rows(lessons: Sequence[LessonSelectionStats]) -> list[list[object]]:
    return [[r.turn, r.candidates, r.chosen, f"{r.mean_chosen:.3f}", f"{r.mean_candidates:.3f}"] for r in lessons]
