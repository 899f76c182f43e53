"""Labels and display values of settings, and the settings in which runs differ. No streamlit here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studentsim.config import EMBEDDED_0_1_WEIGHTS, RunConfig
from studentsim.labels import category_names, formatting, language_models, teacher_settings
from studentsim.labels.strategy_styles import strategy_style
from studentsim.settings import Hub, Learning, Teaching
from studentsim.student.embedded.weight_versions import canonical_weights_name
from studentsim.student_table import StudentTable

SETTING_LABELS: Mapping[str, str] = {
    "seed": "luck of the draw",
    "exam_seed": "which exam",
    "model": "model",
    "student": "student",
    "student_table": "what the student knows at first",
    "weights": "version of the student",
    "temperature": "how boldly it answers",
    "min_p": "slips of the pen left out below",
    "max_new_tokens": "longest answer, in tokens",
    "bank": "questions from",
    "bank_category": "one category for all questions",
    "bank_set": "questions read as",
    "leave_out_doubtful": "doubtful questions left out",
    "categories": "categories practised",
    "skills": "skills practised",
    "difficulties": "difficulties practised",
    "strategy": "how questions are chosen",
    "mix": "own category mix",
    "mix_rule": "how shares become whole questions",
    "threshold": "counts as unsure below",
    "turns": "lessons planned",
    "questions": "practice questions a lesson",
    "exam": "questions in each exam",
    "exam_every": "lessons from exam to exam",
    "validation": "held-out pairs",
    "validation_every": "held-out pairs looked at after each",
    "learning.beta": "how closely it stays with what it was",
    "learning.epochs": "passes over a lesson's pairs",
    "learning.learning_rate": "size of a learning step",
    "learning.batch": "pairs a step",
    "learning.loss": "what learning makes small",
    "learning.sft_weight": "weight of imitating the right working",
    "learning.label_smoothing": "pairs taken to be the wrong way round",
    "learning.reference": "compared with",
    "learning.lora_rank": "how much the adapter holds",
    "learning.lora_alpha": "strength of the adapter",
    "learning.lora_targets": "parts of the model that learn",
    "learning.max_grad_norm": "largest change a step",
    "learning.rehearsal": "hold on what is not practised",
    "teaching.attempts": "tries at a practice question",
    "teaching.feedback": "said to a wrong answer",
    "teaching.pairs": "learns from",
    "teaching.chosen_text": "shown of a given working",
    "teaching.marker": "trained marker",
    "teaching.marker_revision": "version of the trained marker",
    "teaching.decides": "whose mark counts in practice",
    "teaching.error_rate": "marks wrong on purpose",
    "teaching.doubts": "right answers doubted on purpose",
    "teaching.writer": "who writes the hints",
    "hub.revision": "version of the model",
    "hub.quantisation": "how the model's weights are held",
    "hub.device": "processor",
    "hub.dtype": "numbers it computes with",
    "hub.scores": "what stands for an option",
    "hub.exams": "how exams are answered",
    "hub.answers_at_once": "answers written at once",
    "hub.pairs_at_once": "pairs learnt at once",
    "hub.gradient_checkpointing": "less memory for more time",
    "hub.optimiser": "how steps are taken",
    "hub.prompt_date": "date in the prompt",
    "hub.answer_form": "form of answer that is asked for",
    "hub.calculator": "a calculator for the sums it writes",
}
"""Each setting in which runs can differ (``flatten_settings``' names) -> its label."""


STRATEGY_SETTINGS = ("strategy", "mix")
"""Settings that decide how questions are chosen: a custom mix takes precedence over the strategy."""
NESTED_SETTINGS: Mapping[str, type[Learning] | type[Hub] | type[Teaching]] = {
    "learning": Learning,
    "teaching": Teaching,
    "hub": Hub,
}
"""Settings that hold settings."""


def flatten_settings(config: RunConfig) -> dict[str, Any]:
    """All settings but the name, nested ones as ``learning.beta`` and so on; missing ones have their defaults."""
    values = {name: getattr(config, name) for name in RunConfig.model_fields if name not in ("name", *NESTED_SETTINGS)}
    values["weights"] = canonical_weights_name(str(values["weights"]))
    for part, settings_class in NESTED_SETTINGS.items():
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
    if name == "teaching.attempts":
        return formatting.pluralize(value, "try", "tries")
    if name in ("teaching.error_rate", "teaching.doubts"):
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


_VALUE_LABELS: Mapping[str, Mapping[str, str]] = {
    "validation_every": {"turn": "lesson", "epoch": "pass over its pairs"},
    "teaching.feedback": teacher_settings.FEEDBACK_CONTENT_LABELS,
    "teaching.pairs": {id: name[:1].lower() + name[1:] for id, name in teacher_settings.CHOSEN_SOURCE_LABELS.items()},
    "teaching.chosen_text": {
        id: name[:1].lower() + name[1:] for id, name in teacher_settings.CHOSEN_TEXT_LABELS.items()
    },
    "teaching.decides": {"key": "the answer key's", "marker": "the trained marker's"},
}


def format_value(name: str, value: Any) -> str:
    """The display text of a value of a setting that has few values; other values as they are."""
    return _VALUE_LABELS.get(name, {}).get(value, str(value))


def is_setting_active(name: str, config: RunConfig) -> bool:
    """Whether a setting has an effect in this run: with one attempt alone, feedback has none."""
    return (
        name not in ("teaching.feedback", "teaching.pairs", "teaching.doubts")
        or teacher_settings.teaching_settings(config).attempts > 1
    )


def _normalize_value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
