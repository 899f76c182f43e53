"""The command line: runs in the foreground, lists, exports, and the training and evaluation of students and graders.

    python -m studentsim run --strategy category --turns 20 --data DIR --json

Heavy imports are inside the commands: ``strategies`` and ``--help`` must not wait for torch.
"""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from studentsim.cli import annotate, backup, doctor, evaluate, export, graders, list, models, repair, run, transfer  # noqa: F401  they register their commands
from studentsim.cli.base import DEFAULT_DATA_FOLDER, DataFolderOption, app
from studentsim.errors import StudentsimError
from studentsim.files import explain_storage_error
from studentsim.plain_text import strip_control_characters

__all__ = ["app", "main"]


def main() -> None:
    """Runs the command line. A ``StudentsimError``, a full disk, or a file that the system refuses is printed as one line, without a
    traceback, and exits with status 2.
    """
    # Libraries' deprecation warnings are meant for their callers, not for users of the command line.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|trl|peft)\.")
    try:
        app()
    except StudentsimError as error:
        _exit_with_error(error)
    except BrokenPipeError:  # the output's reader has closed it (as in "| head")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if (explained := explain_storage_error(error)) is None:
            raise
        _exit_with_error(explained)


def _exit_with_error(error: StudentsimError) -> NoReturn:
    """Print an error as one line and exit with status 2, also where the output's own disk is full."""
    with suppress(OSError):
        print(f"Error: {strip_control_characters(' '.join(str(error).split()))}", file=sys.stderr)
    sys.exit(2)


@app.command(name="app")
def open_app(
    data: DataFolderOption = DEFAULT_DATA_FOLDER,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8501,
) -> None:
    """Open the app in the browser, for this computer alone."""
    script = Path(__file__).parents[2] / "app.py"
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    os.environ["STUDENTSIM_DATA"] = str(data.absolute())
    os.chdir(script.parent)  # the folder of .streamlit/config.toml
    os.execv(sys.executable, command)
