"""Commands that back a data folder up and restore it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from studentsim.cli.base import (
    DEFAULT_DATA_FOLDER,
    DataFolderOption,
    ExistingDataFolderOption,
    JsonOption,
    app,
    exit_when_interrupted,
    make_progress_bar,
)


@app.command()
def backup(
    to: Annotated[Path, typer.Option(help="A new zip file, or with another name a new folder.")],
    models: Annotated[bool, typer.Option("--models", help="Also the language models that were got.")] = False,
    data: ExistingDataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Back a data folder up while runs go on: runs with their checkpoints and notes, predictions, transfer figures."""
    from studentsim.backup.write import write_backup

    with _progress("backing up", "Stopped: no backup was made.") as on_progress:
        result = write_backup(data, to, with_models=models, on_progress=on_progress)
    manifest = result.manifest
    print(f"{len(manifest.run_ids)} runs, {manifest.total_bytes / 1e6:,.1f} MB, are in {to}")
    for problem in result.problems:
        print(f"Left out: {problem}", file=sys.stderr)
    if as_json:
        figures = {"runs": len(manifest.run_ids), "files": len(manifest.records), "bytes": manifest.total_bytes}
        print(json.dumps({"to": str(to), **figures, "problems": list(result.problems)}))
    if result.problems:
        raise typer.Exit(1)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="What 'backup' made.")],
    data: DataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Restore a backup into a new data folder. What was at work or waiting is interrupted there: resume it."""
    from studentsim.backup.restore import restore_backup

    with _progress("restoring", "Stopped: nothing was restored.") as on_progress:
        manifest = restore_backup(source, data, on_progress=on_progress)
    print(f"{len(manifest.run_ids)} runs are in {data}. Open it: python -m studentsim app --data {data}")
    if as_json:
        print(json.dumps({"data": str(data), "runs": manifest.run_ids, "bytes": manifest.total_bytes}))


@contextmanager
def _progress(label: str, stopped: str) -> Iterator[Callable[[int, int], None]]:
    """A function that shows the bytes that are done on stderr.

    :raises typer.Exit: with status 130 on Ctrl-C.
    """
    from rich.progress import DownloadColumn, TimeRemainingColumn

    bar = make_progress_bar(DownloadColumn(), TimeRemainingColumn())
    task = bar.add_task(label, total=None)
    with exit_when_interrupted(lambda: stopped), bar:
        yield lambda done, total: bar.update(task, completed=done, total=total)
