"""Export of a run: its tables as CSV and Parquet, and its settings, straight from the journal without a database.

python -m studentsim export RUN --to DIR
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from studentsim.config import upgrade_stored_settings
from studentsim.errors import DataFolderError, UnknownRun
from studentsim.store import journal, practice_mix, tables

FORMULA_PREFIXES = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""A spreadsheet reads a cell that begins so as a formula, and a formula can reach the network. Full-width signs count as the others."""


def export_run(folder: str | Path, run_id: str, target_folder: str | Path) -> list[Path]:
    """Writes a run's event tables and ``practice_mix`` into ``target_folder`` as .csv and .parquet, and config.json. Writes.

    ``folder`` is the data folder or the run's own. Void events are left out. In the CSV files texts that a spreadsheet
    would read as a formula begin with an apostrophe; Parquet has them unchanged. Returns the files.

    :raises UnknownRun: there is no journal of that run.
    :raises DataFolderError: ``target_folder`` is not empty, or cannot be written.
    """
    run_folder = _find_run_folder(Path(folder), run_id)
    events = journal.effective_events(journal.read_events(run_folder / journal.JOURNAL_FILE_NAME))
    checked_folder = _ensure_empty_folder(Path(target_folder))
    written: list[Path] = []
    try:
        config = next((c for event in events if isinstance(c := event.get("config"), Mapping)), None)
        table_rows = tables.build_event_rows(run_id, events)
        table_rows["practice_mix"] = practice_mix.build_practice_mix_rows(
            run_id, config or {}, table_rows["turns"], table_rows["exams"]
        )
        for table, rows in table_rows.items():
            frame = _build_typed_frame(_EXPORT_COLUMNS[table], rows)
            csv, parquet = checked_folder / f"{table}.csv", checked_folder / f"{table}.parquet"
            escape_formula_cells(frame).to_csv(csv, index=False, encoding="utf-8", lineterminator="\r\n")
            frame.to_parquet(parquet, index=False)
            written += [csv, parquet]
        if config is not None:
            written.append(checked_folder / "config.json")
            written[-1].write_text(
                json.dumps(upgrade_stored_settings(config), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
            )
    except OSError as error:
        raise DataFolderError(
            f"{checked_folder} cannot be written: {error.strerror}.", "Free some space, or choose another folder."
        ) from error
    return written


def escape_formula_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy in which no text begins like a formula; numbers stay numbers. To be called before a CSV file is written."""
    escaped = frame.copy()
    for name in escaped.columns:
        if not pd.api.types.is_numeric_dtype(escaped[name]) and not pd.api.types.is_bool_dtype(escaped[name]):
            escaped[name] = escaped[name].map(_escape_formula, na_action="ignore")
    return escaped


def _escape_formula(value: object) -> object:
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA_PREFIXES) else value


_EXPORT_COLUMNS: dict[str, dict[str, str]] = {**tables.TABLE_COLUMNS, "practice_mix": practice_mix.PRACTICE_MIX_COLUMNS}
_PANDAS_DTYPES = {"VARCHAR": "string", "BIGINT": "Int64", "INTEGER": "Int32", "DOUBLE": "Float64", "BOOLEAN": "boolean"}


def _build_typed_frame(columns: Mapping[str, str], rows: list[tables.TableRow]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: _PANDAS_DTYPES[kind] for name, kind in columns.items()})


def _find_run_folder(folder: Path, run_id: str) -> Path:
    """The folder of the run's journal: below the data folder, or ``folder`` itself if it is the run's.

    :raises UnknownRun: there is no such journal.
    """
    is_folder_name = bool(run_id) and not set(run_id) & set("/\\\0") and run_id not in (".", "..")
    if is_folder_name:
        for candidate in (folder / "runs" / run_id, folder):
            if (candidate == folder and folder.name != run_id) or not (candidate / journal.JOURNAL_FILE_NAME).is_file():
                continue
            return candidate
    raise UnknownRun(
        f"There is no run {run_id[:60]!r} in {folder}.", "Look in its folder 'runs' for the names of the runs there."
    )


def _ensure_empty_folder(folder: Path) -> Path:
    """Creates the folder where it is missing. Writes.

    :raises DataFolderError: it is not empty, or cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise DataFolderError(
                f"The folder {folder} is not empty.", "Name a new or an empty one; nothing is overwritten."
            )
    except OSError as error:
        raise DataFolderError(f"The folder {folder} cannot be made: {error.strerror}.", "Choose another.") from error
    return folder
