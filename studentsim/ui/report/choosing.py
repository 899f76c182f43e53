"""The report's section on what the way of choosing looked at, as HTML; blank for ways that do not look."""

from __future__ import annotations

from collections.abc import Sequence

from studentsim.config import RunConfig
from studentsim.exam import wilson
from studentsim.ui import lookups, words
from studentsim.ui.lookups import LessonLookups
from studentsim.ui.report.text import paragraph, table


def section(lessons: Sequence[LessonLookups], config: RunConfig) -> str:
    """The rule, what it came to over all lessons, and the figures lesson by lesson."""
    if not lessons:
        return ""
    if lessons[0].passed is None:
        head, rows = (
            ["lesson", "looked at", "chosen", "P(right) of the chosen", "P(right) of all"],
            _least_right(lessons),
        )
    else:
        head, rows = ["lesson", "looked at", "pass the rule", "of 100", "95 % interval, of 100"], _passed(lessons)
    numbers = table(head, rows, caption="Lesson by lesson", numbers=frozenset(range(1, 5)))
    parts = [paragraph(lookups.rule(lessons, config.threshold)), paragraph(lookups.sentence(lessons)), numbers]
    return f"<section>\n<h2>How the practice questions were chosen</h2>\n{''.join(parts)}\n</section>"


def _passed(lessons: Sequence[LessonLookups]) -> list[list[object]]:
    rows: list[list[object]] = []
    for row in lessons:
        passed = row.passed or 0
        low, high = wilson(passed, row.looked_at)
        bounds = f"{words.hundred(low)} to {words.hundred(high)}"
        rows.append([row.turn, row.looked_at, passed, words.hundred(passed / row.looked_at), bounds])
    return rows


def _least_right(lessons: Sequence[LessonLookups]) -> list[list[object]]:
    return [[r.turn, r.looked_at, r.chosen, f"{r.mean_chosen:.3f}", f"{r.mean:.3f}"] for r in lessons]
