"""Several cores for work that comes in pieces: a thread for each core, a piece for each thread.

torch shares a single operation out among cores. For a model as small as the embedded student most operations are too short for
that: half of the second core's time went by in waiting (docs/log.md). Whole pieces, a batch of answers or half a training step,
leave nothing to wait for. torch lets go of Python's lock while it computes, so threads do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

MAX_THREADS = 4
"""Threads that pay: Python's own part of the work goes on one at a time."""


def available_cores() -> int:
    """Threads this process may compute with: what ``OMP_NUM_THREADS`` says, else the processors that are free to it."""
    requested = os.environ.get("OMP_NUM_THREADS", "")
    if requested.isdecimal() and int(requested) > 0:  # who sets it knows what else is at work
        return int(requested)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parallel_map(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """``function`` done on each of the items, several at once; what it gives, in their order, as soon as it is there.

    An error in ``function`` is raised here. Who stops early waits for no piece that has not begun.
    """
    items = list(items)
    if len(items) < 2 or (threads := min(MAX_THREADS, available_cores())) < 2:
        yield from map(function, items)
    else:
        yield from _thread_pool(threads).map(function, items)


@lru_cache(maxsize=1)
def _thread_pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="piece")
