"""Checks a run's grader and hint model before the run is created. No torch here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import studentsim
from studentsim.config import RunConfig
from studentsim.errors import ConfigError, StudentError
from studentsim.settings import TeacherSettings
from studentsim.student.huggingface.hardware import detect_hardware
from studentsim.student.huggingface.memory import ModelShape, format_parameter_count, plan_memory
from studentsim.student.huggingface.resolve import (
    GRADER_ROLE,
    HINT_MODEL_ROLE,
    ResolvedModel,
    is_local_folder,
    resolve_model,
)

EMBEDDED_MODEL = "embedded"
EMBEDDED_GRADER_WEIGHTS = Path(studentsim.__file__).parent / "grader" / "weights" / "model.safetensors"


def check_teacher(config: RunConfig) -> RunConfig:
    """Check that the grader and the hint model are available.

    Returns the settings with the grader's version and its folder's absolute path, since a run may be resumed from elsewhere.

    :raises ConfigError: there is no such model, or it must not be used; ``field`` names the setting.
    :raises StudentError: the embedded grader's weights are missing.
    """
    teacher = config.teacher
    if teacher.grader == EMBEDDED_MODEL and not EMBEDDED_GRADER_WEIGHTS.is_file():
        raise StudentError(
            f"The embedded marker's weights are missing ({EMBEDDED_GRADER_WEIGHTS}).",
            "Make them: python -m studentsim train-grader.",
        )
    if teacher.hint_model == EMBEDDED_MODEL:
        raise ConfigError(
            "The embedded student cannot write hints: it writes workings alone.",
            "Name an instruct model, or leave it blank for the questions' own hints.",
            field="teacher.hint_model",
        )
    if teacher.hint_model:
        resolve_model(teacher.hint_model, role=HINT_MODEL_ROLE)
    if not has_external_grader(teacher):
        if teacher.grader_revision:
            raise ConfigError(
                f"A marker's version was named ({teacher.grader_revision}), but {teacher.grader or 'no marker'} has none.",
                "Leave it blank, or name the model it is a version of.",
                field="teacher.grader_revision",
            )
        return config
    grader_source = find_grader(teacher)
    _check_memory(config, grader_source)
    return config.model_copy(
        update={"teacher": teacher.model_copy(update=_pinned_grader_settings(teacher, grader_source))}
    )


def has_external_grader(teacher: TeacherSettings) -> bool:
    """Whether the grader is a model of the hub or of a folder."""
    return teacher.grader not in ("", EMBEDDED_MODEL)


def find_grader(teacher: TeacherSettings) -> ResolvedModel:
    """Resolve the grader of a run's settings.

    :raises ConfigError: (``teacher.grader`` or ``teacher.grader_revision``) it is not available, or cannot be a grader.
    """
    return resolve_model(teacher.grader, teacher.grader_revision, role=GRADER_ROLE)


def describe_grader(config: RunConfig) -> list[str]:
    """Sentences about a grader that is not shipped with the product: its version and size."""
    if not has_external_grader(config.teacher):
        return []
    grader_source = find_grader(config.teacher)
    size = (
        f"{format_parameter_count(grader_source.parameters)} parameters"
        if grader_source.parameters
        else "of unknown size"
    )
    lines = [f"Marker {grader_source.name}, version {grader_source.revision[:18]}: {size}."]
    if grader_source.folder is None:
        lines.append("It will be downloaded first.")
    return lines


def _pinned_grader_settings(teacher: TeacherSettings, grader_source: ResolvedModel) -> dict[str, Any]:
    path = os.path.abspath(os.path.expanduser(teacher.grader))
    use_absolute_path = is_local_folder(teacher.grader) and len(path) <= 300
    return {"grader": path if use_absolute_path else teacher.grader, "grader_revision": grader_source.revision}


def _check_memory(config: RunConfig, grader_source: ResolvedModel) -> None:
    """Check that grader and student fit into memory together: a plan can reduce batches, but not weights.

    :raises ConfigError: (``teacher.grader``) they need more memory than the machine has.
    """
    hardware = detect_hardware(config.model_loading.device)
    required_bytes = grader_source.parameters * (2.0 if hardware.device == "cuda" else 4.0)
    if config.model != EMBEDDED_MODEL:
        student = resolve_model(config.model, config.model_loading.revision)
        if shape := ModelShape.from_config(student.config):
            memory_plan = plan_memory(config, shape, student.parameters or shape.parameters, hardware)
            required_bytes += memory_plan.base_weight_bytes + memory_plan.adapter_bytes + memory_plan.overhead_bytes
    if required_bytes > hardware.total_bytes:
        student_clause = "" if config.model == EMBEDDED_MODEL else f" beside the student {config.model}"
        raise ConfigError(
            f"The marker {config.teacher.grader}{student_clause} needs about {required_bytes / 1e9:.1f} GB of memory, "
            f"and {hardware.name} has {hardware.total_bytes / 1e9:.1f} GB.",
            "Name a smaller marker, or 'embedded'.",
            field="teacher.grader",
        )
