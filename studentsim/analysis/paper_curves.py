"""The source paper's four published exam curves (``paper_curves.csv``), with the intervals for its 40 exam questions."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pandas as pd

from studentsim.analysis.accuracy_bounds import add_wilson_bounds

PAPER_TITLE = "Student Learning Simulation Using Large Language Model"
CURVES_SOURCE = f"“{PAPER_TITLE}”, its line graph of the four ways of choosing (exam accuracy after every second turn)"
EXAM_QUESTIONS = 40
"""Questions in each of the paper's exams."""


@lru_cache(maxsize=1)
def load_published_curves() -> pd.DataFrame:
    """``strategy, turn, accuracy, correct, questions, ci_low, ci_high`` (Wilson, 95 %), by strategy and turn. Cached: do not modify."""
    frame = pd.read_csv(Path(__file__).with_name("paper_curves.csv"), comment="#")
    frame["accuracy"] = frame.accuracy_percent / 100
    frame["correct"] = (frame.accuracy * EXAM_QUESTIONS).round().astype(int)
    frame["questions"] = EXAM_QUESTIONS
    return add_wilson_bounds(frame, "correct", "questions")[
        ["strategy", "turn", "accuracy", "correct", "questions", "ci_low", "ci_high"]
    ]


def published_intervals_overlap() -> bool:
    """Whether the published intervals of all strategies overlap at every turn: then they show no difference."""
    by_turn = load_published_curves().groupby("turn")
    return bool((by_turn.ci_low.max() <= by_turn.ci_high.min()).all())
