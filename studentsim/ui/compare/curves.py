"""Frames for the pictures of Compare: one row a group and lesson (or category), with an interval. No streamlit here.

A group of one run has the Wilson interval of its questions; of several, the mean and its interval over questions and runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from studentsim.exam import wilson
from studentsim.ui.compare.groups import Group
from studentsim.ui.compare.intervals import mean_interval

MEANS = ["label", "strategy", "variant", "turn", "accuracy", "low", "high", "runs", "correct", "questions"]
SINGLES = ["label", "group", "strategy", "variant", "turn", "accuracy", "low", "high", "correct", "questions"]


def means(groups: Sequence[Group], sat: pd.DataFrame, *, same_questions: bool = True) -> pd.DataFrame:
    """``label, strategy, variant, turn, accuracy, low, high, runs, correct, questions`` of each group, by group and turn.

    ``sat``: ``run_id, turn, correct, questions``. ``runs`` counts those that have come so far; ``correct`` and ``questions``
    are summed over them. ``same_questions``: whether a group's runs were asked the same ones (the exam) or not (practice).
    """
    rows = []
    for group in groups:
        ids = [run.run_id for run in group.runs]
        for turn, at in sat[sat.run_id.isin(ids)].groupby("turn"):
            rows.append((group.label, group.strategy, group.variant, int(turn), *_mean(at, same_questions)))
    return pd.DataFrame(rows, columns=MEANS)


def singles(groups: Sequence[Group], sat: pd.DataFrame) -> pd.DataFrame:
    """``label, group, strategy, variant, turn, accuracy, low, high, correct, questions`` of each run, by group and turn."""
    rows = []
    for group in groups:
        for run in group.runs:
            for at in sat[sat.run_id == run.run_id].itertuples():
                correct, questions = int(at.correct), int(at.questions)
                result = (correct / questions, *wilson(correct, questions), correct, questions)
                rows.append((run.label, group.label, group.strategy, group.variant, int(at.turn), *result))
    return pd.DataFrame(rows, columns=SINGLES)


def categories(groups: Sequence[Group], told: pd.DataFrame) -> pd.DataFrame:
    """``category, label, strategy, variant, accuracy, low, high, runs, correct, questions`` of one exam, by category.

    ``told``: ``run_id, category, correct, questions``; categories keep their order there.
    """
    rows = []
    for category in told.category.drop_duplicates():
        for group in groups:
            at = told[(told.category == category) & told.run_id.isin([run.run_id for run in group.runs])]
            if len(at):
                rows.append((category, group.label, group.strategy, group.variant, *_mean(at, True)))
    return pd.DataFrame(rows, columns=["category", *(c for c in MEANS if c != "turn")])


def _mean(at: pd.DataFrame, same_questions: bool) -> tuple[float, float, float, int, int, int]:
    correct, questions = int(at.correct.sum()), int(at.questions.sum())
    if len(at) == 1:
        return (correct / questions, *wilson(correct, questions), 1, correct, questions)
    shares = [float(share) for share in at.correct / at.questions]
    low, high = mean_interval(shares, int(at.questions.min()), same_questions=same_questions)
    return sum(shares) / len(shares), low, high, len(at), correct, questions
