"""A gate that lets many threads through at once, or one alone: for opening the database again while pages use it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from studentsim.errors import StoreError


class ReadWriteLock:
    """Many threads may be through at once; ``write`` waits until none is, and keeps the others out meanwhile."""

    WRITE_TIMEOUT_SECONDS = 60.0
    """Seconds that ``write`` waits before it gives up."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._readers = 0
        self._is_writing = False

    @contextmanager
    def read(self) -> Iterator[None]:
        """Be one of many inside; waits while somebody is alone."""
        with self._condition:
            self._condition.wait_for(lambda: not self._is_writing)
            self._readers += 1
        try:
            yield
        finally:
            with self._condition:
                self._readers -= 1
                self._condition.notify_all()

    @contextmanager
    def write(self) -> Iterator[None]:
        """Be inside with nobody else.

        :raises StoreError: the others have not left in time.
        """
        with self._condition:
            if not self._condition.wait_for(
                lambda: not self._readers and not self._is_writing, self.WRITE_TIMEOUT_SECONDS
            ):
                raise StoreError("The database has to be opened again but is still in use.", "Reload the page.")
            self._is_writing = True
        try:
            yield
        finally:
            with self._condition:
                self._is_writing = False
                self._condition.notify_all()
