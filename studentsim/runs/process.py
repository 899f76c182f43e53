"""Identifies processes by PID and birth id, since the system reuses PIDs.

The birth id counts from the machine's boot rather than by the clock, so that setting the clock changes nothing.
"""

from __future__ import annotations

import os
import signal
from functools import lru_cache
from pathlib import Path

import psutil


def get_birth_id(pid: int) -> str | None:
    """A string that distinguishes a process from any other with its PID; None if it does not exist or is a zombie."""
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
    """Whether the process with this PID and birth id still runs (a stopped one counts, a zombie does not)."""
    return bool(birth_id) and get_birth_id(pid) == birth_id


def kill_process(pid: int, birth_id: str) -> bool:
    """Send SIGKILL to exactly this process, never to another with its PID; returns whether it existed."""
    if not hasattr(os, "pidfd_open"):
        if not is_alive(pid, birth_id):
            return False
        os.kill(pid, signal.SIGKILL)
        return True
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:  # checked after the handle was opened: from here on the PID cannot be reused
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
    # The name is in brackets and may contain blanks and brackets itself; state is the first field after it.
    fields = stat.rpartition(")")[2].split()
    state, ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{_read_boot_id()}:{ticks}"


@lru_cache(maxsize=1)
def pid_namespace() -> str:
    """Where a PID of this process means something: the machine's boot and the PID namespace. In another container it is another."""
    try:
        return f"{_read_boot_id()}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:  # neither Linux nor a container
        return _read_boot_id()


def is_same_boot(namespace: str) -> bool:
    """Whether a PID namespace is of this boot of this machine, so that its monotonic clock is ours."""
    return namespace.partition("/")[0] == _read_boot_id()


@lru_cache(maxsize=1)
def _read_boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"
