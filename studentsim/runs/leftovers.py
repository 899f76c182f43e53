"""Removes what killed processes left in a data folder: half-made and half-deleted folders, temporary files, logs without a run."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from studentsim.files import TEMPORARY_NAME_PATTERN, TRASH_PREFIX, remove_tree
from studentsim.runs.process import get_birth_id
from studentsim.runs.run_dir import NEW_FOLDER_PREFIX, PROBE_PREFIX, runs_folder
from studentsim.runs.warm_worker import SPARE_LOGS_FOLDER

MIN_AGE_SECONDS = 600.0
"""Age of what is removed: whatever is younger, a living process may still need."""
_PREFIXES = (TRASH_PREFIX, NEW_FOLDER_PREFIX, PROBE_PREFIX)

logger = logging.getLogger(__name__)


def sweep_leftovers(data: Path, *, min_age_seconds: float = MIN_AGE_SECONDS) -> list[Path]:
    """Remove the left-overs of a data folder that are old enough; returns their paths. Writes; raises no ``OSError``."""
    removed = []
    for path in find_leftovers(data, min_age_seconds=min_age_seconds):
        remove_tree(path)
        if not os.path.lexists(path):
            removed.append(path)
    if removed:
        logger.info("%d left-overs of processes that ended were removed from %s", len(removed), data)
    return removed


def find_leftovers(data: Path, *, min_age_seconds: float = MIN_AGE_SECONDS) -> list[Path]:
    """The left-overs in a data folder, its folder of runs, each run's folder, and the folder of models."""
    runs, now = runs_folder(data), time.time()
    run_folders = [path for path in _list(runs) if not path.name.startswith(".")]
    candidates = [
        path
        for folder in (data, runs, runs / ".tokens", data / "models", *run_folders)
        for path in _list(folder)
        if path.name.startswith(_PREFIXES) or (TEMPORARY_NAME_PATTERN.fullmatch(path.name) and path.is_file())
    ]
    candidates += [path for path in _list(runs / SPARE_LOGS_FOLDER) if not _is_owner_alive(path)]
    return [path for path in candidates if (changed_at := _changed_at(path)) and now - changed_at >= min_age_seconds]


def _list(folder: Path) -> Iterator[Path]:
    """What is in a folder; nothing where there is none, or it cannot be read."""
    try:
        names = os.listdir(folder)
    except OSError:
        return
    yield from (folder / name for name in names)


def _is_owner_alive(log: Path) -> bool:
    """Whether the manager that a log of ``.spares`` is named after still runs."""
    pid = log.name.partition("-")[0]
    return pid.isdecimal() and len(pid) < 12 and get_birth_id(int(pid)) is not None


def _changed_at(path: Path) -> float | None:
    """When its content or its place last changed, in Unix seconds."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return max(status.st_mtime, status.st_ctime)
