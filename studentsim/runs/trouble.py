"""What went wrong in a run, in the words of its last event. No torch here: its errors are known by name."""

from __future__ import annotations

import errno
import traceback
from dataclasses import dataclass
from pathlib import Path

import studentsim
from studentsim.errors import StudentsimError

_PACKAGE = Path(studentsim.__file__).parent
_FULL = (errno.ENOSPC, errno.EDQUOT)
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "std::bad_alloc")


@dataclass(frozen=True)
class Trouble:
    """``status`` the run ends with, the error's class, what happened, what to do; ``known`` if no traceback is needed."""

    status: str
    error: str
    message: str
    remedy: str
    known: bool = True


def trouble_of(error: BaseException) -> Trouble:
    """What to tell about an error that stopped a run, which has a folder with a log and can be resumed."""
    if _is_full(error):
        return Trouble(
            "paused", "DiskFull", "The disk is full.", "Free some space, then resume: complete turns are safe."
        )
    if isinstance(error, StudentsimError):
        return Trouble("failed", type(error).__name__, error.problem, error.remedy)
    if _is_out_of_memory(error):
        return Trouble(
            "failed",
            "OutOfMemory",
            "Out of memory.",
            "Close other programs, or choose a smaller model, batch or exam; then resume: complete turns are safe.",
        )
    return Trouble(
        "failed",
        type(error).__name__,
        f"An unexpected error: {str(error)[:500] or type(error).__name__}.",
        "The details are in the run's worker.log. Complete turns are safe: try to resume.",
        known=False,
    )


def trial_trouble_of(error: BaseException) -> Trouble:
    """What to tell about an error that stopped a trial, before there was a run: no log, and nothing to resume."""
    found = trouble_of(error)
    if found.error == "DiskFull":
        return Trouble("failed", found.error, found.message, "Free some space, then try again.")
    if found.error == "OutOfMemory":
        return Trouble(
            "failed", found.error, found.message, "Close other programs, or choose a smaller model or batch."
        )
    if found.known:
        return found
    return Trouble(
        "failed", found.error, f"{found.error}: {str(error)[:500] or 'no word'} ({_place(error)}).",
        "Try another model, or the embedded student; where that works, this model is of a kind that is not known here yet.",
        known=False,
    )  # fmt: skip


def _place(error: BaseException) -> str:
    """Where an error arose: the last line of this program, and the last of all."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _PACKAGE in Path(frame.filename).parents]
    told = dict.fromkeys(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in (*own[-1:], *frames[-1:]))
    return ", then ".join(told) or "it is not known where"


def _is_full(error: BaseException | None) -> bool:
    """Whether a full disk is behind it, at first hand or as the cause of another error."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__
    return False


def _is_out_of_memory(error: BaseException) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"MemoryError", "OutOfMemoryError"}:
        return True
    return isinstance(error, RuntimeError | OSError) and any(words in str(error).lower() for words in _OUT_OF_MEMORY)
