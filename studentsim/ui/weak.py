"""How each category went in the last exam, with intervals. No streamlit here."""

from __future__ import annotations

import pandas as pd

from studentsim.exam import wilson


def weak_categories(wrong: pd.DataFrame) -> pd.DataFrame:
    """``category, correct, questions, accuracy, low, high`` of the last exam in ``queries.wrong_by_category``'s frame."""
    last = wrong[wrong.turn == wrong.turn.max()] if len(wrong) else wrong
    rows = []
    for row in last[last.questions > 0].itertuples():
        correct = int(row.questions - row.wrong)
        low, high = wilson(correct, int(row.questions))
        rows.append((row.category, correct, int(row.questions), correct / row.questions, low, high))
    return pd.DataFrame(rows, columns=["category", "correct", "questions", "accuracy", "low", "high"])
