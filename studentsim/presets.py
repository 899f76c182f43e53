"""What a run's settings begin with: the defaults, or the paper's protocol; and in what a run departs from the paper.

    python -m studentsim run --preset paper --strategy category

P0, "Student Learning Simulation Using Large Language Model": 20 turns of 40 MathQA questions; google/gemma-2b-it in 4 bit, marked by a
fine-tuned google/flan-t5-large; DPO with LoRA for 2 epochs; an exam of 40 every 2 turns. The preset runs on a bare laptop: where no
model and no marker are named, the embedded ones stand in, and ``list_departures`` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from studentsim.config import HUB_DEFAULTS, RunConfig
from studentsim.errors import ConfigError
from studentsim.settings import ALL_PROJECTIONS

PAPER_STUDENT = "google/gemma-2b-it"
PAPER_GRADER = "google/flan-t5-large"
PAPER_DATASET = "math_qa"
PAPER_STRATEGIES = ("random", "category", "log-probability", "log-probability+category")


@dataclass(frozen=True)
class Departure:
    """One thing in which a run is not the paper's."""

    aspect: str
    run_value: str
    paper_value: str
    remedy: str = ""
    """How to have it as in the paper, on the command line; blank where that is plain."""

    def __str__(self) -> str:
        return f"{self.aspect}: {self.run_value} (the paper: {self.paper_value}).{f' {self.remedy}' if self.remedy else ''}"


@dataclass(frozen=True)
class Preset:
    """What a run's settings begin with."""

    summary: str
    """A few words, as the command line's help has them."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """In what it differs from what suits the model as it comes; those of ``learning``, ``teaching`` and ``hub`` as a mapping in the
    mapping."""
    language_model: bool = False
    """Whether it is for language models alone."""
    make: Callable[[str], RunConfig] | None = None
    """Makes the settings for a model by itself, where they are not so to be told."""


SMALL_MODEL = "small-model"
"""The setting that ``bench/small_model_search.py`` found, and that fresh seeds confirmed (docs/real-model.md, "What makes it learn")."""

PRESETS: Mapping[str, Preset] = {
    "default": Preset("what suits the model best"),
    "paper": Preset("the source paper's protocol", make=lambda model: RunConfig.paper(model=model)),
    SMALL_MODEL: Preset(
        "with which SmolLM2 was found to learn the built-in curriculum",
        {
            "learning": {
                "learning_rate": 1e-3,
                "lora_rank": 8,
                "lora_alpha": 16,
                "epochs": 1,
                "sft_weight": 1.0,
                "reference": "last-turn",
            },
            "teaching": {"chosen_text": "option"},
            "hub": {"exams": "scored"},
        },
        language_model=True,
    ),
}
"""All of them, by name. To add one, add an entry."""


def get_preset(name: str, model: str = "embedded") -> RunConfig:
    """The settings that a run with this model begins with, by a name of ``PRESETS``.

    :raises ConfigError: there is no such preset, or it is not for this model.
    """
    matching_preset = PRESETS.get(name)
    if matching_preset is None:
        names = [repr(known) for known in PRESETS]
        raise ConfigError(
            f"There is no preset {name!r}.", f"Choose {', '.join(names[:-1])} or {names[-1]}.", field="preset"
        )
    if matching_preset.language_model and model == "embedded":
        raise ConfigError(
            f"The preset {name!r} is for language models, but the student is the embedded one.",
            "Name a model with --model, or choose 'default'.",
            field="preset",
        )
    if matching_preset.make:
        return matching_preset.make(model)
    settings = RunConfig.make(model=model).model_dump()
    for changes in (HUB_DEFAULTS if model != "embedded" else {}, matching_preset.changes):
        settings = _merge_changes(settings, changes)
    return RunConfig.make(**settings)


def describe_presets() -> str:
    """All presets in a line: ``default (what suits the model best), paper (…)``."""
    return ", ".join(f"{name} ({known.summary})" for name, known in PRESETS.items())


def _merge_changes(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    parts = {key: {**settings[key], **changes[key]} for key in NESTED_SETTINGS if key in changes}
    return {**settings, **changes, **parts}


NESTED_SETTINGS = ("learning", "teaching", "hub")
"""Settings that are made of settings."""

_PAPER_SETTINGS: tuple[tuple[str, str, Any], ...] = (
    ("turns", "lessons", 20),
    ("questions", "practice questions a lesson", 40),
    ("exam", "exam questions", 40),
    ("exam_every", "lessons from exam to exam", 2),
    ("validation", "held-out pairs", 40),
    ("validation_every", "held-out pairs are looked at after each", "epoch"),
    ("mix_rule", "what is left over in the category mix", "paper"),
    ("threshold", "unsure below", 0.5),
    ("learning.beta", "DPO's beta", 0.1),
    ("learning.epochs", "passes over a lesson's pairs", 2),
    ("learning.loss", "loss", "sigmoid"),
    ("learning.sft_weight", "weight of imitating the right working", 0.0),
    ("learning.reference", "compared with", "base"),
    ("learning.rehearsal", "how strongly what a lesson does not practise is held where it was", 0.0),
    ("learning.lora_rank", "LoRA rank", 8),
    ("learning.lora_alpha", "LoRA alpha", 8),
    ("learning.lora_targets", "projections with an adapter", ALL_PROJECTIONS),
    ("teaching.error_rate", "marks wrong on purpose", 0.0),
    ("teaching.attempts", "tries at a question", 1),
    ("teaching.pairs", "learnt from", "working"),
    ("teaching.chosen_text", "what is learnt of a given working", "full"),
    ("teaching.doubts", "right answers doubted on purpose", 0.0),
    ("categories", "categories practised", ()),
    ("skills", "skills practised", ()),
    ("difficulties", "difficulties practised", ()),
    ("hub.exams", "exams", "written"),
    ("hub.answer_form", "form in which it is asked to answer", "free"),
    ("hub.calculator", "a calculator for its sums", False),
)
"""Setting, what people call it, the paper's value. Settings that the paper does not tell (its learning rate, say) are not here."""


def list_departures(config: RunConfig) -> list[Departure]:
    """In what a run departs from the paper's protocol, the weightiest first; empty for none."""
    return [*_component_departures(config), *_setting_departures(config)]


def _component_departures(config: RunConfig) -> Iterator[Departure]:
    """Student, teacher, questions and their choice."""
    embedded = config.model == "embedded"
    if config.model != PAPER_STUDENT:
        ours = "the embedded one, which writes workings and reads no options" if embedded else config.model
        yield Departure("student", ours, f"{PAPER_STUDENT} in 4 bit", "Name it with --model." if embedded else "")
    if not embedded and config.hub.quantisation != "nf4":
        yield Departure("weights", f"quantisation {config.hub.quantisation}", "nf4", "--quantisation nf4")
    teaching = config.teaching
    if teaching.decides == "key":
        yield Departure("marks", "by the answer key", "by a trained marker", "--marker embedded --decides marker")
    elif PAPER_GRADER.rpartition("/")[2] not in teaching.marker:
        embedded_too = teaching.marker == "embedded"
        yield Departure(
            "marker", "the embedded one" if embedded_too else teaching.marker, f"{PAPER_GRADER}, fine-tuned on the student's own answers",
            "Name one with --marker; train-teacher --base makes it." if embedded_too else "",
        )  # fmt: skip
    if config.bank != PAPER_DATASET:
        ours = "the built-in curriculum" if config.bank == "curriculum" else config.bank
        yield Departure("questions", ours, "MathQA", f"--bank {PAPER_DATASET}")
    if config.strategy not in PAPER_STRATEGIES:
        yield Departure("way of choosing", config.strategy, "one of " + ", ".join(PAPER_STRATEGIES))
    if config.mix is not None:
        yield Departure("category mix", "your own", "none, or that of the last exam's mistakes")


def _setting_departures(config: RunConfig) -> Iterator[Departure]:
    """Numbers and names of ``_PAPER_SETTINGS``."""
    for path, name, papers in _PAPER_SETTINGS:
        ours = reduce(getattr, path.split("."), config)
        if ours != papers:
            yield Departure(name, _format_value(ours), _format_value(papers))


def _format_value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
