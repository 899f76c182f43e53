"""A look at a data folder's database that changes nothing in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from studentsim.errors import DatabaseBusy, DatabaseTooNew, StudentsimError, first_line
from studentsim.store import db_files, row_tally, schema
from studentsim.store.database import DATABASE_FILE_NAME, DUCKDB_SETTINGS


@dataclass(frozen=True)
class DatabaseLook:
    """What was found. ``status``: missing, sound, busy (another process has it open), outdated (it is made anew at the next opening),
    too new, unusable (not for damage: permissions, room), damaged, differing (rows that are not the journals').
    """

    status: str
    detail: str = ""
    remedy: str = ""


def inspect_database(data: Path, *, thorough: bool = False) -> DatabaseLook:
    """Opens the database for reading alone and compares its rows with the journals' numbers of rows; ``thorough``: every value."""
    path = data / DATABASE_FILE_NAME
    if not path.exists():
        return DatabaseLook("missing")
    try:
        connection = duckdb.connect(path, read_only=True, config=DUCKDB_SETTINGS)
    except duckdb.Error as error:
        return _describe_open_error(error, path)
    try:
        version = schema.read_schema_version(connection)
        if version < schema.SCHEMA_VERSION:
            return DatabaseLook("outdated", f"version {version}, this program has {schema.SCHEMA_VERSION}")
        differing = row_tally.find_mismatched_runs(connection, with_checksums=thorough)
        return (
            DatabaseLook("differing", ", ".join(differing))
            if differing
            else DatabaseLook("sound", f"version {version}")
        )
    except DatabaseTooNew as error:
        return DatabaseLook("too new", error.problem, error.remedy)
    except duckdb.Error as error:
        return DatabaseLook("damaged", first_line(error))
    finally:
        connection.close()


def _describe_open_error(error: duckdb.Error, path: Path) -> DatabaseLook:
    reason: StudentsimError | None = db_files.explain_open_error(error, path)
    if reason is None:
        return DatabaseLook("damaged", first_line(error))
    kinds = {DatabaseBusy: "busy", DatabaseTooNew: "too new"}
    return DatabaseLook(kinds.get(type(reason), "unusable"), reason.problem, reason.remedy)
