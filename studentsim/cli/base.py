"""The Typer app that all commands register on, the options that several of them share, and the names of 0.1."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from studentsim.errors import DataFolderError
from studentsim.files import storage_error
from studentsim.store.data_folder import refuse_other_folder
from studentsim.student.huggingface.model_store import set_data_folder

OLD_COMMANDS: Mapping[str, str] = {
    "place": "evaluate-profiles",
    "check-teacher": "evaluate-grader",
    "check-feedback": "evaluate-feedback",
    "train-teacher": "train-grader",
    "check-bank": "check-dataset",
    "record": "record-demo",
    "rebuild": "rebuild-db",
}
"""Command of 0.1 -> today's. The old names answer for one version, and are listed nowhere."""
OLD_OPTIONS: Mapping[str, str] = {
    "--questions": "--questions-per-turn",
    "--exam": "--exam-size",
    "--exams": "--exam-mode",
    "--option-scores": "--option-scoring",
    "--answers-at-once": "--generation-batch-size",
    "--pairs-at-once": "--micro-batch-size",
    "--checkpointing": "--gradient-checkpointing",
    "--leave-out-doubtful": "--drop-invalid",
    "--batch": "--batch-size",
    "--learn-from": "--chosen-source",
    "--doubts": "--challenge-rate",
    "--marker": "--grader",
    "--marker-revision": "--grader-revision",
    "--decides": "--grade-source",
    "--writer": "--hint-model",
}
"""Option of 0.1 -> today's, of commands that have the new one and not the old one."""


class _OldNamesGroup(TyperGroup):
    """Commands and options also answer to their names of 0.1; their use is reported on stderr."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        if args and (new_name := OLD_COMMANDS.get(args[0])):
            print(f"{args[0]} is now called {new_name}.", file=sys.stderr)
            args = [new_name, *args[1:]]
        name, command, rest = super().resolve_command(ctx, args)
        known_options = {option for parameter in command.params for option in parameter.opts} if command else set()
        return name, command, [_rename_option(argument, known_options) for argument in rest]


def _rename_option(argument: str, known_options: set[str]) -> str:
    """The argument with today's name of its option, where the command knows that name alone."""
    option, equals, value = argument.partition("=")
    new_option = OLD_OPTIONS.get(option, "")
    if option in known_options or new_option not in known_options:
        return argument
    print(f"{option} is now called {new_option}.", file=sys.stderr)
    return new_option + equals + value


app = typer.Typer(
    cls=_OldNamesGroup,
    help="What would happen if this class practised differently?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _name_data_folder(data: Path) -> Path:
    set_data_folder(data)
    return data


def _apply_data_folder(data: Path) -> Path:
    """A command's data folder also holds its models.

    :raises DataFolderError: what is there is no folder, cannot be read, or is another folder, in which nothing should be made.
    """
    if data.exists() or data.is_symlink():
        _check_readable(data)
        refuse_other_folder(data)
    return _name_data_folder(data)


def _require_data_folder(data: Path) -> Path:
    """As ``_apply_data_folder``, for commands that need what is in it.

    :raises DataFolderError: there is none.
    """
    if not data.exists():
        raise DataFolderError(
            f"There is no data folder {str(data)!r}.",
            "Name one with --data or STUDENTSIM_DATA; the first run makes it: python -m studentsim run",
        )
    return _apply_data_folder(data)


def _check_readable(data: Path) -> None:
    """:raises DataFolderError: a data folder, or its folder of runs, is no folder or cannot be read."""
    for folder in (data, data / "runs"):
        try:
            os.listdir(folder)
        except FileNotFoundError as error:
            if folder == data:  # a link that leads nowhere
                raise storage_error(error, folder) from error
        except OSError as error:
            raise storage_error(error, folder) from error


def split_commas(text: str) -> tuple[str, ...]:
    """The parts of a comma-separated option, without surrounding blanks; empty parts are dropped."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def make_progress_bar(*columns: Any) -> Any:
    """A ``rich.progress.Progress`` on stderr with a description, a bar and these columns, hidden (``disable``) outside a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress

    console = Console(stderr=True)
    return Progress("{task.description}", BarColumn(), *columns, console=console, disable=not console.is_terminal)


@contextmanager
def exit_when_interrupted(message: Callable[[], str]) -> Iterator[None]:
    """Within the context Ctrl-C prints the message on stderr.

    :raises typer.Exit: with status 130 on Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt:
        print(message(), file=sys.stderr)
        raise typer.Exit(130) from None


_DATA_FOLDER_HELP = "Folder of the runs, the models and the database."
DataFolderOption = Annotated[
    Path, typer.Option(envvar="STUDENTSIM_DATA", help=_DATA_FOLDER_HELP, callback=_apply_data_folder)
]
"""Of commands that make the folder if it is missing."""
AnyDataFolderOption = Annotated[Path, typer.Option(envvar="STUDENTSIM_DATA", help=_DATA_FOLDER_HELP)]
"""Of commands that say themselves what is wrong with the folder."""
ExistingDataFolderOption = Annotated[
    Path, typer.Option(envvar="STUDENTSIM_DATA", help=_DATA_FOLDER_HELP, callback=_require_data_folder)
]
"""Of commands that need runs."""
AnyDataFolderOption = Annotated[
    Path, typer.Option(envvar="STUDENTSIM_DATA", help=_DATA_FOLDER_HELP, callback=_name_data_folder)
]
"""Of a command that itself says what is wrong with it."""
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of the output.")]
DEFAULT_DATA_FOLDER = Path("data")
