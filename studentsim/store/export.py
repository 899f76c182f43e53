"""A run to take away: its tables as CSV and Parquet, and its settings. Straight from the journal; no database needed.

python -m studentsim export RUN --to DIR
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from studentsim.config import stored
from studentsim.errors import DataFolderError, UnknownRun
from studentsim.store import journal, practice_mix, tables

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes a cell that begins so for a formula, and a formula can reach out to the network."""


def export(folder: str | Path, run_id: str, to: str | Path) -> list[Path]:
    """Writes answers, exams, turns, steps, epochs, validations and lookups of a run into ``to``, each as .csv and .parquet, with what
    was practised by category and the mistakes it followed (practice_mix), and config.json; returns the files. ``folder`` is the data
    folder or the run's own. Void events are left out.

    In the CSV files texts that a spreadsheet would take for a formula begin with an apostrophe; Parquet has them as they are.

    :raises UnknownRun: there is no journal of that run.
    :raises DataFolderError: ``to`` holds something already, or cannot be written.
    """
    run_folder = _run_folder(Path(folder), run_id)
    events = journal.standing(journal.read_events(run_folder / journal.NAME))
    target = _empty_folder(Path(to))
    written: list[Path] = []
    try:
        config = next((event["config"] for event in events if event["type"] == "RunStarted"), None)
        found = tables.rows_of(run_id, events)
        found["practice_mix"] = practice_mix.rows_of(run_id, config or {}, found["turns"], found["exams"])
        for table, rows in found.items():
            frame = _frame(_COLUMNS[table], rows)
            csv, parquet = target / f"{table}.csv", target / f"{table}.parquet"
            safe_cells(frame).to_csv(csv, index=False, encoding="utf-8", lineterminator="\r\n")
            frame.to_parquet(parquet, index=False)
            written += [csv, parquet]
        if config is not None:
            written.append(target / "config.json")
            written[-1].write_text(json.dumps(stored(config), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataFolderError(
            f"{target} cannot be written: {error.strerror}.", "Free some space, or choose another folder."
        ) from error
    return written


def safe_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy in which no text begins like a formula; numbers stay numbers. To be called before any CSV or Excel is made."""
    safe = frame.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]) and not pd.api.types.is_bool_dtype(safe[name]):
            safe[name] = safe[name].map(_safe, na_action="ignore")
    return safe


def _safe(value: object) -> object:
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


_COLUMNS: dict[str, dict[str, str]] = {**tables.COLUMNS, "practice_mix": practice_mix.COLUMNS}
_DTYPES = {"VARCHAR": "string", "BIGINT": "Int64", "INTEGER": "Int32", "DOUBLE": "Float64", "BOOLEAN": "boolean"}


def _frame(columns: Mapping[str, str], rows: list[tables.Row]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: _DTYPES[kind] for name, kind in columns.items()})


def _run_folder(folder: Path, run_id: str) -> Path:
    """Where the run's journal lies: below the data folder, or in the folder itself if that is the run's."""
    name_only = bool(run_id) and not set(run_id) & set("/\\\0") and run_id not in (".", "..")
    if name_only:
        for candidate in (folder / "runs" / run_id, folder):
            if (candidate == folder and folder.name != run_id) or not (candidate / journal.NAME).is_file():
                continue
            return candidate
    raise UnknownRun(
        f"There is no run {run_id[:60]!r} in {folder}.", "Look in its folder 'runs' for the names of the runs there."
    )


def _empty_folder(to: Path) -> Path:
    try:
        to.mkdir(parents=True, exist_ok=True)
        if any(to.iterdir()):
            raise DataFolderError(
                f"The folder {to} is not empty.", "Name a new or an empty one; nothing is overwritten."
            )
    except OSError as error:
        raise DataFolderError(f"The folder {to} cannot be made: {error.strerror}.", "Choose another.") from error
    return to
