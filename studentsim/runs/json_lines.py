"""The messages of child processes: one JSON object a line on stdout."""

from __future__ import annotations

import json
import sys
from typing import Any, TextIO

from studentsim.errors import StudentsimError


def print_message(message: dict[str, Any], out: TextIO | None = None) -> None:
    """Print a message to ``out`` (None: the present stdout) at once."""
    print(json.dumps(message), file=out or sys.stdout, flush=True)


def error_message(error: StudentsimError) -> dict[str, Any]:
    """An error as a message: ``problem``, ``remedy`` and ``field``, the setting that is wrong (blank: none)."""
    return {"problem": error.problem, "remedy": error.remedy, "field": getattr(error, "field", "")}
