"""One or several runs in one zip file: tables, settings, versions, figures, report, the user's notes and the journal.

python -m studentsim archive RUN --data DIR --to FILE.zip

It reads the run folders alone, so it works while the app has the database open.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from studentsim.errors import DataFolderError, RunError, StoreError
from studentsim.reporting.html import build_report_html
from studentsim.reporting.svg import standalone_svg
from studentsim.runs import notes
from studentsim.runs.run_dir import RunFolder
from studentsim.store import export, ingest, journal, queries
from studentsim.store.database import DATABASE_FILE_NAME, Database

MAX_JOURNAL_BYTES = 400_000_000
"""Bytes of journals in one archive at most; the archive is larger than they while it is written, and about a tenth when compressed."""
FIGURE_PATTERN = re.compile(r'<svg(?! class="course")[^>]*>.*?</svg>', re.S)
"""A figure of the report; the small bars within its tables are left out."""
README_TEXT = """What is in here
===============

runs.csv                 the runs: settings in which they differ, seed, group, state, last exam, name, tags, note
<run>/tables/            the run's tables, each as CSV and as Parquet: answers, exams, turns (lessons), training_steps, epochs, validations,
                         lookups, practice_mix. In CSV files a text that a spreadsheet would take for a formula begins with an
                         apostrophe; Parquet has it as it is.
<run>/settings.json      the run's settings
<run>/versions.json      versions of the program and of the packages that decide its figures
<run>/notes.json         name, tags and note, where somebody gave them
<run>/figures/           the report's figures, as SVG
<run>/report.html        the report: to read, to print
<run>/PROBLEM.txt        what is wrong with a damaged run, of which the rest may be missing
<run>/events.jsonl       the journal: everything that the run recorded, one event a line; all the rest was made from it

Accuracies are fractions from 0 to 1, times are seconds since 1970. A model student, not your pupils.
"""
RUN_COLUMNS = (
    "run_id", "title", "name", "tags", "note", "status", "strategy", "student", "model", "bank", "seed", "exam_seed",
    "group_id", "plan", "coordinates", "turn", "turns_planned", "last_turn", "last_correct", "last_questions",
    "last_ci_low", "last_ci_high", "started", "seconds", "recorded",
)  # fmt: skip
"""Columns of runs.csv, as ``queries.fetch_runs`` names them."""


def write_archive(
    folders: Sequence[RunFolder], target: Path, *, on_problem: Callable[[str], None] = lambda text: None
) -> Path:
    """Write the archive of these runs to ``target``, replacing any file there, and return ``target``.

    Of a damaged run among several the archive holds what can be read, and PROBLEM.txt; ``on_problem`` is called with its text.

    :raises DataFolderError: when the runs are too large for one archive, or ``target`` cannot be written.
    :raises StudentsimError: when the only run is damaged.
    """
    if (size := total_journal_bytes(folders)) > MAX_JOURNAL_BYTES:
        raise DataFolderError(
            f"The journals of these runs have {size / 1e6:,.0f} MB, one archive takes {MAX_JOURNAL_BYTES / 1e6:,.0f}.",
            "Take fewer runs at a time, or write a run's tables with: python -m studentsim export RUN --to DIR",
        )
    temporary = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    try:
        with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            _write_entries(archive, folders, Path(scratch), on_problem)
        os.replace(temporary, target)
    except OSError as error:
        raise DataFolderError(
            f"{target} cannot be written ({error.strerror or error}).", "Free some space, or choose another file."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return target


def total_journal_bytes(folders: Sequence[RunFolder]) -> int:
    """Bytes of the runs' journals together."""
    return sum(_file_size(folder.journal_path) for folder in folders)


def extract_figures(report_html: str) -> dict[str, str]:
    """The figures of a report, each as a standalone SVG file, by a file name made from its title."""
    figures: dict[str, str] = {}
    for svg_text in FIGURE_PATTERN.findall(report_html):
        label_match = re.search(r'aria-label="([^".]*)', svg_text)
        name = re.sub(r"[^a-z0-9]+", "-", label_match[1].lower()).strip("-")[:60] if label_match else ""
        name = name or f"figure-{len(figures) + 1}"
        while name in figures:
            name += "-2"
        figures[name] = standalone_svg(svg_text)
    return figures


def _file_size(path: Path) -> int:
    """Bytes of a file; 0 where there is none, or it cannot be seen."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


_UNREADABLE = (StoreError, RunError, PermissionError, FileNotFoundError, IsADirectoryError, NotADirectoryError)
"""Faults of one run's files; others are of the archive itself."""


def _write_entries(
    archive: zipfile.ZipFile, folders: Sequence[RunFolder], scratch: Path, on_problem: Callable[[str], None]
) -> None:
    archive.writestr("README.txt", README_TEXT)
    if not folders:
        return
    runs = folders[0].path.parent
    with Database(scratch / DATABASE_FILE_NAME, runs) as database:
        for folder in folders:
            ingest.sync_journals(database, runs, folder.run_id)
        archive.writestr("runs.csv", _runs_csv(database))
        for folder in folders:
            try:
                _write_run(archive, folder, database, scratch)
            except _UNREADABLE as error:
                if len(folders) == 1:
                    raise
                on_problem(f"{folder.run_id}: {error}")
                archive.writestr(f"{folder.run_id}/PROBLEM.txt", f"{error}\n")


def _runs_csv(database: Database) -> bytes:
    frame = queries.fetch_runs(database)
    table = frame[[name for name in RUN_COLUMNS if name in frame]].sort_values("run_id")
    return export.escape_formula_cells(table).to_csv(index=False, lineterminator="\r\n").encode()


def _write_run(archive: zipfile.ZipFile, folder: RunFolder, database: Database, scratch: Path) -> None:
    run_id = folder.run_id
    if (run_notes := notes.read_notes(folder)) != notes.RunNotes():
        archive.writestr(f"{run_id}/notes.json", json.dumps(asdict(run_notes), indent=2, ensure_ascii=False) + "\n")
    if not _write_journal(archive, folder):  # it waits in the queue: there are only its settings
        archive.write(folder.path / "config.json", f"{run_id}/settings.json")
        return
    for path in export.export_run(folder.path, run_id, scratch / run_id):
        name = "settings.json" if path.name == "config.json" else f"tables/{path.name}"
        archive.write(path, f"{run_id}/{name}")
        path.unlink()
    archive.writestr(
        f"{run_id}/versions.json", json.dumps(queries.fetch_run(database, run_id).versions, indent=2) + "\n"
    )
    report = build_report_html(database, run_id)
    archive.writestr(f"{run_id}/report.html", report)
    for name, figure in extract_figures(report).items():
        archive.writestr(f"{run_id}/figures/{name}.svg", figure)


def _write_journal(archive: zipfile.ZipFile, folder: RunFolder) -> bool:
    """Add the journal's complete lines (a running run may be writing the last one); False where there is none yet."""
    try:
        with folder.journal_path.open("rb") as source:
            first_line = source.readline()
            if not first_line.endswith(b"\n"):
                return False
            with archive.open(f"{folder.run_id}/{journal.JOURNAL_FILE_NAME}", "w") as target:
                target.write(first_line)
                for line in source:
                    if line.endswith(b"\n"):
                        target.write(line)
    except FileNotFoundError:
        return False
    return True
