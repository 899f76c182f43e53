"""All questions of the built-in bank as one frame. Making them takes seconds of a processor, so a process of its own does it
once and leaves a file in the data folder; the pages of others go on meanwhile, and every later start reads the file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import pyarrow as pa
import streamlit as st

from studentsim.bank.table import COLUMNS, fingerprint
from studentsim.errors import BankError
from studentsim.ui.data import Engine
from studentsim.ui.questions.view import View

PATIENCE = 300
"""Seconds the making may take on a busy computer."""

WAIT = "The questions are written out, once on this computer …"


def questions(engine: Engine) -> pd.DataFrame:
    """Every question: ``id, category, skill, difficulty, split, problem, correct, rationale, options`` (JSON text). Not to be changed.

    :raises BankError: it could not be made.
    """
    version = fingerprint()
    making = nullcontext() if _path(str(engine.folder), version).exists() else st.spinner(WAIT)
    with making:
        return _frame(str(engine.folder), version)


def matching(frame: pd.DataFrame, view: View) -> pd.DataFrame:
    """The questions that a view lets through, in the bank's order."""
    keep = pd.Series(True, index=frame.index)
    for name in ("category", "skill", "split"):
        if value := getattr(view, name):
            keep &= frame[name] == value
    if view.difficulty:
        keep &= frame.difficulty == int(view.difficulty)
    if view.search:
        found = (
            frame[column].str.contains(view.search, case=False, regex=False) for column in ("problem", "rationale")
        )
        keep &= next(found) | next(found)
    return frame[keep]


def _path(folder: str, version: str) -> Path:
    return Path(folder) / "bank" / f"curriculum-{version}.parquet"


@st.cache_resource(max_entries=2, show_spinner=False)
def _frame(folder: str, version: str) -> pd.DataFrame:
    """Shared, not copied: nobody changes it."""
    path = _path(folder, version)
    if (frame := _read(path)) is not None:
        return frame
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in path.parent.glob("curriculum-*"):
            old.unlink(missing_ok=True)
        return _made(path)
    except OSError:  # the folder is read-only or full: the questions can be shown all the same
        with tempfile.TemporaryDirectory() as elsewhere:
            return _made(Path(elsewhere) / path.name)


def _read(path: Path) -> pd.DataFrame | None:
    """What a file holds; None where there is none, or one that is damaged."""
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError, pa.ArrowException):
        return None
    return frame if tuple(frame.columns) == COLUMNS and len(frame) else None


def _made(path: Path) -> pd.DataFrame:
    """Has the file made, and takes it into use in one step, so that nobody reads half of it. Writes."""
    half = path.with_suffix(f".{os.getpid()}.part")
    command = [sys.executable, "-m", "studentsim.bank.table", str(half)]
    root = str(Path(__file__).parents[3])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        half.unlink(missing_ok=True)
        raise BankError(
            f"The questions were not written out within {PATIENCE} seconds.",
            "Reload the page when the computer is less busy.",
        ) from error
    if done.returncode:
        half.unlink(missing_ok=True)
        if "No space left" in done.stderr or "Errno" in done.stderr:
            raise OSError(done.stderr.strip().splitlines()[-1])
        reason = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise BankError(f"The questions could not be written out: {reason[:200]}.", "Reload the page to try again.")
    half.replace(path)
    frame = _read(path)
    if frame is None:
        raise BankError(f"The file of questions {path.name} cannot be read.", "Reload the page to try again.")
    return frame
