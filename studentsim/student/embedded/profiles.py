"""The built-in student profiles: each one's intended accuracy by skill, from ``tables/*.toml`` (format: studentsim/student_table.py).

``python -m studentsim evaluate-profiles`` measures the embedded student against them. No torch here: the web pages show them.
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
"""In the order of the pages."""

PROFILES: Mapping[str, Profile] = {
    profile_id: read_student_table(TABLES_DIR / f"{profile_id}.toml").to_profile(profile_id)
    for profile_id in PROFILE_IDS
}


def get_profile(profile_id: str) -> Profile:
    """The built-in profile with this id.

    :raises ConfigError: when there is none; the message lists the ids.
    """
    if profile_id not in PROFILES:
        raise ConfigError(
            f"There is no student {profile_id!r}.",
            f"Choose among {', '.join(PROFILES)}, or name a table (a TOML file).",
            field="student",
        )
    return PROFILES[profile_id]


def get_run_profile(config: RunConfig) -> Profile:
    """The profile of a run's student: from the run's own table if it has one, else the built-in profile.

    :raises ConfigError: when there is no such profile.
    """
    return config.student_table.to_profile(config.student) if config.student_table else get_profile(config.student)


def category_mastery(profile: Profile) -> dict[str, float]:
    """Intended accuracy (0 to 1) by category: the mean over the category's built-in skills."""
    levels_by_category: dict[str, list[float]] = {}
    for skill in SKILLS.values():
        levels_by_category.setdefault(skill.category, []).append(
            profile.level(skill.id, skill.category, skill.difficulty)
        )
    return {category: sum(levels) / len(levels) for category, levels in levels_by_category.items()}
