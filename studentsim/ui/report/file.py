"""The report from the command line: written even while the app has the database.

python -m studentsim report RUN --data DIR --to FILE
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studentsim.errors import DatabaseBusy, DataFolderError
from studentsim.store import ingest
from studentsim.store.database import NAME, Database
from studentsim.ui.report.html import make


def write(data_folder: Path, run_id: str, to: Path) -> Path:
    """Writes the report on a run into the file ``to``, in place of any there, and returns it. Writes.

    :raises UnknownRun: there is none of that id.
    :raises DataFolderError: there is no such data folder, or ``to`` cannot be written.
    """
    if not data_folder.is_dir():
        raise DataFolderError(f"There is no data folder {str(data_folder)!r}.", "Name one with --data.")
    with _database(data_folder) as database:
        text = make(database, run_id)
    try:
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataFolderError(f"{to} cannot be written: {error.strerror}.", "Choose another file.") from error
    return to


@contextmanager
def _database(data_folder: Path) -> Iterator[Database]:
    """The data folder's database, up to date; while the app has it, one of our own, made for the moment."""
    runs = data_folder / "runs"
    try:
        database = Database.open(data_folder)
    except DatabaseBusy:
        with tempfile.TemporaryDirectory() as folder, Database(Path(folder) / NAME, runs) as own:
            ingest.sync(own, runs)
            yield own
        return
    with database:
        ingest.sync(database, runs)
        yield database
