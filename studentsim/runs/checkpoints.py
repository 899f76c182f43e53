"""What the student had learnt after each turn, on the disk: complete or absent, and known to be whole.

A checkpoint is written under another name, brought to the disk, and renamed. ``manifest.json`` in it holds every file's
size and SHA-256, so that a damaged one is found before it is loaded.
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
from studentsim.runs.folder import sync_folder

KEEP_LAST = 3
KEEP_EVERY = 10
"""Kept are the last three, every tenth turn (0 too)."""

MANIFEST = "manifest.json"
OURS = (MANIFEST, "rehearsal.json")
"""Files of a checkpoint that are the run's own; the others are as PEFT writes an adapter."""
_NAME = re.compile(r"turn-(\d{4,})")


def path_of(checkpoints: Path, turn: int) -> Path:
    """Where the checkpoint of a turn lies, if there is one."""
    return checkpoints / f"turn-{turn:04d}"


def write(checkpoints: Path, turn: int, save: Callable[[Path], None]) -> Path:
    """Let ``save`` write into an empty folder and make that the turn's checkpoint. Writes; replaces an earlier one."""
    checkpoints.mkdir(exist_ok=True)
    _sweep(checkpoints)
    new = checkpoints / f".new-{turn:04d}"
    new.mkdir()
    save(new)
    (new / MANIFEST).write_text(json.dumps(_sums(new), indent=1))
    for file in _files(new):
        _sync_file(file)
    sync_folder(new)
    target = path_of(checkpoints, turn)
    if target.exists():  # of a turn that was done but never told: it is done again
        os.rename(target, checkpoints / f".old-{turn:04d}")
    os.rename(new, target)
    sync_folder(checkpoints)
    _sweep(checkpoints)
    return target


def damage(checkpoints: Path, turn: int) -> str:
    """What is wrong with a turn's checkpoint; empty when it is whole."""
    folder = path_of(checkpoints, turn)
    if not folder.is_dir():
        return "it is missing"
    try:
        wanted = json.loads((folder / MANIFEST).read_text())
        found = _sums(folder)
    except (OSError, ValueError) as error:
        return f"it cannot be read ({error})"
    if not isinstance(wanted, dict):
        return f"its {MANIFEST} is damaged"
    wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    return f"{', '.join(wrong)} is damaged or missing" if wrong else ""


def turns(checkpoints: Path) -> list[int]:
    """The turns that have a checkpoint, whole or not, in order."""
    if not checkpoints.is_dir():
        return []
    return sorted(int(m[1]) for name in os.listdir(checkpoints) if (m := _NAME.fullmatch(name)))


def prune(checkpoints: Path) -> None:
    """Remove those that need not be kept. Writes."""
    _remove(checkpoints, [turn for turn in turns(checkpoints)[:-KEEP_LAST] if turn % KEEP_EVERY])


def discard_after(checkpoints: Path, turn: int) -> None:
    """Remove those of later turns: the run goes on after ``turn``, and they would be taken for its newest. Writes."""
    _remove(checkpoints, [later for later in turns(checkpoints) if later > turn])


def export(checkpoints: Path, to: Path, turn: int | None = None) -> int:
    """Copy what was learnt by a turn (None: the last that is whole) into a new or empty folder; the turn. Writes.

    The files are as PEFT writes an adapter: ``PeftModel.from_pretrained(base, folder)`` takes them.

    :raises RunError: there is no such checkpoint, it is damaged, or the folder holds something already.
    """
    kept = turns(checkpoints)
    wanted = [turn] if turn is not None else kept[::-1]
    chosen = next((t for t in wanted if not damage(checkpoints, t)), None)
    if chosen is None:
        what = "no lesson is complete yet" if turn is None else f"that of lesson {turn} is not kept, or damaged"
        some = f"There are those of lessons {', '.join(map(str, kept))}." if kept else ""
        raise RunError(f"There is no adapter to export: {what}.", some)
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise RunError(f"{str(to)!r} is there already and not empty.", "Name a new folder.")
    try:
        to.mkdir(parents=True, exist_ok=True)
        for path in _files(path_of(checkpoints, chosen)):
            if path.name not in OURS:
                shutil.copyfile(path, to / path.name)
    except OSError as error:
        raise RunError(f"{str(to)!r} cannot be written ({error.strerror}).", "Name another folder.") from error
    return chosen


def _remove(checkpoints: Path, which: list[int]) -> None:
    for turn in which:
        # Renamed first: whoever is interrupted here leaves a name that the next sweep removes, not half a checkpoint.
        os.rename(path_of(checkpoints, turn), checkpoints / f".old-{turn:04d}")
    if checkpoints.is_dir():
        _sweep(checkpoints)


def _sweep(checkpoints: Path) -> None:
    for name in os.listdir(checkpoints):
        if name.startswith((".new-", ".old-")):
            shutil.rmtree(checkpoints / name, ignore_errors=True)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sums(folder: Path) -> dict[str, str]:
    """``size:sha256`` by file name, the manifest itself left out."""
    sums = {}
    for path in _files(folder):
        if path.name != MANIFEST:
            with path.open("rb") as handle:
                sums[path.relative_to(folder).as_posix()] = (
                    f"{path.stat().st_size}:{hashlib.file_digest(handle, 'sha256').hexdigest()}"
                )
    return sums


def _sync_file(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
