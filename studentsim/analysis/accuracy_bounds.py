"""Shares with the bounds that so few answers leave: one rule for all frames, and from how many answers on a share says something."""

from __future__ import annotations

import pandas as pd

from studentsim.exam import wilson_interval

MIN_RELIABLE_ANSWERS = 10
"""A share of fewer answers than this says little: pages draw it pale and hatched."""


def has_hatched_cells(frame: pd.DataFrame) -> bool:
    """Whether any cell is hatched: a note on the hatching has its place only then."""
    return bool(((frame.questions > 0) & (frame.questions < MIN_RELIABLE_ANSWERS)).any())


def add_wilson_bounds(frame: pd.DataFrame, count_column: str, total_column: str) -> pd.DataFrame:
    """The frame with ``share, low, high`` of ``count_column`` in ``total_column``."""
    bounds = [wilson_interval(int(k), int(n)) for k, n in zip(frame[count_column], frame[total_column], strict=True)]
    return frame.assign(
        share=frame[count_column] / frame[total_column],
        low=[low for low, _ in bounds],
        high=[high for _, high in bounds],
    )
