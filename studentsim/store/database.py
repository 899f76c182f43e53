"""The one owner of DuckDB in a process: opens the file, lends cursors, serialises writes, repairs damage.

A DuckDB file belongs to one process at a time, the app; workers only write journals. The file is an index over the
journals, so a damaged one is moved aside and rebuilt; ``notices`` says so, for the interface to show.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pandas as pd
import pyarrow as pa

from studentsim.errors import DatabaseBusy, DataFolderError, JournalError, StoreError
from studentsim.store import apply_chunk, db_files, ingest, row_tally, schema
from studentsim.store.data_folder import refuse_other_folder
from studentsim.store.rwlock import ReadWriteLock

DATABASE_FILE_NAME = "studentsim.duckdb"
"""The database's file name within the data folder."""
DUCKDB_SETTINGS = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
}
"""No statement can reach another file or the network, or change these settings. They apply from the opening on: an
SQLite file would otherwise make DuckDB fetch an extension."""

Cursor = duckdb.DuckDBPyConnection
T = TypeVar("T")

logger = logging.getLogger(__name__)


class Database:
    """An open database, safe to share between threads: each use takes its own cursor."""

    def __init__(self, path: Path, runs_folder: Path) -> None:
        """Creates the file at ``path`` or makes it anew; callers use ``open``. Writes.

        :raises StoreError: as for ``open``.
        """
        self.path, self.runs_folder = path, runs_folder
        self.own_notices: list[str] = []
        self.file_signatures: dict[str, tuple[int, ...]] = {}
        """As ``ingest.IngestTarget.file_signatures``."""
        self.damaged_runs: dict[str, JournalError] = {}
        """As ``ingest.IngestTarget.damaged_runs``."""
        self.ingest_lock = threading.RLock()
        self._write_lock = threading.RLock()
        self._rwlock = ReadWriteLock()
        self._open_count = 0
        self._verification: threading.Timer | None = None
        self._connection = self._open_or_repair()

    @classmethod
    def open(cls, data_folder: str | Path) -> Database:
        """Opens the data folder's database; creates or rebuilds it as needed. Writes.

        :raises DatabaseBusy: another process owns it.
        :raises DatabaseTooNew: a newer version wrote it; it is left unchanged.
        :raises DataFolderError: the folder cannot be written to.
        """
        folder = Path(data_folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataFolderError(
                f"The data folder {folder} cannot be made: {error.strerror}.", "Choose another, or make it writable."
            ) from error
        return cls(folder / DATABASE_FILE_NAME, folder / "runs")

    @contextmanager
    def cursor(self) -> Iterator[Cursor]:
        """A read cursor for one use by one thread."""
        with self._rwlock.read():
            cursor = self._connection.cursor()
            try:
                yield cursor
            finally:
                cursor.close()

    def query_frame(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> pd.DataFrame:
        """The result of a SELECT. ``sql`` never holds what a user typed: values are passed as parameters.

        :raises StoreError: DuckDB failed.
        """
        return self._run_with_repair(lambda cursor: cursor.execute(sql, parameters or None).df())

    def query_arrow(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """As ``query_frame``, as an Arrow table: for many rows, where pandas would make a Python object of every text."""
        return self._run_with_repair(lambda cursor: cursor.execute(sql, parameters or None).to_arrow_table())

    def query_rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """As ``query_frame``, as tuples: cheaper for a few values."""
        return self._run_with_repair(lambda cursor: cursor.execute(sql, parameters or None).fetchall())

    def run_transaction(self, operation: Callable[[Cursor], T]) -> T:
        """Calls ``operation`` with a cursor in a transaction, one writer at a time, and returns its result. Writes.

        ``operation`` is called a second time where the database had to be repaired.

        :raises StoreError: DuckDB failed; nothing was written.
        """

        def transaction(cursor: Cursor) -> T:
            cursor.begin()
            try:
                result = operation(cursor)
                cursor.commit()
            except BaseException:
                with suppress(duckdb.Error):  # DuckDB has already rolled back, or has invalidated the database
                    cursor.rollback()
                raise
            return result

        with self._write_lock:
            return self._run_with_repair(transaction)

    def verify_rows(self) -> list[str]:
        """Compares every value with the checksums of the journals' rows; returns the runs that differed, read again. Writes.

        It reads the whole database: seconds for a million answers, during which others read and write.

        :raises StoreError: DuckDB failed.
        """
        suspects = self._run_with_repair(lambda cursor: row_tally.find_mismatched_runs(cursor, with_checksums=True))
        dropped: list[str] = []
        for run_id in suspects:  # looked at again alone: the journal's rows may have come in between
            with self.ingest_lock:
                dropped += self.run_transaction(
                    lambda cursor, run_id=run_id: self._drop_mismatched_runs(
                        cursor, row_tally.find_mismatched_runs(cursor, with_checksums=True, run_id=run_id)
                    )
                )
                ingest.sync_journals(self, self.runs_folder, run_id)
        return dropped

    def start_verification(self, delay_seconds: float) -> None:
        """Has ``verify_rows`` called once, in a thread of its own, so many seconds from now unless the database is closed before."""

        def verify() -> None:
            try:
                self.verify_rows()
            except Exception:  # closed meanwhile, or a full disk: nobody waits for the result
                logger.warning("the database's rows could not be verified", exc_info=True)

        self._verification = threading.Timer(delay_seconds, verify)
        self._verification.daemon = True
        self._verification.start()

    def _drop_mismatched_runs(self, cursor: Cursor, run_ids: list[str]) -> list[str]:
        """Deletes these runs' rows, so that the next sync reads their journals again, and says so; returns ``run_ids``. Writes."""
        if run_ids:
            apply_chunk.delete_journal_rows(cursor, run_ids)
        for run_id in run_ids:
            self.file_signatures.pop(run_id, None)
            self.add_notice(f"The run {run_id}'s rows in the database did not match its journal; they were read again.")
        return run_ids

    def add_notice(self, text: str) -> None:
        """Adds a message for the user, once."""
        if text not in self.own_notices:
            self.own_notices.append(text)

    @property
    def notices(self) -> list[str]:
        """``own_notices``, about what happened to the database, and which runs cannot be shown whole as their files are now."""
        damage = (
            f"The run {run_id} cannot be shown whole. {error}" for run_id, error in list(self.damaged_runs.items())
        )
        return [*self.own_notices, *damage]

    def close(self) -> None:
        """Closes the file and checkpoints its write-ahead log. The object must not be used afterwards."""
        if self._verification:
            self._verification.cancel()
        with self._write_lock, self._rwlock.write():
            self._connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---------------------------------------------------------------- opening and repair

    def _open_or_repair(self) -> Cursor:
        """A connection to an undamaged database of the current schema version, whatever is at ``path``."""
        if not self.path.exists() and db_files.wal_path(self.path).exists():
            db_files.move_damaged_aside(self.path)
        existed = self.path.exists()
        try:
            return self._connect()
        except duckdb.Error as error:
            if reason := db_files.explain_open_error(error, self.path):
                raise reason from error
            if not existed:
                raise _to_store_error(error) from error
            return self._rebuild_from_journals(str(error))

    def _connect(self) -> Cursor:
        connection = duckdb.connect(self.path, config=DUCKDB_SETTINGS)
        try:
            version = schema.read_schema_version(connection)
            if 0 < version < schema.SCHEMA_VERSION:
                connection.close()
                aside = db_files.move_outdated_aside(self.path, version)
                self.add_notice(
                    f"The database is made anew from the runs' journals; the older version's is {aside.name}."
                )
                connection = duckdb.connect(self.path, config=DUCKDB_SETTINGS)
            if version < schema.SCHEMA_VERSION:
                schema.create_tables(connection)
            self._drop_mismatched_runs(connection, row_tally.find_mismatched_runs(connection, with_checksums=False))
            return connection
        except BaseException:
            connection.close()
            raise

    def _rebuild_from_journals(self, reason: str) -> Cursor:
        replacement = db_files.replacement_path(self.path)
        build_database(replacement, self.runs_folder)
        damaged_path = db_files.move_damaged_aside(self.path)
        replacement.replace(self.path)
        first_line = reason.splitlines()[0][:200] if reason else ""
        self.add_notice(
            f"The database was damaged and has been made anew from the runs' journals; the old file is {damaged_path.name} ({first_line})."
        )
        self.file_signatures.clear()
        return self._connect()

    def _run_with_repair(self, operation: Callable[[Cursor], T]) -> T:
        """Calls ``operation`` with a cursor; once more after a repair if the database is damaged or invalidated."""
        open_count = self._open_count
        try:
            with self.cursor() as cursor:
                return operation(cursor)
        except duckdb.Error as error:
            if not self._try_repair(error, open_count):
                raise _to_store_error(error) from error
        try:
            with self.cursor() as cursor:
                return operation(cursor)
        except duckdb.Error as error:
            raise _to_store_error(error) from error

    def _try_repair(self, error: duckdb.Error, open_count: int) -> bool:
        """Whether it is worth trying again. Waits until no cursor is in use: DuckDB releases the file only then."""
        with self._write_lock:
            if open_count != self._open_count:
                return True
            if not db_files.is_damage_error(error) and not db_files.is_invalidated_error(error):
                return False
            with self._rwlock.write():
                with suppress(duckdb.Error):  # it could not checkpoint its log; opening replays it
                    self._connection.close()
                self._open_count += 1
                self._connection = (
                    self._rebuild_from_journals(str(error))
                    if db_files.is_damage_error(error)
                    else self._open_or_repair()
                )
            return True


def build_database(path: Path, runs_folder: Path) -> int:
    """Builds a database at ``path`` from all journals, replacing any there; returns the number of runs. Writes."""
    db_files.remove_database(path)
    with Database(path, runs_folder) as database:
        ingest.sync_journals(database, runs_folder)
        return database.query_rows("SELECT count(*) FROM runs")[0][0]


def rebuild_database(data_folder: str | Path) -> int:
    """Rebuilds the data folder's database from its journals; returns the number of runs. Writes.

    :raises DatabaseBusy: another process owns the database.
    :raises DatabaseTooNew: a newer version wrote it.
    :raises DataFolderError: it holds other things and no runs, or cannot be used.
    """
    try:
        refuse_other_folder(Path(data_folder))
    except OSError as error:
        raise DataFolderError(f"{data_folder} cannot be read: {error.strerror}.", "Name the data folder.") from error
    try:
        with Database.open(data_folder) as database:
            path, runs_folder = database.path, database.runs_folder
    except DatabaseBusy as error:
        raise DatabaseBusy(error.problem, "Close the app, then rebuild.") from error
    run_count = build_database(db_files.replacement_path(path), runs_folder)
    db_files.remove_database(path)
    db_files.replacement_path(path).replace(path)
    return run_count


def _to_store_error(error: duckdb.Error) -> StoreError:
    remedy = (
        "Free some space on the disk and try again."
        if db_files.is_disk_full_error(error)
        else "Reload the page; the journals are safe."
    )
    return StoreError(f"The database could not be used: {str(error).splitlines()[0][:300]}.", remedy)
