"""Item analysis: each exam question's difficulty, how well it separates good sheets from poor ones, and its options' shares.

Facility is the share of answer sheets with the question right. Discrimination is the corrected item-total correlation: the
point-biserial correlation, over the sheets, of the question being right with the number right among all other questions
("corrected": the question itself is left out of the total). Source: Lord and Novick 1968. No streamlit here.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd

from studentsim.analysis.accuracy_bounds import add_wilson_bounds
from studentsim.exam import Z95

MIN_SHEETS = 20
"""Fewest sheets for a correlation: with fewer its margin would be about 0.5 or more."""

CORRECT_SYMBOL, WRONG_SYMBOL = "✓", "✗"

ITEM_COLUMNS = (
    "question_id", "category", "skill", "difficulty", "problem", "history", "own_correct", "own", "correct", "sheets", "facility",
    "ci_low", "ci_high", "discrimination", "top_distractor", "top_distractor_count", "top_distractor_misconception",
)  # fmt: skip


def analyse_items(questions: pd.DataFrame, choices: pd.DataFrame) -> pd.DataFrame:
    """One row a question (``ITEM_COLUMNS``), the hardest first.

    ``questions`` is ``ExamFindings.questions``, ``choices`` ``queries.fetch_item_choices``. ``history`` is this run's exams in
    order, a tick or a cross each; ``own_correct`` of ``own`` counts them. ``correct`` of ``sheets`` and ``facility`` (0 to 1,
    ``ci_low`` to ``ci_high``) are over all sheets. ``discrimination`` (-1 to 1) is nan with too few sheets, or where all agree.
    ``top_distractor`` is the wrong option chosen most, ``top_distractor_count`` (blank, 0: none was),
    ``top_distractor_misconception`` its misconception.
    """
    if questions.empty:
        return pd.DataFrame(columns=list(ITEM_COLUMNS))
    frame = questions[["question_id", "category", "skill", "difficulty", "problem"]].copy()
    rows = list(zip(questions.letters, questions.correct, strict=True))
    frame["history"] = [
        "".join(CORRECT_SYMBOL if x == right else WRONG_SYMBOL for x in letters) for letters, right in rows
    ]
    frame["own_correct"] = [sum(x == right for x in letters) for letters, right in rows]
    frame["own"] = [len(letters) for letters, _ in rows]
    frame = frame.merge(_item_statistics(choices), on="question_id", how="left")
    frame = frame.merge(_most_ticked_wrong_options(choices), on="question_id", how="left")
    frame["top_distractor"] = frame.top_distractor.fillna("")
    frame[["correct", "sheets", "top_distractor_count"]] = (
        frame[["correct", "sheets", "top_distractor_count"]].fillna(0).astype(int)
    )
    frame = add_wilson_bounds(frame, "correct", "sheets")
    frame["top_distractor_misconception"] = [
        _option_misconception(text, letter)
        for text, letter in zip(questions.options, frame.top_distractor, strict=True)
    ]
    return frame[list(ITEM_COLUMNS)].sort_values(["facility", "own_correct", "question_id"]).reset_index(drop=True)


def correlation_margin(sheets: int) -> float:
    """The 95 % margin of a correlation of 0 over this many sheets, were they independent."""
    return Z95 / math.sqrt(sheets - 3) if sheets > 3 else 1.0


def option_choice_frame(question: pd.Series, choices: pd.DataFrame) -> pd.DataFrame:
    """How often each option of a question was chosen: ``letter, text, right, slip`` (its misconception)``, own`` (sheets of this
    run)``, sheets, share, ci_low, ci_high``; a last row of blank letter counts the sheets without an answer.

    ``question`` is a row of ``ExamFindings.questions``, ``choices`` as for ``analyse_items``.
    """
    options: list[dict[str, Any]] = [*json.loads(question.options), {"letter": "", "text": "nothing ticked"}]
    choices_by_letter = choices[choices.question_id == question.question_id].groupby("letter")[["own", "sheets"]].sum()
    rows = []
    for option in options:
        letter = option["letter"]
        own, sheets = choices_by_letter.loc[letter] if letter in choices_by_letter.index else (0, 0)
        misconception = option.get("misconception") or ""
        rows.append((letter, option["text"], letter == question.correct, misconception, int(own), int(sheets)))
    frame = pd.DataFrame(rows, columns=["letter", "text", "right", "slip", "own", "sheets"])
    frame["total"] = int(choices_by_letter.sheets.sum())
    return add_wilson_bounds(frame, "sheets", "total").drop(columns="total")


def _item_statistics(choices: pd.DataFrame) -> pd.DataFrame:
    """``question_id, correct, sheets, facility, discrimination`` from the sums of ``choices``."""
    correct_choices = choices[choices.is_right]
    sums = choices.groupby("question_id")[["sheets", "rest", "rest_squares"]].sum()
    correct_sums = correct_choices.groupby("question_id")[["sheets", "rest"]].sum().reindex(sums.index).fillna(0.0)
    n, x = sums.sheets.astype(float), correct_sums.sheets.astype(float)
    variance_product = (n * x - x**2) * (n * sums.rest_squares - sums.rest**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (n * correct_sums.rest - x * sums.rest) / np.sqrt(variance_product.where(variance_product > 0))
    frame = pd.DataFrame({"correct": x, "sheets": n, "facility": x / n, "discrimination": r.where(n >= MIN_SHEETS)})
    return frame.reset_index()


def _most_ticked_wrong_options(choices: pd.DataFrame) -> pd.DataFrame:
    wrong = choices[~choices.is_right & (choices.letter != "")].sort_values(
        ["sheets", "letter"], ascending=[False, True]
    )
    first = wrong.drop_duplicates("question_id")
    return first[["question_id", "letter", "sheets"]].rename(
        columns={"letter": "top_distractor", "sheets": "top_distractor_count"}
    )


def _option_misconception(options: str, letter: str) -> str:
    return next((o.get("misconception") or "" for o in json.loads(options) if letter and o["letter"] == letter), "")
