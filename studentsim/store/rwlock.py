"""A readers-writer lock: the database is reopened by one thread while no page reads it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from studentsim.errors import StoreError


class ReadWriteLock:
    """Many readers at once, or one writer. Readers that keep coming can delay a writer until its timeout."""

    WRITE_TIMEOUT_SECONDS = 60.0
    """Seconds that ``write`` waits for readers."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._readers = 0
        self._is_writing = False

    @contextmanager
    def read(self) -> Iterator[None]:
        """Holds the lock for reading; waits while a writer holds it."""
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
        """Holds the lock alone.

        :raises StoreError: readers still held it after ``WRITE_TIMEOUT_SECONDS``.
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
