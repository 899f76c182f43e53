"""Frames for the charts of Compare: one row a group and turn (or category), with a 95 % interval. No streamlit here.

A group of one run has the Wilson interval over its questions; of several, the mean and its interval over questions and runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from studentsim.analysis.intervals import mean_interval
from studentsim.analysis.run_groups import RunGroup
from studentsim.exam import wilson_interval

MEAN_COLUMNS = ["label", "strategy", "variant", "turn", "accuracy", "ci_low", "ci_high", "runs", "correct", "questions"]
RUN_COLUMNS = ["label", "group", "strategy", "variant", "turn", "accuracy", "ci_low", "ci_high", "correct", "questions"]


def group_means_frame(
    groups: Sequence[RunGroup], results: pd.DataFrame, *, same_questions: bool = True
) -> pd.DataFrame:
    """``label, strategy, variant, turn, accuracy, ci_low, ci_high, runs, correct, questions`` of each group, by group and turn.

    ``results``: ``run_id, turn, correct, questions``. ``runs`` counts those that have reached the turn; ``correct`` and
    ``questions`` are summed over them. ``same_questions``: whether a group's runs were asked the same ones (in exams).
    """
    rows = []
    for group in groups:
        ids = group.run_ids
        for turn, turn_results in results[results.run_id.isin(ids)].groupby("turn"):
            mean = _mean_with_interval(turn_results, same_questions)
            rows.append((group.label, group.strategy, group.variant, int(turn), *mean))
    return pd.DataFrame(rows, columns=MEAN_COLUMNS)


def run_accuracies_frame(groups: Sequence[RunGroup], results: pd.DataFrame) -> pd.DataFrame:
    """``label, group, strategy, variant, turn, accuracy, ci_low, ci_high, correct, questions`` of each run, by group and turn."""
    rows = []
    for group in groups:
        for run in group.runs:
            for row in results[results.run_id == run.run_id].itertuples():
                correct, questions = int(row.correct), int(row.questions)
                figures = (correct / questions, *wilson_interval(correct, questions), correct, questions)
                rows.append((run.label, group.label, group.strategy, group.variant, int(row.turn), *figures))
    return pd.DataFrame(rows, columns=RUN_COLUMNS)


def category_means_frame(groups: Sequence[RunGroup], results: pd.DataFrame) -> pd.DataFrame:
    """``category, label, strategy, variant, accuracy, ci_low, ci_high, runs, correct, questions`` of one exam, by category.

    ``results``: ``run_id, category, correct, questions``; categories keep their order there.
    """
    rows = []
    for category in results.category.drop_duplicates():
        for group in groups:
            ids = group.run_ids
            group_results = results[(results.category == category) & results.run_id.isin(ids)]
            if len(group_results):
                mean = _mean_with_interval(group_results, True)
                rows.append((category, group.label, group.strategy, group.variant, *mean))
    return pd.DataFrame(rows, columns=["category", *(c for c in MEAN_COLUMNS if c != "turn")])


def _mean_with_interval(results: pd.DataFrame, same_questions: bool) -> tuple[float, float, float, int, int, int]:
    """``accuracy, ci_low, ci_high, runs, correct, questions`` of one row a run."""
    correct, questions = int(results.correct.sum()), int(results.questions.sum())
    if len(results) == 1:
        return (correct / questions, *wilson_interval(correct, questions), 1, correct, questions)
    accuracies = [float(share) for share in results.correct / results.questions]
    low, high = mean_interval(accuracies, int(results.questions.min()), same_questions=same_questions)
    return sum(accuracies) / len(accuracies), low, high, len(results), correct, questions
