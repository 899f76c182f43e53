"""Settings in plain words, and in which of them runs differ. No streamlit here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studentsim.config import Learning, RunConfig
from studentsim.ui import words
from studentsim.ui.looks import look

NAMES: Mapping[str, str] = {
    "seed": "luck of the draw",
    "exam_seed": "which exam",
    "model": "model",
    "student": "student",
    "temperature": "how boldly it answers",
    "min_p": "slips of the pen left out below",
    "max_new_tokens": "longest answer, in tokens",
    "bank": "questions from",
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
}
"""Each setting that can make runs differ, by RunConfig's names, as people say it."""


def flat(config: RunConfig) -> dict[str, Any]:
    """All settings but the name; those of ``learning`` as ``learning.beta`` and so on. What is missing has its default."""
    learning = config.learning if isinstance(config.learning, Learning) else Learning.model_construct(**config.learning)
    values = {name: getattr(config, name) for name in RunConfig.model_fields if name not in ("name", "learning")}
    return values | {f"learning.{name}": getattr(learning, name) for name in Learning.model_fields}


def differing(configs: Sequence[RunConfig]) -> list[str]:
    """The settings that are not the same in all, in the order of ``NAMES``."""
    told = [flat(config) for config in configs]
    return [name for name in told[0] if any(_plain(t[name]) != _plain(told[0][name]) for t in told)] if told else []


def said(name: str, config: RunConfig) -> str:
    """One setting's value in plain words."""
    value = flat(config)[name]
    if name == "student":
        return words.student(config)
    if name == "strategy":
        return look(value).name
    if value is None or value == ():
        return "all" if name in ("categories", "skills", "difficulties") else "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {share:g}" for key, share in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
