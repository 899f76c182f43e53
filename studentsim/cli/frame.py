"""The command line's frame: the one app that the commands are hung on, and the options that many of them share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="What would happen if this class practised differently?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Data = Annotated[Path, typer.Option(envvar="STUDENTSIM_DATA", help="Folder of the runs and the database.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of the output.")]
DATA = Path("data")
