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
from studentsim.store.journal import JournalChunk, JournalEnd
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
    """How far a journal has been ingested. ``digest`` is of the bytes before ``end.byte_count``."""

    end: JournalEnd = JournalEnd()
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
        path.stat().st_size < position.end.byte_count
        or _digest_before(path, position.end.byte_count) != position.digest
    ):
        delete_journal_rows(cursor, [run_id])
        position = _IngestPosition()
    chunk = journal.read_new_events(path, position.end)
    is_superseded = chunk.superseded_from is not None
    if is_superseded:  # rare: rows of a worker that had lost its lease are in the tables
        delete_journal_rows(cursor, [run_id])
        position = _IngestPosition()
        chunk = journal.read_new_events(path, position.end, max_bytes=path.stat().st_size)
    if chunk.end.byte_count == position.end.byte_count:
        return 0, chunk.end.byte_count
    try:
        change = _build_change(cursor, run_id, chunk)
    except _MISFITS as error:
        if is_superseded:
            raise _misfit_error(path, position, chunk, error) from error
        chunk, change = _find_sound_part(cursor, run_id, path, position, chunk)
    added, removed = _write_change(cursor, run_id, change)
    # a queued run's row is not counted
    tally = position.tally - removed + added if position.end.byte_count else added
    _save_position(cursor, run_id, _IngestPosition(chunk.end, _digest_before(path, chunk.end.byte_count), tally))
    return len(chunk.events), chunk.end.byte_count


_MISFITS = (JournalError, pa.ArrowException)


@dataclass(frozen=True)
class _Change:
    """What events change in the tables. Making it writes nothing, so that what does not fit is found in time."""

    resumed_turn: int | None
    """The earliest turn from which they resume: rows of later turns are void."""
    arrow_tables: Mapping[str, pa.Table]
    """The new rows by table; empty: there are no events."""


def _find_sound_part(
    cursor: Cursor, run_id: str, path: Path, position: _IngestPosition, chunk: JournalChunk
) -> tuple[JournalChunk, _Change]:
    """The lines of a chunk before one that does not fit, or about half of them, and their change.

    :raises JournalError: its first line does not fit.
    """
    line_ends = _find_line_ends(path, position.end.byte_count, chunk.end.byte_count)
    while True:
        try:
            return chunk, _build_change(cursor, run_id, chunk)
        except _MISFITS as error:
            if len(line_ends) < 2:
                raise _misfit_error(path, position, chunk, error) from error
        line_ends = line_ends[: len(line_ends) // 2]
        chunk = journal.read_new_events(path, position.end, max_bytes=line_ends[-1] - position.end.byte_count)


def _misfit_error(path: Path, position: _IngestPosition, chunk: JournalChunk, error: Exception) -> JournalError:
    place = f"between the bytes {position.end.byte_count} and {chunk.end.byte_count} of {path}"
    if isinstance(error, JournalError):
        return JournalError(f"{error.problem[:-1]} ({place}).", error.remedy)
    return JournalError(f"An event {place} does not fit the tables: {first_line(error)}.")


def _find_line_ends(path: Path, begin: int, end: int) -> list[int]:
    """The bytes between ``begin`` and ``end`` where a line of the journal ends, in order."""
    with path.open("rb") as file:
        file.seek(begin)
        lines = file.read(end - begin).splitlines(keepends=True)
    return list(accumulate((len(line) for line in lines), initial=begin))[1:]


def _build_change(cursor: Cursor, run_id: str, chunk: JournalChunk) -> _Change:
    """:raises JournalError, pa.ArrowException: an event does not fit the tables."""
    if not chunk.events:
        return _Change(None, {})
    resumed_turn = min((event["turn"] for event in chunk.events if event["type"] == "RunResumed"), default=None)
    unfinished_turn = _fetch_row_dict(
        cursor, "SELECT * FROM turns WHERE run_id = ? AND NOT finished ORDER BY seq DESC LIMIT 1", run_id
    )
    if unfinished_turn and resumed_turn is not None and unfinished_turn["turn"] > resumed_turn:
        unfinished_turn = None
    run_row = tables.reduce_run(
        run_id, _fetch_row_dict(cursor, "SELECT * FROM runs WHERE run_id = ?", run_id), chunk.events
    )
    rows = tables.build_event_rows(run_id, journal.effective_events(chunk.events), unfinished_turn)
    arrow_tables = {table: _to_arrow(table, rows[table]) for table in tables.EVENT_TABLES}
    arrow_tables["runs"] = _to_arrow("runs", [run_row] if run_row else [])
    return _Change(resumed_turn, arrow_tables)


def _write_change(cursor: Cursor, run_id: str, change: _Change) -> tuple[RowTally, RowTally]:
    """Deletes the rows that the events make void and adds theirs; returns the tallies of those added and removed. Writes."""
    added, removed = RowTally(), RowTally()
    if not change.arrow_tables:
        return added, removed
    if change.resumed_turn is not None:
        for table in tables.EVENT_TABLES:
            removed += row_tally.delete_rows(cursor, table, "run_id = ? AND turn > ?", [run_id, change.resumed_turn])
    removed += row_tally.delete_rows(cursor, "turns", "run_id = ? AND NOT finished", [run_id])
    removed += row_tally.delete_rows(cursor, "runs", "run_id = ?", [run_id])
    for table, rows in change.arrow_tables.items():
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


def _fetch_row_dict(cursor: Cursor, sql: str, run_id: str) -> dict[str, Any] | None:
    result = cursor.execute(sql, [run_id])
    names = [column[0] for column in result.description]
    row = result.fetchone()
    return dict(zip(names, row, strict=True)) if row else None


def _read_position(cursor: Cursor, run_id: str) -> _IngestPosition:
    row = cursor.execute(
        "SELECT bytes, epoch, last_seq, mark, rows, checksum FROM event_logs WHERE run_id = ?", [run_id]
    ).fetchone()
    return _IngestPosition(JournalEnd(*row[:3]), row[3], RowTally(*row[4:])) if row else _IngestPosition()


def _save_position(cursor: Cursor, run_id: str, position: _IngestPosition) -> None:
    cursor.execute("DELETE FROM event_logs WHERE run_id = ?", [run_id])
    values = ", ".join(f"?::{kind} AS {name}" for name, kind in row_tally.EVENT_LOG_COLUMNS.items())
    end, tally = position.end, position.tally
    cursor.execute(
        f"INSERT INTO event_logs BY NAME SELECT *, {row_tally.LOG_CHECKSUM_SQL} AS log_checksum FROM (SELECT ? AS run_id, {values})",
        [run_id, end.byte_count, end.epoch, end.seq, position.digest, tally.rows, tally.checksum],
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
