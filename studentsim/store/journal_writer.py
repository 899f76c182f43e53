"""Writes a run's journal (``journal.py``)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from studentsim.errors import JournalError
from studentsim.events import Event
from studentsim.files import DISK_FULL_ERRNOS
from studentsim.store.file_lock import FileLock
from studentsim.store.journal import find_end
from studentsim.store.journal_lines import encode_line


class JournalWriter:
    """Appends events to one journal. ``sync`` flushes them to disk.

    A journal should have one writer at a time. Where a stopped one wakes after another has begun, its ``confirm`` ends it; should it
    have been stopped after that, within ``append``, its event has a lower epoch and does not count.
    """

    def __init__(
        self, path: str | Path, *, epoch: int | None = None, confirm: Callable[[], None] | None = None
    ) -> None:
        """Opens or creates the journal and cuts off an incomplete last line. Writes.

        ``epoch`` is the number of the writer's lease (None: that of the journal's last event). ``confirm`` is called before each
        write, under the file's lock, and raises if this writer must not write any more.

        :raises JournalError: the file cannot be opened, or one of its last two lines is damaged.
        """
        self.path = Path(path)
        self._confirm = confirm or (lambda: None)
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        except OSError as error:
            raise JournalError(f"{self.path} cannot be opened: {error.strerror}.", _suggest_remedy(error)) from error
        self._lock = FileLock(self._file)
        with self._lock.hold():
            size = os.fstat(self._file).st_size
            end = find_end(self.path)
            self.epoch = end.epoch if epoch is None else epoch
            self.next_seq = end.seq + 1
            self._confirm()
            # where it has grown since, another writer has gone on, and has cut off what was incomplete
            if end.byte_count != size == os.fstat(self._file).st_size:
                self._truncate(end.byte_count)
        self._torn_line, self._torn_at = b"", 0  # what a failed write may have left, and where it begins

    def append(self, event: Event) -> int:
        """Appends one event and returns its seq. After a failure nothing of the event is left in the file. Writes.

        :raises JournalError: it cannot be written (as on a full disk); ``append`` may be tried again.
        """
        line = encode_line(event.to_json(), seq=self.next_seq, epoch=self.epoch, timestamp=time.time())
        with self._lock.hold():
            self._confirm()
            self._truncate_torn_line()
            self._torn_line, self._torn_at = line, os.fstat(self._file).st_size
            try:
                self._write_all(line)
            except OSError as error:
                with suppress(JournalError):  # tried again before the next write
                    self._truncate_torn_line()
                raise self._write_error(error) from error
        self._torn_line = b""
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

    def _write_all(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]

    def _truncate_torn_line(self) -> None:
        """Cuts off what a failed write left, so that no incomplete line is ever continued. Writes.

        Nothing is cut off where another writer has gone on meanwhile: it has cut that off itself.
        """
        if not self._torn_line:
            return
        with self.path.open("rb") as file:
            file.seek(self._torn_at)
            tail = file.read(len(self._torn_line) + 1)
        if tail and self._torn_line.startswith(tail):
            self._truncate(self._torn_at)
        self._torn_line = b""

    def _truncate(self, size: int) -> None:
        try:
            os.ftruncate(self._file, size)
        except OSError as error:
            raise self._write_error(error) from error

    def _write_error(self, error: OSError) -> JournalError:
        return JournalError(f"{self.path} cannot be written: {error.strerror}.", _suggest_remedy(error))


def _suggest_remedy(error: OSError) -> str:
    if error.errno in DISK_FULL_ERRNOS:
        return "The disk is full: free some space, then resume. Complete turns are safe."
    return "Check that the data folder is there and may be written to."
