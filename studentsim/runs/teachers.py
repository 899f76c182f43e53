"""Whether a run's teacher can be had, before a run is made with it. No torch."""

from __future__ import annotations

from pathlib import Path

import studentsim
from studentsim.config import RunConfig
from studentsim.errors import ConfigError, StudentError
from studentsim.student.hub.source import find

MARKER = Path(studentsim.__file__).parent / "teacher" / "weights" / "model.safetensors"


def check_teacher(config: RunConfig) -> None:
    """Refuse a trained marker or a writer of hints that is not there and cannot be had.

    :raises ConfigError: there is no such model, or it must not be used; ``field`` names the setting.
    :raises StudentError: the embedded marker's weights are missing.
    """
    teaching = config.teaching
    if teaching.marker == "embedded" and not MARKER.is_file():
        raise StudentError(
            f"The embedded marker's weights are missing ({MARKER}).", "Make them: python -m studentsim train-teacher."
        )
    if teaching.marker not in ("", "embedded"):
        _find(teaching.marker, "teaching.marker")
    if teaching.writer == "embedded":
        raise ConfigError(
            "The embedded student cannot write hints: it writes workings alone.",
            "Name an instruct model, or leave it blank for the questions' own hints.",
            field="teaching.writer",
        )
    if teaching.writer:
        _find(teaching.writer, "teaching.writer")


def _find(name: str, field: str) -> None:
    try:
        find(name)
    except ConfigError as error:
        raise ConfigError(error.problem, error.remedy, field=field) from error
