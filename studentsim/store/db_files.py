"""The database's files: what DuckDB's errors mean, moving damaged and outdated files aside."""

from __future__ import annotations

import os
import re
from pathlib import Path

import duckdb

from studentsim.errors import DatabaseBusy, DatabaseTooNew, DataFolderError, StudentsimError
from studentsim.files import is_disk_full

_DAMAGE_PATTERN = re.compile(
    r"(?i)corrupt|checksum|could not read enough bytes|not a valid duckdb|replaying wal|deserializ|"
    r"loading external extensions|does not match the current"
)
_PERMISSION_PATTERN = re.compile(r"(?i)permission denied|read-only file system|operation not permitted|is a directory")


def explain_open_error(error: duckdb.Error, path: Path) -> StudentsimError | None:
    """Why DuckDB could not open ``path``, as an error of ours; None where the file itself is damaged."""
    text = str(error)
    if "lock" in text and ("Conflicting" in text or "being used by another process" in text):
        match = re.search(r"PID (\d+)", text)
        owner = f"process {match[1]}" if match else "another process"
        return DatabaseBusy(
            f"The database {path} is in use by {owner}.",
            "Close that app, or use its window; a second one needs a data folder of its own.",
        )
    if re.search(r"(?i)version number|newer version of duckdb", text):
        return DatabaseTooNew(
            f"The database {path} was written by a newer DuckDB ({text[:200]}).",
            "Update this program. Nothing was changed.",
        )
    if is_disk_full_error(error):
        return DataFolderError(f"There is no room on the disk for {path}.", "Free some space and try again.")
    if _PERMISSION_PATTERN.search(text) or not path.parent.is_dir():
        return DataFolderError(
            f"The database {path} cannot be opened: {text[:200]}.",
            "Check that the data folder is there and may be written to.",
        )
    return None


def is_damage_error(error: duckdb.Error) -> bool:
    """Whether an error says that the file on disk is damaged."""
    return bool(_DAMAGE_PATTERN.search(str(error)))


def is_invalidated_error(error: duckdb.Error) -> bool:
    """Whether DuckDB refuses all further statements until the database is opened again (as after a full disk)."""
    return isinstance(error, duckdb.FatalException | duckdb.InternalException) or "invalidated" in str(error)


def is_disk_full_error(error: duckdb.Error) -> bool:
    """Whether an error says that the disk is full."""
    return is_disk_full(error)


def wal_path(path: Path) -> Path:
    """The path of a database's write-ahead log."""
    return path.with_name(path.name + ".wal")


def replacement_path(path: Path) -> Path:
    """Where the replacement of ``path`` is built, so that ``path`` never holds an incomplete database."""
    return path.with_name(path.name + ".new")


def remove_database(path: Path) -> None:
    """Deletes a database and its log where they exist. Writes."""
    wal_path(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def move_damaged_aside(path: Path) -> Path:
    """Renames a damaged database and its log to the first free ``….damaged-<n>``; returns that path. Writes."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists() or wal_path(aside).exists():
        number += 1
    return _move_aside(path, aside)


def move_outdated_aside(path: Path, version: int) -> Path:
    """Renames a closed database of an older ``version``, and its log if it has one; returns its new path. Writes."""
    return _move_aside(path, path.with_name(f"{path.name}.version-{version}"))


def _move_aside(path: Path, aside: Path) -> Path:
    for old, new in ((wal_path(path), wal_path(aside)), (path, aside)):
        if old.exists():
            os.replace(old, new)
    return aside
