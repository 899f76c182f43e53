"""Makes a backup of a data folder while runs go on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from studentsim.backup.containers import BackupTarget
from studentsim.backup.manifest import JSON_FOLDERS, MANIFEST_NAME, FileRecord, Manifest, is_backup_path
from studentsim.backup.snapshot import OpenedFile, open_folder, open_run, open_small_file
from studentsim.errors import BackupError, DataFolderError
from studentsim.files import explained_storage_errors
from studentsim.runs.demo import FINGERPRINTS_FILE
from studentsim.runs.run_dir import RUN_ID_PATTERN, runs_folder
from studentsim.student.huggingface.model_store import RECORD_FILE

OnProgress = Callable[[int, int], None]
"""Called with the bytes that are done, and about how many there are in all."""
DELETED_FOLDER = ".deleted"
"""In the folder of runs: a file for each run that was deleted, named by its id."""
_DTYPE_FILE = ".dtype.json"


@dataclass(frozen=True)
class BackupResult:
    """A backup that was written: its place, and what it holds."""

    path: Path
    manifest: Manifest
    problems: tuple[str, ...]
    """What could not be read and is not in it, in words."""


def write_backup(
    data: Path, target: Path, *, with_models: bool = False, on_progress: OnProgress = lambda done, total: None
) -> BackupResult:
    """Writes a backup of the data folder: a zip file if ``target`` ends so, else a folder. Runs may be at work. Writes.

    What cannot be read is left out and named. The backup appears under its name once it is complete and on the disk.

    :raises DataFolderError: there is no data folder, or the backup cannot be written.
    :raises BackupError: the target is there already.
    """
    if not data.is_dir():
        raise DataFolderError(f"There is no data folder {str(data)!r}.", "Name one with --data.")
    unreadable: dict[str, str] = {}
    while True:
        try:
            return _write_once(data, target, with_models, on_progress, unreadable)
        except _ReadFailure as failure:  # a part that is half in a zip file cannot be taken out of it
            unreadable[failure.part] = failure.problem


class _ReadFailure(Exception):
    """A part of the data folder could be opened, but not be read to its end."""

    def __init__(self, part: str, problem: str) -> None:
        super().__init__(part)
        self.part, self.problem = part, problem


def _write_once(
    data: Path, target: Path, with_models: bool, on_progress: OnProgress, unreadable: Mapping[str, str]
) -> BackupResult:
    """Writes a backup without the ``unreadable`` parts.

    :raises _ReadFailure: another part cannot be read.
    """
    manifest, problems = Manifest(), list(unreadable.values())
    total, done = _estimate_bytes(data, with_models), 0
    with explained_storage_errors(target, label="backup"), BackupTarget(target) as backup:
        for part, open_part in _parts(data, with_models, problems):
            if part in unreadable:
                continue
            with ExitStack() as stack:
                try:
                    files = open_part(stack)
                except (BackupError, OSError) as error:
                    problems.append(f"{part}: {error}")
                    continue
                for file in files:
                    if not is_backup_path(file.path):
                        problems.append(f"{file.path} has a name that no backup holds.")
                        continue
                    try:
                        manifest.records[file.path] = _copy(file, backup)
                    except BackupError as error:
                        raise _ReadFailure(part, str(error)) from error
                    done += file.size
                    on_progress(done, max(done, total))
        manifest.deleted_runs = _list_deleted_runs(data)
        backup.write(MANIFEST_NAME, [manifest.to_bytes()])
    return BackupResult(target, manifest, tuple(problems))


def _copy(file: OpenedFile, backup: BackupTarget) -> FileRecord:
    digest = hashlib.sha256()

    def hashed() -> Iterator[bytes]:
        for block in file.blocks():
            digest.update(block)
            yield block

    backup.write(file.path, hashed(), compress=file.compressible)
    return FileRecord(file.size, digest.hexdigest(), file.modified)


_OpenPart = Callable[[ExitStack], list[OpenedFile]]


def _parts(data: Path, with_models: bool, problems: list[str]) -> Iterator[tuple[str, _OpenPart]]:
    """What is opened at a time, with its path: a run, a model, or a small file."""
    runs = runs_folder(data)
    for name in _list_names(runs):
        if RUN_ID_PATTERN.fullmatch(name) and (runs / name).is_dir():
            yield f"runs/{name}", lambda stack, run=runs / name: open_run(run, stack, problems)
    small_files = {f"runs/{FINGERPRINTS_FILE}": runs / FINGERPRINTS_FILE}
    for folder in JSON_FOLDERS:
        names = [name for name in _list_names_or_note(data / folder, problems) if not name.startswith(".")]
        small_files |= {f"{folder}/{name}": data / folder / name for name in names if name.endswith(".json")}
    if with_models:
        small_files[f"models/{_DTYPE_FILE}"] = data / "models" / _DTYPE_FILE
        for name in _list_names_or_note(data / "models", problems):
            if not name.startswith(".") and (data / "models" / name / RECORD_FILE).is_file():
                path = f"models/{name}"
                yield path, lambda stack, path=path: open_folder(data / path, path, stack)
    for path, file in small_files.items():
        yield path, lambda stack, path=path, file=file: list(filter(None, [open_small_file(file, path)]))


def _list_deleted_runs(data: Path) -> list[str]:
    return [name for name in _list_names(runs_folder(data) / DELETED_FOLDER) if RUN_ID_PATTERN.fullmatch(name)]


def _list_names_or_note(folder: Path, problems: list[str]) -> list[str]:
    """As ``_list_names``; a folder that cannot be read is left out and noted."""
    try:
        return _list_names(folder)
    except OSError as error:
        problems.append(f"{folder.name} cannot be read ({error.strerror}); it is left out")
        return []


def _list_names(folder: Path) -> list[str]:
    """Names in a folder, sorted; none where there is no such folder.

    :raises OSError: it cannot be read.
    """
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


def _estimate_bytes(data: Path, with_models: bool) -> int:
    folders = [runs_folder(data), *(data / name for name in JSON_FOLDERS), *([data / "models"] if with_models else [])]
    total = 0
    for parent, _, names in (entry for folder in folders for entry in os.walk(folder)):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:  # removed meanwhile
                continue
    return total
