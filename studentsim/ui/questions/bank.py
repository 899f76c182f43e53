"""All questions of the built-in bank as one frame. Generating them takes seconds of processor time, so a child process does it
once and writes a file into the data folder; other visitors' pages are not blocked, and later starts read the file.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import pyarrow as pa
import streamlit as st

from studentsim.child_process import raise_reported_error, run_json_child
from studentsim.datasets.export import BANK_FILE_VERSION, QUESTION_COLUMNS
from studentsim.errors import BankError, DataFolderError, StudentsimError
from studentsim.ui.data import Engine
from studentsim.ui.questions.view import QuestionsView

TIMEOUT_SECONDS = 300
"""Seconds that the export may take on a busy computer."""
SPINNER_TEXT = "The questions are written out, once on this computer …"


def load_questions(engine: Engine) -> pd.DataFrame:
    """Every question: ``id, category, skill, difficulty, split, problem, correct, rationale, options`` (JSON text). Shared: do not modify.

    :raises BankError: the export failed.
    """
    is_exported = _bank_path(str(engine.data_dir), BANK_FILE_VERSION).exists()
    with nullcontext() if is_exported else st.spinner(SPINNER_TEXT):
        return _cached_frame(str(engine.data_dir), BANK_FILE_VERSION)


def filter_questions(frame: pd.DataFrame, view: QuestionsView) -> pd.DataFrame:
    """The questions that match ``view``, in the bank's order."""
    mask = pd.Series(True, index=frame.index)
    for name in ("category", "skill", "split"):
        if value := getattr(view, name):
            mask &= frame[name] == value
    if view.difficulty:
        mask &= frame.difficulty == int(view.difficulty)
    if view.search:
        text_matches = (
            frame[column].str.contains(view.search, case=False, regex=False) for column in ("problem", "rationale")
        )
        mask &= next(text_matches) | next(text_matches)
    return frame[mask]


def _bank_path(folder: str, version: str) -> Path:
    return Path(folder) / "bank" / f"curriculum-{version}.parquet"


@st.cache_resource(max_entries=2, show_spinner=False)
def _cached_frame(folder: str, version: str) -> pd.DataFrame:
    """Shared without a copy; callers must not modify it."""
    path = _bank_path(folder, version)
    if (frame := _read_bank_file(path)) is not None:
        return frame
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for old_path in path.parent.glob("curriculum-*"):
            old_path.unlink(missing_ok=True)
        return _export_bank_file(path)
    except (OSError, DataFolderError):  # the data folder is read-only or full: use a temporary one
        with tempfile.TemporaryDirectory() as temporary_folder:
            return _export_bank_file(Path(temporary_folder) / path.name)


def _read_bank_file(path: Path) -> pd.DataFrame | None:
    """Read the file; None if it is missing or damaged."""
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError, pa.ArrowException):
        return None
    return frame if tuple(frame.columns) == QUESTION_COLUMNS and len(frame) else None


def _export_bank_file(path: Path) -> pd.DataFrame:
    """Export the bank in a child process, replace ``path`` atomically and read it. Writes.

    :raises BankError: the export failed, took too long, or its file cannot be read.
    :raises DataFolderError, OSError: the file could not be written.
    """
    partial_path = path.with_suffix(f".{os.getpid()}.part")
    try:
        child = run_json_child(["-m", "studentsim.datasets.export"], str(partial_path), timeout_seconds=TIMEOUT_SECONDS)
        raise_reported_error(child.message)
        if not child.message:
            problem = f"The questions were not written out within {TIMEOUT_SECONDS} seconds."
            if child.has_timed_out:
                raise BankError(problem, "Reload the page when the computer is less busy.")
            reason = (child.last_stderr_line or "no reason was given")[:200]
            raise BankError(f"The questions could not be written out: {reason}.", "Reload the page to try again.")
    except StudentsimError:
        partial_path.unlink(missing_ok=True)
        raise
    partial_path.replace(path)
    frame = _read_bank_file(path)
    if frame is None:
        raise BankError(f"The file of questions {path.name} cannot be read.", "Reload the page to try again.")
    return frame
