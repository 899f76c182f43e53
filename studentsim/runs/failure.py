"""Classifies errors that stop a run, for its last event. No torch here: its errors are recognised by name."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

import studentsim
from studentsim.errors import StudentError, StudentsimError
from studentsim.files import is_disk_full

_PACKAGE_FOLDER = Path(studentsim.__file__).parent
_OUT_OF_MEMORY_PHRASES = ("out of memory", "can't allocate memory", "cannot allocate memory", "std::bad_alloc")


@dataclass(frozen=True)
class Failure:
    """The run's final status, the error's class, what happened and what to do; ``is_expected``: no traceback is needed."""

    status: str
    error_type: str
    message: str
    remedy: str
    is_expected: bool = True


OUT_OF_MEMORY = Failure(
    "failed",
    "OutOfMemory",
    "Out of memory.",
    "Close other programs, or choose a smaller model, batch or exam; then resume: complete turns are safe.",
)
"""The memory did not suffice: an allocation failed, or the system killed the worker (``oom.py``)."""


def classify_run_error(error: BaseException) -> Failure:
    """Classify an error that stopped a run, which has a log and can be resumed."""
    if is_disk_full(error):
        return Failure(
            "paused", "DiskFull", "The disk is full.", "Free some space, then resume: complete turns are safe."
        )
    if isinstance(error, StudentsimError):
        return Failure("failed", type(error).__name__, error.problem, error.remedy)
    if _is_out_of_memory(error):
        return OUT_OF_MEMORY
    return Failure(
        "failed",
        type(error).__name__,
        f"An unexpected error: {str(error)[:500] or type(error).__name__}.",
        "The details are in the run's worker.log. Complete turns are safe: try to resume.",
        is_expected=False,
    )


def explain_benchmark_error(error: Exception) -> StudentError:
    """An error that stopped a benchmark, in words: there is no log, and nothing to resume."""
    failure = classify_run_error(error)
    if failure.is_expected:
        return StudentError(failure.message, _BENCHMARK_REMEDIES.get(failure.error_type, failure.remedy))
    return StudentError(
        f"{failure.error_type}: {str(error)[:500] or 'no word'} ({_describe_location(error)}).",
        "Try another model, or the embedded student; where that works, this model is of a kind that is not known here yet.",
    )


_BENCHMARK_REMEDIES = {
    "DiskFull": "Free some space, then try again.",
    "OutOfMemory": "Close other programs, or choose a smaller model or batch.",
}


def _describe_location(error: BaseException) -> str:
    """Where an error was raised: the last frame of this package, and the last frame."""
    frames = traceback.extract_tb(error.__traceback__)
    own_frames = [frame for frame in frames if _PACKAGE_FOLDER in Path(frame.filename).parents]
    locations = dict.fromkeys(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in (*own_frames[-1:], *frames[-1:]))
    return ", then ".join(locations) or "it is not known where"


def _is_out_of_memory(error: BaseException) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"MemoryError", "OutOfMemoryError"}:
        return True
    return isinstance(error, RuntimeError | OSError) and any(
        phrase in str(error).lower() for phrase in _OUT_OF_MEMORY_PHRASES
    )
