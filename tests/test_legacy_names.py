"""Names of version 0.1 in journals, settings, commands and options: read as today's, and told where a user wrote them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from studentsim import events, legacy_names
from studentsim.cli import app
from studentsim.cli.base import OLD_COMMANDS, OLD_OPTIONS
from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.settings import SETTING_GROUPS
from studentsim.store.journal import read_events
from studentsim.store.tables import parse_group_cell

OLD_CONFIG = {
    "seed": 3, "questions": 8, "exam": 40, "leave_out_doubtful": True, "weights": "embedded-0.1",
    "learning": {"batch": 4, "beta": 0.2}, "hub": {"exams": "scored", "pairs_at_once": 2},
    "teaching": {"marker": "embedded", "decides": "marker", "attempts": 2, "doubts": 0.5, "pairs": "revision"},
}  # fmt: skip
NEW_CONFIG = {
    "seed": 3, "questions_per_turn": 8, "exam_size": 40, "drop_invalid": True, "weights": "embedded-0.1",
    "dpo": {"batch_size": 4, "beta": 0.2}, "model_loading": {"exam_mode": "scored", "micro_batch_size": 2},
    "teacher": {
        "grader": "embedded", "grade_source": "grader", "attempts": 2, "challenge_rate": 0.5, "chosen_source": "revision"
    },
}  # fmt: skip


def test_every_new_name_exists_and_no_old_one_does():
    assert set(legacy_names.SETTINGS.values()) <= set(RunConfig.model_fields)
    assert not set(legacy_names.SETTINGS) & set(RunConfig.model_fields)
    for group, names in legacy_names.NESTED_SETTINGS.items():
        fields = set(SETTING_GROUPS[group].model_fields)
        assert set(names.values()) <= fields and not set(names) & fields
    for old, new in legacy_names.EVENT_TYPES.items():
        assert hasattr(events, new) and not hasattr(events, old)
    for kind, names in legacy_names.EVENT_FIELDS.items():
        fields = {field.name for field in dataclasses.fields(getattr(events, kind))}
        assert set(names.values()) <= fields and not set(names) & fields


def test_settings_of_before_make_the_same_config():
    assert RunConfig.make(**OLD_CONFIG) == RunConfig.make(**NEW_CONFIG)
    stored = RunConfig.from_json(json.dumps(OLD_CONFIG))
    assert stored == RunConfig.from_json(json.dumps(NEW_CONFIG)) and stored.dpo.rehearsal == 0


@given(st.dictionaries(st.sampled_from([*OLD_CONFIG, *NEW_CONFIG, "strategy", "unknown"]), st.integers(), max_size=6))
def test_settings_are_upgraded_once_and_for_all(settings: dict[str, int]):
    upgraded = legacy_names.upgrade_settings(settings)
    assert legacy_names.upgrade_settings(upgraded) == upgraded
    assert not set(legacy_names.SETTINGS) & set(upgraded)


@pytest.mark.parametrize(
    "settings", [{"exam": 4, "exam_size": 5}, {"learning": {}, "dpo": {}}, {"dpo": {"batch": 1, "batch_size": 2}}]
)
def test_a_setting_under_both_names_is_refused(settings: dict):
    with pytest.raises(ConfigError, match="also given by its old name") as caught:
        RunConfig.make(**settings)
    assert caught.value.field


def test_events_of_both_names_stand_in_one_journal(tmp_path: Path):
    """As in a run of 0.1 that was resumed."""
    lines = [
        {"type": "RunStarted", "seq": 0, "turn": 0, "at": 1.0, "config": OLD_CONFIG,
         "group": {"group": "g", "plan": "race", "runs": 2, "coordinates": {"teaching.doubts": 0.5, "seed": 3}}},
        {"type": "Answered", "seq": 1, "turn": 0, "at": 2.0, "right": True, "said_right": False, "marked_by": "doubt",
         "marker_right": None, "doubted": True, "p_right": 0.5},
        {"type": "Resumed", "seq": 2, "turn": 0, "at": 3.0, "note": ""},
        {"type": "ExamFinished", "seq": 3, "turn": 0, "timestamp": 4.0, "ci_low": 0.1, "ci_high": 0.2},
    ]  # fmt: skip
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    started, answer, resumed, exam = read_events(path)
    assert started["config"] == NEW_CONFIG and started["timestamp"] == 1.0 and "at" not in started
    cell = parse_group_cell(started["group"])
    assert cell and cell.coordinates == {"teacher.challenge_rate": 0.5, "seed": 3}
    assert {key: answer[key] for key in ("type", "is_correct", "assigned_correct", "graded_by", "challenged", "p_correct")} == {
        "type": "AnswerRecorded", "is_correct": True, "assigned_correct": False, "graded_by": "doubt", "challenged": True,
        "p_correct": 0.5,
    }  # fmt: skip
    assert resumed["type"] == "RunResumed" and exam == lines[3]
    assert path.read_text().count('"at"') == 3, "a journal is never rewritten"


def test_old_commands_and_options_answer_and_say_their_new_name(tmp_path: Path):
    said = CliRunner().invoke(app, ["rebuild", "--data", str(tmp_path)])
    assert said.exit_code == 0 and said.stderr == "rebuild is now called rebuild-db.\n"
    said = CliRunner().invoke(app, ["run", "--exam=0", "--batch", "2", "--data", str(tmp_path)])
    assert isinstance(said.exception, ConfigError) and said.exception.field == "exam_size"
    assert said.stderr.splitlines() == ["--exam is now called --exam-size.", "--batch is now called --batch-size."]


def test_a_command_s_own_option_of_an_old_name_stays():
    assert "is now called" not in CliRunner().invoke(app, ["evaluate-feedback", "--questions", "0"]).stderr


def test_old_names_are_listed_nowhere():
    listed = CliRunner().invoke(app, ["--help"]).stdout
    assert not {word for word in listed.split() if word in OLD_COMMANDS}
    options = set(CliRunner().invoke(app, ["run", "--help"]).stdout.split())
    assert not options & set(OLD_OPTIONS) and set(OLD_OPTIONS.values()) <= options
