"""Every error the product raises on purpose, in one tree.

    StudentsimError
    ├── ConfigError          a setting is wrong, or settings do not fit together
    ├── BankError            questions cannot be read, or there are too few
    ├── StudentError         the model is missing, unreadable, or does not fit
    ├── StoreError           the database or a journal cannot be used
    │   ├── DatabaseBusy     another process owns the database
    │   ├── DatabaseTooNew   a newer version of the product wrote it
    │   └── JournalError     a journal cannot be read or written
    ├── RunError             a run cannot be started, changed or resumed
    │   ├── UnknownRun       there is no run of that id (never was, or deleted)
    │   └── LeaseLost        another worker has taken this run over
    ├── DataFolderError      the data folder is missing, read-only or full
    └── BackupError          a backup cannot be made, or cannot be trusted

A message states the problem, with the value, and what to do. ``remedy`` is the second half alone, so that a page can show it
separately.
"""

from __future__ import annotations


class StudentsimError(Exception):
    """Base of the tree. ``str(error)`` is the whole message; ``remedy`` what to do about it."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem} {remedy}".strip())

    def __reduce__(self):
        return (type(self), (self.problem, self.remedy))


def first_line(error: BaseException) -> str:
    """The first line of another library's error, at most 300 characters, for a message; its class where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


class ConfigError(StudentsimError):
    """A setting is wrong. ``field`` is its name in RunConfig, so that a form can highlight it; "" if there is none."""

    def __init__(self, problem: str, remedy: str = "", *, field: str = "") -> None:
        super().__init__(problem, remedy)
        self.field = field

    def __reduce__(self):
        return (_config_error, (self.problem, self.remedy, self.field))


def _config_error(problem: str, remedy: str, field: str) -> ConfigError:
    return ConfigError(problem, remedy, field=field)


class BankError(StudentsimError):
    """Questions cannot be read, or there are too few."""


class StudentError(StudentsimError):
    """The model is missing, unreadable, or does not fit."""


class StoreError(StudentsimError):
    """The database or a journal cannot be used."""


class DatabaseBusy(StoreError):
    """Another process owns the database."""


class DatabaseTooNew(StoreError):
    """The database was written by a newer version of the product."""


class JournalError(StoreError):
    """A journal cannot be read or written."""


class RunError(StudentsimError):
    """A run cannot be started, changed or resumed."""


class UnknownRun(RunError):
    """There is no run of that id: it never was, or it was deleted."""


class LeaseLost(RunError):
    """Another worker has taken this run over; this one must write nothing more."""


class DataFolderError(StudentsimError):
    """The data folder is missing, read-only or full."""


class BackupError(StudentsimError):
    """A backup cannot be made, or what is to be restored is damaged or no backup."""
