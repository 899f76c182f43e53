"""Splitting rows into batches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def iter_batches(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Batches of ``size`` rows; the last may be smaller."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def iter_even_batches(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """An even number of batches of nearly equal size, at most ``size``, so that two cores finish together.

    >>> [len(batch) for batch in iter_even_batches(range(40), 12)]
    [10, 10, 10, 10]
    """
    batch_count = min(len(rows), 2 * math.ceil(len(rows) / (2 * size)))
    for k in range(batch_count):
        yield rows[k * len(rows) // batch_count : (k + 1) * len(rows) // batch_count]
