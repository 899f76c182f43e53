"""Is that process still the one we mean? A PID alone is not enough: the system gives it to others again.

A process is known by its PID and its birth. The birth is counted from the machine's start, not from the clock, so that
setting the clock does not make every process a stranger.
"""

from __future__ import annotations

import os
import signal
from functools import lru_cache
from pathlib import Path

import psutil


def get_birth_id(pid: int) -> str | None:
    """What tells this process from any other that had or will have its PID; None when there is none, or a dead one."""
    if pid <= 0:
        return None
    if Path("/proc/self/stat").exists():
        return _read_birth_id_from_proc(pid)
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return None


def is_alive(pid: int, birth_id: str) -> bool:
    """Whether the process that had this PID and birth still runs (a stopped one counts, a zombie does not)."""
    return bool(birth_id) and get_birth_id(pid) == birth_id


def kill_process(pid: int, birth_id: str) -> bool:
    """SIGKILL to exactly this process, never to another with its PID; whether there was one to kill."""
    if not hasattr(os, "pidfd_open"):
        if not is_alive(pid, birth_id):
            return False
        os.kill(pid, signal.SIGKILL)
        return True
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:  # looked at after the handle was opened: from here on it cannot become another
        if not is_alive(pid, birth_id):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)


def _read_birth_id_from_proc(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name stands in brackets and may hold blanks and brackets itself; state is the first field after it.
    fields = stat.rpartition(")")[2].split()
    state, ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{_read_boot_id()}:{ticks}"


@lru_cache(maxsize=1)
def _read_boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"
