"""Whether the system killed a process because the memory was full: its exit alone (SIGKILL) does not say who killed it."""

from __future__ import annotations

import re
import signal
from pathlib import Path

_PROC, _CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")
_COUNTER_PATTERN = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)

OomKills = dict[str, int]
"""File of a counter -> processes that were killed because the memory was full."""


def count_oom_kills(proc: Path = _PROC, cgroups: Path = _CGROUPS) -> OomKills:
    """The counters of this process's memory control group, of version 1 or 2, and of the whole machine; {} outside Linux.

    Children are in the same group unless somebody moves them.
    """
    counters = [*_group_counter_files(proc, cgroups), proc / "vmstat"]
    return {str(path): int(match[1]) for path in counters if (match := _COUNTER_PATTERN.search(_read_text(path)))}


def was_killed_for_memory(exit_code: int | None, before: OomKills, after: OomKills) -> bool:
    """Whether a process with this exit code ended by SIGKILL, and a counter grew between ``before`` it worked and ``after`` its end."""
    is_killed = exit_code == -getattr(signal, "SIGKILL", 9)
    return is_killed and any(count > before.get(path, count) for path, count in after.items())


def _group_counter_files(proc: Path, cgroups: Path) -> list[Path]:
    files = []
    for line in _read_text(proc / "self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if not controllers:  # version 2
            files += [cgroups / root / group.lstrip("/") / "memory.events" for root in ("", "unified")]
        elif "memory" in controllers.split(","):
            files.append(cgroups / "memory" / group.lstrip("/") / "memory.oom_control")
    return [
        *files,
        cgroups / "memory.events",
        cgroups / "memory/memory.oom_control",
    ]  # a container sees its own group as the root


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
