"""Files and folders that appear, change and vanish as a whole, whatever ends the process; and what the system's errors about them mean."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studentsim.errors import DataFolderError, StudentsimError, first_line

_DISK_FULL_NAMES = ("ENOSPC", "EDQUOT", "EFBIG")
DISK_FULL_ERRNOS = tuple(
    getattr(errno, name) for name in _DISK_FULL_NAMES if hasattr(errno, name)
)  # Windows has no EDQUOT
"""What an ``OSError`` of a full disk, a used-up quota or a too large file has as its ``errno``."""
_DISK_FULL_PATTERN = re.compile(
    r"(?i)no space left|disk quota|quota exceeded|file too large|out of disk|not enough space on|(disk|device|volume) is full|"
    rf"os error ({'|'.join(map(str, DISK_FULL_ERRNOS))})\b|failed writing file|file write failed"
)
"""What libraries write that have exceptions of their own: safetensors ("os error 28"), DuckDB, zipfile, torch's writer of zip files,
SQLite."""
_STORAGE_ERRNOS = {
    getattr(errno, name)
    for name in (
        *_DISK_FULL_NAMES, "EACCES", "EPERM", "EROFS", "EIO", "ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ENOTEMPTY", "ELOOP", "ENAMETOOLONG",
        "EMFILE", "ENFILE", "EBUSY", "EINVAL", "ESTALE", "ENODEV", "ENXIO", "EXDEV", "ETXTBSY", "EAGAIN", "ENOMEM",
    )
    if hasattr(errno, name)
}  # fmt: skip
"""``errno`` of what a disk or the system's files refuse; sockets and libraries have others, or none."""
MAX_SMALL_FILE_BYTES = 16 * 2**20
"""Largest file that ``read_regular_file`` reads."""


# ------------------------------------------------------------------ what errors mean


def mentions_full_disk(text: str) -> bool:
    """Whether a library's or a program's text says that there is no room to write."""
    return bool(_DISK_FULL_PATTERN.search(text))


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error says that there is no room to write: itself, or one that it was raised from, of whatever library.

    The texts of this product's own errors are not searched, since they may quote anything; the errors behind them are.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno is not None:
            if error.errno in DISK_FULL_ERRNOS:
                return True
        elif not isinstance(error, StudentsimError) and mentions_full_disk(str(error)):
            return True
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return False


def explain_storage_error(error: BaseException, path: Path | str = "", *, label: str = "") -> DataFolderError | None:
    """An error of the disk or of the system's files in this product's words; None for any other.

    ``path`` is what could not be written or read, ``label`` what that is ("data folder"); without ``path`` the error's own file.
    """
    is_known = is_disk_full(error) or (isinstance(error, OSError) and error.errno in _STORAGE_ERRNOS)
    return storage_error(error, path, label=label) if is_known else None


def storage_error(error: BaseException, path: Path | str = "", *, label: str = "") -> DataFolderError:
    """As ``explain_storage_error``, for an error that is known to be of the disk or of the system's files."""
    path = str(path or getattr(error, "filename", None) or "")
    subject = " ".join(filter(None, (f"the {label}" if label else "", path))) or "a file"
    reason = getattr(error, "strerror", None) or first_line(error)
    if is_disk_full(error):
        return DataFolderError(f"The disk of {subject} is full.", "Free some space and try again.")
    if getattr(error, "errno", None) == errno.EIO:
        return DataFolderError(
            f"The disk of {subject} reports a fault ({reason}).",
            "Copy what is on it to another disk, then have this one looked at.",
        )
    return DataFolderError(
        f"The {label} {path} cannot be written ({reason})."
        if label
        else f"{path or 'A file'} cannot be read or written ({reason}).",
        "Choose another with --data or STUDENTSIM_DATA, or change its permissions.",
    )


@contextlib.contextmanager
def explained_storage_errors(path: Path | str = "", *, label: str = "") -> Iterator[None]:
    """Within the context an error that ``explain_storage_error`` knows is raised as that; others pass.

    :raises DataFolderError: there is no room, or the system refuses to write or read.
    """
    try:
        yield
    except StudentsimError:
        raise
    except Exception as error:
        if (explained := explain_storage_error(error, path, label=label)) is None:
            raise
        raise explained from error


def free_bytes(folder: Path) -> int:
    """Bytes that this user may still write to the disk of ``folder``.

    :raises OSError: there is no such folder.
    """
    return shutil.disk_usage(folder).free


# ------------------------------------------------------------------ reading and writing


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file (a text in UTF-8) so that readers find the old content or the new, never a part. Writes."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


TEMPORARY_NAME_PATTERN = re.compile(r"\..+-[0-9a-f]{8}")
"""Names that ``write_atomically`` gives to files that are not complete."""


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


def read_small_file(path: Path, max_bytes: int = MAX_SMALL_FILE_BYTES) -> bytes:
    """The content of a regular file that is not large.

    :raises OSError: it is missing, cannot be read, is larger than ``max_bytes``, or is no regular file.
    """
    if (size := path.stat().st_size) > max_bytes:
        raise OSError(errno.EINVAL, f"it has {size:,} bytes, at most {max_bytes:,} are read", str(path))
    return read_regular_file(path)


def read_json_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; {} where the file is missing, unreadable or holds something else."""
    try:
        found = json.loads(read_small_file(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def fsync_path(path: Path) -> None:
    """Make a file's content, or the names in a folder, survive a loss of power. Writes."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ------------------------------------------------------------------ removing

TRASH_PREFIX = ".gone-"
"""Folders with this prefix are about to be deleted."""


def move_to_trash(folder: Path) -> Path:
    """Rename a folder to a hidden name beside it, by which it no longer exists for readers; returns the new path. Writes."""
    trash = folder.with_name(f"{TRASH_PREFIX}{folder.name}-{secrets.token_hex(4)}")
    os.rename(folder, trash)
    return trash


def remove_folder_atomically(folder: Path) -> None:
    """Remove a folder, or a file of its name, so that readers find all of it or nothing. Writes.

    What cannot be removed keeps its hidden name.
    """
    remove_tree(move_to_trash(folder))


def remove_tree(path: Path) -> None:
    """Remove a file, or a folder with all in it that can be removed, whatever its permissions. Writes; raises no ``OSError``."""
    with contextlib.suppress(OSError):
        if path.is_symlink() or not path.is_dir():
            path.unlink(missing_ok=True)
            return
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            path.chmod(0o700)
        shutil.rmtree(path, ignore_errors=True)


def remove_file(path: Path) -> None:
    """Remove a file, or a folder that stands in its place; nothing if there is neither. Writes.

    :raises OSError: it cannot be removed.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
