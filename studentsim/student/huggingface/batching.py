"""Batches of rows that go through a model together. No torch here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

TOKEN_BUDGET_FACTOR = 2
"""Rows may be this many times as long as the memory plan assumes (``memory.TYPICAL_PROMPT_TOKENS``) before a batch gets fewer of them."""


def iter_batches(rows: Sequence[T], batch_size: int) -> Iterator[Sequence[T]]:
    """The rows in order, ``batch_size`` at a time; the last batch may be smaller."""
    for start in range(0, len(rows), batch_size):
        yield rows[start : start + batch_size]


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
