"""The commands ``verify`` and ``repair``: what the runs have on the disk."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from studentsim.cli.base import DEFAULT_DATA_FOLDER, ExistingDataFolderOption, JsonOption, app


@app.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN…]", help="Ids of runs or groups; none: all.")
    ] = None,
    data: ExistingDataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Check runs line by line: checksums, missing events, exams against their answers, checkpoints. Exit status 1 if any is hurt."""
    from studentsim.runs.groups import find_runs
    from studentsim.runs.repair import check_run
    from studentsim.runs.run_dir import list_runs

    checks = [check_run(folder) for folder in (find_runs(data, names) if names else list_runs(data))]
    for check in checks:
        lines = (check.journal.checked_lines + check.journal.unchecked_lines) if check.journal else 0
        print(f"{check.run_id}  {'hurt' if check.problems else 'sound'}, {lines} lines")
        print("".join(f"    {text}\n" for text in (*check.problems, *check.notes)), end="")
    if as_json:
        print(json.dumps({"runs": [asdict(check) for check in checks]}))
    if any(check.problems for check in checks):
        raise typer.Exit(1)


@app.command()
def repair(
    names: Annotated[list[str], typer.Argument(metavar="RUN…", help="Ids of runs.")],
    data: ExistingDataFolderOption = DEFAULT_DATA_FOLDER,
) -> None:
    """Keep what is sound of hurt runs and put the rest aside; resumed, they do it again."""
    from studentsim.runs.groups import find_runs
    from studentsim.runs.repair import repair_run

    for folder in find_runs(data, names):
        done = repair_run(folder)
        print(f"{folder.run_id}  {'; '.join(done) or 'nothing to repair'}")
