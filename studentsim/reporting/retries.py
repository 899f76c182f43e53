"""The report's section on second tries and grading errors; blank for runs without either."""

from __future__ import annotations

import pandas as pd

from studentsim.analysis import tries
from studentsim.analysis.tries import RetryResults
from studentsim.labels import formatting
from studentsim.labels.titles import misconception_title
from studentsim.narration import teaching_summary
from studentsim.reporting.html_text import escape_html, paragraphs_html, section_html, table_html

MAX_MISCONCEPTIONS = 8
"""Rows of the table: the misconceptions most often tried again."""


def second_tries_html(run_tries: RetryResults, teacher_grades: pd.DataFrame) -> str:
    """How many second tries succeeded, whether that lasts, how often the student gave way, and the teacher's grading errors."""
    parts = _teacher_errors_html(teacher_grades)
    if run_tries.has_retries:
        caveat = f'<p class="note">{escape_html(teaching_summary.RETRY_CAVEAT)}</p>' if len(run_tries.retention) else ""
        texts = paragraphs_html(
            teaching_summary.describe_retries(run_tries),
            teaching_summary.describe_retries_by_feedback(tries.retry_rates_by_feedback(run_tries.revisions)),
            teaching_summary.explanation_caveat(run_tries.revisions),
            teaching_summary.describe_giving_way(run_tries),
            teaching_summary.compare_feedback_effects(run_tries),
            teaching_summary.describe_retention(run_tries.retention) if run_tries.tried else "",
        )
        parts = f"{texts}{caveat}{_misconceptions_html(run_tries)}{parts}"
    return section_html("Second tries, and the teacher", parts) if parts else ""


def _teacher_errors_html(teacher_grades: pd.DataFrame) -> str:
    """Sentences on the teacher's and a trained grader's errors; blank where the key alone graded."""
    if not len(teacher_grades) or not teacher_grades[["false_right", "false_wrong", "marker_answers"]].sum().sum():
        return ""
    return paragraphs_html(
        teaching_summary.describe_teacher_errors(teacher_grades),
        teaching_summary.describe_grader_errors(teacher_grades),
    )


def _misconceptions_html(run_tries: RetryResults) -> str:
    frame = tries.success_rates_by(run_tries.revisions, "misconception")
    if frame.empty:
        return ""
    rows: list[list[object]] = [
        [misconception_title(r.misconception) if r.misconception else "no known slip", f"{r.mended} of {r.tried}",
         formatting.format_bounds(r.ci_low, r.ci_high)]
        for r in frame.head(MAX_MISCONCEPTIONS).itertuples()
    ]  # fmt: skip
    head = ["slip behind the first answer", "mended", "95 % interval, of 100"]
    shown = min(MAX_MISCONCEPTIONS, len(frame))
    caption = f"The {shown} most often tried again, of {len(frame)}" if shown < len(frame) else "By slip"
    return table_html(head, rows, caption=caption, numeric_columns=frozenset({1, 2}))
