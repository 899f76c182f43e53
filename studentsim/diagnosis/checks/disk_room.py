"""Room on the data folder's disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from studentsim.diagnosis.finding import BAD, LOOK, OK, Context, Finding

TITLE, ORDER = "disk", 20
BAD_BYTES, LOW_BYTES = 100e6, 2e9
"""Less free room than a run's checkpoints need; less than several runs, or a language model, need."""
LOW_FILES = 1000
"""Less free room for files (inodes) than some runs need."""


def check(context: Context) -> Iterator[Finding]:
    """Free bytes and free files."""
    folder = next(path for path in (context.data.absolute(), *context.data.absolute().parents) if path.is_dir())
    usage = shutil.disk_usage(folder)
    level = BAD if usage.free < BAD_BYTES else LOOK if usage.free < LOW_BYTES else OK
    yield Finding(
        level,
        f"{usage.free / 1e9:,.1f} of {usage.total / 1e9:,.1f} GB are free.",
        "" if level == OK else "Free some space: delete runs on Home, remove models that nobody uses.",
    )
    if hasattr(os, "statvfs") and (status := os.statvfs(folder)).f_files and status.f_favail < LOW_FILES:
        yield Finding(BAD, f"Only {status.f_favail} more files fit on the disk.", "Remove files that nobody needs.")
