"""The worker: a process that executes one run, and survives the browser, the app and Ctrl-C on it.

    python -m studentsim.runs.worker --data DIR               imports all it needs, then waits for a run on its stdin
    python -m studentsim.runs.worker --data DIR --run RUN_ID  executes that run

A waiting worker prints ``ready`` and reads one line, ``{"run_id": "…"}``; it ends if its stdin closes.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from studentsim.errors import LeaseLost, StudentsimError
from studentsim.files import explained_storage_errors
from studentsim.runs.executor import ComponentsBuilder, execute
from studentsim.runs.history import append_to_log
from studentsim.runs.run_dir import RunFolder, open_run
from studentsim.student.huggingface.model_store import set_data_folder


def main(
    arguments: Sequence[str] | None = None,
    *,
    build_components: ComponentsBuilder | None = None,
    preload: Callable[[], None] | None = None,
) -> int:
    """The process's entry point; returns its exit status, 0 also if the run failed, which is in its journal."""
    parser = argparse.ArgumentParser(prog="python -m studentsim.runs.worker", description="Carries out one run.")
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--run", help="carry out this run at once")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the app
    set_data_folder(options.data)
    logging.getLogger("studentsim").addHandler(logging.NullHandler())  # what matters is in the run's log
    if options.run:
        return _execute_run(options.data, options.run, build_components)
    (preload or _preload)()
    run_id = _wait_for_run()
    return _execute_run(options.data, run_id, build_components) if run_id else 0


def _wait_for_run() -> str:
    """The run id from stdin; "" if stdin was closed."""
    with suppress(BrokenPipeError):  # the manager has ended, or has assigned a run already and stopped reading
        os.write(1, b"ready\n")
    line = sys.stdin.readline()
    return json.loads(line)["run_id"] if line.strip() else ""


def _execute_run(data: Path, run_id: str, build_components: ComponentsBuilder | None) -> int:
    try:
        folder = open_run(data, run_id)
        with explained_storage_errors(folder.path, label="folder of this run"):
            _redirect_output_to_log(folder)
            execute(folder, build_components=build_components)
    except LeaseLost as error:
        append_to_log(folder, str(error))
    except StudentsimError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        return 2
    return 0


def _redirect_output_to_log(folder: RunFolder) -> None:
    """Redirect stdin, stdout and stderr: the manager may end, and writing to its closed pipe would end us. Writes the log."""
    log = os.open(folder.log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(old, new)
    os.close(log)
    os.close(nothing)


def _preload() -> None:
    from studentsim import factory  # imports torch when called

    factory.preload()


if __name__ == "__main__":
    sys.exit(main())
