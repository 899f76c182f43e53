"""Runs a Python module in this process, which ends when its stdin does: so it never outlives the one who started it.

    python -m studentsim.student.huggingface.child_module pip download …

Whoever starts it keeps the pipe to its stdin open. However that process ends, a kill included, the pipe closes with it.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import studentsim
from studentsim.errors import StudentError


def start_python_module(
    arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start ``python -m`` with these arguments, tied to this process. Its stdout and stderr are pipes.

    In a session of its own: Ctrl-C is for this process, which then lets it go.

    :raises StudentError: no process could be started.
    """
    root = str(Path(studentsim.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    try:
        return subprocess.Popen(
            [sys.executable, "-m", __name__, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            errors="replace", env={**os.environ, "PYTHONPATH": path, **(environment or {})}, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StudentError(f"No further process could be started: {reason}.", "Close other programs.") from error


def _exit_when_stdin_closes() -> None:
    while os.read(0, 1024):
        pass
    os._exit(1)


def _main() -> None:
    threading.Thread(target=_exit_when_stdin_closes, daemon=True).start()
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
