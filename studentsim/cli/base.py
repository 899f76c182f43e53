"""The command line's frame: the one app that the commands are hung on, and the options that many of them share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studentsim.student.huggingface.model_store import set_data_folder

app = typer.Typer(
    help="What would happen if this class practised differently?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _apply_data_folder(data: Path) -> Path:
    """The data folder of a command is also where its models are."""
    set_data_folder(data)
    return data


DataFolderOption = Annotated[
    Path,
    typer.Option(
        envvar="STUDENTSIM_DATA", help="Folder of the runs, the models and the database.", callback=_apply_data_folder
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of the output.")]
DEFAULT_DATA_FOLDER = Path("data")
