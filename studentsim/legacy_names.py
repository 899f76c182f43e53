"""The names of stored events, fields and settings before version 0.2, and today's. MIGRATION.md lists them for users.

Journals are never rewritten: their reader applies ``upgrade_event`` to each event, since a resumed run appends events with today's
names to an old file. Settings are accepted under either name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studentsim.errors import ConfigError
from studentsim.plain_text import UNPRINTABLE_PATTERN

EVENT_TYPES: Mapping[str, str] = {
    "Answered": "AnswerRecorded",
    "Validated": "ValidationFinished",
    "Resumed": "RunResumed",
}
"""Old event type -> today's."""

EVENT_FIELDS: Mapping[str, Mapping[str, str]] = {
    "AnswerRecorded": {
        "right": "is_correct",
        "said_right": "assigned_correct",
        "marker_right": "grader_correct",
        "marked_by": "graded_by",
        "doubted": "challenged",
        "p_right": "p_correct",
    },
    "ExamFinished": {"low": "ci_low", "high": "ci_high", "p_right": "p_correct"},
    "TurnStarted": {"looked_by": "score_kind"},
}
"""Today's event type -> old field -> today's."""

OLD_TIMESTAMP_FIELD = "at"
"""The field ``timestamp`` of every event."""

SETTINGS: Mapping[str, str] = {
    "learning": "dpo",
    "teaching": "teacher",
    "hub": "model_loading",
    "leave_out_doubtful": "drop_invalid",
    "exam": "exam_size",
    "questions": "questions_per_turn",
}
"""Old field of ``RunConfig`` -> today's."""

NESTED_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "dpo": {"batch": "batch_size"},
    "teacher": {
        "marker": "grader",
        "marker_revision": "grader_revision",
        "decides": "grade_source",
        "doubts": "challenge_rate",
        "pairs": "chosen_source",
        "writer": "hint_model",
    },
    "model_loading": {
        "scores": "option_scoring",
        "exams": "exam_mode",
        "answers_at_once": "generation_batch_size",
        "pairs_at_once": "micro_batch_size",
    },
}
"""Today's nested group -> old field -> today's."""

_OLD_GRADE_SOURCE = "marker"
"""The value ``grader`` of ``teacher.grade_source``."""


EMBEDDED_0_1_WEIGHTS = "embedded-0.1"
"""The setting ``weights`` for the embedded student of version 0.1, whose runs stored none."""


def upgrade_event(event: dict[str, Any]) -> dict[str, Any]:
    """The event of a journal with today's names; unchanged, and the same object, if it has them already. Values stay."""
    old_type = event.get("type")
    if OLD_TIMESTAMP_FIELD not in event or not isinstance(old_type, str):
        return event
    new_type = EVENT_TYPES.get(old_type, old_type)
    names = EVENT_FIELDS.get(new_type, {})
    upgraded = {names.get(key, key): value for key, value in event.items()}
    upgraded["type"] = new_type
    upgraded["timestamp"] = upgraded.pop(OLD_TIMESTAMP_FIELD)
    if new_type == "RunStarted" and isinstance(config := upgraded.get("config"), Mapping):
        upgraded["config"] = upgrade_settings(config)
    return upgraded


def upgrade_stored_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A run's stored settings; settings that its version did not have yet get the value that the run was in effect made with.

    A run without ``weights`` had version 0.1's student, one without ``rehearsal`` had none. For new settings use
    ``RunConfig.make``, which fills in today's defaults.

    >>> upgrade_stored_settings({"seed": 7, "learning": {"beta": 0.1, "batch": 4}})
    {'seed': 7, 'dpo': {'rehearsal': 0.0, 'beta': 0.1, 'batch_size': 4}, 'weights': 'embedded-0.1'}
    """
    upgraded = upgrade_settings(settings)
    if isinstance(upgraded.get("name"), str):
        upgraded["name"] = UNPRINTABLE_PATTERN.sub("", upgraded["name"])  # older versions allowed these
    dpo = upgraded.get("dpo", {})
    if isinstance(dpo, Mapping):
        upgraded["dpo"] = {"rehearsal": 0.0, **dpo}
    if upgraded.get("model", "embedded") == "embedded":
        upgraded.setdefault("weights", EMBEDDED_0_1_WEIGHTS)
    return upgraded


def upgrade_settings(settings: Mapping[str, Any], *, strict: bool = False) -> dict[str, Any]:
    """A run's settings with today's names, those of the nested groups too. Values stay, whatever they are.

    :raises ConfigError: if ``strict``, when a setting is given under both names. Otherwise the old one is then dropped.

    >>> upgrade_settings({"seed": 1, "exam": 40, "learning": {"batch": 4}})
    {'seed': 1, 'exam_size': 40, 'dpo': {'batch_size': 4}}
    """
    upgraded = _rename_keys(settings, SETTINGS, strict)
    for group in NESTED_SETTINGS:
        if isinstance(values := upgraded.get(group), Mapping):
            upgraded[group] = upgrade_group(group, values, strict=strict)
    return upgraded


def upgrade_group(group: str, values: Mapping[str, Any], *, strict: bool = False) -> dict[str, Any]:
    """One nested group of settings (``dpo``, ``teacher``, ``model_loading``) with today's names.

    :raises ConfigError: as ``upgrade_settings``.

    >>> upgrade_group("teacher", {"marker": "embedded", "decides": "marker"})
    {'grader': 'embedded', 'grade_source': 'grader'}
    """
    upgraded = _rename_keys(values, NESTED_SETTINGS[group], strict)
    if upgraded.get("grade_source") == _OLD_GRADE_SOURCE:
        upgraded["grade_source"] = "grader"
    return upgraded


def upgrade_setting_name(name: str) -> str:
    """A setting's name with dots, as of a cell's coordinates or an error's ``field``.

    >>> upgrade_setting_name("teaching.doubts"), upgrade_setting_name("exam"), upgrade_setting_name("seed")
    ('teacher.challenge_rate', 'exam_size', 'seed')
    """
    group, dot, field = name.partition(".")
    group = SETTINGS.get(group, group)
    return group + dot + NESTED_SETTINGS.get(group, {}).get(field, field)


def _rename_keys(values: Mapping[str, Any], names: Mapping[str, str], strict: bool) -> dict[str, Any]:
    renamed: dict[str, Any] = {}
    for key, value in values.items():
        name = names.get(key, key)
        if name == key or name not in values:
            renamed[name] = value
        elif strict:
            raise ConfigError(f"{name} is also given by its old name {key}.", f"Give it once, as {name}.", field=name)
    return renamed
