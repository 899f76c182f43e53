"""Commands that export what runs produced: tables, archives, adapters, reports; and rebuild the database, and record a demo."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from studentsim.cli.base import DEFAULT_DATA_FOLDER, DataFolderOption, ExistingDataFolderOption, app
from studentsim.errors import ConfigError, StoreError, UnknownRun


@app.command()
def export(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="The run's id, or a group's: then each run gets a folder.")
    ],
    to: Annotated[Path, typer.Option(help="A new or empty folder.")],
    data: ExistingDataFolderOption = DEFAULT_DATA_FOLDER,
) -> None:
    """Write a run's tables as CSV and Parquet."""
    from studentsim.runs.groups import find_group_runs, is_group_id
    from studentsim.runs.run_dir import check_run_id
    from studentsim.store.export import export_run

    group_run_ids = [folder.run_id for folder in find_group_runs(data, run_id)] if is_group_id(run_id) else []
    if not group_run_ids:
        _print_paths(export_run(data, check_run_id(run_id), to))
        return
    is_whole = True
    for group_run_id in group_run_ids:
        try:
            _print_paths(export_run(data, group_run_id, to / group_run_id))
        except (StoreError, UnknownRun) as error:  # a damaged run keeps no other from being written
            print(f"Error: {group_run_id} is not exported. {error}", file=sys.stderr)
            is_whole = False
    if not is_whole:
        raise typer.Exit(2)


def _print_paths(paths: Sequence[Path]) -> None:
    for path in paths:
        print(path)


@app.command()
def archive(
    names: Annotated[list[str], typer.Argument(metavar="RUN…", help="Ids of runs, or of groups of runs.")],
    to: Annotated[Path, typer.Option(help="The zip file to write.")],
    data: ExistingDataFolderOption = DEFAULT_DATA_FOLDER,
) -> None:
    """Pack whole runs into one zip file: all tables, settings, versions, figures as SVG, the report and the journal."""
    from studentsim.reporting.archive import write_archive
    from studentsim.runs.groups import find_runs

    def print_problem(text: str) -> None:
        print(f"Not archived whole: {text}", file=sys.stderr)

    print(write_archive(find_runs(data, names), to, on_problem=print_problem))


@app.command(name="export-adapter")
def export_adapter(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    to: Annotated[Path, typer.Option(help="A new or empty folder.")],
    lesson: Annotated[int | None, typer.Option(min=0, help="After which lesson (default: the last).")] = None,
    data: ExistingDataFolderOption = DEFAULT_DATA_FOLDER,
) -> None:
    """Copy a run's adapter into a folder that plain PEFT loads."""
    from studentsim.runs import checkpoints
    from studentsim.runs.run_dir import open_run

    folder = open_run(data, run_id)
    turn = checkpoints.copy_adapter(folder.checkpoints, to, lesson)
    print(f"What was learnt by lesson {turn} is in {to}")
    if weights := folder.read_config().weights:
        print(f"It was trained on the embedded student's weights {weights} and fits no others.")


@app.command()
def report(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    to: Annotated[Path, typer.Option(help="The file to write.")] = Path("report.html"),
    data: ExistingDataFolderOption = DEFAULT_DATA_FOLDER,
) -> None:
    """Write a run's report: one HTML file to print or to send."""
    from studentsim.reporting.file import write_report
    from studentsim.runs.run_dir import check_run_id

    print(write_report(data, check_run_id(run_id), to))


@app.command(name="rebuild-db")
def rebuild_db(data: ExistingDataFolderOption = DEFAULT_DATA_FOLDER) -> None:
    """Make the database anew from the journals."""
    from studentsim.store.database import rebuild_database

    count = rebuild_database(data)
    print(f"{count} run{'' if count == 1 else 's'} read from the journals of {data}")


@app.command(name="record-demo")
def record_demo(
    to: Annotated[Path, typer.Option(help="Folder of the recorded journals.")] = Path("studentsim/recorded"),
    study: Annotated[str, typer.Option(help="Which study: embedded, or smollm2.")] = "embedded",
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Runs of each way that is compared; controls with one keep it.")
    ] = None,
    turns: Annotated[int | None, typer.Option(help="Lessons.")] = None,
    exam_size: Annotated[int | None, typer.Option(help="Questions in each exam.")] = None,
    bank: Annotated[str | None, typer.Option(help="Its questions, where they do not come with the product.")] = None,
    work: Annotated[Path | None, typer.Option(help="Data folder of its runs: begun there, it is gone on with.")] = None,
    hours: Annotated[float | None, typer.Option(min=0, help="Stop after so many hours; needs --work.")] = None,
    data: DataFolderOption = DEFAULT_DATA_FOLDER,
) -> None:
    """Record a study that comes with the product: one student, several ways of choosing, the same exam."""
    from studentsim.cli import record_demo
    from studentsim.runs.demo import get_study

    if hours is not None and work is None:
        raise ConfigError(
            "Stopping after some hours was asked for, but not where to keep what is done.", "Give --work FOLDER."
        )
    recorded_study = get_study(study)
    seeds_by_strategy = {
        strategy: seeds if seeds and count > 1 else count
        for strategy, count in recorded_study.seeds_by_strategy.items()
    }
    given = {"turns": turns, "exam_size": exam_size, "bank": bank}
    settings = {key: value for key, value in given.items() if value is not None}
    with nullcontext(work) if work else tempfile.TemporaryDirectory() as folder:
        result = record_demo.record_study(
            recorded_study, Path(folder), to, seeds_by_strategy=seeds_by_strategy, max_hours=hours, **settings
        )
    if remaining := result.remaining_run_ids:
        print(f"{len(remaining)} of {sum(seeds_by_strategy.values())} runs are left: {', '.join(remaining)}")
        print("The same command goes on with them." if work else "Without --work nothing of it was kept.")
        raise typer.Exit(3)
    print(f"{sum(path.stat().st_size for path in result.files) / 1e6:.2f} MB in {to}")
