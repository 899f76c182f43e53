"""What tells a data folder from other folders, by the names in it alone. No DuckDB here: every command looks."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from studentsim.errors import DataFolderError

MAX_LOOKED_AT = 10_000
"""Most entries of a folder that are looked at."""
DATA_FOLDER_NAMES = frozenset({"runs", "models", "predictions", "transfer", "groups", "events.jsonl"})
"""What a data folder holds, or one run's folder, beside the database: a folder with one of these is taken to be one."""
_DATABASE_PREFIX = "studentsim.duckdb"
_IGNORED_NAMES = frozenset({"lost+found"})


def find_data_folder_names(folder: Path) -> tuple[list[str], list[str]]:
    """The visible names in a folder, and all in it that are a data folder's. One that holds others alone is no data folder.

    :raises OSError: it cannot be read.
    """
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in islice(entries, MAX_LOOKED_AT))
    visible_names = [name for name in names if not name.startswith(".") and name not in _IGNORED_NAMES]
    return visible_names, [name for name in names if name in DATA_FOLDER_NAMES or name.startswith(_DATABASE_PREFIX)]


def refuse_other_folder(folder: Path) -> None:
    """:raises DataFolderError: a folder with files in it, none of which is a data folder's.
    :raises OSError: it cannot be read.
    """
    visible_names, known_names = find_data_folder_names(folder)
    if visible_names and not known_names:
        raise DataFolderError(
            f"{str(folder)!r} is no data folder: it holds {', '.join(map(repr, visible_names[:3]))}, and no runs.",
            "Name the folder of your simulations with --data, or a new or empty one.",
        )
