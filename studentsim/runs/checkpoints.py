"""Checkpoints: the student's state after each turn, complete or absent, and verified by checksums.

A checkpoint is written under another name, synced to the disk and renamed. Its ``manifest.json`` holds every file's size and
SHA-256, so that damage is found before it is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from studentsim.errors import RunError
from studentsim.files import fsync_path

KEEP_LAST = 3
KEEP_EVERY_TURNS = 10
"""The last three checkpoints are kept, and those of every tenth turn (0 too)."""

MANIFEST_FILE = "manifest.json"
RUN_ONLY_FILES = (MANIFEST_FILE, "rehearsal.json")
"""Files that only a run needs; the others are as PEFT writes an adapter."""
_FOLDER_PATTERN = re.compile(r"turn-(\d{4,})")
_LEFTOVER_PATTERN = re.compile(r"\.(?:new|old)-\d{4,}(?:-(\d{4,}))?")


def checkpoint_path(checkpoints: Path, turn: int) -> Path:
    """The path of a turn's checkpoint, which need not exist."""
    return checkpoints / f"turn-{turn:04d}"


def write_checkpoint(
    checkpoints: Path,
    turn: int,
    save: Callable[[Path], None],
    *,
    epoch: int = 0,
    confirm: Callable[[], None] = lambda: None,
) -> Path:
    """Let ``save`` write into an empty folder and make that the turn's checkpoint. Writes; replaces an earlier one.

    The folder's temporary name holds the writer's ``epoch``: no other worker removes it under its hands. ``confirm`` is called before
    the checkpoint gets its name, and raises if this writer must not write any more.
    """
    checkpoints.mkdir(exist_ok=True)
    sweep_leftovers(checkpoints, epoch)
    temporary = checkpoints / _temporary_name("new", turn, epoch)
    temporary.mkdir()
    save(temporary)
    (temporary / MANIFEST_FILE).write_text(json.dumps(_compute_checksums(temporary), indent=1))
    for file in _list_files(temporary):
        fsync_path(file)
    fsync_path(temporary)
    target = checkpoint_path(checkpoints, turn)
    confirm()
    if target.exists():  # of a turn whose end never reached the journal: it is done again
        os.rename(target, checkpoints / _temporary_name("old", turn, epoch))
    os.rename(temporary, target)
    fsync_path(checkpoints)
    sweep_leftovers(checkpoints, epoch)
    return target


def describe_damage(checkpoints: Path, turn: int) -> str:
    """What is wrong with a turn's checkpoint; "" if it is complete and undamaged."""
    folder = checkpoint_path(checkpoints, turn)
    if not folder.is_dir():
        return "it is missing"
    try:
        expected = json.loads((folder / MANIFEST_FILE).read_text())
        actual = _compute_checksums(folder)
    except (OSError, ValueError) as error:
        return f"it cannot be read ({error})"
    if not isinstance(expected, dict):
        return f"its {MANIFEST_FILE} is damaged"
    damaged = sorted(name for name in expected.keys() | actual.keys() if expected.get(name) != actual.get(name))
    return f"{', '.join(damaged)} is damaged or missing" if damaged else ""


def list_turns(checkpoints: Path) -> list[int]:
    """The turns that have a checkpoint, damaged or not, in order."""
    if not checkpoints.is_dir():
        return []
    return sorted(int(m[1]) for name in os.listdir(checkpoints) if (m := _FOLDER_PATTERN.fullmatch(name)))


def prune_checkpoints(checkpoints: Path, epoch: int = 0) -> None:
    """Remove checkpoints that need not be kept (``KEEP_LAST``, ``KEEP_EVERY_TURNS``). Writes."""
    turns = [turn for turn in list_turns(checkpoints)[:-KEEP_LAST] if turn % KEEP_EVERY_TURNS]
    _remove_turns(checkpoints, turns, epoch)


def discard_later_turns(checkpoints: Path, turn: int, epoch: int = 0) -> None:
    """Remove checkpoints of turns after ``turn``, from which the run resumes. Writes."""
    _remove_turns(checkpoints, [later for later in list_turns(checkpoints) if later > turn], epoch)


def sweep_leftovers(checkpoints: Path, *epochs: int) -> None:
    """Remove what interrupted writers with these epochs left, and those of versions without epochs. Writes."""
    if not checkpoints.is_dir():
        return
    for name in os.listdir(checkpoints):
        if (match := _LEFTOVER_PATTERN.fullmatch(name)) and int(match[1] or 0) in (0, *epochs):
            shutil.rmtree(checkpoints / name, ignore_errors=True)


def leftover_epochs(checkpoints: Path) -> list[int]:
    """The epochs of the writers whose temporary folders are there."""
    names = os.listdir(checkpoints) if checkpoints.is_dir() else []
    return sorted({int(match[1] or 0) for name in names if (match := _LEFTOVER_PATTERN.fullmatch(name))})


def copy_adapter(checkpoints: Path, output_folder: Path, turn: int | None = None) -> int:
    """Copy a turn's adapter (None: of the last undamaged checkpoint) into a new or empty folder; returns the turn. Writes.

    The files are as PEFT writes an adapter: ``PeftModel.from_pretrained(base, folder)`` loads them.

    :raises RunError: there is no such checkpoint, it is damaged, or the folder is not empty or cannot be written.
    """
    available = list_turns(checkpoints)
    candidates = [turn] if turn is not None else available[::-1]
    chosen = next((t for t in candidates if not describe_damage(checkpoints, t)), None)
    if chosen is None:
        reason = "no lesson is complete yet" if turn is None else f"that of lesson {turn} is not kept, or damaged"
        remedy = f"There are those of lessons {', '.join(map(str, available))}." if available else ""
        raise RunError(f"There is no adapter to export: {reason}.", remedy)
    if output_folder.exists() and (not output_folder.is_dir() or any(output_folder.iterdir())):
        raise RunError(f"{str(output_folder)!r} is there already and not empty.", "Name a new folder.")
    try:
        output_folder.mkdir(parents=True, exist_ok=True)
        for path in _list_files(checkpoint_path(checkpoints, chosen)):
            if path.name not in RUN_ONLY_FILES:
                shutil.copyfile(path, output_folder / path.name)
    except OSError as error:
        raise RunError(
            f"{str(output_folder)!r} cannot be written ({error.strerror}).", "Name another folder."
        ) from error
    return chosen


def _remove_turns(checkpoints: Path, turns_to_remove: list[int], epoch: int) -> None:
    for turn in turns_to_remove:
        # Renamed first, so that an interruption leaves no partial checkpoint but a name that the next call removes.
        os.rename(checkpoint_path(checkpoints, turn), checkpoints / _temporary_name("old", turn, epoch))
    sweep_leftovers(checkpoints, epoch)


def _temporary_name(kind: str, turn: int, epoch: int) -> str:
    return f".{kind}-{turn:04d}-{epoch:04d}"


def _list_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _compute_checksums(folder: Path) -> dict[str, str]:
    """``size:sha256`` by relative path, without the manifest."""
    checksums = {}
    for path in _list_files(folder):
        if path.name != MANIFEST_FILE:
            with path.open("rb") as handle:
                checksums[path.relative_to(folder).as_posix()] = (
                    f"{path.stat().st_size}:{hashlib.file_digest(handle, 'sha256').hexdigest()}"
                )
    return checksums
