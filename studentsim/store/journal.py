"""The journal: a run's append-only event file, one JSON object a line; the source of truth about a run.

A line holds an event's fields, its ``type``, its ``seq`` (0, 1, 2 …) and ``at`` (seconds since 1970). An incomplete line
does not count: a writer that dies while writing leaves one at the end, which readers skip and the next writer cuts off.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from studentsim import legacy_names
from studentsim.errors import JournalError
from studentsim.events import Event
from studentsim.files import DISK_FULL_ERRNOS

JOURNAL_FILE_NAME = "events.jsonl"
"""A journal's file name within its run's folder."""
CHUNK_BYTES = 8 * 2**20
"""Most bytes that ``read_new_events`` reads at a time, unless a single line is longer."""


class JournalWriter:
    """Appends events to one journal, which must have one writer at a time. ``sync`` flushes them to disk."""

    def __init__(self, path: str | Path) -> None:
        """Opens or creates the journal and cuts off an incomplete last line. Writes.

        :raises JournalError: the file cannot be opened, or one of its last two lines is damaged.
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
        """Appends one event and returns its seq. After a failure nothing of the event is left in the file. Writes.

        :raises JournalError: it cannot be written (as on a full disk); ``append`` may be tried again.
        """
        line = json.dumps({**event.to_json(), "seq": self.next_seq, "timestamp": time.time()}, separators=(",", ":"))
        data = line.encode("ascii") + b"\n"
        self._truncate_torn_line()
        self._valid_end, self._has_torn_line = os.fstat(self._file).st_size, True
        try:
            _write_all(self._file, data)
        except OSError as error:
            self._truncate_torn_line(quiet=True)
            raise self._write_error(error) from error
        self._has_torn_line = False
        self.next_seq += 1
        return self.next_seq - 1

    def sync(self) -> None:
        """Flushes all appended events to disk. Writes.

        :raises JournalError: the disk refused.
        """
        try:
            os.fsync(self._file)
        except OSError as error:
            raise self._write_error(error) from error

    def close(self) -> None:
        """Syncs and closes; a second call does nothing. Writes."""
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
        """Cuts off what a failed write left, so that no incomplete line is ever continued. Writes."""
        if not self._has_torn_line:
            return
        try:
            os.ftruncate(self._file, self._valid_end)
            self._has_torn_line = False
        except OSError as error:
            if not quiet:
                raise self._write_error(error) from error

    def _write_error(self, error: OSError) -> JournalError:
        return JournalError(f"{self.path} cannot be written: {error.strerror}.", _suggest_remedy(error))


def read_events(path: str | Path) -> list[dict[str, Any]]:
    """All events of a journal, in order; an incomplete last line is skipped.

    :raises JournalError: the file cannot be read, or a line before the last is damaged.
    """
    data = _read_bytes(Path(path), 0, None)
    events, valid_bytes = _parse_lines(data)
    if b"\n" in data[valid_bytes:]:  # judged by what was read: an incomplete line may be complete by now
        _raise_if_damaged(Path(path), valid_bytes)
    return events


def read_new_events(path: str | Path, offset: int, *, max_bytes: int = CHUNK_BYTES) -> tuple[list[dict[str, Any]], int]:
    """The events of the complete lines from byte ``offset`` on, about ``max_bytes`` of them, and the next offset.

    No events: there are none yet. Events before a damaged line are returned; the next call then raises.

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
    """The events that count: a ``RunResumed`` makes all earlier events of later turns void; a seq counts only once.

    ``RunStarted`` always counts: it holds the run's config.
    """
    effective: list[dict[str, Any]] = []
    last_seq = -1
    for event in events:
        if event["seq"] <= last_seq:
            continue
        last_seq = event["seq"]
        if event["type"] == "RunResumed":
            effective = [e for e in effective if e["turn"] <= event["turn"] or e["type"] == "RunStarted"]
        effective.append(event)
    return effective


def _parse_lines(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """The events of the valid lines at the beginning of ``data``, and the byte where these end."""
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
    """The event of a line, with today's names; None if the line is damaged."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        return None
    event = legacy_names.upgrade_event(event)
    is_valid = all(type(event.get(key)) is int for key in ("seq", "turn"))
    return event if is_valid and isinstance(event.get("timestamp"), int | float) else None


def _raise_if_damaged(path: Path, offset: int) -> None:
    """Raises unless the damaged line at ``offset`` is the last one, which a writer may have left incomplete.

    :raises JournalError: another line follows it.
    """
    data = _read_bytes(path, offset, None)
    if data.count(b"\n") < 2:
        return
    line_number = _read_bytes(path, 0, offset).count(b"\n") + 1
    raise JournalError(
        f"Line {line_number} of {path} is damaged: {data[:40]!r}.",
        "Restore the file from a backup, or delete the run. What stands before that line is still shown.",
    )


def _find_valid_end(path: Path) -> tuple[int, int]:
    """The byte where the last valid line ends, and the seq that follows it. The last complete line may be invalid.

    :raises JournalError: the two last complete lines are both invalid.
    """
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


def _suggest_remedy(error: OSError) -> str:
    if error.errno in DISK_FULL_ERRNOS:
        return "The disk is full: free some space, then resume. Complete turns are safe."
    return "Check that the data folder is there and may be written to."
