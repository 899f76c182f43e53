"""How a process with a language model asks the system for memory, so that it does not keep what it no longer needs."""

from __future__ import annotations

import contextlib
import ctypes
import os

LARGE_ALLOCATION_BYTES = 2**20
"""Bytes: what is as large is given back when it is freed, and leaves no holes."""
KERNEL_CACHE_SIZES = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256", "LRU_CACHE_CAPACITY": "16"}
"""Products of different shapes that are kept compiled, by oneDNN and by PyTorch's layer above it (ideep); both keep 1024 of themselves."""
HUGE_PAGES_VARIABLE = "THP_MEM_ALLOC_ENABLE"
"""PyTorch's name for asking Linux for pages of 2 MB under tensors that are as large; nothing changes where the system has none to give."""
_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3
"""glibc's names for the number of heaps, and for the size from which on memory is asked of the system each time (malloc.h)."""


def configure_allocator() -> None:
    """Let all threads allocate from one heap, give large pieces back at once in large pages, and keep fewer compiled products. To be
    called before there are threads and before anything is computed. Elsewhere than with glibc the heap stays as it is.

    glibc gives each thread a heap of its own, where what was freed in one serves no other, and comes to hold pieces of up to 32 MB in
    them: a run with a language model so came to keep 6 GB, of which it used 2 (docs/log.md). It settles the number of heaps when the second
    thread asks. A product is compiled for each new shape, and texts without padding are of new shapes in every lesson: those that were
    kept took up to a gigabyte, and their search more time than it saved. Pieces asked of the system anew are empty pages, each of which
    costs a fault: with pages of 2 MB a training step takes a sixth less time.
    """
    for name, value in {**KERNEL_CACHE_SIZES, HUGE_PAGES_VARIABLE: "1"}.items():
        os.environ.setdefault(name, value)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_ALLOCATION_BYTES)


def release_free_memory() -> None:
    """Give what is free in any heap back to the system, at the end of work that needed much. Takes some hundredths of a second."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
