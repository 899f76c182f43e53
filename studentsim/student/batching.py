"""Batches of rows that go through a model together. No torch here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

TOKEN_BUDGET_FACTOR = 2
"""Rows may be this many times as long as the memory plan assumes (``memory.TYPICAL_PROMPT_TOKENS``) before a batch gets fewer of them."""


def iter_batches(rows: Sequence[T], batch_size: int) -> Iterator[Sequence[T]]:
    """The rows in order, ``batch_size`` at a time; the last batch may be smaller."""
    for start in range(0, len(rows), batch_size):
        yield rows[start : start + batch_size]


def iter_even_batches(rows: Sequence[T], batch_size: int) -> Iterator[Sequence[T]]:
    """An even number of batches of nearly equal size, at most ``batch_size``, so that two cores finish together.

    >>> [len(batch) for batch in iter_even_batches(range(40), 12)]
    [10, 10, 10, 10]
    """
    batch_count = min(len(rows), 2 * math.ceil(len(rows) / (2 * batch_size)))
    for k in range(batch_count):
        yield rows[k * len(rows) // batch_count : (k + 1) * len(rows) // batch_count]


def iter_batches_by_tokens(
    rows: Sequence[T], lengths: Sequence[int], *, batch_size: int, max_tokens: int
) -> Iterator[Sequence[T]]:
    """The rows in order, at most ``batch_size`` at a time (at least one), and at most ``max_tokens`` tokens when padded to the longest.

    ``lengths``: each row's tokens, in ascending order.

    >>> [len(batch) for batch in iter_batches_by_tokens("abcdef", (1, 1, 1, 4, 4, 9), batch_size=3, max_tokens=8)]
    [3, 2, 1]
    """
    start = 0
    while start < len(rows):
        stop = start + 1
        while stop < len(rows) and stop - start < batch_size and (stop - start + 1) * lengths[stop] <= max_tokens:
            stop += 1
        yield rows[start:stop]
        start = stop


def common_prefix_length(*rows: Sequence[int]) -> int:
    """The number of equal ids at the beginning of all rows.

    >>> common_prefix_length([1, 2, 3], [1, 2, 4, 5], [1, 2])
    2
    """
    for position, ids in enumerate(zip(*rows, strict=False)):
        if len(set(ids)) > 1:
            return position
    return min(map(len, rows), default=0)
