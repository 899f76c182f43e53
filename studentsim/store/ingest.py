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
from studentsim.store import intake, journal, notes, tables

T = TypeVar("T")


class Target(Protocol):
    """What is asked of a database that journals are taken into (``store/database.py``)."""

    stamps: dict[str, tuple[int, ...]]
    """What was last seen of each journal and of each run's notes (size and time), so that an unchanged file costs one look."""
    ingesting: AbstractContextManager[Any]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The result of a SELECT."""

    def write(self, use: Callable[[intake.Cursor], T]) -> T:
        """Calls ``use`` with a cursor in a transaction."""

    def notice(self, text: str) -> None:
        """Remembers something the user should be told."""


def sync(database: Target, runs_folder: str | Path, run_id: str | None = None) -> int:
    """Takes in what is new in every journal, or in the one of ``run_id``; returns how many events. Writes.

    Runs whose folder is gone are forgotten. A journal that cannot be read does not stop the others: ``database.notices``
    tells of it. Any number of threads may call it.

    :raises StoreError: the database itself cannot be written.
    """
    folder = Path(runs_folder)
    with database.ingesting:
        if run_id is None:
            names = sorted(entry.name for entry in folder.iterdir() if _is_run(entry)) if folder.is_dir() else []
            _forget_missing(database, names)
        elif not _is_name(run_id):
            return 0
        elif not _is_run(folder / run_id):
            _forget(database, [run_id])
            return 0
        else:
            names = [run_id]
        noted = cache(lambda: {row[0] for row in database.rows("SELECT run_id FROM notes")})
        return sum(_sync_run(database, folder / name, noted) for name in names)


# -------------------------------------------------------------------- one run


def _sync_run(database: Target, run_folder: Path, noted: Callable[[], set[str]]) -> int:
    """``noted`` are the runs of which the database holds notes."""
    run_id, path = run_folder.name, run_folder / journal.NAME
    stamp = _stamp(path) or _stamp(run_folder / "config.json")  # a waiting run has no journal yet, or an empty one
    if stamp is None:
        return 0
    _sync_notes(database, run_folder, noted)
    if database.stamps.get(run_id) == stamp:
        return 0
    taken = 0
    try:
        if not stamp[1] or not path.exists():
            config, at = _config(run_folder)
            row = tables.queued(run_id, config, at, tables.read_cell(run_folder))
            database.write(lambda cursor: intake.put_queued(cursor, row))
        else:
            # as far as the journal reached when it was looked at: after one that grows meanwhile one could run for ever
            end = -1
            while end < stamp[1]:
                events, end = database.write(lambda cursor: intake.take_in(cursor, run_id, path))
                taken += events
                if not events:
                    break
    except FileNotFoundError:
        return taken  # deleted meanwhile: the next call forgets the run
    except JournalError as error:
        database.notice(f"The run {run_id} cannot be shown whole. {error}")
    database.stamps[run_id] = stamp
    return taken


def _sync_notes(database: Target, run_folder: Path, noted: Callable[[], set[str]]) -> None:
    """Takes in what the user says about a run, where that is new. Writes."""
    run_id, path = run_folder.name, run_folder / notes.NAME
    stamp = _stamp(path) or _NO_NOTES
    known = database.stamps.get(_notes_key(run_id))
    if known == stamp:
        return
    if known is not None or stamp != _NO_NOTES or run_id in noted():
        database.write(lambda cursor: intake.put_notes(cursor, run_id, notes.read(run_folder)))
    database.stamps[_notes_key(run_id)] = stamp


_NO_NOTES = (0,)
"""The stamp of a file that is not there."""


def _notes_key(run_id: str) -> str:
    return f"{run_id}/{notes.NAME}"


# -------------------------------------------------------------------- folders


def _forget_missing(database: Target, names: list[str]) -> None:
    told = "SELECT run_id FROM runs UNION SELECT run_id FROM journals UNION SELECT run_id FROM notes"
    known = {row[0] for row in database.rows(told)}
    _forget(database, sorted(known - set(names)))


def _forget(database: Target, run_ids: list[str]) -> None:
    if run_ids:
        database.write(lambda cursor: intake.forget(cursor, run_ids))
        for run_id in run_ids:
            database.stamps.pop(run_id, None)
            database.stamps.pop(_notes_key(run_id), None)


def _is_run(folder: Path) -> bool:
    return (
        _is_name(folder.name) and folder.is_dir() and any((folder / n).is_file() for n in (journal.NAME, "config.json"))
    )


def _is_name(run_id: str) -> bool:
    """Whether it can be the name of a run's folder: what a link names may be anything."""
    return bool(run_id) and len(run_id) <= 200 and not run_id.startswith(".") and not set(run_id) & set("/\\:\0")


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _config(run_folder: Path) -> tuple[dict[str, Any], float]:
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
