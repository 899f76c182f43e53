"""Commands that hand out what runs have left: tables, adapters, reports, the database, the recorded study."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from studentsim.cli.frame import DATA, Data, app
from studentsim.errors import ConfigError, DataFolderError


@app.command()
def export(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="The run's id, or a group's: then each run gets a folder.")
    ],
    to: Annotated[Path, typer.Option(help="A new or empty folder.")],
    data: Data = DATA,
) -> None:
    """Write a run's tables as CSV and Parquet."""
    from studentsim.runs.folder import check_run_id
    from studentsim.runs.groups import is_group, members
    from studentsim.store.export import export as write

    of_group = [folder.run_id for folder in members(data, run_id)] if is_group(run_id) else []
    for one in of_group or [check_run_id(run_id)]:
        for path in write(data, one, to / one if of_group else to):
            print(path)


@app.command()
def archive(
    names: Annotated[list[str], typer.Argument(metavar="RUN…", help="Ids of runs, or of groups of runs.")],
    to: Annotated[Path, typer.Option(help="The zip file to write.")],
    data: Data = DATA,
) -> None:
    """Pack whole runs into one zip file: all tables, settings, versions, figures as SVG, the report and the journal."""
    from studentsim.runs.groups import runs_named
    from studentsim.ui.report.archive import write

    print(write(runs_named(data, names), to))


@app.command(name="export-adapter")
def export_adapter(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    to: Annotated[Path, typer.Option(help="A new or empty folder.")],
    lesson: Annotated[int | None, typer.Option(min=0, help="After which lesson (default: the last).")] = None,
    data: Data = DATA,
) -> None:
    """Copy a run's adapter into a folder that plain PEFT loads."""
    from studentsim.runs import checkpoints
    from studentsim.runs.folder import open_run

    folder = open_run(data, run_id)
    turn = checkpoints.export(folder.checkpoints, to, lesson)
    print(f"What was learnt by lesson {turn} is in {to}")
    if weights := folder.config().weights:
        print(f"It was trained on the embedded student's weights {weights} and fits no others.")


@app.command()
def report(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    to: Annotated[Path, typer.Option(help="The file to write.")] = Path("report.html"),
    data: Data = DATA,
) -> None:
    """Write a run's report: one HTML file to print or to send."""
    from studentsim.runs.folder import check_run_id
    from studentsim.ui.report.file import write

    print(write(data, check_run_id(run_id), to))


@app.command()
def rebuild(data: Data = DATA) -> None:
    """Make the database anew from the journals."""
    from studentsim.store.database import rebuild as make_anew

    if not data.is_dir():
        raise DataFolderError(f"There is no data folder {str(data)!r}.", "Name one with --data.")
    count = make_anew(data)
    print(f"{count} run{'' if count == 1 else 's'} read from the journals of {data}")


@app.command()
def record(
    to: Annotated[Path, typer.Option(help="Folder of the recorded journals.")] = Path("studentsim/recorded"),
    study: Annotated[str, typer.Option(help="Which study: embedded, or smollm2.")] = "embedded",
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Runs of each way that is compared; controls with one keep it.")
    ] = None,
    turns: Annotated[int | None, typer.Option(help="Lessons.")] = None,
    exam: Annotated[int | None, typer.Option(help="Questions in each exam.")] = None,
    bank: Annotated[str | None, typer.Option(help="Its questions, where they do not come with the product.")] = None,
    work: Annotated[Path | None, typer.Option(help="Data folder of its runs: begun there, it is gone on with.")] = None,
    hours: Annotated[float | None, typer.Option(min=0, help="Stop after so many hours; needs --work.")] = None,
    data: Data = DATA,
) -> None:
    """Record a study that comes with the product: one student, several ways of choosing, the same exam."""
    from studentsim.cli import recording
    from studentsim.runs.recorded import study_named

    if hours is not None and work is None:
        raise ConfigError(
            "Stopping after some hours was asked for, but not where to keep what is done.", "Give --work FOLDER."
        )
    chosen = study_named(study)
    each = {way: seeds if seeds and count > 1 else count for way, count in chosen.seeds.items()}
    settings = {key: value for key, value in {"turns": turns, "exam": exam, "bank": bank}.items() if value is not None}
    with nullcontext(work) if work else tempfile.TemporaryDirectory() as folder:
        found = recording.record(chosen, Path(folder), to, seeds=each, hours=hours, **settings)
    if found.left:
        print(f"{len(found.left)} of {sum(each.values())} runs are left: {', '.join(found.left)}")
        print("The same command goes on with them." if work else "Without --work nothing of it was kept.")
        raise typer.Exit(3)
    print(f"{sum(path.stat().st_size for path in found.files) / 1e6:.2f} MB in {to}")
