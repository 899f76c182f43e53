"""A run's rows, counted and hashed, so that one that is lost or changed in the database is noticed.

For each run ``event_logs`` holds the number of its rows and the sum of their hashes, over all tables that are made from its journal.
Both are kept up to date by whatever inserts and deletes rows, so that neither costs a look at the others. A sum does not depend on
the order of rows, and unlike an exclusive or it also notices a row that is there twice. A row's hash covers its table's name and all
its columns but ``run_id``: a row that changes hands is missing in one run and too much in the other.

The hash is DuckDB's, whose next version may compute another: ``schema.read_schema_version`` then has the database made anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from studentsim.store import tables

Cursor = duckdb.DuckDBPyConnection
EVENT_LOG_COLUMNS = {
    "bytes": "BIGINT", "epoch": "BIGINT", "last_seq": "BIGINT", "mark": "VARCHAR", "rows": "BIGINT", "checksum": "HUGEINT",
}  # fmt: skip
"""Columns of ``event_logs`` beside ``run_id`` and ``log_checksum``, the hash of these."""
LOG_CHECKSUM_SQL = f"hash({', '.join(EVENT_LOG_COLUMNS)})"


@dataclass(frozen=True)
class RowTally:
    """A number of rows, and the sum of their hashes."""

    rows: int = 0
    checksum: int = 0

    def __add__(self, other: RowTally) -> RowTally:
        return RowTally(self.rows + other.rows, self.checksum + other.checksum)

    def __sub__(self, other: RowTally) -> RowTally:
        return RowTally(self.rows - other.rows, self.checksum - other.checksum)


def insert_rows(cursor: Cursor, table: str, rows: pa.Table) -> RowTally:
    """Inserts rows by column name; returns their tally. Writes."""
    if not rows.num_rows:
        return RowTally()
    cursor.register("incoming", rows)
    try:
        count, checksum = cursor.execute(f"SELECT count(*), sum({_row_hash_sql(table)}) FROM incoming").fetchone()
        cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
    finally:
        cursor.unregister("incoming")
    return RowTally(count, int(checksum))


def delete_rows(cursor: Cursor, table: str, condition: str, parameters: list[Any]) -> RowTally:
    """Deletes the rows of a table for which the SQL ``condition`` holds; returns their tally. Writes."""
    hashes = cursor.execute(
        f"DELETE FROM {table} WHERE {condition} RETURNING {_row_hash_sql(table)}", parameters
    ).fetchall()
    return RowTally(len(hashes), sum(row[0] for row in hashes))


def find_mismatched_runs(cursor: Cursor, *, with_checksums: bool, run_id: str | None = None) -> list[str]:
    """The runs, or ``run_id`` if it is one, whose rows are not those that their journals gave, in order.

    Without checksums only the numbers of rows are compared, which takes milliseconds; with them every value is read.
    """
    differs = "coalesce(c.n, 0) <> l.rows"
    if with_checksums:
        log_checksum = f"hash({', '.join(f'l.{name}' for name in EVENT_LOG_COLUMNS)})"
        differs += f" OR coalesce(c.checksum, 0) <> l.checksum OR {log_checksum} <> l.log_checksum"
    logs = "event_logs" if run_id is None else "(SELECT * FROM event_logs WHERE run_id = $run_id)"
    # a queued run has a row in ``runs`` and nothing else
    sql = f"""
        WITH tallies AS ({tally_sql(with_checksums=with_checksums, run_id=run_id)})
        SELECT DISTINCT coalesce(l.run_id, c.run_id) AS id FROM tallies c FULL JOIN {logs} l ON l.run_id = c.run_id
        WHERE CASE WHEN l.run_id IS NULL THEN c.events > 0 ELSE {differs} END ORDER BY id
    """
    return [row[0] for row in cursor.execute(sql, None if run_id is None else {"run_id": run_id}).fetchall()]


def tally_sql(*, with_checksums: bool, run_id: str | None = None) -> str:
    """The SELECT of ``run_id``, ``n`` (rows), ``events`` (rows of events among them) and ``checksum`` of each run.

    With a ``run_id`` it has the parameter ``$run_id``.
    """
    counted = " UNION ALL ".join(_table_tally_sql(table, with_checksums, run_id) for table in tables.JOURNAL_TABLES)
    return (
        "SELECT run_id, sum(n)::BIGINT AS n, sum(events)::BIGINT AS events, sum(checksum)::HUGEINT AS checksum "
        f"FROM ({counted}) GROUP BY run_id"
    )


def _table_tally_sql(table: str, with_checksums: bool, run_id: str | None) -> str:
    checksum = f"sum({_row_hash_sql(table)})" if with_checksums else "NULL::HUGEINT"
    condition = "" if run_id is None else " WHERE run_id = $run_id"
    events = "0" if table == "runs" else "count(*)"
    return f"SELECT run_id, count(*) AS n, {events} AS events, {checksum} AS checksum FROM {table}{condition} GROUP BY run_id"


def _row_hash_sql(table: str) -> str:
    columns = ", ".join(f'"{name}"' for name in tables.TABLE_COLUMNS[table] if name != "run_id")
    return f"hash('{table}', {columns})"
