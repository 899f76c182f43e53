"""The journal: a run's events, one JSON object a line, only ever added to. It is the truth about a run.

A line holds an event's fields, its ``type``, its ``seq`` (0, 1, 2 …) and ``at`` (seconds since 1970). A line is whole
or it does not count: whoever dies while writing leaves a half line at the end, which readers pass over and the next
writer cuts off.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from studentsim.errors import JournalError
from studentsim.records import Event

NAME = "events.jsonl"
"""A journal's file name within its run's folder."""
CHUNK = 8 * 2**20
"""Bytes that ``tail`` reads at most at a time, unless a single line is longer."""


class Journal:
    """The writer of one journal; there must be one at a time. Lines go to the file at once, to the disk by ``sync``."""

    def __init__(self, path: str | Path) -> None:
        """Opens the journal, or makes it. Writes: a half-written last line is cut off.

        :raises JournalError: the file cannot be opened.
        """
        self.path = Path(path)
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        except OSError as error:
            raise JournalError(f"{self.path} cannot be opened: {error.strerror}.", _remedy(error)) from error
        self._end, self.next_seq = _sound_end(self.path)
        self._torn = os.fstat(self._file).st_size != self._end
        self._mend()

    def append(self, event: Event) -> int:
        """Adds one event and returns its seq. Writes. After a failure nothing of the event is left in the file.

        :raises JournalError: it cannot be written (disk full, say); the same journal may be tried again.
        """
        line = json.dumps({**event.to_json(), "seq": self.next_seq, "at": time.time()}, separators=(",", ":"))
        data = line.encode("ascii") + b"\n"
        self._mend()
        self._end, self._torn = os.fstat(self._file).st_size, True
        try:
            _write(self._file, data)
        except OSError as error:
            self._mend(quiet=True)
            raise JournalError(f"{self.path} cannot be written: {error.strerror}.", _remedy(error)) from error
        self._torn = False
        self.next_seq += 1
        return self.next_seq - 1

    def sync(self) -> None:
        """Waits until all that was appended is on the disk.

        :raises JournalError: it cannot be brought there.
        """
        try:
            os.fsync(self._file)
        except OSError as error:
            raise JournalError(f"{self.path} cannot be written: {error.strerror}.", _remedy(error)) from error

    def close(self) -> None:
        """Syncs and closes. Closing twice is no error."""
        if self._file >= 0:
            try:
                self.sync()
            finally:
                os.close(self._file)
                self._file = -1

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _mend(self, quiet: bool = False) -> None:
        """Cuts off what a failed write left behind, so that no half line is ever continued."""
        if not self._torn:
            return
        try:
            os.ftruncate(self._file, self._end)
            self._torn = False
        except OSError as error:
            if not quiet:
                raise JournalError(f"{self.path} cannot be written: {error.strerror}.", _remedy(error)) from error


def read_events(path: str | Path) -> list[dict[str, Any]]:
    """All events of a journal, in order; a half-written last line is passed over.

    :raises JournalError: the file cannot be read, or a line before the last is damaged.
    """
    data = _read(Path(path), 0, None)
    events, end = _parse(data)
    if b"\n" in data[end:]:  # judged on what was read: a line that was half-written then may be whole by now
        _refuse_damage(Path(path), end)
    return events


def tail(path: str | Path, offset: int, *, limit: int = CHUNK) -> tuple[list[dict[str, Any]], int]:
    """The complete lines from byte ``offset`` on, about ``limit`` bytes of them, and the offset to go on from.

    No events means that there are none yet. Events before a damaged line are returned; the next call then raises.

    :raises JournalError: the file cannot be read, or the next line is damaged and others follow it.
    """
    path = Path(path)
    data = _read(path, offset, limit)
    while len(data) == limit and b"\n" not in data:
        limit *= 4
        data = _read(path, offset, limit)
    events, end = _parse(data)
    if not events and b"\n" in data:
        _refuse_damage(path, offset)
    return events, offset + end


def standing(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events that count: a ``Resumed`` makes void all earlier ones of later turns; a seq counts only once.

    ``RunStarted`` always stands, for it tells what the run is.
    """
    kept: list[dict[str, Any]] = []
    last = -1
    for event in events:
        if event["seq"] <= last:
            continue
        last = event["seq"]
        if event["type"] == "Resumed":
            kept = [e for e in kept if e["turn"] <= event["turn"] or e["type"] == "RunStarted"]
        kept.append(event)
    return kept


def _parse(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """The events of the sound lines at the beginning of ``data``, and the byte where they end."""
    events: list[dict[str, Any]] = []
    begin = 0
    while (end := data.find(b"\n", begin)) >= 0:
        event = _event(data[begin:end])
        if event is None:
            break
        events.append(event)
        begin = end + 1
    return events, begin


def _event(line: bytes) -> dict[str, Any] | None:
    """The event that a line tells of; None if the line is damaged."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(event, dict) and isinstance(event.get("type"), str)
    whole = whole and all(type(event.get(key)) is int for key in ("seq", "turn"))
    return event if whole and isinstance(event.get("at"), int | float) else None


def _refuse_damage(path: Path, offset: int) -> None:
    """Raises if the damaged line at ``offset`` is not merely the last one, which a writer may have left half done."""
    data = _read(path, offset, None)
    if data.count(b"\n") < 2:
        return
    number = _read(path, 0, offset).count(b"\n") + 1
    raise JournalError(
        f"Line {number} of {path} is damaged: {data[:40]!r}.",
        "Restore the file from a backup, or delete the run. What stands before that line is still shown.",
    )


def _sound_end(path: Path) -> tuple[int, int]:
    """Where the last sound line ends, and the seq that follows it. Only the last whole line may be unsound."""
    data = _read(path, 0, None)
    end = data.rfind(b"\n") + 1
    for _ in range(2):
        if end == 0:
            return 0, 0
        begin = data.rfind(b"\n", 0, end - 1) + 1
        event = _event(data[begin : end - 1])
        if event is not None:
            return end, event["seq"] + 1
        end = begin
    number = data[:end].count(b"\n") + 1
    raise JournalError(f"Line {number} of {path} is damaged.", "Restore the file from a backup, or start a new run.")


def _read(path: Path, offset: int, limit: int | None) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read() if limit is None else file.read(limit)
    except OSError as error:
        raise JournalError(
            f"{path} cannot be read: {error.strerror}.", "Check that it is there and readable."
        ) from error


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


_FULL = {getattr(errno, name, None) for name in ("ENOSPC", "EDQUOT", "EFBIG")}


def _remedy(error: OSError) -> str:
    if error.errno in _FULL:
        return "The disk is full: free some space, then resume. Complete turns are safe."
    return "Check that the data folder is there and may be written to."
