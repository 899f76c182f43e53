"""Versions of the embedded student's weights, identified by fingerprint. No torch.

A run's settings name its weights (``RunConfig.weights``), and a checkpoint those that its adapter was trained on, so an old run is
resumed with its own weights, and an adapter is never attached to others unnoticed. A fingerprint is the first 16 hexadecimal digits
of the SHA-256 of ``model.safetensors``.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from studentsim.config import EMBEDDED_0_1_WEIGHTS
from studentsim.errors import StudentError

WEIGHTS_FILENAME = "model.safetensors"
SHIPPED_WEIGHTS_DIR = Path(__file__).parent / "weights"
"""The weights of this version, with their tokenizer, in transformers' format."""
WEIGHTS_DIR_0_1 = Path(__file__).parent / "weights_0_1"
"""The weights of version 0.1, for runs made with it."""
FINGERPRINT_0_1 = "c3a2094aad711662"


def compute_fingerprint(folder: Path) -> str:
    """The fingerprint of the weights in a folder, 16 hexadecimal digits, uncached. Takes some milliseconds.

    :raises StudentError: when the weights are missing or unreadable.
    """
    try:
        with (folder / WEIGHTS_FILENAME).open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()[:16]
    except FileNotFoundError as error:
        raise StudentError(f"The embedded student's weights are not in {folder}.", _remedy(folder)) from error
    except OSError as error:
        raise StudentError(
            f"The embedded student's weights in {folder} cannot be read ({error}).", _remedy(folder)
        ) from error


def find_weights(weights: str = "") -> Path:
    """The folder of the weights that a run's settings name; blank: the shipped ones.

    :raises StudentError: when they are missing, or their file was changed.
    """
    if not weights:
        return _ensure_weights_exist(SHIPPED_WEIGHTS_DIR)
    if weights == EMBEDDED_0_1_WEIGHTS:
        check_fingerprint(weights, _cached_fingerprint(WEIGHTS_DIR_0_1), WEIGHTS_DIR_0_1)
        return WEIGHTS_DIR_0_1
    for folder in (SHIPPED_WEIGHTS_DIR, WEIGHTS_DIR_0_1):
        if (folder / WEIGHTS_FILENAME).is_file() and _cached_fingerprint(folder) == weights:
            return folder
    raise unknown_weights_error(weights)


def pin_weights(weights: str = "") -> str:
    """The name to write into a run's settings: ``weights``, or, if blank, the shipped weights' fingerprint.

    :raises StudentError: when the shipped weights are missing.
    """
    return weights or _cached_fingerprint(SHIPPED_WEIGHTS_DIR)


def check_fingerprint(weights: str, actual: str, folder: Path) -> None:
    """Check that the weights read from ``folder``, with the fingerprint ``actual``, are those that a run's settings name.

    :raises StudentError: when they are not.
    """
    if weights == EMBEDDED_0_1_WEIGHTS and actual != FINGERPRINT_0_1:
        raise StudentError(
            f"The weights in {folder} are not those of version 0.1: they have the fingerprint {actual} instead of {FINGERPRINT_0_1}.",
            _remedy(folder),
        )
    if weights not in ("", EMBEDDED_0_1_WEIGHTS, actual):
        raise unknown_weights_error(weights)


def unknown_weights_error(weights: str) -> StudentError:
    """The error for weights that are not available; it lists those that are."""
    available = [
        f"{_cached_fingerprint(folder)} ({owner})"
        for folder, owner in ((SHIPPED_WEIGHTS_DIR, "this version's"), (WEIGHTS_DIR_0_1, "version 0.1's"))
        if (folder / WEIGHTS_FILENAME).is_file()
    ]
    return StudentError(
        f"This run's student had the weights {weights}; here are {' and '.join(available) or 'none'}.",
        "Install the version that made it, or start a new run.",
    )


def canonical_weights_name(weights: str) -> str:
    """The weights' name for comparing runs: version 0.1's weights have two names, of which this returns one."""
    return EMBEDDED_0_1_WEIGHTS if weights == FINGERPRINT_0_1 else weights


def _ensure_weights_exist(folder: Path) -> Path:
    if not (folder / WEIGHTS_FILENAME).is_file():
        raise StudentError(f"The embedded student's weights are not in {folder}.", _remedy(folder))
    return folder


def _remedy(folder: Path) -> str:
    return (
        "Restore them from the repository." if folder == WEIGHTS_DIR_0_1 else "Make them: python -m studentsim pretrain"
    )


def _cached_fingerprint(folder: Path) -> str:
    """As ``compute_fingerprint``, but computed again only when the file changed: pages call it on every rerun."""
    try:
        stat = (folder / WEIGHTS_FILENAME).stat()
    except OSError:
        return compute_fingerprint(folder)  # raises the right error
    return _fingerprint_for_stat(folder, stat.st_ino, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=8)
def _fingerprint_for_stat(folder: Path, *stamp: int) -> str:
    return compute_fingerprint(folder)
