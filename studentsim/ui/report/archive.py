"""A whole run, or several, in one zip file: tables, settings, versions, figures, the report, the user's words and the journal itself.

python -m studentsim archive RUN --data DIR --to FILE.zip

It is made from the runs' folders alone, so it works while the app has the database.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from studentsim.errors import DataFolderError
from studentsim.runs import notes
from studentsim.runs.folder import RunFolder
from studentsim.store import export, ingest, journal, queries
from studentsim.store.database import NAME, Database
from studentsim.ui.report.html import make

LARGEST = 400_000_000
"""Bytes of the journals that go into one archive; what comes of them is larger while it is made, and about a tenth once it is packed."""
FIGURE = re.compile(r'<svg(?! class="course")[^>]*>.*?</svg>', re.S)
"""A picture of the report; the small ones within its tables are left out."""
README = """What is in here
===============

runs.csv                 the runs: settings that tell them apart, seed, group, state, last exam, name, tags, note
<run>/tables/            the run's tables, each as CSV and as Parquet: answers, exams, turns (lessons), steps, epochs, validations,
                         lookups, practice_mix. In CSV files a text that a spreadsheet would take for a formula begins with an
                         apostrophe; Parquet has it as it is.
<run>/settings.json      the run's settings
<run>/versions.json      versions of the program and of the packages that decide its figures
<run>/notes.json         name, tags and note, where somebody gave them
<run>/figures/           the report's figures, as SVG
<run>/report.html        the report: to read, to print
<run>/events.jsonl       the journal: everything the run told, one event a line; all the rest was made from it

Accuracies are fractions from 0 to 1, times are seconds since 1970. A model student, not your pupils.
"""
COLUMNS = (
    "run_id", "title", "name", "tags", "note", "status", "strategy", "student", "model", "bank", "seed", "exam_seed",
    "group_id", "plan", "coordinates", "turn", "turns_planned", "last_turn", "last_correct", "last_questions", "last_low", "last_high",
    "started", "seconds", "recorded",
)  # fmt: skip
"""Of runs.csv, by the names of ``queries.runs``."""


def write(folders: Sequence[RunFolder], to: Path) -> Path:
    """Writes the archive of these runs into the file ``to``, in place of any there, and returns it. Writes.

    :raises DataFolderError: the runs are too large for one archive, or ``to`` cannot be written.
    :raises JournalError: a journal is damaged.
    """
    if (size := size_of(folders)) > LARGEST:
        raise DataFolderError(
            f"The journals of these runs have {size / 1e6:,.0f} MB, one archive takes {LARGEST / 1e6:,.0f}.",
            "Take fewer runs at a time, or write a run's tables with: python -m studentsim export RUN --to DIR",
        )
    new = to.with_name(f".{to.name}-{secrets.token_hex(4)}")
    try:
        with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
            _fill(archive, folders, Path(scratch))
        os.replace(new, to)
    except OSError as error:
        raise DataFolderError(
            f"{to} cannot be written ({error.strerror or error}).", "Free some space, or choose another file."
        ) from error
    finally:
        new.unlink(missing_ok=True)
    return to


def size_of(folders: Sequence[RunFolder]) -> int:
    """Bytes of the runs' journals."""
    return sum(folder.journal.stat().st_size for folder in folders if folder.journal.exists())


def figures_of(report: str) -> dict[str, str]:
    """The pictures of a report, each a file of its own, by its name: what its title says, in small letters."""
    found: dict[str, str] = {}
    for drawn in FIGURE.findall(report):
        told = re.search(r'aria-label="([^".]*)', drawn)
        name = re.sub(r"[^a-z0-9]+", "-", told[1].lower()).strip("-")[:60] if told else ""
        name = name or f"figure-{len(found) + 1}"
        while name in found:
            name += "-2"
        found[name] = _alone(drawn)
    return found


def _alone(drawn: str) -> str:
    """A picture that needs no page around it."""
    head = '<svg xmlns="http://www.w3.org/2000/svg" font-family="system-ui, sans-serif" style="background:#FFFFFF" '
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + re.sub(r'\s+xmlns="[^"]*"', "", drawn).replace("<svg ", head, 1)


def _fill(archive: zipfile.ZipFile, folders: Sequence[RunFolder], scratch: Path) -> None:
    archive.writestr("README.txt", README)
    if not folders:
        return
    runs = folders[0].path.parent
    with Database(scratch / NAME, runs) as database:
        for folder in folders:
            ingest.sync(database, runs, folder.run_id)
        archive.writestr("runs.csv", _listed(database))
        for folder in folders:
            _run(archive, folder, database, scratch)


def _listed(database: Database) -> bytes:
    frame = queries.runs(database)
    table = frame[[name for name in COLUMNS if name in frame]].sort_values("run_id")
    return export.safe_cells(table).to_csv(index=False, lineterminator="\r\n").encode()


def _run(archive: zipfile.ZipFile, folder: RunFolder, database: Database, scratch: Path) -> None:
    run_id = folder.run_id
    if (said := notes.read(folder)) != notes.Notes():
        archive.writestr(f"{run_id}/notes.json", json.dumps(asdict(said), indent=2, ensure_ascii=False) + "\n")
    if not _journal(archive, folder):  # it waits: there is nothing but its settings
        archive.write(folder.path / "config.json", f"{run_id}/settings.json")
        return
    for path in export.export(folder.path, run_id, scratch / run_id):
        name = "settings.json" if path.name == "config.json" else f"tables/{path.name}"
        archive.write(path, f"{run_id}/{name}")
        path.unlink()
    archive.writestr(f"{run_id}/versions.json", json.dumps(queries.run(database, run_id).versions, indent=2) + "\n")
    report = make(database, run_id)
    archive.writestr(f"{run_id}/report.html", report)
    for name, figure in figures_of(report).items():
        archive.writestr(f"{run_id}/figures/{name}.svg", figure)


def _journal(archive: zipfile.ZipFile, folder: RunFolder) -> bool:
    """Puts the journal's whole lines in: a run at work may be writing one. False: it has none yet."""
    try:
        with folder.journal.open("rb") as told:
            first = told.readline()
            if not first.endswith(b"\n"):
                return False
            with archive.open(f"{folder.run_id}/{journal.NAME}", "w") as packed:
                packed.write(first)
                for line in told:
                    if line.endswith(b"\n"):
                        packed.write(line)
    except FileNotFoundError:
        return False
    return True
