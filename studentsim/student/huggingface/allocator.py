"""Memory allocation settings for a process with a language model, so that it returns freed memory to the system."""

from __future__ import annotations

import contextlib
import ctypes
import os

LARGE_ALLOCATION_BYTES = 2**20
"""Allocations of at least so many bytes are mapped from the system one by one, and returned when they are freed."""
KERNEL_CACHE_SIZES = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256", "LRU_CACHE_CAPACITY": "16"}
"""Compiled matrix products (one for each shape) that are cached by oneDNN and by PyTorch's layer above it (ideep). Their default: 1024."""
HUGE_PAGES_VARIABLE = "THP_MEM_ALLOC_ENABLE"
"""PyTorch's switch for 2 MB pages under tensors of at least that size. No effect where Linux offers none."""
_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3
"""glibc's ``mallopt`` parameters: the number of heaps, and the size from which on allocations are mapped (malloc.h)."""


def configure_allocator() -> None:
    """One heap for all threads, large allocations mapped in 2 MB pages and returned when freed, smaller kernel caches.

    Call it before there are threads and before anything is computed. Without glibc the heap stays as it is.

    glibc gives each thread a heap of its own, whose freed memory no other thread can use: a run with a language model held 6 GB and used
    2 (docs/log.md). It fixes the number of heaps when the second thread allocates. A product is compiled for each new shape, and texts
    without padding have new shapes in every turn: cached, they took up to a gigabyte, and looking them up more time than it saved. Newly
    mapped memory costs a page fault a page: with pages of 2 MB a training step takes a sixth less time.
    """
    for name, value in {**KERNEL_CACHE_SIZES, HUGE_PAGES_VARIABLE: "1"}.items():
        os.environ.setdefault(name, value)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_ALLOCATION_BYTES)


def release_free_memory() -> None:
    """Return free heap memory to the system, after work that needed much. Takes some hundredths of a second."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
