"""Versions of Python and of the packages, against those that were tested together."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import studentsim
from studentsim.diagnosis.finding import BAD, LOOK, OK, Context, Finding, join_names

TITLE, ORDER = "versions", 50
OLDEST_PYTHON = (3, 11)
REQUIREMENTS = Path(studentsim.__file__).parents[1] / "requirements.txt"
_PIN_PATTERN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s#;]+)", re.MULTILINE)


def check(context: Context, requirements: Path = REQUIREMENTS) -> Iterator[Finding]:
    """Python's version, and each pin of requirements.txt."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        yield Finding(BAD, f"Python {version} is too old.", "Use Python 3.11 or newer.")
    else:
        yield Finding(OK, f"Python {version}, studentsim {studentsim.__version__}.")
    if not requirements.is_file():
        yield Finding(LOOK, f"There is no {requirements} to compare packages with.")
        return
    missing, differing = [], []
    pins = _PIN_PATTERN.findall(requirements.read_text(encoding="utf-8"))
    for package, pinned in pins:
        try:
            installed = metadata.version(package)
        except metadata.PackageNotFoundError:
            missing.append(f"{package} {pinned}")
            continue
        if installed.partition("+")[0] != pinned:  # "+cpu" is a build of the same version
            differing.append(f"{package} {installed} instead of {pinned}")
    remedy = f"Run make, or: {Path(sys.executable).name} -m pip install -r {requirements}"
    if missing:
        yield Finding(BAD, f"Not installed: {join_names(missing)}.", remedy)
    if differing:
        yield Finding(LOOK, f"Not as tested: {join_names(differing)}.", remedy)
    if not missing and not differing:
        yield Finding(OK, f"All {len(pins)} packages are those that were tested.")
