"""Child processes that run a Python module and never outlive their parent.

    python -m studentsim.student.huggingface.child_module pip download …

The child exits when its stdin closes. The parent keeps that pipe open; however the parent ends, even by a kill, the pipe closes.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence

from studentsim.child_process import PIPES, child_environment
from studentsim.errors import StudentError


def start_python_module(
    arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start ``python -m`` with these arguments as a child that ends with this process. Its stdout and stderr are pipes.

    It has a session of its own, so that Ctrl-C reaches this process alone.

    :raises StudentError: when no process could be started.
    """
    try:
        return subprocess.Popen(
            [sys.executable, "-m", __name__, *arguments],
            **PIPES,
            env={**child_environment(), **(environment or {})},
            start_new_session=True,
        )
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
