"""The database's tables and their version.

All of them are made from the journals and the users' notes, so that there is nothing to migrate: a database of an older version is
put aside and made anew (``Database``), one of a newer version is refused, unchanged. Whoever changes ``tables.TABLE_COLUMNS``
raises ``SCHEMA_VERSION``; a test holds the two together. Another version of DuckDB may hash rows otherwise (row_tally.py), so that
its database counts as an older one too.
"""

from __future__ import annotations

import duckdb

from studentsim.errors import DatabaseTooNew
from studentsim.store.row_tally import EVENT_LOG_COLUMNS
from studentsim.store.tables import TABLE_COLUMNS

SCHEMA_VERSION = 13
"""Versions 1 to 11 had the names that 0.1 gave (MIGRATION.md)."""

_REQUIRED_COLUMNS = ("run_id", "seq", "turn", "timestamp")
_EVENT_LOGS_SQL = "run_id VARCHAR NOT NULL, log_checksum UBIGINT NOT NULL, " + ", ".join(
    f"{name} {kind} NOT NULL" for name, kind in EVENT_LOG_COLUMNS.items()
)


def read_schema_version(cursor: duckdb.DuckDBPyConnection) -> int:
    """The schema version of an open database; 0: it has no tables yet; the version before, if another DuckDB made the tables.

    :raises DatabaseTooNew: a later version of the product wrote it.
    """
    meta_count = cursor.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'meta'").fetchone()
    if not meta_count or not meta_count[0]:
        return 0
    row = cursor.execute("SELECT max(version) FROM meta").fetchone()
    version = int(row[0] or 0) if row else 0
    if version > SCHEMA_VERSION:
        raise DatabaseTooNew(
            f"The database is of version {version}; this program knows versions up to {SCHEMA_VERSION}.",
            "Use the newer program, or another data folder. Nothing was changed.",
        )
    if version == SCHEMA_VERSION and cursor.execute("SELECT any_value(duckdb) FROM meta").fetchone() != (
        duckdb.__version__,
    ):
        return version - 1
    return version


def create_tables(cursor: duckdb.DuckDBPyConnection) -> None:
    """Creates all tables, or none. No index: DuckDB stores each column's minimum and maximum per block, which serves as well. Writes."""
    cursor.begin()
    try:
        for table, columns in TABLE_COLUMNS.items():
            column_sql = ", ".join(
                f'"{name}" {kind}{" NOT NULL" if name in _REQUIRED_COLUMNS and table != "runs" or name == "run_id" else ""}'
                for name, kind in columns.items()
            )
            cursor.execute(f"CREATE TABLE {table} ({column_sql})")
        cursor.execute(f"CREATE TABLE event_logs ({_EVENT_LOGS_SQL})")
        cursor.execute("CREATE TABLE meta (version INTEGER NOT NULL, duckdb VARCHAR NOT NULL)")
        cursor.execute("INSERT INTO meta VALUES (?, ?)", [SCHEMA_VERSION, duckdb.__version__])
        cursor.commit()
    except BaseException:
        cursor.rollback()
        raise
