"""Item analysis: how hard each question of the exam is, how well it tells good sheets from poor ones, what each option draws.

Facility is the share of answer sheets with the question right. Discrimination is the corrected item-total correlation: the
point-biserial correlation, over the sheets, of the question being right with the number right among all other questions
(Lord and Novick 1968; "corrected", since the question itself is left out of the total). No streamlit here.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd

from studentsim.exam import Z95, wilson_interval

MIN_SHEETS = 20
"""With fewer sheets a correlation is not told: it would be known to no better than about 0.5."""

CORRECT_SYMBOL, WRONG_SYMBOL = "✓", "✗"

ITEM_COLUMNS = (
    "question_id", "category", "skill", "difficulty", "problem", "history", "own_correct", "own", "correct", "sheets", "facility",
    "low", "high", "discrimination", "drawn", "drawn_times", "drawn_slip",
)  # fmt: skip


def analyse_items(questions: pd.DataFrame, choices: pd.DataFrame) -> pd.DataFrame:
    """One row a question, the hardest first.

    ``questions`` is ``Findings.questions``, ``choices`` ``queries.item_choices``. ``history`` is this run's exams in order, a tick or
    a cross each; ``own_correct`` of ``own`` counts them. ``correct`` of ``sheets`` and ``facility`` (0 to 1, ``low`` to ``high``)
    are over all sheets. ``discrimination`` (-1 to 1) is nan where there are too few sheets, or all agree. ``drawn`` is the wrong option
    ticked most (blank: none was), ``drawn_slip`` its slip.
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
    frame["drawn"] = frame.drawn.fillna("")
    frame[["correct", "sheets", "drawn_times"]] = frame[["correct", "sheets", "drawn_times"]].fillna(0).astype(int)
    bounds = [wilson_interval(k, n) for k, n in zip(frame.correct, frame.sheets, strict=True)]
    frame["low"], frame["high"] = [low for low, _ in bounds], [high for _, high in bounds]
    slips = [_option_misconception(text, letter) for text, letter in zip(questions.options, frame.drawn, strict=True)]
    frame["drawn_slip"] = slips
    return frame[list(ITEM_COLUMNS)].sort_values(["facility", "own_correct", "question_id"]).reset_index(drop=True)


def correlation_margin(sheets: int) -> float:
    """How far luck alone would move a correlation of 0 over so many sheets (95 %), were they independent."""
    return Z95 / math.sqrt(sheets - 3) if sheets > 3 else 1.0


def option_choice_frame(question: pd.Series, choices: pd.DataFrame) -> pd.DataFrame:
    """What each option of a question drew: ``letter, text, is_correct, slip, own_sheets, sheets, share, low, high``; a last row of blank
    letter counts the sheets on which nothing was ticked.

    ``question`` is a row of ``Findings.questions``.
    """
    option_list: list[dict[str, Any]] = [*json.loads(question.options), {"letter": "", "text": "nothing ticked"}]
    choices_by_letter = choices[choices.question_id == question.question_id].groupby("letter")[["own", "sheets"]].sum()
    total_sheets = int(choices_by_letter.sheets.sum())
    rows = []
    for option in option_list:
        own_sheets, sheets = (
            choices_by_letter.loc[option["letter"]] if option["letter"] in choices_by_letter.index else (0, 0)
        )
        low, high = wilson_interval(int(sheets), total_sheets)
        share = sheets / total_sheets if total_sheets else math.nan
        is_correct = option["letter"] == question.correct
        rows.append(
            (
                option["letter"],
                option["text"],
                is_correct,
                option.get("misconception") or "",
                int(own_sheets),
                int(sheets),
                share,
                low,
                high,
            )
        )
    return pd.DataFrame(rows, columns=["letter", "text", "right", "slip", "own", "sheets", "share", "low", "high"])


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
    return first[["question_id", "letter", "sheets"]].rename(columns={"letter": "drawn", "sheets": "drawn_times"})


def _option_misconception(options: str, letter: str) -> str:
    return next((o.get("misconception") or "" for o in json.loads(options) if letter and o["letter"] == letter), "")
