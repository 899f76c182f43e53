"""Reads and writes a user's notes on a run (name, tags, note) in the run's folder; their format is in ``store/notes.py``."""

from __future__ import annotations

from studentsim.files import write_atomically
from studentsim.runs.run_dir import RunFolder, data_folder_error
from studentsim.store import notes as notes_file
from studentsim.store.notes import RunNotes


def write_notes(folder: RunFolder, notes: RunNotes) -> None:
    """Replace a run's notes; blank ones leave no file. Writes.

    :raises DataFolderError: the run's folder cannot be written.
    """
    path = folder.path / notes_file.NOTES_FILE_NAME
    try:
        if notes == RunNotes():
            path.unlink(missing_ok=True)
        else:
            write_atomically(path, notes.to_json())
    except OSError as error:
        raise data_folder_error(folder.path, error, folder_label="folder of this simulation") from error


def read_notes(folder: RunFolder) -> RunNotes:
    """The notes on this run; blank ones if there are none."""
    return notes_file.read_notes(folder.path)
