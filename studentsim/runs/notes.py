"""Keeps what a user says about a run in the run's folder: name, tags, note (``store/notes.py`` has the form)."""

from __future__ import annotations

from studentsim.runs.run_dir import RunFolder, data_folder_error, write_atomically
from studentsim.store import notes as form
from studentsim.store.notes import RunNotes


def write_notes(folder: RunFolder, notes: RunNotes) -> None:
    """Put these words in the place of those there; blank ones leave no file. Writes.

    :raises DataFolderError: the run's folder cannot be written.
    """
    path = folder.path / form.NOTES_FILE_NAME
    try:
        if notes == RunNotes():
            path.unlink(missing_ok=True)
        else:
            write_atomically(path, notes.to_json())
    except OSError as error:
        raise data_folder_error(folder.path, error, folder_label="folder of this simulation") from error


def read_notes(folder: RunFolder) -> RunNotes:
    """What was said about this run."""
    return form.read_notes(folder.path)
