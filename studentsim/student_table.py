"""A student as a table: how often it answers rightly, by category and by skill, and which slips it leans to. Data, no code.

As a file (TOML), in percent of questions::

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
"""Bytes of a table's file at most: a thousand skills are a third of that."""

Percent = Annotated[float, Field(strict=True, ge=0, le=100)]
"""A number: neither ``true`` nor a text that could be read as one."""


class StudentTable(BaseModel):
    """A table of levels, in percent of questions answered rightly before any practice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field("", max_length=80)
    """What the student is called."""
    summary: str = Field("", max_length=300)
    """Who it is, in a sentence."""
    leaning: Literal["careless", "concept", "mixed"] = "mixed"
    """Which kind of slip most of its wrong answers are."""
    easy: float = Field(0.0, strict=True, ge=-50, le=50)
    """Points added to a category's level where the skill is easy (difficulty 1)."""
    hard: float = Field(0.0, strict=True, ge=-50, le=50)
    """The same where it is hard (difficulty 3)."""
    categories: dict[str, Percent] = Field(default_factory=dict, max_length=1000)
    """The level of a category's skills, where nothing else is said of them."""
    skills: dict[str, Percent] = Field(default_factory=dict, max_length=10_000)
    """Single skills' own levels; heed neither category nor difficulty."""

    @field_validator("title", "summary")
    @classmethod
    def _collapse_to_one_line(cls, value: str) -> str:
        """What is shown in a line, on pages and in terminals, is one: no line breaks, no control characters."""
        return " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())

    @model_validator(mode="after")
    def _require_levels(self) -> StudentTable:
        if not self.categories and not self.skills:
            raise ValueError("the table gives no level; write at least one category, such as: physics = 30")
        return self

    def to_profile(self, id: str) -> Profile:
        """The same as a ``Profile``, its levels as fractions."""
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
    """The table in a TOML file.

    :raises ConfigError: it is not there, too large, no TOML, or no table; says which entry is wrong and what is allowed.
    """
    try:
        if not path.is_file():
            raise ConfigError(f"There is no student's table {str(path)!r}.", "Name a TOML file.", field="student")
        if path.stat().st_size > MAX_TABLE_BYTES:
            raise ConfigError(
                f"The student's table {str(path)!r} has {path.stat().st_size:,} bytes.",
                f"A table has at most {MAX_TABLE_BYTES:,}.", field="student",
            )  # fmt: skip
        settings = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return StudentTable.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        location = ".".join(str(part) for part in first["loc"]) or "the table"
        reason = str(first.get("ctx", {}).get("error", first["msg"]))
        raise ConfigError(
            f"The student's table {str(path)!r} is wrong at {location}: {_format_value(first['input'])}: {reason}.",
            "Levels are numbers from 0 to 100 under [categories] and [skills].", field="student",
        ) from error  # fmt: skip
    except (
        OSError,
        ValueError,
        RecursionError,
    ) as error:  # ValueError: no UTF-8, no TOML, or a number of thousands of digits
        raise ConfigError(
            f"The student's table {str(path)!r} cannot be read: {error}.",
            "Write it as TOML: a line physics = 30 under [categories].", field="student",
        ) from error  # fmt: skip


def _format_value(value: object) -> str:
    try:
        return repr(str(value)[:80])
    except ValueError:  # hexadecimal digits by the thousand, which Python reads but does not write
        return "a number of thousands of digits"
