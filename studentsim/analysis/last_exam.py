"""How each category went in the last exam, with intervals. No streamlit here."""

from __future__ import annotations

import pandas as pd

from studentsim.exam import wilson_interval


def last_exam_category_frame(mistakes: pd.DataFrame) -> pd.DataFrame:
    """``category, correct, questions, accuracy, low, high`` of the last exam in ``queries.wrong_by_category``'s frame."""
    last = mistakes[mistakes.turn == mistakes.turn.max()] if len(mistakes) else mistakes
    rows = []
    for row in last[last.questions > 0].itertuples():
        correct = int(row.questions - row.wrong)
        low, high = wilson_interval(correct, int(row.questions))
        rows.append((row.category, correct, int(row.questions), correct / row.questions, low, high))
    return pd.DataFrame(rows, columns=["category", "correct", "questions", "accuracy", "low", "high"])


def margin_of_error_note(exam_cells: pd.DataFrame) -> str:
    """``, each known to about 14 either way``: half of the mean width of the last exam's intervals, of 100; blank without an exam.

    :param cells: ``turn, correct, questions`` of each category, or kind of question, in each exam.
    """
    last = (
        exam_cells[(exam_cells.turn == exam_cells.turn.max()) & (exam_cells.questions > 0)]
        if len(exam_cells)
        else exam_cells
    )
    bounds = [wilson_interval(int(row.correct), int(row.questions)) for row in last.itertuples()]
    if not bounds:
        return ""
    half = 50 * sum(high - low for low, high in bounds) / len(bounds)
    return f", each known to about {half:.0f} either way"
