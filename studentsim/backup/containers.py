"""A backup as a zip file or as a folder: written under another name and renamed once complete, read without trust."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import zipfile
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from studentsim.backup.manifest import MANIFEST_NAME, MAX_EXPANSION, check_limits, check_path
from studentsim.errors import BackupError
from studentsim.files import fsync_path

ZIP_SUFFIX = ".zip"
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE_ATTRIBUTES = (stat.S_IFREG | 0o644) << 16
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class BackupTarget:
    """A backup that is being written, a zip file or a folder by its name. It appears when the context ends without an exception."""

    def __init__(self, path: Path) -> None:
        """:raises BackupError: something is there already that must not be overwritten."""
        self.path = path
        if path.exists() and not (path.suffix != ZIP_SUFFIX and path.is_dir() and not any(path.iterdir())):
            raise BackupError(f"{path} is there already.", "Name a new file or folder; nothing is overwritten.")
        self._temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
        self._zip: zipfile.ZipFile | None = None

    def __enter__(self) -> BackupTarget:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.suffix == ZIP_SUFFIX:
            self._zip = zipfile.ZipFile(self._temporary, "x", zipfile.ZIP_DEFLATED, allowZip64=True)
        else:
            self._temporary.mkdir()
        return self

    def write(self, path: str, blocks: Iterable[bytes], *, compress: bool = True) -> None:
        """Adds a file. Writes.

        :raises OSError: it cannot be written.
        """
        if self._zip is None:
            file = self._temporary / path
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as handle:
                handle.writelines(blocks)
                handle.flush()
                os.fsync(handle.fileno())
            return
        info = zipfile.ZipInfo(path, _ZIP_DATE)
        info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        info.external_attr = _REGULAR_FILE_ATTRIBUTES
        with self._zip.open(info, "w", force_zip64=True) as handle:
            for block in blocks:
                handle.write(block)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if self._zip is not None:
                with suppress(OSError, ValueError) if kind else nullcontext():
                    self._zip.close()
            if kind is None:
                fsync_path(self._temporary)
                if self._zip is None and self.path.exists():
                    self.path.rmdir()  # it is empty: not every system renames over it
                os.rename(self._temporary, self.path)
                fsync_path(self.path.parent)
        finally:
            if self._temporary.is_dir():
                shutil.rmtree(self._temporary, ignore_errors=True)
            else:
                with suppress(OSError):
                    self._temporary.unlink(missing_ok=True)


class BackupReader:
    """The files of a backup, a zip file or a folder: each a regular file whose path a backup may hold."""

    def __init__(self, path: Path) -> None:
        """Looks at the names, sizes and kinds of all files, at none of their contents.

        :raises BackupError: it is not there, is no backup, or holds what a backup never does.
        """
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        if path.is_dir():
            self.sizes = _list_folder(path)
        elif path.is_file():
            try:
                self._zip = zipfile.ZipFile(path)
                self.sizes = _list_zip(self._zip, path.stat().st_size)
            except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
                raise BackupError(
                    f"{path} is no zip file, or a damaged one ({str(error)[:100]}).", "Use another copy."
                ) from error
            except BaseException:
                self.close()
                raise
        else:
            raise BackupError(f"There is no backup {str(path)!r}.", "Check its name.")
        if MANIFEST_NAME not in self.sizes:
            self.close()
            raise BackupError(
                f"{path} is not a backup of a data folder, or not a whole one: it has no {MANIFEST_NAME}.",
                "Name a file or folder that `python -m studentsim backup` made.",
            )

    def open(self, path: str) -> IO[bytes]:
        """One of its files.

        :raises OSError, zipfile.BadZipFile: it cannot be read.
        """
        return self._zip.open(path) if self._zip else (self.path / path).open("rb")

    def close(self) -> None:
        """Closes the zip file."""
        if self._zip:
            self._zip.close()

    def __enter__(self) -> BackupReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _list_zip(file: zipfile.ZipFile, zip_bytes: int) -> dict[str, int]:
    """Size by path.

    :raises BackupError: it holds what a backup never does.
    """
    infos = file.infolist()
    sizes: dict[str, int] = {}
    check_limits(len(infos), sum(info.file_size for info in infos))
    if (total := sum(info.file_size for info in infos)) > MAX_EXPANSION * zip_bytes:
        raise BackupError(
            f"It would unpack {zip_bytes:,} bytes to {total:,}, more than {MAX_EXPANSION} times as many.",
            "That is no backup but a zip bomb: delete it.",
        )
    for info in infos:
        mode = info.external_attr >> 16
        if info.filename != MANIFEST_NAME:
            check_path(info.filename)
        if info.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
            raise _unusual_file_error(info.filename, "is a link or no regular file")
        if info.filename in sizes:
            raise _unusual_file_error(info.filename, "is there twice")
        if info.flag_bits & 1 or info.compress_type not in _COMPRESSIONS:
            raise _unusual_file_error(info.filename, "is encrypted, or packed in another way")
        sizes[info.filename] = info.file_size
    return sizes


def _list_folder(folder: Path) -> dict[str, int]:
    """Size by path.

    :raises BackupError: it holds what a backup never does.
    """
    sizes: dict[str, int] = {}
    for parent, folder_names, file_names in os.walk(folder):
        for name in folder_names + file_names:
            path = Path(parent, name)
            relative, status = path.relative_to(folder).as_posix(), path.lstat()
            if stat.S_ISDIR(status.st_mode):
                continue
            if relative != MANIFEST_NAME:
                check_path(relative)
            if not stat.S_ISREG(status.st_mode):
                raise _unusual_file_error(relative, "is a link or no regular file")
            sizes[relative] = status.st_size
    check_limits(len(sizes), sum(sizes.values()))
    return sizes


def _unusual_file_error(path: str, fault: str) -> BackupError:
    return BackupError(f"The file {ascii(path)[:80]} in it {fault}.", "Nothing was unpacked. Use another copy.")
