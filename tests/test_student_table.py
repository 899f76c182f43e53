"""Students as tables: the six that ship, and any that a user writes."""

from pathlib import Path

import pytest

from studentsim.config import RunConfig
from studentsim.curriculum.generator import SKILLS
from studentsim.errors import ConfigError
from studentsim.runs.student_profile import resolve_student_settings
from studentsim.student.embedded.profiles import (
    PROFILE_IDS,
    PROFILES,
    TABLES_DIR,
    category_mastery,
    get_run_profile,
)
from studentsim.student_table import read_student_table

TABLE = """
title = "Mira"
leaning = "careless"
easy = 10

[categories]
general = 85
physics = 10

[skills]
average-speed = 40
"""


def written(tmp_path: Path, text: str | bytes) -> Path:
    file = tmp_path / "mira.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_shipped_student_has_a_level_for_every_skill(profile):
    levels = [profile.level(s.id, s.category, s.difficulty) for s in SKILLS.values()]
    assert all(0 < level < 1 for level in levels) and set(category_mastery(profile)) == set(profile.categories)


def test_every_table_that_ships_is_a_student():
    assert {file.stem for file in TABLES_DIR.glob("*.toml")} == set(PROFILE_IDS) == set(PROFILES)


def test_a_skills_own_level_stands_above_its_categorys_and_an_unknown_category_has_the_mean(tmp_path):
    settings = resolve_student_settings(str(written(tmp_path, TABLE)))
    mira = get_run_profile(RunConfig.make(**settings))
    assert (mira.id, mira.title, mira.leaning) == ("mira", "Mira", "careless")
    assert mira.level("average-speed", "physics", 1) == 0.4
    assert mira.level("unheard-of", "physics", 2) == 0.1 and mira.level(None, "general") == 0.85
    assert mira.level("x", "general", 1) == pytest.approx(0.95) and mira.level("x", "general", 3) == 0.85
    assert mira.level("x", "algebra", 2) == pytest.approx(0.475)


def test_what_is_shown_of_a_table_is_one_line_without_control_characters(tmp_path):
    text = 'title = "Mira\\n\\n# big\\u001b[2J"\nsummary = """\nGood\nat sums."""\n[categories]\nphysics = 10'
    table = read_student_table(written(tmp_path, text))
    assert (table.title, table.summary) == ("Mira # big [2J", "Good at sums.")


def test_a_run_keeps_its_table(tmp_path):
    config = RunConfig.make(**resolve_student_settings(str(written(tmp_path, TABLE))))
    (tmp_path / "mira.toml").unlink()
    again = RunConfig.from_json(config.model_dump_json())
    assert again.student_table == config.student_table and get_run_profile(again) == get_run_profile(config)


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "no level"),
        ("[categories]\nphysics = 101", "physics"),
        ("[categories]\nphysics = nan", "physics"),
        ("[categories]\nphysics = 'ten'", "physics"),
        ("leaning = 'lazy'\n[categories]\nphysics = 10", "leaning"),
        ("colour = 'red'\n[categories]\nphysics = 10", "colour"),
        ("[categories\n", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        ("#" * 200_000, "200,000 bytes"),
        ("x = " + "[" * 5000, "cannot be read"),
        ("[categories]\nphysics = " + "9" * 5000, "cannot be read"),
        ("[categories]\nphysics = 0x" + "f" * 5000, "thousands of digits"),
        ("[categories]\nphysics = true", "physics"),
        ("easy = '6'\n[categories]\nphysics = 10", "easy"),
    ],
)
def test_a_wrong_table_is_refused_with_what_is_wrong(tmp_path, text, said):
    with pytest.raises(ConfigError, match=said) as caught:
        read_student_table(written(tmp_path, text))
    assert caught.value.remedy


def test_a_changed_copy_of_a_profiles_file_is_not_taken_for_the_profile(tmp_path):
    (copy := tmp_path / "balanced.toml").write_text((TABLES_DIR / "balanced.toml").read_text())
    settings = resolve_student_settings(str(copy))
    assert settings["student"] == "balanced-table" not in PROFILES and settings["student_table"] is not None
    assert resolve_student_settings(str(written(tmp_path, TABLE)))["student"] == "mira"
    assert (
        len(RunConfig.make(**resolve_student_settings(str(copy.rename(tmp_path / f"{'x' * 200}.toml")))).student) == 70
    )


def test_a_student_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no student's table"):
        resolve_student_settings(str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match="nobody-of-that-name"):
        resolve_student_settings("~nobody-of-that-name/mira.toml")
    with pytest.raises(ConfigError, match="balanced"):
        resolve_student_settings("nobody")
