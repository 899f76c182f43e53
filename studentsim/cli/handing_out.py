"""Commands that hand out what runs have left: tables, adapters, reports, the database, the recorded study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studentsim.cli.frame import DATA, Data, app
from studentsim.errors import DataFolderError


@app.command()
def export(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    to: Annotated[Path, typer.Option(help="A new or empty folder.")],
    data: Data = DATA,
) -> None:
    """Write a run's tables as CSV and Parquet."""
    from studentsim.runs.folder import check_run_id
    from studentsim.store.export import export as write

    for path in write(data, check_run_id(run_id), to):
        print(path)


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
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each way that is compared; the controls have one.")] = 5,
    turns: Annotated[int, typer.Option(help="Lessons.")] = 8,
    exam: Annotated[int, typer.Option(help="Questions in each exam.")] = 300,
) -> None:
    """Record the study that comes with the product: one student with a gap, several ways of choosing, the same exam."""
    from studentsim import foreground
    from studentsim.runs.recorded import SEEDS

    each = {strategy: seeds if count > 1 else 1 for strategy, count in SEEDS.items()}
    paths = foreground.record(to, seeds=each, turns=turns, exam=exam)
    print(f"{sum(path.stat().st_size for path in paths) / 1e6:.2f} MB in {to}")
