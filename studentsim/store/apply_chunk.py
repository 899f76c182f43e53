"""One chunk of a journal into the tables, within a transaction; ``ingest`` calls it for each run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from studentsim.errors import JournalError, first_line
from studentsim.store import journal, row_tally, tables
from studentsim.store.notes import RunNotes
from studentsim.store.row_tally import RowTally

Cursor = duckdb.DuckDBPyConnection
_ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
}
_DIGEST_BYTES = 256
"""Bytes before the ingested position that the digest covers."""


@dataclass(frozen=True)
class _IngestPosition:
    """How far a journal has been ingested. ``digest`` is of the bytes before ``byte_count``."""

    byte_count: int = 0
    last_seq: int = -1
    digest: str = ""
    tally: RowTally = RowTally()


def apply_chunk(cursor: Cursor, run_id: str, path: Path) -> tuple[int, int]:
    """Ingests the next chunk of a journal; returns the number of events in it and the bytes ingested so far. Writes.

    A journal that is shorter than the ingested position, or differs before it, was replaced: the run is re-ingested. Events before
    one that is not understood are ingested; the next call then raises.

    :raises JournalError: the journal cannot be read, or its next event does not fit the tables.
    """
    position = _read_position(cursor, run_id)
    if position != _IngestPosition() and (
        path.stat().st_size < position.byte_count or _digest_before(path, position.byte_count) != position.digest
    ):
        delete_journal_rows(cursor, [run_id])
        position = _IngestPosition()
    chunk = _read_chunk(cursor, run_id, path, position)
    if chunk.end == position.byte_count:
        return 0, chunk.end
    added, removed = _write_chunk(cursor, run_id, chunk)
    tally = position.tally - removed + added if position.byte_count else added  # a queued run's row is not counted
    _save_position(cursor, run_id, path, chunk, tally)
    return chunk.event_count, chunk.end


@dataclass(frozen=True)
class _Chunk:
    """Events of a journal as what they change in the tables. Making it writes nothing, so that what does not fit is found in time."""

    event_count: int
    end: int
    """Byte of the journal where they end."""
    last_seq: int
    resumed_turn: int | None
    """The earliest turn from which they resume: rows of later turns are void."""
    arrow_tables: Mapping[str, pa.Table]
    """The new rows by table; empty: no event is new."""


def _read_chunk(cursor: Cursor, run_id: str, path: Path, position: _IngestPosition) -> _Chunk:
    """The next chunk of the journal, or of the part of it before an event that does not fit.

    :raises JournalError: as for ``apply_chunk``.
    """
    events, end = journal.read_new_events(path, position.byte_count)
    line_ends: list[int] = []
    while True:
        try:
            return _build_chunk(cursor, run_id, events, end, position)
        except (JournalError, pa.ArrowException) as error:
            problem = error
        line_ends = line_ends[: len(line_ends) // 2] if line_ends else _find_line_ends(path, position.byte_count, end)
        if len(line_ends) < 2:
            break
        max_bytes = line_ends[len(line_ends) // 2 - 1] - position.byte_count
        events, end = journal.read_new_events(path, position.byte_count, max_bytes=max_bytes)
    place = f"between the bytes {position.byte_count} and {end} of {path}"
    if isinstance(problem, JournalError):
        raise JournalError(f"{problem.problem[:-1]} ({place}).", problem.remedy) from problem
    raise JournalError(f"An event {place} does not fit the tables: {first_line(problem)}.") from problem


def _find_line_ends(path: Path, begin: int, end: int) -> list[int]:
    """The bytes between ``begin`` and ``end`` where a line of the journal ends, in order."""
    with path.open("rb") as file:
        file.seek(begin)
        lines = file.read(end - begin).splitlines(keepends=True)
    return list(accumulate((len(line) for line in lines), initial=begin))[1:]


def _build_chunk(
    cursor: Cursor, run_id: str, events: list[dict[str, Any]], end: int, position: _IngestPosition
) -> _Chunk:
    """:raises JournalError, pa.ArrowException: an event does not fit the tables."""
    new_events = _select_new_events(events, position.last_seq)
    if not new_events:
        return _Chunk(len(events), end, position.last_seq, None, {})
    resumed_turn = min((event["turn"] for event in new_events if event["type"] == "RunResumed"), default=None)
    unfinished_turn = _fetch_row_dict(
        cursor, "SELECT * FROM turns WHERE run_id = ? AND NOT finished ORDER BY seq DESC LIMIT 1", run_id
    )
    if unfinished_turn and resumed_turn is not None and unfinished_turn["turn"] > resumed_turn:
        unfinished_turn = None
    run_row = tables.reduce_run(
        run_id, _fetch_row_dict(cursor, "SELECT * FROM runs WHERE run_id = ?", run_id), new_events
    )
    rows = tables.build_event_rows(run_id, journal.effective_events(new_events), unfinished_turn)
    arrow_tables = {table: _to_arrow(table, rows[table]) for table in tables.EVENT_TABLES}
    arrow_tables["runs"] = _to_arrow("runs", [run_row] if run_row else [])
    return _Chunk(len(events), end, new_events[-1]["seq"], resumed_turn, arrow_tables)


def _write_chunk(cursor: Cursor, run_id: str, chunk: _Chunk) -> tuple[RowTally, RowTally]:
    """Deletes the rows that the events make void and adds theirs; returns the tallies of those added and removed. Writes."""
    added, removed = RowTally(), RowTally()
    if not chunk.arrow_tables:
        return added, removed
    if chunk.resumed_turn is not None:
        for table in tables.EVENT_TABLES:
            removed += row_tally.delete_rows(cursor, table, "run_id = ? AND turn > ?", [run_id, chunk.resumed_turn])
    removed += row_tally.delete_rows(cursor, "turns", "run_id = ? AND NOT finished", [run_id])
    removed += row_tally.delete_rows(cursor, "runs", "run_id = ?", [run_id])
    for table, rows in chunk.arrow_tables.items():
        added += row_tally.insert_rows(cursor, table, rows)
    return added, removed


def replace_notes(cursor: Cursor, run_id: str, notes: RunNotes) -> None:
    """Replaces the user's notes about a run. Writes."""
    cursor.execute("DELETE FROM notes WHERE run_id = ?", [run_id])
    if notes != RunNotes():
        row_tally.insert_rows(cursor, "notes", _to_arrow("notes", [tables.build_notes_row(run_id, notes)]))


def replace_with_queued_run(cursor: Cursor, row: tables.TableRow) -> None:
    """Replaces everything stored of a run by the row of a run without events. Writes."""
    delete_journal_rows(cursor, [row["run_id"]])
    row_tally.insert_rows(cursor, "runs", _to_arrow("runs", [row]))


def _to_arrow(table: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as an Arrow table: row by row DuckDB takes a thousand times longer."""
    columns = tables.TABLE_COLUMNS[table]
    return pa.table(
        {name: pa.array([row[name] for row in rows], type=_ARROW_TYPES[kind]) for name, kind in columns.items()}
    )


def _select_new_events(events: list[dict[str, Any]], last_seq: int) -> list[dict[str, Any]]:
    """The events not ingested yet; a seq counts only once, as in ``journal.effective_events``."""
    new_events = []
    for event in events:
        if event["seq"] > last_seq:
            last_seq = event["seq"]
            new_events.append(event)
    return new_events


def _fetch_row_dict(cursor: Cursor, sql: str, run_id: str) -> dict[str, Any] | None:
    result = cursor.execute(sql, [run_id])
    names = [column[0] for column in result.description]
    row = result.fetchone()
    return dict(zip(names, row, strict=True)) if row else None


def _read_position(cursor: Cursor, run_id: str) -> _IngestPosition:
    row = cursor.execute(
        "SELECT bytes, last_seq, mark, rows, checksum FROM event_logs WHERE run_id = ?", [run_id]
    ).fetchone()
    return _IngestPosition(*row[:3], RowTally(*row[3:])) if row else _IngestPosition()


def _save_position(cursor: Cursor, run_id: str, path: Path, chunk: _Chunk, tally: RowTally) -> None:
    cursor.execute("DELETE FROM event_logs WHERE run_id = ?", [run_id])
    values = ", ".join(f"?::{kind} AS {name}" for name, kind in row_tally.EVENT_LOG_COLUMNS.items())
    cursor.execute(
        f"INSERT INTO event_logs BY NAME SELECT *, {row_tally.LOG_CHECKSUM_SQL} AS log_checksum FROM (SELECT ? AS run_id, {values})",
        [run_id, chunk.end, chunk.last_seq, _digest_before(path, chunk.end), tally.rows, tally.checksum],
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
    for table in (*tables.JOURNAL_TABLES, "event_logs"):
        cursor.execute(f"DELETE FROM {table} WHERE list_contains(?, run_id)", [run_ids])
