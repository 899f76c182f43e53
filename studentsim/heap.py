"""How a process with a language model asks the system for memory, so that it does not keep what it no longer needs."""

from __future__ import annotations

import contextlib
import ctypes

LARGE = 2**20
"""Bytes: what is as large is given back when it is freed, and leaves no holes."""
_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3
"""glibc's names for the number of heaps, and for the size from which on memory is asked of the system each time (malloc.h)."""


def share_one_heap() -> None:
    """Let all threads allocate from one heap, and give large pieces back at once. Elsewhere than with glibc nothing happens.

    glibc gives each thread a heap of its own, where what was freed in one serves no other, and comes to hold pieces of up to 32 MB in
    them: a run with a language model so came to keep 6 GB, of which it used 2 (docs/log.md). To be called before there are threads:
    glibc settles the number of heaps when the second one asks.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE)


def give_back() -> None:
    """Give what is free in any heap back to the system, at the end of work that needed much. Takes some hundredths of a second."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
