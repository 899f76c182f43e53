"""A student as a table: its intended accuracy by category and by skill, and the kind of misconceptions that its errors show.

As a TOML file, in percent of questions::

    title = "Physics gap"
    summary = "A good student who has missed speed, distance and units."
    leaning = "mixed"
    easy = 6
    hard = -6

    [categories]
    general = 85
    physics = 10

    [skills]
    average-speed = 40
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from studentsim.errors import ConfigError
from studentsim.types import Profile

MAX_TABLE_BYTES = 100_000
"""Largest file, in bytes; a thousand skills take a third of it."""

Percent = Annotated[float, Field(strict=True, ge=0, le=100)]
"""A number from 0 to 100: neither ``true`` nor text."""


class StudentTable(BaseModel):
    """Levels: percent of questions answered correctly before any practice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field("", max_length=80)
    """The student's name on the pages; "": its id."""
    summary: str = Field("", max_length=300)
    """A sentence about it."""
    leaning: Literal["careless", "concept", "mixed"] = "mixed"
    """Kind of most of its misconceptions."""
    easy: float = Field(0.0, strict=True, ge=-50, le=50)
    """Percentage points added to a category's level for skills of difficulty 1."""
    hard: float = Field(0.0, strict=True, ge=-50, le=50)
    """Percentage points added to a category's level for skills of difficulty 3."""
    categories: dict[str, Percent] = Field(default_factory=dict, max_length=1000)
    """Level by category, for skills that ``skills`` does not list."""
    skills: dict[str, Percent] = Field(default_factory=dict, max_length=10_000)
    """Level by skill id, whatever its category and difficulty."""

    @field_validator("title", "summary")
    @classmethod
    def _collapse_to_one_line(cls, value: str) -> str:
        """Replace line breaks and control characters by spaces: pages and terminals show the text in one line."""
        return " ".join("".join(c if c.isprintable() else " " for c in value).split())

    @model_validator(mode="after")
    def _require_levels(self) -> StudentTable:
        if not self.categories and not self.skills:
            raise ValueError("the table gives no level; write at least one category, such as: physics = 30")
        return self

    def to_profile(self, id: str) -> Profile:
        """The table as a ``Profile``, with levels as fractions 0 to 1."""
        return Profile(
            id=id,
            title=self.title or id,
            summary=self.summary,
            categories={name: level / 100 for name, level in self.categories.items()},
            skills={name: level / 100 for name, level in self.skills.items()},
            leaning=self.leaning,
            easy=self.easy / 100,
            hard=self.hard / 100,
        )


def read_student_table(path: Path) -> StudentTable:
    """Read a table from a TOML file.

    :raises ConfigError: the file is missing, too large, not TOML, or has a wrong entry; says which one and what is allowed.
    """
    try:
        if not path.is_file():
            raise ConfigError(f"There is no student's table {str(path)!r}.", "Name a TOML file.", field="student")
        if path.stat().st_size > MAX_TABLE_BYTES:
            raise ConfigError(
                f"The student's table {str(path)!r} has {path.stat().st_size:,} bytes.",
                f"A table has at most {MAX_TABLE_BYTES:,}.",
                field="student",
            )
        settings = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return StudentTable.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        location = ".".join(str(part) for part in first["loc"]) or "the table"
        reason = str(first.get("ctx", {}).get("error", first["msg"]))
        raise ConfigError(
            f"The student's table {str(path)!r} is wrong at {location}: {_format_value(first['input'])}: {reason}.",
            "Levels are numbers from 0 to 100 under [categories] and [skills].",
            field="student",
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        # ValueError: not UTF-8, not TOML, or a number of thousands of digits
        raise ConfigError(
            f"The student's table {str(path)!r} cannot be read: {error}.",
            "Write it as TOML: a line physics = 30 under [categories].",
            field="student",
        ) from error


def _format_value(value: object) -> str:
    try:
        return repr(str(value)[:80])
    except ValueError:  # thousands of hexadecimal digits, which Python parses but does not format
        return "a number of thousands of digits"
