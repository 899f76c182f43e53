"""One piece of a journal into the tables, within a transaction. What ``ingest`` calls for each run."""

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
from studentsim.store.notes import Notes

Cursor = duckdb.DuckDBPyConnection
_ARROW = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
}
_MARK_BYTES = 256
"""How much before the remembered place the fingerprint covers."""


@dataclass(frozen=True)
class _Place:
    """How far a journal has been taken in."""

    bytes: int = 0
    last_seq: int = -1
    rows: int = 0
    mark: str = ""


def take_in(cursor: Cursor, run_id: str, path: Path) -> tuple[int, int]:
    """One piece of a journal, within a transaction; returns the number of events in it and how many bytes are taken in now."""
    place = _place(cursor, run_id)
    if place != _Place() and (path.stat().st_size < place.bytes or _mark(path, place.bytes) != place.mark):
        delete(cursor, [run_id])
        place = _Place()
    events, end = journal.tail(path, place.bytes)
    if end == place.bytes:
        return 0, end
    fresh = _fresh(events, place.last_seq)
    try:
        changed = _apply(cursor, run_id, fresh) if fresh else 0
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, pa.ArrowException) as error:
        raise JournalError(
            f"{path} holds an event that is not understood between the bytes {place.bytes} and {end} ({error!r}).",
            "It may be a newer version's: update the program.",
        ) from error
    last = fresh[-1]["seq"] if fresh else place.last_seq
    _set_place(cursor, run_id, _Place(end, last, place.rows + changed, _mark(path, end)))
    return len(events), end


def _apply(cursor: Cursor, run_id: str, events: list[dict[str, Any]]) -> int:
    """Deletes what these events make void, adds their rows, brings the run's row up to date; returns the change in rows."""
    changed = 0
    resumed = [event["turn"] for event in events if event["type"] == "Resumed"]
    if resumed:
        for table in tables.EVENT_TABLES:
            changed -= _count(cursor, f"DELETE FROM {table} WHERE run_id = ? AND turn > ?", [run_id, min(resumed)])
    rows = tables.rows_of(run_id, journal.standing(events), _open_turn(cursor, run_id))
    changed -= _count(cursor, "DELETE FROM turns WHERE run_id = ? AND NOT finished", [run_id])
    for table in tables.EVENT_TABLES:
        insert(cursor, table, rows[table])
        changed += len(rows[table])
    put_run(cursor, tables.fold(run_id, _run_row(cursor, run_id), events))
    return changed


def put_notes(cursor: Cursor, run_id: str, notes: Notes) -> None:
    """What the user says about a run takes the place of what was said before. Writes."""
    cursor.execute("DELETE FROM notes WHERE run_id = ?", [run_id])
    if notes != Notes():
        insert(cursor, "notes", [tables.notes_row(run_id, notes)])


def put_queued(cursor: Cursor, row: tables.Row) -> None:
    """The row of a run without events takes the place of all that was known of that run. Writes."""
    delete(cursor, [row["run_id"]])
    put_run(cursor, row)


def insert(cursor: Cursor, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds rows by their columns' names. Writes. By way of Arrow: row by row is a thousand times slower."""
    if not rows:
        return
    columns = tables.COLUMNS[table]
    arrow = pa.table(
        {name: pa.array([row[name] for row in rows], type=_ARROW[kind]) for name, kind in columns.items()}
    )  # fmt: skip
    cursor.register("incoming", arrow)
    try:
        cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
    finally:
        cursor.unregister("incoming")


def _fresh(events: list[dict[str, Any]], last_seq: int) -> list[dict[str, Any]]:
    """The events not taken in before; a seq counts only once, as in ``journal.standing``."""
    fresh = []
    for event in events:
        if event["seq"] > last_seq:
            last_seq = event["seq"]
            fresh.append(event)
    return fresh


def _open_turn(cursor: Cursor, run_id: str) -> dict[str, Any] | None:
    return _one(cursor, "SELECT * FROM turns WHERE run_id = ? AND NOT finished ORDER BY seq DESC LIMIT 1", run_id)


def _run_row(cursor: Cursor, run_id: str) -> dict[str, Any] | None:
    return _one(cursor, "SELECT * FROM runs WHERE run_id = ?", run_id)


def put_run(cursor: Cursor, row: dict[str, Any] | None) -> None:
    """Put a run's row in the place of the one there is; nothing where there is no row. Writes."""
    if row:
        cursor.execute("DELETE FROM runs WHERE run_id = ?", [row["run_id"]])
        insert(cursor, "runs", [row])


def _one(cursor: Cursor, sql: str, run_id: str) -> dict[str, Any] | None:
    result = cursor.execute(sql, [run_id])
    names = [column[0] for column in result.description]
    row = result.fetchone()
    return dict(zip(names, row, strict=True)) if row else None


def _count(cursor: Cursor, sql: str, parameters: list[Any]) -> int:
    row = cursor.execute(sql, parameters).fetchone()
    return row[0] if row else 0


def _place(cursor: Cursor, run_id: str) -> _Place:
    row = cursor.execute("SELECT bytes, last_seq, rows, mark FROM journals WHERE run_id = ?", [run_id]).fetchone()
    return _Place(*row) if row else _Place()


def _set_place(cursor: Cursor, run_id: str, place: _Place) -> None:
    cursor.execute("DELETE FROM journals WHERE run_id = ?", [run_id])
    cursor.execute(
        "INSERT INTO journals VALUES (?, ?, ?, ?, ?)", [run_id, place.bytes, place.last_seq, place.rows, place.mark]
    )


def _mark(path: Path, end: int) -> str:
    with path.open("rb") as file:
        file.seek(max(0, end - _MARK_BYTES))
        return hashlib.sha256(file.read(min(end, _MARK_BYTES))).hexdigest()[:16]


def forget(cursor: Cursor, run_ids: list[str]) -> None:
    """Take these runs out of every table. Writes."""
    delete(cursor, run_ids)
    cursor.execute("DELETE FROM notes WHERE list_contains(?, run_id)", [run_ids])


def delete(cursor: Cursor, run_ids: list[str]) -> None:
    """Take all that came of these runs' journals out of the tables. Writes."""
    for table in ("runs", *tables.EVENT_TABLES, "journals"):
        cursor.execute(f"DELETE FROM {table} WHERE list_contains(?, run_id)", [run_ids])


def miscounted(cursor: Cursor) -> str:
    """What is wrong if the tables do not hold as many rows as came of the journals; else an empty text.

    DuckDB's log, damaged, may lose rows in silence; this notices it.
    """
    counts = " UNION ALL ".join(
        f"SELECT run_id, count(*) AS n FROM {name} GROUP BY run_id" for name in tables.EVENT_TABLES
    )
    row = cursor.execute(
        f"SELECT coalesce(j.run_id, c.run_id), c.n, j.rows FROM (SELECT run_id, sum(n) AS n FROM ({counts}) GROUP BY run_id) c "
        "FULL JOIN journals j ON j.run_id = c.run_id WHERE coalesce(c.n, 0) <> coalesce(j.rows, 0) LIMIT 1"
    ).fetchone()
    return f"run {row[0]} has {row[1] or 0} rows, its journal gave {row[2] or 0}" if row else ""
