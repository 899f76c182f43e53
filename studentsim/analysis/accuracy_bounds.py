"""Shares in frames with their 95 % intervals, and the number of answers from which a share is reliable."""

from __future__ import annotations

import pandas as pd

from studentsim.exam import wilson_interval

MIN_RELIABLE_ANSWERS = 10
"""A share of fewer answers is unreliable: pages draw it pale and hatched."""


def has_hatched_cells(frame: pd.DataFrame) -> bool:
    """Whether any cell (a row with ``questions``) is hatched, and so the hatching needs a note."""
    return bool(((frame.questions > 0) & (frame.questions < MIN_RELIABLE_ANSWERS)).any())


def add_wilson_bounds(
    frame: pd.DataFrame, count_column: str, total_column: str, *, share_column: str = "share"
) -> pd.DataFrame:
    """The frame with ``share, ci_low, ci_high`` of ``count_column`` in ``total_column``: fractions 0 to 1, 95 % (Wilson)."""
    bounds = [wilson_interval(int(k), int(n)) for k, n in zip(frame[count_column], frame[total_column], strict=True)]
    share = frame[count_column] / frame[total_column]
    return frame.assign(
        **{share_column: share}, ci_low=[low for low, _ in bounds], ci_high=[high for _, high in bounds]
    )
