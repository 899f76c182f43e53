"""Resolves a student: a profile's name, or the file of a student table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from studentsim.errors import ConfigError
from studentsim.student.embedded.profiles import PROFILES, get_profile
from studentsim.student_table import read_student_table

TABLE_SUFFIX = ".toml"


def is_table_path(student: str) -> bool:
    """Whether ``student`` names a file rather than a profile."""
    return student.lower().endswith(TABLE_SUFFIX) or "/" in student or "\\" in student


def resolve_student_settings(student: str) -> dict[str, Any]:
    """A run's settings ``student`` and ``student_table`` for a profile or a table's file.

    A table is named after its file, with ``-table`` appended if a profile has that name.

    :raises ConfigError: there is no such profile; the file cannot be read or is no table.
    """
    if not is_table_path(student):
        return {"student": get_profile(student).id, "student_table": None}
    try:
        path = Path(student).expanduser()
    except RuntimeError as error:  # ~name of an unknown user
        raise ConfigError(
            f"The student's table {student!r} cannot be found: {error}",
            "Name the file by its whole path.",
            field="student",
        ) from error
    table = read_student_table(path)
    name = re.sub(r"[^\w-]+", "-", Path(student).stem).strip("-")[:70] or "table"
    if name in PROFILES:  # a copy of a profile's file, changed: its runs are not that profile's
        name += "-table"
    return {"student": name, "student_table": table}
