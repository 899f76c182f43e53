"""Presets of a run's settings, among them the source paper's protocol; and the list of where a run departs from the paper.

    python -m studentsim run --preset paper --strategy category

Source: P0, "Student Learning Simulation Using Large Language Model": 20 turns of 40 MathQA questions; google/gemma-2b-it in 4 bit,
graded by a fine-tuned google/flan-t5-large; DPO with LoRA for 2 epochs; an exam of 40 every 2 turns. So that the preset runs on any
laptop, the embedded student and grader replace the paper's unless others are named; ``list_departures`` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from studentsim.config import HUB_DEFAULTS, RunConfig
from studentsim.errors import ConfigError
from studentsim.settings import ALL_PROJECTIONS, SETTING_GROUPS

PAPER_STUDENT = "google/gemma-2b-it"
PAPER_GRADER = "google/flan-t5-large"
PAPER_DATASET = "math_qa"
PAPER_STRATEGIES = ("random", "category", "log-probability", "log-probability+category")


@dataclass(frozen=True)
class Departure:
    """One aspect in which a run differs from the paper, in the words that users see."""

    aspect: str
    run_value: str
    paper_value: str
    remedy: str = ""
    """How to get the paper's value on the command line; "" where it is obvious."""

    def __str__(self) -> str:
        return f"{self.aspect}: {self.run_value} (the paper: {self.paper_value}).{f' {self.remedy}' if self.remedy else ''}"


@dataclass(frozen=True)
class Preset:
    """Settings that a run starts from."""

    summary: str
    """A few words for the command line's help."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Changes to the model's defaults; ``learning``, ``teaching`` and ``hub`` are nested mappings."""
    language_model: bool = False
    """Whether it is for language models only."""
    make: Callable[[str], RunConfig] | None = None
    """Makes the whole config for a model; replaces ``changes``."""


SMALL_MODEL = "small-model"
"""Found by ``bench/small_model_search.py`` and confirmed with fresh seeds (docs/real-model.md, "What makes it learn")."""

PRESETS: Mapping[str, Preset] = {
    "default": Preset("what suits the model best"),
    "paper": Preset("the source paper's protocol", make=lambda model: RunConfig.paper(model=model)),
    SMALL_MODEL: Preset(
        "with which SmolLM2 was found to learn the built-in curriculum",
        {
            "dpo": {
                "learning_rate": 1e-3,
                "lora_rank": 8,
                "lora_alpha": 16,
                "epochs": 1,
                "sft_weight": 1.0,
                "reference": "last-turn",
            },
            "teacher": {"chosen_text": "option"},
            "model_loading": {"exam_mode": "scored"},
        },
        language_model=True,
    ),
}
"""Presets by name. To add one, add an entry."""


def get_preset(name: str, model: str = "embedded") -> RunConfig:
    """The config of a preset for a model.

    :raises ConfigError: there is no such preset, or it is not for this model.
    """
    preset = PRESETS.get(name)
    if preset is None:
        names = [repr(preset_name) for preset_name in PRESETS]
        raise ConfigError(
            f"There is no preset {name!r}.", f"Choose {', '.join(names[:-1])} or {names[-1]}.", field="preset"
        )
    if preset.language_model and model == "embedded":
        raise ConfigError(
            f"The preset {name!r} is for language models, but the student is the embedded one.",
            "Name a model with --model, or choose 'default'.",
            field="preset",
        )
    if preset.make:
        return preset.make(model)
    settings = RunConfig.make(model=model).model_dump()
    for changes in (HUB_DEFAULTS if model != "embedded" else {}, preset.changes):
        settings = _merge_changes(settings, changes)
    return RunConfig.make(**settings)


def describe_presets() -> str:
    """All presets in one line: ``default (what suits the model best), paper (…)``."""
    return ", ".join(f"{name} ({preset.summary})" for name, preset in PRESETS.items())


"""Settings that are groups of settings."""


def _merge_changes(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    nested = {key: {**settings[key], **changes[key]} for key in SETTING_GROUPS if key in changes}
    return {**settings, **changes, **nested}


_PAPER_SETTINGS: tuple[tuple[str, str, Any], ...] = (
    ("turns", "lessons", 20),
    ("questions_per_turn", "practice questions a lesson", 40),
    ("exam_size", "exam questions", 40),
    ("exam_every", "lessons from exam to exam", 2),
    ("validation", "held-out pairs", 40),
    ("validation_every", "held-out pairs are looked at after each", "epoch"),
    ("mix_rule", "what is left over in the category mix", "paper"),
    ("threshold", "unsure below", 0.5),
    ("dpo.beta", "DPO's beta", 0.1),
    ("dpo.epochs", "passes over a lesson's pairs", 2),
    ("dpo.loss", "loss", "sigmoid"),
    ("dpo.sft_weight", "weight of imitating the right working", 0.0),
    ("dpo.reference", "compared with", "base"),
    ("dpo.rehearsal", "how strongly what a lesson does not practise is held where it was", 0.0),
    ("dpo.lora_rank", "LoRA rank", 8),
    ("dpo.lora_alpha", "LoRA alpha", 8),
    ("dpo.lora_targets", "projections with an adapter", ALL_PROJECTIONS),
    ("teacher.error_rate", "marks wrong on purpose", 0.0),
    ("teacher.attempts", "tries at a question", 1),
    ("teacher.chosen_source", "learnt from", "working"),
    ("teacher.chosen_text", "what is learnt of a given working", "full"),
    ("teacher.challenge_rate", "right answers doubted on purpose", 0.0),
    ("categories", "categories practised", ()),
    ("skills", "skills practised", ()),
    ("difficulties", "difficulties practised", ()),
    ("model_loading.exam_mode", "exams", "written"),
    ("model_loading.answer_form", "form in which it is asked to answer", "free"),
    ("model_loading.calculator", "a calculator for its sums", False),
)
"""(path of the setting, label, the paper's value). Settings that the paper does not name, such as the learning rate, are left out."""


def list_departures(config: RunConfig) -> list[Departure]:
    """Where a run departs from the paper's protocol, the most important departures first."""
    return [*_component_departures(config), *_setting_departures(config)]


def _component_departures(config: RunConfig) -> Iterator[Departure]:
    """Departures in student, teacher, questions and strategy."""
    embedded = config.model == "embedded"
    if config.model != PAPER_STUDENT:
        run_value = "the embedded one, which writes workings and reads no options" if embedded else config.model
        yield Departure("student", run_value, f"{PAPER_STUDENT} in 4 bit", "Name it with --model." if embedded else "")
    if not embedded and config.model_loading.quantisation != "nf4":
        yield Departure("weights", f"quantisation {config.model_loading.quantisation}", "nf4", "--quantisation nf4")
    teaching = config.teacher
    if teaching.grade_source == "key":
        yield Departure("marks", "by the answer key", "by a trained marker", "--marker embedded --grade-source grader")
    elif PAPER_GRADER.rpartition("/")[2] not in teaching.grader:
        embedded_grader = teaching.grader == "embedded"
        yield Departure(
            "marker",
            "the embedded one" if embedded_grader else teaching.grader,
            f"{PAPER_GRADER}, fine-tuned on the student's own answers",
            "Name one with --marker; train-grader --base makes it." if embedded_grader else "",
        )
    if config.bank != PAPER_DATASET:
        run_value = "the built-in curriculum" if config.bank == "curriculum" else config.bank
        yield Departure("questions", run_value, "MathQA", f"--bank {PAPER_DATASET}")
    if config.strategy not in PAPER_STRATEGIES:
        yield Departure("way of choosing", config.strategy, "one of " + ", ".join(PAPER_STRATEGIES))
    if config.mix is not None:
        yield Departure("category mix", "your own", "none, or that of the last exam's mistakes")


def _setting_departures(config: RunConfig) -> Iterator[Departure]:
    """Departures in the settings of ``_PAPER_SETTINGS``."""
    for path, label, paper_value in _PAPER_SETTINGS:
        run_value = reduce(getattr, path.split("."), config)
        if run_value != paper_value:
            yield Departure(label, _format_value(run_value), _format_value(paper_value))


def _format_value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
