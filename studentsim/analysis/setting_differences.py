"""Labels and display values of settings, and the settings in which runs differ. No streamlit here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studentsim.config import EMBEDDED_0_1_WEIGHTS, RunConfig
from studentsim.labels import category_names, formatting, language_models, teacher_settings
from studentsim.labels.strategy_styles import strategy_style
from studentsim.settings import SETTING_GROUPS
from studentsim.student.embedded.weight_versions import canonical_weights_name
from studentsim.student_table import StudentTable

SETTING_LABELS: Mapping[str, str] = {
    **{name: field.title for name, field in RunConfig.model_fields.items() if name not in ("name", *SETTING_GROUPS)},
    **{
        f"{group}.{name}": field.title
        for group, cls in SETTING_GROUPS.items()
        for name, field in cls.model_fields.items()
    },
}
"""Each setting in which runs can differ (``flatten_settings``' names) -> its label."""

STRATEGY_SETTINGS = ("strategy", "mix")
"""Settings that decide how questions are chosen: a custom mix takes precedence over the strategy."""


def flatten_settings(config: RunConfig) -> dict[str, Any]:
    """All settings but the name, nested ones as ``dpo.beta`` and so on; missing ones have their defaults."""
    values = {name: getattr(config, name) for name in RunConfig.model_fields if name not in ("name", *SETTING_GROUPS)}
    values["weights"] = canonical_weights_name(str(values["weights"]))
    for part, settings_class in SETTING_GROUPS.items():
        nested = getattr(config, part)
        settings = nested if isinstance(nested, settings_class) else settings_class.model_construct(**nested)
        values |= {f"{part}.{name}": getattr(settings, name) for name in settings_class.model_fields}
    return values


def differing_settings(configs: Sequence[RunConfig]) -> list[str]:
    """The settings in which these configs differ, in the order of ``SETTING_LABELS``."""
    flattened = [flatten_settings(config) for config in configs]
    order = {name: index for index, name in enumerate(SETTING_LABELS)}
    ordered_names = sorted(flattened[0], key=lambda name: order.get(name, len(order))) if flattened else []
    return [
        name
        for name in ordered_names
        if any(_normalize_value(values[name]) != _normalize_value(flattened[0][name]) for values in flattened)
    ]


def format_setting(name: str, config: RunConfig) -> str:
    """The display text of one setting's value."""
    value = flatten_settings(config)[name]
    if name == "student":
        return formatting.student_title(config)
    if name == "model":
        return ", ".join(filter(None, [language_models.model_title(value), language_models.describe_model(value)]))
    if name == "strategy":  # with a custom mix it chooses only within a category; the shares are the setting "mix"
        return formatting.capitalize_first(
            config.describe_selection(lambda strategy: strategy_style(strategy).name.lower()).partition(" (")[0]
        )
    if name == "weights":
        version = "0.1" if value == EMBEDDED_0_1_WEIGHTS else value
        return version or ("this one" if config.model == "embedded" else "none")
    if isinstance(value, StudentTable):
        levels = {**value.categories, **value.skills}
        return f"{value.leaning}: " + ", ".join(
            f"{_format_category(name, config)} {level:g} %" for name, level in levels.items()
        )
    if name == "student_table":
        return "a table of its own" if value else "as built in"  # another version's table is not parsed here
    if not is_setting_active(name, config):
        return "none: one try alone"
    if name in _VALUE_LABELS:
        return _VALUE_LABELS[name].get(value, str(value))
    if name == "teacher.attempts":
        return formatting.pluralize(value, "try", "tries")
    if name in ("teacher.error_rate", "teacher.challenge_rate"):
        return teacher_settings.format_share(value) if value else "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ((), ""):
        return "all" if name in ("categories", "skills", "difficulties") else "none"
    if name == "mix":
        return ", ".join(f"{_format_category(key, config)} {share:g}" for key, share in value.items())
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {share:g}" for key, share in value.items())
    if name == "categories":
        return ", ".join(_format_category(key, config) for key in value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _format_category(name: str, config: RunConfig) -> str:
    """A category by what it holds, in a list of several; a skill's name stays as it is."""
    all_categories = category_names.bank_categories(config.bank, config.mix or config.categories)
    return category_names.inline_category_label(name, all_categories)


def _lowercase_labels(labels: Mapping[str, str]) -> dict[str, str]:
    return {id: formatting.lowercase_first(label) for id, label in labels.items()}


_VALUE_LABELS: Mapping[str, Mapping[str, str]] = {
    "mix_rule": {"largest-remainder": "to the largest remainders", "paper": "to the first category, as the paper does"},
    "dpo.loss": {"sigmoid": "sigmoid (DPO)", "ipo": "IPO"},
    "dpo.reference": {"last-turn": "itself, last lesson", "base": "itself, before any lesson"},
    "model_loading.quantisation": {"none": "as they are", "8bit": "in 8 bit", "nf4": "in 4 bit (NF4), as in the paper"},
    "model_loading.device": {"auto": "a GPU where there is one", "cpu": "this computer's processor", "cuda": "the GPU"},
    "model_loading.dtype": {"auto": "what suits the device"},
    "model_loading.exam_mode": {"written": "written, as in the paper", "scored": "ticked without writing, much faster"},
    "model_loading.option_scoring": {"text": "its text", "letter": "its letter"},
    "model_loading.answer_form": {
        "free": "none, as in the paper",
        "letter": "“Answer: (letter)” at the end",
        "working": "its working first, then “Answer: (letter)”",
    },
    "validation_every": {"turn": "lesson", "epoch": "pass over its pairs"},
    "teacher.feedback": teacher_settings.FEEDBACK_CONTENT_LABELS,
    "teacher.chosen_source": _lowercase_labels(teacher_settings.CHOSEN_SOURCE_LABELS),
    "teacher.chosen_text": _lowercase_labels(teacher_settings.CHOSEN_TEXT_LABELS),
    "teacher.grade_source": {"key": "the answer key's", "grader": "the trained marker's"},
}


def format_value(name: str, value: Any) -> str:
    """The display text of a value of a setting that has few values; other values as they are."""
    return _VALUE_LABELS.get(name, {}).get(value, str(value))


def is_setting_active(name: str, config: RunConfig) -> bool:
    """Whether a setting has an effect in this run: with one attempt alone, feedback has none."""
    return (
        name not in ("teacher.feedback", "teacher.chosen_source", "teacher.challenge_rate")
        or teacher_settings.teaching_settings(config).attempts > 1
    )


def _normalize_value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
