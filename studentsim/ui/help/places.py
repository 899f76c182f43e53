"""Where the data lies, and how much of it there is. No streamlit here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from studentsim.store import database, journal


@dataclass(frozen=True)
class Places:
    """The data folder in use; sizes in bytes."""

    folder: Path
    runs: int
    journals: int
    checkpoints: int
    database: int


def places(folder: Path) -> Places:
    """What lies in that data folder now. Reads directory entries only; what vanishes meanwhile does not count."""
    runs = [entry for entry in _entries(folder / "runs") if not entry.name.startswith(".") and entry.is_dir()]
    saved = (file for run in runs for turn in _entries(run / "checkpoints") for file in _entries(turn))
    return Places(
        folder=folder,
        runs=len(runs),
        journals=sum(_size(run / journal.NAME) for run in runs),
        checkpoints=sum(map(_size, saved)),
        database=_size(folder / database.NAME) + _size(folder / f"{database.NAME}.wal"),
    )


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
