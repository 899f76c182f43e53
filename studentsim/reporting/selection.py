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
        heads = ["lesson", "looked at", "chosen", f"{label} of the chosen", f"{label} of all"]
        rows = [[r.turn, r.candidates, r.chosen, f"{r.mean_chosen:.3f}", f"{r.mean_candidates:.3f}"] for r in lessons]
    else:
        heads = ["lesson", "looked at", "pass the rule", "of 100", "95 % interval, of 100"]
        rows = [_threshold_row(row, row.passed or 0) for row in lessons]
    return section_html(
        "How the practice questions were chosen",
        paragraph_html(selection_lookups.describe_selection_rule(lessons, config.threshold)),
        paragraph_html(selection_lookups.describe_selection_stats(lessons)),
        table_html(heads, rows, caption="Lesson by lesson", numeric_columns=frozenset(range(1, 5))),
    )


def _threshold_row(row: LessonSelectionStats, passed: int) -> list[object]:
    bounds = formatting.format_bounds(*wilson_interval(passed, row.candidates))
    return [row.turn, row.candidates, passed, formatting.round_percent(passed / row.candidates), bounds]
