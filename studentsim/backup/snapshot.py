"""The files of a run, opened so that they agree with one another although its worker goes on.

The order matters. A worker writes a turn's checkpoint, then the end of that turn into the journal, and then removes checkpoints that
need not be kept. So the checkpoints are opened first, newest first, and the journal is read afterwards: it then tells of the end of
every turn whose checkpoint is open, but perhaps of the newest, and an open file outlives its removal. Of turns that ended since it tells
too much: it is cut at the last line up to which the last ended turn has its checkpoint, from where a resumed run goes on. The other
way round, with the journal first, all checkpoints could be of later turns than it knows. A journal that did not grow meanwhile is taken
as it is, whatever checkpoints there are: nobody works on that run.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from studentsim.backup.manifest import RUN_FILES
from studentsim.errors import BackupError
from studentsim.files import read_json_object, read_small_file
from studentsim.store.journal import JOURNAL_FILE_NAME
from studentsim.store.journal_lines import EventOrder, parse_line

MAX_ATTEMPTS = 5
"""How often a run is tried again whose newest checkpoint vanished, or whose journal was replaced, while it was opened."""
_BLOCK_BYTES = 2**20
_CHECKPOINT_PATTERN = re.compile(r"turn-(\d{4,})")
_LEASE_PATTERN = re.compile(r"(\d{4,})\.json")


@dataclass(frozen=True)
class OpenedFile:
    """A file that will be copied up to ``size`` bytes, whatever becomes of its name."""

    path: str
    """In the backup, relative to the data folder."""
    handle: BinaryIO
    size: int
    modified: float
    compressible: bool = True

    def blocks(self) -> Iterator[bytes]:
        """Its first ``size`` bytes, block by block.

        :raises BackupError: it cannot be read, or has become shorter.
        """
        left = self.size
        while left:
            try:
                block = self.handle.read(min(_BLOCK_BYTES, left))
            except OSError as error:
                raise BackupError(f"The file {self.path} cannot be read ({error.strerror or error}).") from error
            if not block:
                raise BackupError(f"The file {self.path} became shorter while it was read.", "Try again.")
            left -= len(block)
            yield block


class _ChangedMeanwhile(Exception):
    """A file vanished or was replaced between two looks at it: another attempt finds a state that holds."""


def open_run(
    run: Path, stack: ExitStack, problems: list[str], *, pause: Callable[[], None] = lambda: None
) -> list[OpenedFile]:
    """The files of a run's folder, opened in ``stack``; what is wrong with small ones that are left out is added to ``problems``.

    ``pause`` is called between the steps, for tests.

    :raises BackupError: they kept changing.
    :raises OSError: the journal or a checkpoint cannot be read.
    """
    small_files = _open_small_files(run, problems)
    for _ in range(MAX_ATTEMPTS):
        attempt = ExitStack()
        try:
            opened = [*small_files, *_open_large_files(run, attempt, pause)]
        except _ChangedMeanwhile:
            attempt.close()
            continue
        except BaseException:
            attempt.close()
            raise
        stack.push(attempt.pop_all())
        return opened
    raise BackupError(f"The files of the run {run.name} kept changing.", "Pause it, then back up again.")


def open_folder(folder: Path, path: str, stack: ExitStack) -> list[OpenedFile]:
    """All regular files in a folder and below as they are now, opened in ``stack``; ``path`` is the folder's in the backup.

    :raises FileNotFoundError: the folder, or a file in it, vanished.
    """
    inode = folder.stat().st_ino
    files = sorted(found for found in folder.rglob("*") if found.is_file() and not found.is_symlink())
    opened = [
        _open_file(found, f"{path}/{found.relative_to(folder).as_posix()}", stack, compressible=False)
        for found in files
    ]
    if folder.stat().st_ino != inode:  # another folder took its name, and some files may be the other's
        raise FileNotFoundError(folder)
    return opened


def open_small_file(path: Path, name: str) -> OpenedFile | None:
    """A small file with its content of now; None where there is none.

    :raises OSError: it cannot be read, or is no regular file.
    """
    try:
        modified, content = path.stat().st_mtime, read_small_file(path)
    except FileNotFoundError:
        return None
    return OpenedFile(name, io.BytesIO(content), len(content), modified)


def _open_small_files(run: Path, problems: list[str]) -> list[OpenedFile]:
    opened = []
    for name in RUN_FILES:
        try:
            if small := open_small_file(run / name, f"runs/{run.name}/{name}"):
                opened.append(small)
        except OSError as error:
            problems.append(f"{run / name} cannot be read ({error.strerror or error}).")
    return opened


def _open_large_files(run: Path, stack: ExitStack, pause: Callable[[], None]) -> list[OpenedFile]:
    path, opened = f"runs/{run.name}", []
    journal = run / JOURNAL_FILE_NAME
    noted_size = _find_complete_size(journal)
    pause()
    checkpoints = _open_checkpoints(run / "checkpoints", path, stack)
    pause()
    if noted_size is not None:
        handle = stack.enter_context(journal.open("rb"))
        size = _find_agreeing_size(handle, noted_size, checkpoints.keys())
        opened.append(OpenedFile(f"{path}/{JOURNAL_FILE_NAME}", handle, size, journal.stat().st_mtime))
    opened += [file for files in checkpoints.values() for file in files]
    if lease := _released_lease(run / "leases", path):
        opened.append(lease)
    return opened


def _find_complete_size(journal: Path) -> int | None:
    """Bytes of the journal's complete lines; None: there is no journal."""
    try:
        with journal.open("rb") as handle:
            position = handle.seek(0, os.SEEK_END)
            while position:
                begin = max(0, position - _BLOCK_BYTES)
                handle.seek(begin)
                if (end := handle.read(position - begin).rfind(b"\n")) >= 0:
                    return begin + end + 1
                position = begin
        return 0
    except FileNotFoundError:
        return None


def _open_checkpoints(folder: Path, path: str, stack: ExitStack) -> dict[int, list[OpenedFile]]:
    """The files of each turn's checkpoint, newest first.

    :raises _ChangedMeanwhile: the newest one vanished.
    """
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return {}
    turns = sorted({int(m[1]): m[0] for name in names if (m := _CHECKPOINT_PATTERN.fullmatch(name))}.items())[::-1]
    opened: dict[int, list[OpenedFile]] = {}
    for number, (turn, name) in enumerate(turns):
        try:
            opened[turn] = open_folder(folder / name, f"{path}/checkpoints/{name}", stack)
        except FileNotFoundError:
            if number == 0:
                raise _ChangedMeanwhile from None
            # an older one was removed, as it need not be kept
    return opened


def _find_agreeing_size(handle: BinaryIO, noted_size: int, turns: Collection[int]) -> int:
    """Bytes of the journal's complete lines up to the last where the last turn that ended has its checkpoint among ``turns``.

    :raises _ChangedMeanwhile: the journal was replaced, or grew so fast that there is no such line since ``noted_size``.
    """
    lines = handle.read().split(b"\n")[:-1]
    handle.seek(0)
    complete_size = sum(map(len, lines)) + len(lines)
    if complete_size == noted_size:
        return complete_size
    order, last_turn, size, agreeing_size = EventOrder(), -1, 0, 0
    for line in lines:
        size += len(line) + 1
        event = parse_line(line)
        if event and order.admit(event) and event["type"] in ("TurnFinished", "RunResumed"):
            last_turn = event["turn"]
        if last_turn < 0 or last_turn in turns:
            agreeing_size = size
    if agreeing_size < noted_size:
        raise _ChangedMeanwhile
    return agreeing_size


def _open_file(path: Path, name: str, stack: ExitStack, *, compressible: bool) -> OpenedFile:
    handle = stack.enter_context(path.open("rb"))
    status = os.fstat(handle.fileno())
    return OpenedFile(name, handle, status.st_size, status.st_mtime, compressible)


def _released_lease(folder: Path, path: str) -> OpenedFile | None:
    """The run's last lease as one of no process. Read after the journal, so that no event has a higher number."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return None
    number, name = max(((int(m[1]), name) for name in names if (m := _LEASE_PATTERN.fullmatch(name))), default=(0, ""))
    if not name:
        return None
    fields = {"beat": 0.0, "beats": 1, **read_json_object(folder / name)}
    content = json.dumps({**fields, "epoch": number, "pid": 0, "pid_started": "", "last_seq": -1}).encode()
    return OpenedFile(f"{path}/leases/{name}", io.BytesIO(content), len(content), (folder / name).stat().st_mtime)
