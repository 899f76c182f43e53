"""A thread pool for independent pieces of work, such as a batch of answers or half a training step.

torch splits a single operation among cores. Most operations of the embedded student are too short for that: the second core
was idle half of the time (docs/log.md). Whole pieces in parallel avoid it; threads suffice, since torch releases the GIL.
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
"""More threads do not pay: Python's own part of the work runs one thread at a time."""


def available_cores() -> int:
    """Threads that this process may compute with: ``OMP_NUM_THREADS``, else the processors in its affinity mask."""
    requested = os.environ.get("OMP_NUM_THREADS", "")
    if requested.isdecimal() and int(requested) > 0:  # whoever sets it knows what else is running
        return int(requested)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parallel_map(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Like ``map``, with several items at once: yields the results in the items' order, each as soon as it is there.

    An error in ``function`` is raised here. A caller that stops early does not wait for items that have not begun.
    """
    items = list(items)
    if len(items) < 2 or (threads := min(MAX_THREADS, available_cores())) < 2:
        yield from map(function, items)
    else:
        yield from _thread_pool(threads).map(function, items)


@lru_cache(maxsize=1)
def _thread_pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="piece")
