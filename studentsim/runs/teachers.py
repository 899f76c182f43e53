"""Whether a run's teacher can be had, before a run is made with it. No torch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import studentsim
from studentsim.config import RunConfig, Teaching
from studentsim.errors import ConfigError, StudentError
from studentsim.student.hub.machine import machine
from studentsim.student.hub.sizes import Shape, in_words, plan
from studentsim.student.hub.source import GRADER, HINT_WRITER, Source, find, is_folder

EMBEDDED = "embedded"
MARKER = Path(studentsim.__file__).parent / "teacher" / "weights" / "model.safetensors"


def check_teacher(config: RunConfig) -> RunConfig:
    """Refuse a trained marker or a writer of hints that is not there and cannot be had.

    Returns the settings, with the marker's version written in, and its folder's whole path: a run may be resumed from elsewhere.

    :raises ConfigError: there is no such model, or it must not be used; ``field`` names the setting.
    :raises StudentError: the embedded marker's weights are missing.
    """
    teaching = config.teaching
    if teaching.marker == EMBEDDED and not MARKER.is_file():
        raise StudentError(
            f"The embedded marker's weights are missing ({MARKER}).", "Make them: python -m studentsim train-teacher."
        )
    if teaching.writer == EMBEDDED:
        raise ConfigError(
            "The embedded student cannot write hints: it writes workings alone.",
            "Name an instruct model, or leave it blank for the questions' own hints.",
            field="teaching.writer",
        )
    if teaching.writer:
        find(teaching.writer, role=HINT_WRITER)
    if not names_a_model(teaching):
        if teaching.marker_revision:
            raise ConfigError(
                f"A marker's version was named ({teaching.marker_revision}), but {teaching.marker or 'no marker'} has none.",
                "Leave it blank, or name the model it is a version of.",
                field="teaching.marker_revision",
            )
        return config
    found = find_marker(teaching)
    _check_memory(config, found)
    return config.model_copy(update={"teaching": teaching.model_copy(update=_pinned(teaching, found))})


def names_a_model(teaching: Teaching) -> bool:
    """Whether the marker is a model of the hub or of a folder."""
    return teaching.marker not in ("", EMBEDDED)


def find_marker(teaching: Teaching) -> Source:
    """The marker that a run's settings name, in the version they name.

    :raises ConfigError: (``teaching.marker`` or ``teaching.marker_revision``) it cannot be had, or cannot be a marker.
    """
    return find(teaching.marker, teaching.marker_revision, role=GRADER)


def sentences(config: RunConfig) -> list[str]:
    """What a user should know of a marker that is no part of the product, before the run is made."""
    if not names_a_model(config.teaching):
        return []
    found = find_marker(config.teaching)
    size = f"{in_words(found.parameters)} parameters" if found.parameters else "of unknown size"
    told = [f"Marker {found.name}, version {found.revision[:18]}: {size}."]
    if found.folder is None:
        told.append("It will be downloaded first.")
    return told


def _pinned(teaching: Teaching, found: Source) -> dict[str, Any]:
    path = os.path.abspath(os.path.expanduser(teaching.marker))
    whole = is_folder(teaching.marker) and len(path) <= 300
    return {"marker": path if whole else teaching.marker, "marker_revision": found.revision}


def _check_memory(config: RunConfig, marker: Source) -> None:
    """The marker stays in memory beside the student; what is done at once is a plan's to cut down, the weights are not.

    :raises ConfigError: (``teaching.marker``) the two are larger than the machine.
    """
    here = machine(config.hub.device)
    need = marker.parameters * (2.0 if here.device == "cuda" else 4.0)
    if config.model != EMBEDDED:
        student = find(config.model, config.hub.revision)
        if shape := Shape.of(student.config):
            planned = plan(config, shape, student.parameters or shape.parameters, here)
            need += planned.weights + planned.adapter + planned.rest
    if need > here.total:
        beside = "" if config.model == EMBEDDED else f" beside the student {config.model}"
        raise ConfigError(
            f"The marker {config.teaching.marker}{beside} needs about {need / 1e9:.1f} GB of memory, "
            f"and {here.name} has {here.total / 1e9:.1f} GB.",
            "Name a smaller marker, or 'embedded'.",
            field="teaching.marker",
        )
