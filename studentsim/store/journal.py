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
from studentsim.events import Event

JOURNAL_FILE_NAME = "events.jsonl"
"""A journal's file name within its run's folder."""
CHUNK_BYTES = 8 * 2**20
"""Bytes that ``read_new_events`` reads at most at a time, unless a single line is longer."""


class JournalWriter:
    """The writer of one journal; there must be one at a time. Lines go to the file at once, to the disk by ``sync``."""

    def __init__(self, path: str | Path) -> None:
        """Opens the journal, or makes it. Writes: a half-written last line is cut off.

        :raises JournalError: the file cannot be opened.
        """
        self.path = Path(path)
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        except OSError as error:
            raise JournalError(f"{self.path} cannot be opened: {error.strerror}.", _suggest_remedy(error)) from error
        self._valid_end, self.next_seq = _find_valid_end(self.path)
        self._has_torn_line = os.fstat(self._file).st_size != self._valid_end
        self._truncate_torn_line()

    def append(self, event: Event) -> int:
        """Adds one event and returns its seq. Writes. After a failure nothing of the event is left in the file.

        :raises JournalError: it cannot be written (disk full, say); the same journal may be tried again.
        """
        line = json.dumps({**event.to_json(), "seq": self.next_seq, "at": time.time()}, separators=(",", ":"))
        data = line.encode("ascii") + b"\n"
        self._truncate_torn_line()
        self._valid_end, self._has_torn_line = os.fstat(self._file).st_size, True
        try:
            _write_all(self._file, data)
        except OSError as error:
            self._truncate_torn_line(quiet=True)
            raise JournalError(f"{self.path} cannot be written: {error.strerror}.", _suggest_remedy(error)) from error
        self._has_torn_line = False
        self.next_seq += 1
        return self.next_seq - 1

    def sync(self) -> None:
        """Waits until all that was appended is on the disk.

        :raises JournalError: it cannot be brought there.
        """
        try:
            os.fsync(self._file)
        except OSError as error:
            raise JournalError(f"{self.path} cannot be written: {error.strerror}.", _suggest_remedy(error)) from error

    def close(self) -> None:
        """Syncs and closes. Closing twice is no error."""
        if self._file >= 0:
            try:
                self.sync()
            finally:
                os.close(self._file)
                self._file = -1

    def __enter__(self) -> JournalWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _truncate_torn_line(self, quiet: bool = False) -> None:
        """Cuts off what a failed write left behind, so that no half line is ever continued."""
        if not self._has_torn_line:
            return
        try:
            os.ftruncate(self._file, self._valid_end)
            self._has_torn_line = False
        except OSError as error:
            if not quiet:
                raise JournalError(
                    f"{self.path} cannot be written: {error.strerror}.", _suggest_remedy(error)
                ) from error


def read_events(path: str | Path) -> list[dict[str, Any]]:
    """All events of a journal, in order; a half-written last line is passed over.

    :raises JournalError: the file cannot be read, or a line before the last is damaged.
    """
    data = _read_bytes(Path(path), 0, None)
    events, valid_bytes = _parse_lines(data)
    if b"\n" in data[valid_bytes:]:  # judged on what was read: a line that was half-written then may be whole by now
        _raise_if_damaged(Path(path), valid_bytes)
    return events


def read_new_events(path: str | Path, offset: int, *, max_bytes: int = CHUNK_BYTES) -> tuple[list[dict[str, Any]], int]:
    """The complete lines from byte ``offset`` on, about ``max_bytes`` bytes of them, and the offset to go on from.

    No events means that there are none yet. Events before a damaged line are returned; the next call then raises.

    :raises JournalError: the file cannot be read, or the next line is damaged and others follow it.
    """
    path = Path(path)
    data = _read_bytes(path, offset, max_bytes)
    while len(data) == max_bytes and b"\n" not in data:
        max_bytes *= 4
        data = _read_bytes(path, offset, max_bytes)
    events, valid_bytes = _parse_lines(data)
    if not events and b"\n" in data:
        _raise_if_damaged(path, offset)
    return events, offset + valid_bytes


def effective_events(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events that count: a ``Resumed`` makes void all earlier ones of later turns; a seq counts only once.

    ``RunStarted`` always stands, for it tells what the run is.
    """
    effective: list[dict[str, Any]] = []
    last_seq = -1
    for event in events:
        if event["seq"] <= last_seq:
            continue
        last_seq = event["seq"]
        if event["type"] == "Resumed":
            effective = [e for e in effective if e["turn"] <= event["turn"] or e["type"] == "RunStarted"]
        effective.append(event)
    return effective


def _parse_lines(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """The events of the sound lines at the beginning of ``data``, and the byte where they end."""
    events: list[dict[str, Any]] = []
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        event = _parse_event(data[start:end])
        if event is None:
            break
        events.append(event)
        start = end + 1
    return events, start


def _parse_event(line: bytes) -> dict[str, Any] | None:
    """The event that a line tells of; None if the line is damaged."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_valid = isinstance(event, dict) and isinstance(event.get("type"), str)
    is_valid = is_valid and all(type(event.get(key)) is int for key in ("seq", "turn"))
    return event if is_valid and isinstance(event.get("at"), int | float) else None


def _raise_if_damaged(path: Path, offset: int) -> None:
    """Raises if the damaged line at ``offset`` is not merely the last one, which a writer may have left half done."""
    data = _read_bytes(path, offset, None)
    if data.count(b"\n") < 2:
        return
    line_number = _read_bytes(path, 0, offset).count(b"\n") + 1
    raise JournalError(
        f"Line {line_number} of {path} is damaged: {data[:40]!r}.",
        "Restore the file from a backup, or delete the run. What stands before that line is still shown.",
    )


def _find_valid_end(path: Path) -> tuple[int, int]:
    """Where the last sound line ends, and the seq that follows it. Only the last whole line may be unsound."""
    data = _read_bytes(path, 0, None)
    end = data.rfind(b"\n") + 1
    for _ in range(2):
        if end == 0:
            return 0, 0
        begin = data.rfind(b"\n", 0, end - 1) + 1
        event = _parse_event(data[begin : end - 1])
        if event is not None:
            return end, event["seq"] + 1
        end = begin
    line_number = data[:end].count(b"\n") + 1
    raise JournalError(
        f"Line {line_number} of {path} is damaged.", "Restore the file from a backup, or start a new run."
    )


def _read_bytes(path: Path, offset: int, max_bytes: int | None) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read() if max_bytes is None else file.read(max_bytes)
    except OSError as error:
        raise JournalError(
            f"{path} cannot be read: {error.strerror}.", "Check that it is there and readable."
        ) from error


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


_DISK_FULL_ERRNOS = {getattr(errno, name, None) for name in ("ENOSPC", "EDQUOT", "EFBIG")}


def _suggest_remedy(error: OSError) -> str:
    if error.errno in _DISK_FULL_ERRNOS:
        return "The disk is full: free some space, then resume. Complete turns are safe."
    return "Check that the data folder is there and may be written to."
