"""A lock on an open file that is waited for two seconds at most: a stopped process may hold it.

It only makes rare what must be right without it, so that neither a stopped process nor a file system without locks blocks anybody.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

try:
    import fcntl
except ImportError:  # Windows: who writes is decided by the lease and the epoch alone
    fcntl = None  # type: ignore[assignment]

LOCK_TIMEOUT_SECONDS = 2.0
_POLL_SECONDS = 0.005


class FileLock:
    """The lock of an open file descriptor. After it was waited for in vain once, it is only tried."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._timeout = LOCK_TIMEOUT_SECONDS

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the lock, or go on without it after ``LOCK_TIMEOUT_SECONDS``."""
        is_locked = self._acquire()
        try:
            yield
        finally:
            if is_locked:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _acquire(self) -> bool:
        if fcntl is None:
            return False
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    self._timeout = 0.0
                    return False
                time.sleep(_POLL_SECONDS)
            except OSError:  # a file system without locks
                return False
