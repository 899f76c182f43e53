"""A gate that lets many threads through at once, or one alone: for opening the database again while pages use it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from studentsim.errors import StoreError


class Gate:
    """Many threads may be through at once; ``alone`` waits until none is, and keeps the others out meanwhile."""

    PATIENCE = 60.0
    """Seconds that ``alone`` waits before it gives up."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._through = 0
        self._closed = False

    @contextmanager
    def through(self) -> Iterator[None]:
        """Be one of many inside; waits while somebody is alone."""
        with self._condition:
            self._condition.wait_for(lambda: not self._closed)
            self._through += 1
        try:
            yield
        finally:
            with self._condition:
                self._through -= 1
                self._condition.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be inside with nobody else.

        :raises StoreError: the others have not left in time.
        """
        with self._condition:
            if not self._condition.wait_for(lambda: not self._through and not self._closed, self.PATIENCE):
                raise StoreError("The database has to be opened again but is still in use.", "Reload the page.")
            self._closed = True
        try:
            yield
        finally:
            with self._condition:
                self._closed = False
                self._condition.notify_all()
