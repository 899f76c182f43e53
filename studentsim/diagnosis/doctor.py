"""Runs the checks, each by itself: one that fails is a finding, and hides no other."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from studentsim.diagnosis import checks
from studentsim.diagnosis.finding import BAD, Context, Finding
from studentsim.errors import StudentsimError, first_line
from studentsim.student.huggingface.model_store import set_data_folder


def load_checks() -> list[ModuleType]:
    """The files of ``checks/`` in their order."""
    names = [f"{checks.__name__}.{module.name}" for module in pkgutil.iter_modules(checks.__path__)]
    return sorted(map(importlib.import_module, names), key=lambda module: (module.ORDER, module.__name__))


def run_checks(context: Context) -> Iterator[tuple[str, Finding]]:
    """Each finding with its check's title, as it is found. Changes nothing."""
    set_data_folder(context.data)
    for module in load_checks():
        try:
            for finding in module.check(context):
                yield module.TITLE, finding
        except Exception as error:  # whatever a file holds, the other checks go on
            yield module.TITLE, _describe_failure(error)


def fix_findings(context: Context) -> Iterator[tuple[str, str]]:
    """Does what is safe; each thing done, in words, with its check's title. Never deletes a run. Writes."""
    set_data_folder(context.data)
    for module in load_checks():
        if hasattr(module, "fix"):
            try:
                for text in module.fix(context):
                    yield module.TITLE, text
            except Exception as error:
                yield module.TITLE, f"could not be mended: {_describe_failure(error).found}"


def _describe_failure(error: Exception) -> Finding:
    if isinstance(error, StudentsimError):
        return Finding(BAD, error.problem, error.remedy)
    return Finding(BAD, f"This could not be looked at ({type(error).__name__}: {first_line(error)}).")
