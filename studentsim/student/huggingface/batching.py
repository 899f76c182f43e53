"""What goes through a model together. No torch here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

TOKEN_BUDGET_FACTOR = 2
"""How many times as long as the memory's plan reckons with (``sizes.TYPICAL_PROMPT_TOKENS``) the rows of a batch may be before it gets fewer."""


def iter_batches(rows: Sequence[T], batch_size: int) -> Iterator[Sequence[T]]:
    """The rows in their order, ``batch_size`` at a time."""
    for start in range(0, len(rows), batch_size):
        yield rows[start : start + batch_size]


def iter_batches_by_tokens(
    rows: Sequence[T], lengths: Sequence[int], *, batch_size: int, max_tokens: int
) -> Iterator[Sequence[T]]:
    """The rows in their order, at most ``batch_size`` at a time, and fewer where as many as long as the longest would be more than ``max_tokens``
    tokens, though at least one. ``lengths`` are tokens, shortest first.

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
