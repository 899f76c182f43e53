"""What processes that ended left behind: half-made and half-deleted folders, half-got models, databases that were put aside."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from studentsim.diagnosis.finding import LOOK, OK, Context, Finding, join_names
from studentsim.files import remove_tree
from studentsim.runs.leftovers import MIN_AGE_SECONDS, find_leftovers, sweep_leftovers
from studentsim.runs.run_dir import RunFolder, list_runs
from studentsim.runs.status import read_run_state
from studentsim.store.database import DATABASE_FILE_NAME
from studentsim.student.huggingface.installation import WORK_FOLDER_PREFIX, lock_model

TITLE, ORDER = "left-overs", 80
_CHECKPOINT_PREFIXES = (".new-", ".old-")


def check(context: Context) -> Iterator[Finding]:
    """What is older than ten minutes, and of no living process."""
    found = [*find_leftovers(context.data), *_find_checkpoint_leftovers(context.data)]
    if found:
        names = [path.relative_to(context.data).as_posix() for path in found]
        yield Finding(
            LOOK, f"{len(found)} left-overs: {join_names(names)}.", "Remove them: python -m studentsim doctor --fix"
        )
    if half := [path.name.removeprefix(WORK_FOLDER_PREFIX) for path in _find_half_models(context.data)]:
        yield Finding(
            LOOK,
            f"Half-got models: {join_names(half)}.",
            "Get them again, which goes on from there, or remove them: python -m studentsim doctor --fix",
        )
    aside = sorted(path.name for path in context.data.glob(f"{DATABASE_FILE_NAME}.*") if _is_put_aside(path))
    if aside:
        yield Finding(LOOK, f"Databases that were put aside: {join_names(aside)}.", "Nothing needs them: delete them.")
    if not (found or half or aside):
        yield Finding(OK, "There are none.")


def fix(context: Context) -> Iterator[str]:
    """Removes left-overs and half-got models that nobody is getting."""
    for path in sweep_leftovers(context.data):
        yield f"removed {path.relative_to(context.data)}"
    for path in _find_checkpoint_leftovers(context.data):
        remove_tree(path)
        yield f"removed {path.relative_to(context.data)}"
    for path in _find_half_models(context.data):
        with contextlib.suppress(BlockingIOError), lock_model(path.name.removeprefix(WORK_FOLDER_PREFIX), wait=False):
            remove_tree(path)
            yield f"removed {path.relative_to(context.data)}"


def _find_checkpoint_leftovers(data: Path) -> list[Path]:
    """Half-written and half-removed checkpoints of runs that have no worker."""
    return [path for folder in list_runs(data) for path in _checkpoint_leftovers_of(folder)]


def _checkpoint_leftovers_of(folder: RunFolder) -> list[Path]:
    try:
        found = [
            path
            for path in folder.checkpoints.iterdir()
            if path.name.startswith(_CHECKPOINT_PREFIXES) and _is_old(path)
        ]
    except OSError:
        return []
    return found if found and not read_run_state(folder).is_live else []


def _find_half_models(data: Path) -> list[Path]:
    try:
        return [
            path for path in (data / "models").iterdir() if path.name.startswith(WORK_FOLDER_PREFIX) and _is_old(path)
        ]
    except OSError:
        return []


def _is_put_aside(path: Path) -> bool:
    kind = path.name.removeprefix(f"{DATABASE_FILE_NAME}.")
    return kind.startswith(("damaged-", "version-")) and not kind.endswith(".wal")


def _is_old(path: Path) -> bool:
    """Whether neither it nor anything directly in it changed within ten minutes."""
    try:
        changed_at = max(entry.lstat().st_mtime for entry in (path, *(path.iterdir() if path.is_dir() else ())))
    except OSError:
        return False
    return time.time() - changed_at >= MIN_AGE_SECONDS
