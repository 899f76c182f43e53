"""A data folder with very many answers, made quickly: copies of a few real runs, or of the answers of one.

A run's copy has a folder of its own whose journal is another name for the template's file, and the rows that ingesting it would
give. So the app finds nothing to do, and nothing amiss.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from studentsim.store import ingest, journal, row_tally, tables
from studentsim.store.database import Cursor, Database

TABLES = (*tables.TABLE_COLUMNS, "event_logs")


def crowd(data_folder: Path, templates: Sequence[str], *, answers: int) -> int:
    """Copies the templates (runs of that folder) by turns until there are so many answers in all; returns how many. Writes."""
    with Database.open(data_folder) as database:
        ingest.sync_journals(database, database.runs_folder)
        sizes = dict(database.query_rows("SELECT run_id, count(*) FROM answers GROUP BY run_id"))
        total, number = sum(sizes.values()), 0
        while total < answers:
            template = templates[number % len(templates)]
            copy = f"{template}-{number:05d}"
            _folder(database.runs_folder, template, copy)
            database.run_transaction(lambda cursor, template=template, copy=copy: _rows(cursor, template, copy))
            total += sizes[template]
            number += 1
    return total


def swell(database: Database, run_id: str, *, answers: int) -> None:
    """Gives a run that is in the database copies of its own answers until there are so many. Writes.

    What its journal is said to have given grows with them, so that nothing is missed.
    """

    def copies(cursor: Cursor) -> None:
        (own,) = cursor.execute("SELECT count(*) FROM answers WHERE run_id = ?", [run_id]).fetchone()
        times = -(-answers // own) - 1
        cursor.execute(
            "INSERT INTO answers SELECT a.* REPLACE (a.seq + (k.k + 1) * 1000000 AS seq) "
            "FROM answers a, range(?) k(k) WHERE a.run_id = ?",
            [times, run_id],
        )
        _acknowledge_answers(cursor, run_id)

    database.run_transaction(copies)


def _folder(runs: Path, template: str, copy: str) -> None:
    (runs / copy).mkdir()
    shutil.copy2(runs / template / "config.json", runs / copy / "config.json")
    os.link(runs / template / journal.JOURNAL_FILE_NAME, runs / copy / journal.JOURNAL_FILE_NAME)


def _rows(cursor: Cursor, template: str, copy: str) -> None:
    for table in TABLES:
        cursor.execute(
            f"INSERT INTO {table} SELECT * REPLACE (? AS run_id) FROM {table} WHERE run_id = ?", [copy, template]
        )


def _acknowledge_answers(cursor: Cursor, run_id: str) -> None:
    """Has the run's rows as they are counted as those that its journal gave."""
    tables_sql = row_tally.tally_sql(with_checksums=True, run_id=run_id)
    ((_, rows, _, checksum),) = cursor.execute(tables_sql, {"run_id": run_id}).fetchall()
    cursor.execute("UPDATE event_logs SET rows = ?, checksum = ? WHERE run_id = ?", [rows, checksum, run_id])
    cursor.execute(
        f"UPDATE event_logs SET log_checksum = {row_tally.LOG_CHECKSUM_SQL} WHERE run_id = ?",
        [run_id],
    )
