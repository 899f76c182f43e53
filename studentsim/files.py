"""Files and folders that appear, change and vanish as a whole, whatever ends the process."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
import stat
from pathlib import Path
from typing import Any

_DISK_FULL_NAMES = ("ENOSPC", "EDQUOT", "EFBIG")
DISK_FULL_ERRNOS = tuple(
    getattr(errno, name) for name in _DISK_FULL_NAMES if hasattr(errno, name)
)  # Windows has no EDQUOT
"""What an ``OSError`` of a full disk, a used-up quota or a too large file has as its ``errno``."""


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file (a text in UTF-8) so that readers find the old content or the new, never a part. Writes."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def read_json_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; {} where the file is missing, unreadable or holds something else."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def read_regular_file(path: Path, *, start: int = 0, max_bytes: int | None = None) -> bytes:
    """The bytes of a regular file from ``start`` on, never more than its size says; for paths that a user names.

    Nothing is waited for: not a pipe without a writer, nor the files of /proc, which say that they are empty and may never end.

    :raises OSError: the file cannot be read, or is none (a folder, a device, a pipe).
    """
    file_stat = os.stat(path)
    if not stat.S_ISREG(file_stat.st_mode):  # looked at first: to open some devices is to use them
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
    with open(path, "rb", opener=lambda name, _: os.open(name, flags | getattr(os, "O_BINARY", 0))) as file:
        rest = max(0, file_stat.st_size - start)
        file.seek(start)
        return file.read(rest if max_bytes is None else min(rest, max_bytes)) if rest else b""


def fsync_path(path: Path) -> None:
    """Make a file's content, or the names in a folder, survive a loss of power. Writes."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


TRASH_PREFIX = ".gone-"
"""Folders with this prefix are about to be deleted."""


def move_to_trash(folder: Path) -> Path:
    """Rename a folder to a hidden name beside it, by which it no longer exists for readers; returns the new path. Writes."""
    trash = folder.with_name(f"{TRASH_PREFIX}{folder.name}-{secrets.token_hex(4)}")
    os.rename(folder, trash)
    return trash


def remove_folder_atomically(folder: Path) -> None:
    """Remove a folder so that readers find all of it or nothing. Writes."""
    shutil.rmtree(move_to_trash(folder), ignore_errors=True)
