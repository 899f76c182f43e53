"""The last exam by category, with intervals. No streamlit here."""

from __future__ import annotations

import pandas as pd

from studentsim.analysis.accuracy_bounds import add_wilson_bounds
from studentsim.exam import wilson_interval


def last_exam_category_frame(mistakes: pd.DataFrame) -> pd.DataFrame:
    """``category, correct, questions, accuracy, ci_low, ci_high`` of the last exam in ``queries.fetch_wrong_by_category``'s frame."""
    last = _last_exam_rows(mistakes)
    frame = last.assign(correct=last.questions - last.wrong)[["category", "correct", "questions"]]
    frame = frame.astype({"correct": int, "questions": int}).reset_index(drop=True)
    return add_wilson_bounds(frame, "correct", "questions", share_column="accuracy")


def _last_exam_rows(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame.turn == frame.turn.max()) & (frame.questions > 0)] if len(frame) else frame


def margin_of_error_note(exam_cells: pd.DataFrame) -> str:
    """``, each known to about 14 either way``: half the mean width of the last exam's intervals, of 100; blank without an exam.

    ``exam_cells``: ``turn, correct, questions`` of each category, or skill, in each exam.
    """
    cells = _last_exam_rows(exam_cells)
    bounds = [wilson_interval(int(row.correct), int(row.questions)) for row in cells.itertuples()]
    if not bounds:
        return ""
    half_width = 50 * sum(high - low for low, high in bounds) / len(bounds)
    return f", each known to about {half_width:.0f} either way"
