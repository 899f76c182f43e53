"""Memory of the computer, or of the container that this runs in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

from studentsim.diagnosis.finding import BAD, LOOK, OK, Context, Finding

TITLE, ORDER = "memory", 30
BAD_BYTES, LOW_BYTES = 400e6, 1.2e9
"""Less than a worker needs to start; less than a worker and the app need."""
_LIMIT_FILES = ("memory.max", "memory/memory.limit_in_bytes")
_USAGE_FILES = ("memory.current", "memory/memory.usage_in_bytes")


def check(context: Context, cgroups: Path = Path("/sys/fs/cgroup")) -> Iterator[Finding]:
    """What is available, by the tighter of both limits."""
    memory = psutil.virtual_memory()
    available, total = memory.available, memory.total
    for limit_file, usage_file in zip(_LIMIT_FILES, _USAGE_FILES, strict=True):
        limit = _read_number(cgroups / limit_file)
        if limit is not None and limit < total:
            total = limit
            available = min(available, max(0, limit - (_read_number(cgroups / usage_file) or 0)))
    level = BAD if available < BAD_BYTES else LOOK if available < LOW_BYTES else OK
    yield Finding(
        level,
        f"{available / 1e9:.1f} of {total / 1e9:.1f} GB are available.",
        ""
        if level == OK
        else "Close other programs; STUDENTSIM_SPARE=0 keeps no worker waiting, which saves most of a gigabyte.",
    )


def _read_number(path: Path) -> int | None:
    """The number in a file; None: there is none, or no limit."""
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
