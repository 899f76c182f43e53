"""Restores a backup into a new data folder: all of it, or nothing."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import zipfile
import zlib
from contextlib import ExitStack
from pathlib import Path

from studentsim.backup.containers import BackupReader
from studentsim.backup.manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES, FileRecord, Manifest
from studentsim.backup.write import DELETED_FOLDER, OnProgress
from studentsim.errors import BackupError, DataFolderError
from studentsim.files import explained_storage_errors, free_bytes, fsync_path
from studentsim.runs.run_dir import runs_folder

SPARE_BYTES = 16 * 2**20
"""Room that is left on the disk besides the files' own bytes."""
_BLOCK_BYTES = 2**20
_DAMAGED_REMEDY = "The backup is damaged: nothing was restored. Use another copy of it."


def restore_backup(source: Path, data: Path, *, on_progress: OnProgress = lambda done, total: None) -> Manifest:
    """Restores a backup, a zip file or a folder, into the new or empty folder ``data``; returns what it holds. Writes.

    Every file is compared with its SHA-256 before the folder appears under its name. The database is made anew when it is opened.

    :raises BackupError: the source is no backup, damaged, or holds what a backup never does.
    :raises DataFolderError: ``data`` is not empty, cannot be written, or has no room.
    """
    data = data.absolute()
    temporary = data.with_name(f".{data.name}-{secrets.token_hex(4)}")
    with ExitStack() as stack:
        with explained_storage_errors(source):
            backup = stack.enter_context(BackupReader(source))
            manifest = _read_manifest(backup)
        stack.enter_context(explained_storage_errors(data, label="data folder"))
        _check_target(data)
        data.parent.mkdir(parents=True, exist_ok=True)
        if (free := free_bytes(data.parent)) < manifest.total_bytes + SPARE_BYTES:
            raise DataFolderError(
                f"The backup needs {manifest.total_bytes / 1e6:,.0f} MB, and the disk of {data} has {free / 1e6:,.0f} MB left.",
                "Free some space, or restore to another disk.",
            )
        try:
            _unpack(backup, manifest, temporary, on_progress)
            _check_target(data)
            if data.exists():
                data.rmdir()  # not every system renames over an empty folder
            os.rename(temporary, data)
            fsync_path(data.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return manifest


def _check_target(data: Path) -> None:
    """:raises DataFolderError: something is there that a restored folder cannot take the place of."""
    if not os.path.lexists(data):
        return
    if not data.is_dir() or data.is_symlink() or any(data.iterdir()):
        raise DataFolderError(f"{data} is there already and not empty.", "Restore into a new folder.")
    if os.path.ismount(data):
        raise DataFolderError(
            f"{data} is a disk of its own, which no folder can take the place of.",
            f"Restore into a folder in it: --data {data / 'data'}",
        )


def _read_manifest(backup: BackupReader) -> Manifest:
    """:raises BackupError: it is damaged, or does not name just the files that are there."""
    if backup.sizes[MANIFEST_NAME] > MAX_MANIFEST_BYTES:
        raise BackupError(f"Its {MANIFEST_NAME} has {backup.sizes[MANIFEST_NAME]:,} bytes.", _DAMAGED_REMEDY)
    try:
        with backup.open(MANIFEST_NAME) as file:
            manifest = Manifest.from_bytes(file.read(MAX_MANIFEST_BYTES))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BackupError(f"Its {MANIFEST_NAME} is damaged ({error}).", _DAMAGED_REMEDY) from error
    found = {path: size for path, size in backup.sizes.items() if path != MANIFEST_NAME}
    expected = {path: record.size for path, record in manifest.records.items()}
    if found != expected:
        path = min(path for path in found.keys() | expected.keys() if found.get(path) != expected.get(path))
        raise BackupError(
            f"The file {path} has {found.get(path, 'no')} bytes, the {MANIFEST_NAME} says {expected.get(path, 'no')}.",
            _DAMAGED_REMEDY,
        )
    return manifest


def _unpack(backup: BackupReader, manifest: Manifest, folder: Path, on_progress: OnProgress) -> None:
    folder.mkdir()
    deleted = runs_folder(folder) / DELETED_FOLDER
    deleted.mkdir(parents=True)
    for run_id in manifest.deleted_runs:
        (deleted / run_id).touch()
    done, total = 0, manifest.total_bytes
    for path, record in manifest.records.items():
        _unpack_file(backup, path, record, folder / path)
        done += record.size
        on_progress(done, total)
    for parent, _, _ in os.walk(folder):
        fsync_path(Path(parent))


def _unpack_file(backup: BackupReader, path: str, record: FileRecord, target: Path) -> None:
    """:raises BackupError: its content is not what the manifest says."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), record.size
    try:
        with backup.open(path) as source, target.open("xb") as file:
            # one byte more than there should be is asked for: a zip file may hold more than it says
            while block := source.read(min(_BLOCK_BYTES, left + 1)):
                left -= len(block)
                if left < 0:
                    break
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BackupError(f"The file {path} in it cannot be read ({error}).", _DAMAGED_REMEDY) from error
    if left or digest.hexdigest() != record.sha256:
        raise BackupError(f"The file {path} in it is not what it was (its SHA-256 is another).", _DAMAGED_REMEDY)
    os.utime(target, (record.modified, record.modified))
