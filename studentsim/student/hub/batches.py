"""What goes through a model together. No torch here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

LONGER = 2
"""How many times as long as the memory's plan reckons with (``sizes.PROMPT``) the rows of a batch may be before it gets fewer."""


def batches(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The rows in their order, ``size`` at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def batches_in_room(rows: Sequence[T], lengths: Sequence[int], *, size: int, room: int) -> Iterator[Sequence[T]]:
    """The rows in their order, at most ``size`` at a time, and fewer where as many as long as the longest would be more than ``room``
    tokens, though at least one. ``lengths`` are tokens, shortest first.

    >>> [len(batch) for batch in batches_in_room("abcdef", (1, 1, 1, 4, 4, 9), size=3, room=8)]
    [3, 2, 1]
    """
    start = 0
    while start < len(rows):
        stop = start + 1
        while stop < len(rows) and stop - start < size and (stop - start + 1) * lengths[stop] <= room:
            stop += 1
        yield rows[start:stop]
        start = stop
