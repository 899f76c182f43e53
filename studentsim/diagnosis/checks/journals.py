"""A look at the runs' journals: whether they can be read and begin as journals do; thoroughly, line by line."""

from __future__ import annotations

import os
from collections.abc import Iterator

from studentsim.diagnosis.finding import BAD, LOOK, OK, Context, Finding
from studentsim.errors import JournalError
from studentsim.runs.repair import check_run
from studentsim.runs.run_dir import RunFolder, list_runs
from studentsim.store.journal import JournalEnd, read_last_event, read_new_events

TITLE, ORDER = "journals", 95
_BEGIN_BYTES = 2**16


def check(context: Context) -> Iterator[Finding]:
    """A line for each that is hurt, and one for the rest."""
    folders = [folder for folder in list_runs(context.data) if os.path.lexists(folder.journal_path)]
    hurt = 0
    for folder in folders:
        for finding in _check_all(folder) if context.thorough else _check_ends(folder):
            hurt += 1
            yield finding
    if not hurt:
        how = (
            "sound, line by line"
            if context.thorough
            else "readable (each line: --thorough, or python -m studentsim verify)"
        )
        yield Finding(OK, f"{len(folders)} are {how}.")


def _check_ends(folder: RunFolder) -> Iterator[Finding]:
    """The first event and the last."""
    try:
        chunk = read_new_events(folder.journal_path, JournalEnd(), max_bytes=_BEGIN_BYTES)
    except JournalError as error:
        yield Finding(BAD, error.problem, error.remedy)
        return
    if not chunk.events:
        if folder.journal_path.stat().st_size:
            yield Finding(LOOK, f"The journal of {folder.run_id} holds no complete event.", "Resume the run.")
    elif chunk.events[0]["type"] != "RunStarted" or read_last_event(folder.journal_path) is None:
        yield Finding(BAD, f"The journal of {folder.run_id} is damaged.", _repair_remedy(folder))


def _check_all(folder: RunFolder) -> Iterator[Finding]:
    """As ``python -m studentsim verify``."""
    for problem in check_run(folder).problems:
        yield Finding(BAD, f"{folder.run_id}: {problem}.", _repair_remedy(folder))


def _repair_remedy(folder: RunFolder) -> str:
    return f"Repair it: python -m studentsim repair {folder.run_id}; or restore it from a backup."
