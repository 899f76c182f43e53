"""The answer that is being written now: one small file in the run's folder, overwritten as the answer grows.

    <data>/runs/<run>/writing.json   {"turn", "phase", "question_id", "problem", "text", "tokens", "done", "of", "seconds"}

It is there to be looked at while a lesson takes a minute, and for nothing else: it is no part of the journal, is not brought to
the disk by force, and is gone when the next stage begins and when the run pauses or ends. That it cannot be written (full disk,
read-only folder) stops no run.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from studentsim.records import Writing
from studentsim.runs.folder import RunFolder

__all__ = ["LiveText", "Writing"]

NAME = "writing.json"
EVERY = 0.5
"""Seconds from one writing of the file to the next, at least."""
MAX_BYTES = 4096
MAX_PROBLEM = 1000
"""Characters of the question that are kept; of the answer, as much of its end as has room."""
STALE_AFTER = 30.0
"""Seconds after which the file tells of nothing any more: whoever wrote it is gone, or hangs."""
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "turn": int, "phase": str, "question_id": str, "problem": str, "text": str, "tokens": int, "done": int, "of": int,
    "seconds": (int, float),
}  # fmt: skip


class LiveText:
    """The writer, and with ``read`` the reader."""

    def __init__(self, folder: RunFolder | Path) -> None:
        self.path = _path(folder)
        self.turn, self.phase = 0, "loading"
        self._next = 0.0

    def begin(self, turn: int, phase: str) -> None:
        """A stage begins, such as ``study``: what was written in the one before is no more looked at. Writes."""
        self.turn, self.phase, self._next = turn, phase, 0.0
        self.remove()

    def show(self, writing: Writing) -> None:
        """Take note of how far an answer has come. Writes, at most every half second; never raises for the disk's sake."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + EVERY
        new = self.path.with_name(f".{NAME}-{os.getpid()}")
        try:
            new.write_bytes(_encoded({"turn": self.turn, "phase": self.phase, **asdict(writing)}))
            os.replace(new, self.path)  # a reader finds the old text or the new, never a part
        except OSError:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)

    def remove(self) -> None:
        """Nothing is being written any more. Writes; never raises for the disk's sake."""
        with contextlib.suppress(OSError):
            for path in (self.path, *self.path.parent.glob(f".{NAME}-*")):
                path.unlink(missing_ok=True)

    @staticmethod
    def read(folder: RunFolder | Path) -> dict[str, Any] | None:
        """What is being written in a run now; None where nothing is, or the file is damaged or older than half a minute."""
        try:
            with _path(folder).open("rb") as file:
                age = time.time() - os.fstat(file.fileno()).st_mtime
                data = file.read(MAX_BYTES + 1)
            found = json.loads(data) if abs(age) <= STALE_AFTER and len(data) <= MAX_BYTES else None
        except (OSError, ValueError, RecursionError):
            return None
        sound = isinstance(found, dict) and all(
            isinstance(found.get(key), kind) and not isinstance(found.get(key), bool) for key, kind in _FIELDS.items()
        )
        return {key: found[key] for key in _FIELDS} if sound else None


def _path(folder: RunFolder | Path) -> Path:
    return (folder.path if isinstance(folder, RunFolder) else folder) / NAME


def _encoded(told: dict[str, Any]) -> bytes:
    """As JSON of at most ``MAX_BYTES``: what is too long loses the end of the question, then the beginning of the answer."""
    told = {**told, "problem": told["problem"][:MAX_PROBLEM]}
    while len(data := json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")) > MAX_BYTES:
        longer = "problem" if len(told["problem"]) > len(told["text"]) else "text"
        cut = 1 + len(told[longer]) // 8
        told[longer] = told[longer][cut:] if longer == "text" else told[longer][:-cut]
    return data
