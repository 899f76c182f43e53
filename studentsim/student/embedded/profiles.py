"""The class of model students: what each is meant to know, as data (``tables/*.toml``, studentsim/student_table.py).

``python -m studentsim place`` measures the student that was made against these tables. (No torch here: the web pages show them.)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from studentsim.config import RunConfig
from studentsim.curriculum.generator import SKILLS
from studentsim.errors import ConfigError
from studentsim.student_table import read_student_table
from studentsim.types import Profile

TABLES_DIR = Path(__file__).parent / "tables"

PROFILE_IDS = ("balanced", "geometry", "physics-gap", "careless", "nearly-there", "struggling")
"""As the pages show them."""

PROFILES: Mapping[str, Profile] = {
    id: read_student_table(TABLES_DIR / f"{id}.toml").to_profile(id) for id in PROFILE_IDS
}


def get_profile(id: str) -> Profile:
    """The profile of that id.

    :raises ConfigError: there is none; names those there are.
    """
    if id not in PROFILES:
        raise ConfigError(
            f"There is no student {id!r}.", f"Choose among {', '.join(PROFILES)}, or name a table (a TOML file).",
            field="student",
        )  # fmt: skip
    return PROFILES[id]


def get_run_profile(config: RunConfig) -> Profile:
    """Who learns in this run: by the run's own table if it has one, else the profile of that id.

    :raises ConfigError: there is no such profile.
    """
    return config.student_table.to_profile(config.student) if config.student_table else get_profile(config.student)


def category_mastery(profile: Profile) -> dict[str, float]:
    """Intended accuracy (0 to 1) by category: the mean over the built-in skills of each."""
    levels_by_category: dict[str, list[float]] = {}
    for skill in SKILLS.values():
        levels_by_category.setdefault(skill.category, []).append(
            profile.level(skill.id, skill.category, skill.difficulty)
        )
    return {category: sum(levels) / len(levels) for category, levels in levels_by_category.items()}
