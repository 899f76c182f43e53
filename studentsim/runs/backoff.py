"""When to try again what failed for a run, such as starting it on a full disk: ever later, and for each run by itself."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_RETRY_SECONDS = 2.0
"""Seconds from the first failure to the second attempt; each further wait is twice as long."""
MAX_RETRY_SECONDS = 60.0
"""Longest wait between two attempts."""


@dataclass(frozen=True)
class Wait:
    """Why a run waits, in words, and until when (monotonic seconds); ``attempts`` have failed so far."""

    message: str
    remedy: str
    until: float
    attempts: int = 1


class Backoff:
    """The waits of one data folder's runs, by id; in memory alone, since a new process may try at once."""

    def __init__(self) -> None:
        self._waits: dict[str, Wait] = {}

    def get_wait(self, run_id: str) -> Wait | None:
        """Why a run waits; None: nothing failed for it since it was last forgotten."""
        return self._waits.get(run_id)

    def is_due(self, run_id: str, now: float) -> bool:
        """Whether the next attempt may be made."""
        wait = self._waits.get(run_id)
        return wait is None or now >= wait.until

    def postpone(self, run_id: str, message: str, remedy: str, now: float) -> Wait:
        """Remember that an attempt failed; returns the wait."""
        attempts = self._waits[run_id].attempts + 1 if run_id in self._waits else 1
        wait = Wait(message, remedy, now + retry_seconds(attempts), attempts)
        self._waits[run_id] = wait
        return wait

    def forget(self, run_id: str) -> None:
        """An attempt succeeded, or the user did something about the run: the next one is made at once."""
        self._waits.pop(run_id, None)


def retry_seconds(attempts: int) -> float:
    """Seconds to wait after so many failed attempts.

    >>> [retry_seconds(attempts) for attempts in (1, 2, 3, 5, 6, 5000)]
    [2.0, 4.0, 8.0, 32.0, 60.0, 60.0]
    """
    doublings = min(attempts - 1, 30)
    return min(MAX_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2**doublings)
