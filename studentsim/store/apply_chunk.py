"""One chunk of a journal into the tables, within a transaction; ``ingest`` calls it for each run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from studentsim.errors import JournalError
from studentsim.store import journal, tables
from studentsim.store.notes import RunNotes

Cursor = duckdb.DuckDBPyConnection
_ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
}
MALFORMED_EVENT_ERRORS = (
    *(KeyError, TypeError, ValueError, AttributeError, OverflowError, pa.ArrowException),
    *(duckdb.IntegrityError, duckdb.DataError),
)
"""What an event raises whose fields are not what this version writes."""
_DIGEST_BYTES = 256
"""Bytes before the ingested position that the digest covers."""


@dataclass(frozen=True)
class _IngestPosition:
    """How far a journal has been ingested. ``digest`` is of the bytes before ``byte_count``."""

    byte_count: int = 0
    last_seq: int = -1
    row_count: int = 0
    digest: str = ""


def apply_chunk(cursor: Cursor, run_id: str, path: Path) -> tuple[int, int]:
    """Ingests the next chunk of a journal; returns the number of events in it and the bytes ingested so far. Writes.

    A journal that is shorter than the ingested position, or differs before it, was replaced: the run is re-ingested.

    :raises JournalError: the journal cannot be read, or holds an event that this version does not know.
    """
    position = _read_position(cursor, run_id)
    if position != _IngestPosition() and (
        path.stat().st_size < position.byte_count or _digest_before(path, position.byte_count) != position.digest
    ):
        delete_journal_rows(cursor, [run_id])
        position = _IngestPosition()
    events, end = journal.read_new_events(path, position.byte_count)
    if end == position.byte_count:
        return 0, end
    new_events = _select_new_events(events, position.last_seq)
    try:
        row_change = _apply_events(cursor, run_id, new_events) if new_events else 0
    except MALFORMED_EVENT_ERRORS as error:
        raise JournalError(
            f"{path} holds an event that is not understood between the bytes {position.byte_count} and {end} ({error!r}).",
            "It may be a newer version's: update the program.",
        ) from error
    last = new_events[-1]["seq"] if new_events else position.last_seq
    _save_position(
        cursor, run_id, _IngestPosition(end, last, position.row_count + row_change, _digest_before(path, end))
    )
    return len(events), end


def _apply_events(cursor: Cursor, run_id: str, events: list[dict[str, Any]]) -> int:
    """Deletes the rows that these events make void, adds theirs and updates the run's row; returns the change in rows."""
    row_change = 0
    resumed_turns = [event["turn"] for event in events if event["type"] == "RunResumed"]
    if resumed_turns:
        for table in tables.EVENT_TABLES:
            row_change -= _execute_counting_rows(
                cursor, f"DELETE FROM {table} WHERE run_id = ? AND turn > ?", [run_id, min(resumed_turns)]
            )
    unfinished_turn = _fetch_row_dict(
        cursor, "SELECT * FROM turns WHERE run_id = ? AND NOT finished ORDER BY seq DESC LIMIT 1", run_id
    )
    rows = tables.build_event_rows(run_id, journal.effective_events(events), unfinished_turn)
    row_change -= _execute_counting_rows(cursor, "DELETE FROM turns WHERE run_id = ? AND NOT finished", [run_id])
    for table in tables.EVENT_TABLES:
        insert_rows(cursor, table, rows[table])
        row_change += len(rows[table])
    run_row = _fetch_row_dict(cursor, "SELECT * FROM runs WHERE run_id = ?", run_id)
    replace_run_row(cursor, tables.reduce_run(run_id, run_row, events))
    return row_change


def replace_notes(cursor: Cursor, run_id: str, notes: RunNotes) -> None:
    """Replaces the user's notes about a run. Writes."""
    cursor.execute("DELETE FROM notes WHERE run_id = ?", [run_id])
    if notes != RunNotes():
        insert_rows(cursor, "notes", [tables.build_notes_row(run_id, notes)])


def replace_with_queued_run(cursor: Cursor, row: tables.TableRow) -> None:
    """Replaces everything stored of a run by the row of a run without events. Writes."""
    delete_journal_rows(cursor, [row["run_id"]])
    replace_run_row(cursor, row)


def insert_rows(cursor: Cursor, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows by column name, through Arrow: row by row is a thousand times slower. Writes."""
    if not rows:
        return
    columns = tables.TABLE_COLUMNS[table]
    arrow_table = pa.table(
        {name: pa.array([row[name] for row in rows], type=_ARROW_TYPES[kind]) for name, kind in columns.items()}
    )
    cursor.register("incoming", arrow_table)
    try:
        cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
    finally:
        cursor.unregister("incoming")


def _select_new_events(events: list[dict[str, Any]], last_seq: int) -> list[dict[str, Any]]:
    """The events not ingested yet; a seq counts only once, as in ``journal.effective_events``."""
    new_events = []
    for event in events:
        if event["seq"] > last_seq:
            last_seq = event["seq"]
            new_events.append(event)
    return new_events


def replace_run_row(cursor: Cursor, row: dict[str, Any] | None) -> None:
    """Replaces a run's row; does nothing without a row. Writes."""
    if row:
        cursor.execute("DELETE FROM runs WHERE run_id = ?", [row["run_id"]])
        insert_rows(cursor, "runs", [row])


def _fetch_row_dict(cursor: Cursor, sql: str, run_id: str) -> dict[str, Any] | None:
    result = cursor.execute(sql, [run_id])
    names = [column[0] for column in result.description]
    row = result.fetchone()
    return dict(zip(names, row, strict=True)) if row else None


def _execute_counting_rows(cursor: Cursor, sql: str, parameters: list[Any]) -> int:
    row = cursor.execute(sql, parameters).fetchone()
    return row[0] if row else 0


def _read_position(cursor: Cursor, run_id: str) -> _IngestPosition:
    row = cursor.execute("SELECT bytes, last_seq, rows, mark FROM event_logs WHERE run_id = ?", [run_id]).fetchone()
    return _IngestPosition(*row) if row else _IngestPosition()


def _save_position(cursor: Cursor, run_id: str, position: _IngestPosition) -> None:
    cursor.execute("DELETE FROM event_logs WHERE run_id = ?", [run_id])
    cursor.execute(
        "INSERT INTO event_logs VALUES (?, ?, ?, ?, ?)",
        [run_id, position.byte_count, position.last_seq, position.row_count, position.digest],
    )


def _digest_before(path: Path, end: int) -> str:
    with path.open("rb") as file:
        file.seek(max(0, end - _DIGEST_BYTES))
        return hashlib.sha256(file.read(min(end, _DIGEST_BYTES))).hexdigest()[:16]


def delete_runs(cursor: Cursor, run_ids: list[str]) -> None:
    """Deletes these runs from every table. Writes."""
    delete_journal_rows(cursor, run_ids)
    cursor.execute("DELETE FROM notes WHERE list_contains(?, run_id)", [run_ids])


def delete_journal_rows(cursor: Cursor, run_ids: list[str]) -> None:
    """Deletes all rows made from these runs' journals. Writes."""
    for table in ("runs", *tables.EVENT_TABLES, "event_logs"):
        cursor.execute(f"DELETE FROM {table} WHERE list_contains(?, run_id)", [run_ids])


def find_row_count_mismatch(cursor: Cursor) -> str:
    """Describes a run whose tables hold another number of rows than its journal gave; empty where all agree.

    A damaged write-ahead log may lose rows silently; this detects it.
    """
    counts = " UNION ALL ".join(
        f"SELECT run_id, count(*) AS n FROM {name} GROUP BY run_id" for name in tables.EVENT_TABLES
    )
    row = cursor.execute(
        f"SELECT coalesce(j.run_id, c.run_id), c.n, j.rows FROM (SELECT run_id, sum(n) AS n FROM ({counts}) GROUP BY run_id) c "
        "FULL JOIN event_logs j ON j.run_id = c.run_id WHERE coalesce(c.n, 0) <> coalesce(j.rows, 0) LIMIT 1"
    ).fetchone()
    return f"run {row[0]} has {row[1] or 0} rows, its journal gave {row[2] or 0}" if row else ""
