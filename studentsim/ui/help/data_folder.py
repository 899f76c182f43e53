"""The size of the data folder. No streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from studentsim.store import database, journal


@dataclass(frozen=True)
class DataFolderUsage:
    """The data folder and the sizes of its parts in bytes."""

    data_dir: Path
    run_count: int
    journal_bytes: int
    checkpoint_bytes: int
    database_bytes: int


def measure_data_folder(data_dir: Path) -> DataFolderUsage:
    """The sizes as they are now, from directory entries only; files that vanish meanwhile do not count."""
    runs = [entry for entry in _list_entries(data_dir / "runs") if not entry.name.startswith(".") and entry.is_dir()]
    checkpoint_files = (
        file for run in runs for turn in _list_entries(run / "checkpoints") for file in _list_entries(turn)
    )
    return DataFolderUsage(
        data_dir=data_dir,
        run_count=len(runs),
        journal_bytes=sum(_file_size(run / journal.JOURNAL_FILE_NAME) for run in runs),
        checkpoint_bytes=sum(map(_file_size, checkpoint_files)),
        database_bytes=_file_size(data_dir / database.DATABASE_FILE_NAME)
        + _file_size(data_dir / f"{database.DATABASE_FILE_NAME}.wal"),
    )


def _list_entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
