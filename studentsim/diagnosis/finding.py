"""What a check is given and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

OK, LOOK, BAD = "ok", "look", "bad"
"""All is well; worth a look, but work goes on; something cannot work as it is."""


@dataclass(frozen=True)
class Context:
    """What is looked at, and how thoroughly."""

    data: Path
    thorough: bool = False
    """Also reads what takes minutes: every file of the models, every value of the database, every line of the journals."""
    port: int = 8501
    """Where the app is to listen."""

    @property
    def runs(self) -> Path:
        """The folder of the runs' folders."""
        return self.data / "runs"


@dataclass(frozen=True)
class Finding:
    """One line of the result: ``level`` is ``OK``, ``LOOK`` or ``BAD``; ``remedy`` says what to do, if anything."""

    level: str
    found: str
    remedy: str = ""


def join_names(names: list[str], *, most: int = 5) -> str:
    """The first few names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
