"""Writes the report for the command line, even while the app has the database open.

python -m studentsim report RUN --data DIR --to FILE
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studentsim.errors import DatabaseBusy, DataFolderError
from studentsim.reporting.html import build_report_html
from studentsim.store import ingest
from studentsim.store.database import DATABASE_FILE_NAME, Database


def write_report(data_folder: Path, run_id: str, target: Path) -> Path:
    """Write the report on a run to ``target``, replacing any file there, and return ``target``.

    :raises UnknownRun: when there is no run of that id.
    :raises JournalError: when its journal is damaged: a report on a part of it would not say so.
    :raises DataFolderError: when there is no such data folder, or ``target`` cannot be written.
    """
    if not data_folder.is_dir():
        raise DataFolderError(f"There is no data folder {str(data_folder)!r}.", "Name one with --data.")
    with _open_database(data_folder) as database:
        if damage := database.damaged_runs.get(run_id):
            raise damage
        text = build_report_html(database, run_id)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataFolderError(f"{target} cannot be written: {error.strerror}.", "Choose another file.") from error
    return target


@contextmanager
def _open_database(data_folder: Path) -> Iterator[Database]:
    """The data folder's database, up to date; while the app has it open, or in a read-only folder, a temporary one built from the
    journals.
    """
    runs = data_folder / "runs"
    try:
        database = Database.open(data_folder)
    except (DatabaseBusy, DataFolderError):
        with (
            tempfile.TemporaryDirectory() as folder,
            Database(Path(folder) / DATABASE_FILE_NAME, runs) as temporary_database,
        ):
            ingest.sync_journals(temporary_database, runs)
            yield temporary_database
        return
    with database:
        ingest.sync_journals(database, runs)
        yield database
