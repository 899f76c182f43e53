"""The source paper's four published curves, with the intervals that 40 questions leave them. The figures lie in paper.csv."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pandas as pd

from studentsim.exam import wilson_interval

PAPER_TITLE = "Student Learning Simulation Using Large Language Model"
CURVES_SOURCE = f"“{PAPER_TITLE}”, its line graph of the four ways of choosing (exam accuracy after every second turn)"
EXAM_QUESTIONS = 40
"""In each of the paper's exams."""


@lru_cache(maxsize=1)
def load_published_curves() -> pd.DataFrame:
    """``strategy, turn, accuracy, correct, questions, low, high`` (Wilson, 95 %), by strategy and turn. Do not change it."""
    frame = pd.read_csv(Path(__file__).with_name("paper.csv"), comment="#")
    frame["accuracy"] = frame.accuracy_percent / 100
    frame["correct"] = (frame.accuracy * EXAM_QUESTIONS).round().astype(int)
    frame["questions"] = EXAM_QUESTIONS
    bounds = [wilson_interval(correct, EXAM_QUESTIONS) for correct in frame.correct]
    frame["low"], frame["high"] = [low for low, _ in bounds], [high for _, high in bounds]
    return frame[["strategy", "turn", "accuracy", "correct", "questions", "low", "high"]]


def published_intervals_overlap() -> bool:
    """Whether at no lesson any two of the published intervals lie apart: then nothing in them tells the ways apart."""
    by_turn = load_published_curves().groupby("turn")
    return bool((by_turn.low.max() <= by_turn.high.min()).all())
