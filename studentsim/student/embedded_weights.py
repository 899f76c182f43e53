"""Which weights the embedded student has: the shipped ones, those of version 0.1, or the very ones a run was made with. No torch.

A run's settings name its weights (``RunConfig.weights``), and a checkpoint those that its adapter was trained on, so an old run is
shown and resumed with its own student, and an adapter never goes onto other weights unnoticed. The name is a fingerprint: the first 16
hexadecimal digits of the SHA-256 of ``model.safetensors``.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from studentsim.config import EMBEDDED_0_1
from studentsim.errors import StudentError

FILE = "model.safetensors"
SHIPPED = Path(__file__).parent / "weights"
"""The weights of this version, with their tokenizer: a folder that transformers reads as any other."""
OLD = Path(__file__).parent / "weights_0_1"
"""Those of version 0.1, for the runs that it made."""
FINGERPRINT_0_1 = "c3a2094aad711662"


def fingerprint(folder: Path) -> str:
    """The fingerprint of the weights in a folder, read anew: 16 hexadecimal digits. Takes some milliseconds.

    :raises StudentError: there are none, or they cannot be read.
    """
    try:
        with (folder / FILE).open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()[:16]
    except FileNotFoundError as error:
        raise StudentError(f"The embedded student's weights are not in {folder}.", _remedy(folder)) from error
    except OSError as error:
        raise StudentError(
            f"The embedded student's weights in {folder} cannot be read ({error}).", _remedy(folder)
        ) from error


def find(weights: str = "") -> Path:
    """The folder of the weights that a run's settings name; blank: the shipped ones.

    :raises StudentError: they are not here, or their file was changed.
    """
    if not weights:
        return _there(SHIPPED)
    if weights == EMBEDDED_0_1:
        check(weights, _remembered(OLD), OLD)
        return OLD
    for folder in (SHIPPED, OLD):
        if (folder / FILE).is_file() and _remembered(folder) == weights:
            return folder
    raise unknown(weights)


def pinned(weights: str = "") -> str:
    """The name to write into a run's settings: the shipped weights' fingerprint for a blank one, else the name itself.

    :raises StudentError: the weights are not here.
    """
    return weights or _remembered(SHIPPED)


def check(weights: str, found: str, folder: Path) -> None:
    """Compare what a run's settings name with the fingerprint of the weights that were read from ``folder``.

    :raises StudentError: they are others.
    """
    if weights == EMBEDDED_0_1 and found != FINGERPRINT_0_1:
        raise StudentError(
            f"The weights in {folder} are not those of version 0.1: they have the fingerprint {found} instead of {FINGERPRINT_0_1}.",
            _remedy(folder),
        )
    if weights not in ("", EMBEDDED_0_1, found):
        raise unknown(weights)


def unknown(weights: str) -> StudentError:
    """What to say of weights that are not here, with those that are."""
    here = [
        f"{_remembered(folder)} ({whose})"
        for folder, whose in ((SHIPPED, "this version's"), (OLD, "version 0.1's"))
        if (folder / FILE).is_file()
    ]
    return StudentError(
        f"This run's student had the weights {weights}; here are {' and '.join(here) or 'none'}.",
        "Install the version that made it, or start a new run.",
    )


def one_name(weights: str) -> str:
    """The name as it is, but one alone for those of version 0.1, which have two: to tell whether two runs had the same weights."""
    return EMBEDDED_0_1 if weights == FINGERPRINT_0_1 else weights


def _there(folder: Path) -> Path:
    if not (folder / FILE).is_file():
        raise StudentError(f"The embedded student's weights are not in {folder}.", _remedy(folder))
    return folder


def _remedy(folder: Path) -> str:
    return "Restore them from the repository." if folder == OLD else "Make them: python -m studentsim pretrain"


def _remembered(folder: Path) -> str:
    """As ``fingerprint``, but read again only when the file changed: pages ask for it each time they are drawn."""
    try:
        stat = (folder / FILE).stat()
    except OSError:
        return fingerprint(folder)  # says what is wrong
    return _read(folder, stat.st_ino, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=8)
def _read(folder: Path, *stamp: int) -> str:
    return fingerprint(folder)
