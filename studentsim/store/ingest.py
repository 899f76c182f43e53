"""Journals into tables. Every call takes up where the last one stopped; doing it twice changes nothing.

For each journal the database remembers how many bytes it has taken in, the last seq, how many rows came of it, and a
fingerprint of the bytes before that place. A journal that no longer fits them was exchanged: its run is read again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

from studentsim.errors import JournalError
from studentsim.store import apply_chunk, journal, notes, tables

T = TypeVar("T")


class IngestTarget(Protocol):
    """What is asked of a database that journals are taken into (``store/database.py``)."""

    file_signatures: dict[str, tuple[int, ...]]
    """What was last seen of each journal and of each run's notes (size and time), so that an unchanged file costs one look."""
    ingest_lock: AbstractContextManager[Any]

    def query_rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The result of a SELECT."""

    def run_transaction(self, operation: Callable[[apply_chunk.Cursor], T]) -> T:
        """Calls ``operation`` with a cursor in a transaction."""

    def add_notice(self, text: str) -> None:
        """Remembers something the user should be told."""


def sync_journals(database: IngestTarget, runs_folder: str | Path, run_id: str | None = None) -> int:
    """Takes in what is new in every journal, or in the one of ``run_id``; returns how many events. Writes.

    Runs whose folder is gone are forgotten. A journal that cannot be read does not stop the others: ``database.notices``
    tells of it. Any number of threads may call it.

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
        return sum(_sync_run(database, folder / name, runs_with_notes) for name in run_ids)


# -------------------------------------------------------------------- one run


def _sync_run(database: IngestTarget, run_folder: Path, runs_with_notes: Callable[[], set[str]]) -> int:
    """``runs_with_notes`` are the runs of which the database holds notes."""
    run_id, path = run_folder.name, run_folder / journal.JOURNAL_FILE_NAME
    signature = _file_signature(path) or _file_signature(
        run_folder / "config.json"
    )  # a waiting run has no journal yet, or an empty one
    if signature is None:
        return 0
    _sync_notes(database, run_folder, runs_with_notes)
    if database.file_signatures.get(run_id) == signature:
        return 0
    event_count = 0
    try:
        if not signature[1] or not path.exists():
            config, created_at = _read_queued_config(run_folder)
            row = tables.build_queued_run_row(run_id, config, created_at, tables.read_group_cell(run_folder))
            database.run_transaction(lambda cursor: apply_chunk.replace_with_queued_run(cursor, row))
        else:
            # as far as the journal reached when it was looked at: after one that grows meanwhile one could run for ever
            ingested_bytes = -1
            while ingested_bytes < signature[1]:
                events, ingested_bytes = database.run_transaction(
                    lambda cursor: apply_chunk.apply_chunk(cursor, run_id, path)
                )
                event_count += events
                if not events:
                    break
    except FileNotFoundError:
        return event_count  # deleted meanwhile: the next call forgets the run
    except JournalError as error:
        database.add_notice(f"The run {run_id} cannot be shown whole. {error}")
    database.file_signatures[run_id] = signature
    return event_count


def _sync_notes(database: IngestTarget, run_folder: Path, runs_with_notes: Callable[[], set[str]]) -> None:
    """Takes in what the user says about a run, where that is new. Writes."""
    run_id, path = run_folder.name, run_folder / notes.NOTES_FILE_NAME
    signature = _file_signature(path) or _MISSING_FILE_SIGNATURE
    previous_signature = database.file_signatures.get(_notes_signature_key(run_id))
    if previous_signature == signature:
        return
    if previous_signature is not None or signature != _MISSING_FILE_SIGNATURE or run_id in runs_with_notes():
        database.run_transaction(lambda cursor: apply_chunk.replace_notes(cursor, run_id, notes.read_notes(run_folder)))
    database.file_signatures[_notes_signature_key(run_id)] = signature


_MISSING_FILE_SIGNATURE = (0,)
"""The stamp of a file that is not there."""


def _notes_signature_key(run_id: str) -> str:
    return f"{run_id}/{notes.NOTES_FILE_NAME}"


# -------------------------------------------------------------------- folders


def _forget_missing_runs(database: IngestTarget, run_ids: list[str]) -> None:
    query = "SELECT run_id FROM runs UNION SELECT run_id FROM journals UNION SELECT run_id FROM notes"
    stored_run_ids = {row[0] for row in database.query_rows(query)}
    _forget_runs(database, sorted(stored_run_ids - set(run_ids)))


def _forget_runs(database: IngestTarget, run_ids: list[str]) -> None:
    if run_ids:
        database.run_transaction(lambda cursor: apply_chunk.delete_runs(cursor, run_ids))
        for run_id in run_ids:
            database.file_signatures.pop(run_id, None)
            database.file_signatures.pop(_notes_signature_key(run_id), None)


def _is_run_folder(folder: Path) -> bool:
    return (
        _is_valid_run_id(folder.name)
        and folder.is_dir()
        and any((folder / n).is_file() for n in (journal.JOURNAL_FILE_NAME, "config.json"))
    )


def _is_valid_run_id(run_id: str) -> bool:
    """Whether it can be the name of a run's folder: what a link names may be anything."""
    return bool(run_id) and len(run_id) <= 200 and not run_id.startswith(".") and not set(run_id) & set("/\\:\0")


def _file_signature(path: Path) -> tuple[int, ...] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _read_queued_config(run_folder: Path) -> tuple[dict[str, Any], float]:
    """A waiting run's settings, and when they were written."""
    path = run_folder / "config.json"
    try:
        config = json.loads(path.read_bytes())
        if not isinstance(config, dict):
            raise ValueError("not an object")
        return config, path.stat().st_mtime
    except (OSError, ValueError) as error:
        raise JournalError(
            f"{path} cannot be read ({error}).", "Delete the run's folder, or restore the file."
        ) from error
