"""The answer being written: one small file in the run's folder, overwritten as the answer grows.

    <data>/runs/<run>/writing.json   {"turn", "phase", "question_id", "problem", "text", "tokens", "done", "of", "seconds"}

It is only for display during a turn: not part of the journal, not synced to the disk, and removed when the next stage begins and
when the run pauses or ends. A file that cannot be written (full disk, read-only folder) stops no run.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from studentsim.files import write_atomically
from studentsim.runs.run_dir import RunFolder
from studentsim.types import WritingProgress

FILE_NAME = "writing.json"
WRITE_INTERVAL_SECONDS = 0.5
"""Seconds between two writes, at least."""
MAX_FILE_BYTES = 4096
MAX_PROBLEM_CHARS = 1000
"""Characters of the question that are stored; of the answer, as much of its end as fits."""
STALE_AFTER_SECONDS = 30.0
"""Seconds after which the file is ignored: its writer has ended, or hangs."""
_FIELD_TYPES: dict[str, type | tuple[type, ...]] = {
    "turn": int, "phase": str, "question_id": str, "problem": str, "text": str, "tokens": int, "done": int, "of": int,
    "seconds": (int, float),
}  # fmt: skip


class LiveText:
    """Writes the file; ``read`` reads it."""

    def __init__(self, folder: RunFolder | Path) -> None:
        self.path = _file_path(folder)
        self.turn, self.phase = 0, "loading"
        self._next_write_at = 0.0

    def begin_stage(self, turn: int, phase: str) -> None:
        """Begin a stage, such as ``study``, and remove the last one's text. Writes."""
        self.turn, self.phase, self._next_write_at = turn, phase, 0.0
        self.remove()

    def update(self, writing: WritingProgress) -> None:
        """Show how far an answer has come. Writes, at most every half second; raises no ``OSError``."""
        now = time.monotonic()
        if now < self._next_write_at:
            return
        self._next_write_at = now + WRITE_INTERVAL_SECONDS
        with contextlib.suppress(OSError):
            write_atomically(self.path, _encode_payload({"turn": self.turn, "phase": self.phase, **asdict(writing)}))

    def remove(self) -> None:
        """Remove the file, since no answer is being written. Writes; raises no ``OSError``."""
        with contextlib.suppress(OSError):
            for path in (self.path, *self.path.parent.glob(f".{FILE_NAME}-*")):
                path.unlink(missing_ok=True)

    @staticmethod
    def read(folder: RunFolder | Path) -> dict[str, Any] | None:
        """The answer being written in a run; None if there is none, or the file is damaged or stale."""
        try:
            with _file_path(folder).open("rb") as file:
                age = time.time() - os.fstat(file.fileno()).st_mtime
                data = file.read(MAX_FILE_BYTES + 1)
            payload = json.loads(data) if abs(age) <= STALE_AFTER_SECONDS and len(data) <= MAX_FILE_BYTES else None
        except (OSError, ValueError, RecursionError):
            return None
        is_valid = isinstance(payload, dict) and all(
            isinstance(payload.get(key), kind) and not isinstance(payload.get(key), bool)
            for key, kind in _FIELD_TYPES.items()
        )
        return {key: payload[key] for key in _FIELD_TYPES} if is_valid else None


def _file_path(folder: RunFolder | Path) -> Path:
    return (folder.path if isinstance(folder, RunFolder) else folder) / FILE_NAME


def _encode_payload(payload: dict[str, Any]) -> bytes:
    """JSON of at most ``MAX_FILE_BYTES``; the longer of question and answer loses its end or its beginning until it fits."""
    payload = {**payload, "problem": payload["problem"][:MAX_PROBLEM_CHARS]}
    while len(data := json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace")) > MAX_FILE_BYTES:
        longest_field = "problem" if len(payload["problem"]) > len(payload["text"]) else "text"
        excess = 1 + len(payload[longest_field]) // 8
        payload[longest_field] = (
            payload[longest_field][excess:] if longest_field == "text" else payload[longest_field][:-excess]
        )
    return data
