"""Incremental, idempotent ingest of journals into the database's tables.

For each journal the database stores how many bytes were ingested, the last seq, the number of rows made from it, and a
digest of the bytes before that position. A journal that no longer matches was replaced: its run is re-ingested.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

from studentsim.errors import JournalError, StoreError
from studentsim.files import read_small_file
from studentsim.store import apply_chunk, journal, notes, tables

T = TypeVar("T")


class IngestTarget(Protocol):
    """What ingest needs of a database (``store/database.py``)."""

    file_signatures: dict[str, tuple[int, ...]]
    """Inode, size and mtime of each journal and notes file when last ingested: an unchanged file costs one ``stat``."""
    damaged_runs: dict[str, JournalError]
    """What is wrong with the files of those runs that could not be ingested whole, by id."""
    ingest_lock: AbstractContextManager[Any]

    def query_rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The result of a SELECT."""

    def run_transaction(self, operation: Callable[[apply_chunk.Cursor], T]) -> T:
        """Calls ``operation`` with a cursor in a transaction. Writes."""


def sync_journals(database: IngestTarget, runs_folder: str | Path, run_id: str | None = None) -> int:
    """Ingests what is new in every journal, or in that of ``run_id``; returns the number of events. Writes.

    Runs whose folder is gone are deleted from the database. A run that cannot be read does not stop the others:
    ``database.notices`` reports it. Safe to call from any number of threads.

    :raises StoreError: the database itself cannot be written.
    """
    folder = Path(runs_folder)
    with database.ingest_lock:
        if run_id is None:
            run_ids = (
                sorted(entry.name for entry in folder.iterdir() if _is_run_folder(entry)) if folder.is_dir() else []
            )
            _forget_missing_runs(database, run_ids)
        elif not _is_valid_run_id(run_id):
            return 0
        elif not _is_run_folder(folder / run_id):
            _forget_runs(database, [run_id])
            return 0
        else:
            run_ids = [run_id]
        runs_with_notes = cache(lambda: {row[0] for row in database.query_rows("SELECT run_id FROM notes")})
        return sum(_sync_run_by_itself(database, folder / name, runs_with_notes) for name in run_ids)


# -------------------------------------------------------------------- one run


def _sync_run_by_itself(database: IngestTarget, run_folder: Path, runs_with_notes: Callable[[], set[str]]) -> int:
    """As ``_sync_run``; what one run's files hold, whatever that is, stops no other run. Writes."""
    run_id = run_folder.name
    try:
        return _sync_run(database, run_folder, runs_with_notes)
    except StoreError:
        raise
    except Exception as error:  # a file of a run may hold anything
        remedy = "It may be a newer version's: update the program. Otherwise delete the run."
        database.damaged_runs[run_id] = JournalError(f"Its files are not understood ({error!r}).", remedy)
        return 0


def _note_unreadable(database: IngestTarget, run_id: str, reason: str) -> None:
    remedy = "Look at the permissions of its folder, and at the disk."
    database.damaged_runs[run_id] = JournalError(f"Its files cannot be read ({reason}).", remedy)


def _sync_run(database: IngestTarget, run_folder: Path, runs_with_notes: Callable[[], set[str]]) -> int:
    """Ingests one run; returns the number of events. ``runs_with_notes`` gives the runs whose notes are stored. Writes."""
    run_id, path = run_folder.name, run_folder / journal.JOURNAL_FILE_NAME
    # a queued run has no journal yet, or an empty one
    signature = _file_signature(path) or _file_signature(run_folder / "config.json")
    if signature is None:
        if not os.access(run_folder, os.R_OK | os.X_OK):
            _note_unreadable(database, run_id, "permission denied")
        return 0
    _sync_notes(database, run_folder, runs_with_notes)
    if database.file_signatures.get(run_id) == signature:
        return 0
    event_count = 0
    damage: JournalError | None = None
    try:
        if not signature[1] or not path.exists():
            config, created_at = _read_queued_config(run_folder)
            row = tables.build_queued_run_row(run_id, config, created_at, tables.read_group_cell(run_folder))
            database.run_transaction(lambda cursor: apply_chunk.replace_with_queued_run(cursor, row))
        else:
            # up to the size the journal had at first: following one that keeps growing might never end
            previous_bytes, ingested_bytes = -1, 0
            while previous_bytes < ingested_bytes < signature[1]:
                previous_bytes = ingested_bytes
                events, ingested_bytes = database.run_transaction(
                    lambda cursor: apply_chunk.apply_chunk(cursor, run_id, path)
                )
                event_count += events
    except FileNotFoundError:
        return event_count  # deleted meanwhile: the next call deletes the run
    except JournalError as error:
        damage = error
    except OSError as error:  # of the files alone: what DuckDB meets is a StoreError
        _note_unreadable(database, run_id, error.strerror or str(error))
        return event_count
    database.damaged_runs.pop(run_id, None)
    if damage is not None:
        database.damaged_runs[run_id] = damage
    if damage is None or not isinstance(damage.__cause__, OSError):  # what could not be read is tried again
        database.file_signatures[run_id] = signature
    return event_count


def _sync_notes(database: IngestTarget, run_folder: Path, runs_with_notes: Callable[[], set[str]]) -> None:
    """Ingests the user's notes about a run where they changed. Writes."""
    run_id, path = run_folder.name, run_folder / notes.NOTES_FILE_NAME
    signature = _file_signature(path) or _MISSING_FILE_SIGNATURE
    previous_signature = database.file_signatures.get(_notes_signature_key(run_id))
    if previous_signature == signature:
        return
    if previous_signature is not None or signature != _MISSING_FILE_SIGNATURE or run_id in runs_with_notes():
        database.run_transaction(lambda cursor: apply_chunk.replace_notes(cursor, run_id, notes.read_notes(run_folder)))
    database.file_signatures[_notes_signature_key(run_id)] = signature


_MISSING_FILE_SIGNATURE = (0,)
"""The signature of a file that does not exist."""


def _notes_signature_key(run_id: str) -> str:
    return f"{run_id}/{notes.NOTES_FILE_NAME}"


# -------------------------------------------------------------------- folders


def _forget_missing_runs(database: IngestTarget, run_ids: list[str]) -> None:
    query = "SELECT run_id FROM runs UNION SELECT run_id FROM event_logs UNION SELECT run_id FROM notes"
    stored_run_ids = {row[0] for row in database.query_rows(query)}
    _forget_runs(database, sorted((stored_run_ids | set(database.damaged_runs)) - set(run_ids)))


def _forget_runs(database: IngestTarget, run_ids: list[str]) -> None:
    if run_ids:
        database.run_transaction(lambda cursor: apply_chunk.delete_runs(cursor, run_ids))
        for run_id in run_ids:
            database.file_signatures.pop(run_id, None)
            database.damaged_runs.pop(run_id, None)
            database.file_signatures.pop(_notes_signature_key(run_id), None)


def _is_run_folder(folder: Path) -> bool:
    try:
        return (
            _is_valid_run_id(folder.name)
            and folder.is_dir()
            and any((folder / n).is_file() for n in (journal.JOURNAL_FILE_NAME, "config.json"))
        )
    except OSError:  # it may not be looked into: what was read of it before stays
        return True


def _is_valid_run_id(run_id: str) -> bool:
    """Whether it can be the name of a run's folder: a link may name anything."""
    return bool(run_id) and len(run_id) <= 200 and not run_id.startswith(".") and not set(run_id) & set("/\\:\0")


def _file_signature(path: Path) -> tuple[int, ...] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _read_queued_config(run_folder: Path) -> tuple[dict[str, Any], float]:
    """A queued run's settings, and when they were written (seconds since 1970).

    :raises JournalError: the file cannot be read, or holds no JSON object.
    """
    path = run_folder / "config.json"
    try:
        config = json.loads(read_small_file(path))
        if not isinstance(config, dict):
            raise ValueError("not an object")
        return config, path.stat().st_mtime
    except (OSError, ValueError, RecursionError) as error:
        raise JournalError(
            f"{path} cannot be read ({error}).", "Delete the run's folder, or restore the file."
        ) from error
