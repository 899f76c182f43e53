"""Every setting of a run, with its unit or range, its default, and the default's origin.

"paper" is the value of the source paper, P0 (docs/papers.md lists P0 to P4); "embedded" is a value chosen by experiment for the
embedded student (figures in docs/log.md). ``RunConfig()`` teaches the embedded student well; ``RunConfig.paper()`` is the paper's
protocol. Text fields: "" means not set.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from studentsim.errors import ConfigError
from studentsim.legacy_names import EMBEDDED_0_1_WEIGHTS, upgrade_settings, upgrade_stored_settings
from studentsim.plain_text import UNPRINTABLE_PATTERN, strip_control_characters
from studentsim.selection.registry import DEFAULT_STRATEGY, find_strategy
from studentsim.settings import (
    SETTING_GROUPS,
    DPOSettings,
    ModelLoadingSettings,
    StrategyId,
    TeacherSettings,
    describe_mix,
    setting,
)
from studentsim.student_table import StudentTable
from studentsim.types import CATEGORIES

HUB_DEFAULTS: dict[str, Any] = {
    "max_new_tokens": 200,
    "dpo": {"learning_rate": 5e-5, "batch_size": 4},
    "model_loading": {"answer_form": "free"},
}
"""Defaults for language models where they differ from the embedded student's: longer answers, a learning rate for billions of
parameters (the paper's order of magnitude), and the paper's prompt."""


class RunConfig(BaseModel):
    """All settings of one run. Immutable; stored in the run's first event and in its folder."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = setting("", "name", "What you call this run.", max_length=80)
    """The user's name for it, any printable characters. "": see ``title``."""
    seed: int = setting(0, "seed", "The same seed repeats the run exactly.", ge=0, lt=2**31)
    """Seeds question selection, practice answers, the adapter's initial values and the order of pairs."""
    exam_seed: int = setting(
        0,
        "exam seed",
        "Runs with the same one sit the same exam with the same random numbers: compare only those.",
        ge=0,
        lt=2**31,
    )
    """Seeds the exam's questions and answers: equal in all runs that are to be compared."""

    model: str = setting(
        "embedded",
        "model",
        "'embedded', 'smollm2' (see 'models list'), a hub's name, a folder or a GGUF file.",
        max_length=300,
    )
    """``embedded``, or the Hugging Face name or local folder of a causal language model."""
    student: str = setting(
        "balanced",
        "student",
        "A profile of the embedded student (see 'students'), or a table (a TOML file).",
        max_length=80,
    )
    """Profile of the embedded student; see ``python -m studentsim students``."""
    student_table: StudentTable | None = setting(None, "what the student knows at first")
    """The embedded student's own table of levels, read from a file when the run is made; ``student`` is then its name. None: the
    built-in profile ``student``."""
    weights: str = setting(
        "",
        "version of the student",
        "The embedded student's: 'embedded-0.1', or a fingerprint; blank: today's.",
        max_length=40,
    )
    """The embedded student's weights: a fingerprint (student/embedded/weight_versions.py), or ``embedded-0.1`` for version 0.1's.
    "": the shipped ones, whose fingerprint is filled in when the run is made; always "" for other models."""
    temperature: float = setting(
        1.0,
        "how boldly it answers",
        "Temperature: 1 shows what it half knows, 0 is its single likeliest answer.",
        ge=0,
        le=5,
    )
    """Sampling temperature; 0 is greedy. embedded: 1, so that partial knowledge shows."""
    min_p: float = setting(
        0.03,
        "slips of the pen left out below",
        "Words less likely than this share of the likeliest are never written (min-p).",
        ge=0,
        lt=1,
    )
    """Tokens with less than this share of the likeliest token's probability are never sampled; 0: off. embedded: 0.03 (docs/log.md)."""
    max_new_tokens: int = setting(112, "longest answer, in tokens", "A longer one is cut off.", ge=8, le=4096)
    """Longest answer, in tokens."""

    bank: str = setting(
        "curriculum",
        "questions from",
        "'curriculum', a set such as 'math_qa', a file or folder, or 'one | another'.",
        max_length=1000,
    )
    """``curriculum``, a Hugging Face set (``math_qa``, ``gsm8k``, ``mmlu:stem``; listed in studentsim/datasets/specs.py), or the path
    of a file or folder of questions; several are joined by `` | `` (studentsim/datasets/resolve.py)."""
    bank_category: str = setting(
        "", "one category for all questions", "One category for all questions of the bank.", max_length=80
    )
    """One category for all of the bank's questions; "": the set's own categories."""
    bank_set: str = setting(
        "", "questions read as", "Which set its files are of, if their rows do not say so.", max_length=40
    )
    """Name of the set that the bank's files belong to. "": detected from their rows (``python -m studentsim check-dataset FILE``)."""
    drop_invalid: bool = setting(False, "doubtful questions left out", "Leave out the rows that 'check-dataset' lists.")
    """Drop the rows that ``check-dataset`` lists: duplicate, contradictory and unreadable ones, and in MathQA those whose annotated
    formula does not lead to the key. paper: all rows."""
    categories: tuple[str, ...] = setting((), "categories practised", "Practise these alone: general,physics")
    """Practise these categories only; empty: all of the bank's."""
    skills: tuple[str, ...] = setting((), "skills practised", "Practise these alone, by their ids.")
    """Practise these skills only; empty: all. The exam always covers whole categories."""
    difficulties: tuple[int, ...] = setting((), "difficulties practised", "Practise these alone: 1 (easy) to 3 (hard).")
    """Practise these difficulties only, 1 (easy) to 3 (hard); empty: all."""

    strategy: StrategyId = setting(
        DEFAULT_STRATEGY.id, "how questions are chosen", "How questions are chosen; see 'strategies'."
    )
    """How practice questions are selected; see studentsim/selection/strategies. paper: those with ``in_paper``."""
    mix: dict[str, float] | None = setting(None, "own category mix", "Your own mix in percent: general=20,physics=80")
    """The user's own category mix instead of the strategy's, in percent; sums to 100."""
    mix_rule: Literal["largest-remainder", "paper"] = setting(
        "largest-remainder",
        "how shares become whole questions",
        "Where the questions go that are left over when shares are rounded down.",
    )
    """How shares become whole numbers of questions. paper: floor, the remainder to the first category."""
    threshold: float = setting(
        0.5,
        "counts as unsure below",
        "A question counts as unsure if its likeliest answer is less probable than this, 0 to 1.",
        gt=0,
        le=1,
    )
    """Log-probability strategies take a question if its likeliest candidate answer's probability is below this. paper: 0.5."""

    turns: int = setting(20, "lessons", "In each it practises, is marked, and learns from its mistakes.", ge=1, le=1000)
    """Turns of practice and training ("lessons" on the pages). paper: 20."""
    questions_per_turn: int = setting(
        40, "practice questions a lesson", "Chosen by its way of choosing, or your mix.", ge=1, le=1000
    )
    """Practice questions per turn. paper: 40."""
    exam_size: int = setting(
        240, "questions in each exam", "Never practised. More make the result surer.", ge=1, le=5000
    )
    """Questions per exam. paper: 40; embedded: 240, since with 40 one standard error is 7 percentage points."""
    exam_every: int = setting(
        2, "lessons from exam to exam", "There is one before the first lesson and after the last too.", ge=1, le=1000
    )
    """Turns between exams. paper: 2. The last turn always ends with an exam."""
    validation: int = setting(24, "held-out pairs", "Looked at after each lesson, never learnt from.", ge=0, le=1000)
    """Held-out pairs for validation, never trained on. paper: 40."""
    validation_every: Literal["turn", "epoch"] = setting(
        "turn", "held-out pairs looked at after each", "A lesson, or each pass over its pairs."
    )
    """Whether the held-out pairs are scored after each turn's last epoch or after every epoch; this does not affect training.
    paper: epoch."""

    dpo: DPOSettings = DPOSettings()
    """How the student is trained; see ``DPOSettings``."""
    model_loading: ModelLoadingSettings = ModelLoadingSettings()
    """How a language model is loaded and used; see ``ModelLoadingSettings``."""
    teacher: TeacherSettings = TeacherSettings()
    """How the teacher grades and what feedback it gives; see ``TeacherSettings``."""

    @model_validator(mode="before")
    @classmethod
    def _accept_old_names(cls, values: Any) -> Any:
        return upgrade_settings(values, strict=True) if isinstance(values, Mapping) else values

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        value = value.strip()
        if UNPRINTABLE_PATTERN.search(value):
            raise ValueError(f"a name cannot hold control characters or line ends, but {value!r} does")
        return value

    @field_validator("weights")
    @classmethod
    def _check_weights(cls, value: str) -> str:
        if value and value != EMBEDDED_0_1_WEIGHTS and not re.fullmatch(r"[0-9a-f]{16}", value):
            raise ValueError(f"it must be blank, {EMBEDDED_0_1_WEIGHTS!r}, or a fingerprint of 16 digits from 0 to f")
        return value

    @field_validator("model", "bank")
    @classmethod
    def _check_path(cls, value: str) -> str:
        if not value.strip() or "\0" in value or ".." in re.split(r"[\\/]| \| ", value):
            raise ValueError(f"{value!r} is not a name or path that may be used: it is blank or climbs with '..'")
        return value

    @field_validator("categories", "skills", "difficulties", mode="before")
    @classmethod
    def _list_to_tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("mix")
    @classmethod
    def _check_mix(cls, value: dict[str, float] | None) -> dict[str, float] | None:
        if value is None:
            return None
        for category, share in value.items():
            if not math.isfinite(share) or share < 0:
                raise ValueError(f"the share of {category!r} is {share}; it must be a number from 0 to 100")
        if abs(sum(value.values()) - 100) > 0.01:
            raise ValueError(f"the shares sum to {sum(value.values()):g}; they must sum to 100")
        return value

    @classmethod
    def make(cls, **settings: Any) -> RunConfig:
        """A validated config.

        :raises ConfigError: a setting is wrong; names the first such field, its value and what is allowed.
        """
        try:
            return cls.model_validate(settings)
        except ValidationError as error:
            raise _to_config_error(error) from error

    @classmethod
    def from_json(cls, text: str | bytes) -> RunConfig:
        """A stored config (``model_dump_json``) of this version or an older one; see ``upgrade_stored_settings``.

        :raises ConfigError: as ``make``.
        """
        with suppress(ValueError, RecursionError):  # pydantic's message below is better
            if isinstance(parsed := json.loads(text), dict):
                text = json.dumps(upgrade_stored_settings(parsed))
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise _to_config_error(error) from error

    @classmethod
    def paper(cls, **settings: Any) -> RunConfig:
        """The paper's protocol: 20 turns of 40 questions, an exam of 40 every 2 turns, its mix rule, its DPO, a trained grader's grades.

        Without ``model`` it has the embedded student, without ``teacher`` the embedded grader, which decides; ``presets.py`` lists
        where such a run departs from the paper. ``settings`` replace the paper's, nested groups (``teacher``) as a whole.
        The paper names neither lora_alpha (8 is PEFT's default) nor the learning rate (5e-5 is the Trainer's).

        :raises ConfigError: as ``make``.
        """
        names_model = settings.get("model", "embedded") != "embedded"
        paper: dict[str, Any] = {
            "turns": 20, "questions_per_turn": 40, "exam_size": 40, "exam_every": 2, "validation": 40, "validation_every": "epoch",
            "mix_rule": "paper", "threshold": 0.5,
            "dpo": DPOSettings(learning_rate=5e-5, epochs=2, batch_size=1, reference="base", lora_alpha=8, rehearsal=0.0),
            "teacher": TeacherSettings(grader="embedded", grade_source="grader"),
            "model_loading": ModelLoadingSettings(quantisation="nf4" if names_model else "none"),
            **({"max_new_tokens": HUB_DEFAULTS["max_new_tokens"]} if names_model else {}),
        }  # fmt: skip
        return cls.make(**{**paper, **settings})

    @property
    def title(self) -> str:
        """The run's name, or one made from its student and strategy, which journals and models of others may call anything."""
        student = self.student if self.model == "embedded" else self.model
        return strip_control_characters(self.name or f"{student}, {self.describe_selection(str)}")

    def describe_selection(
        self, strategy_label: Callable[[str], str], category_label: Callable[[str], str] = str
    ) -> str:
        """How the questions are selected, in words; the two functions give the labels of a strategy and of a category."""
        strategy = find_strategy(self.strategy)
        if self.mix is None or not strategy.heeds_mix:
            return strategy_label(strategy.id)
        within_mix = strategy.id if strategy.within_mix is None else strategy.within_mix
        mix = describe_mix({category_label(name): share for name, share in self.mix.items()})
        return f"{strategy_label(within_mix)}, {mix}" if within_mix else mix

    @property
    def follows_mistakes(self) -> bool:
        """Whether a turn's category mix is ``ExamFinished.next_mix``, the mix that follows the last exam's mistakes."""
        return self.mix is None and find_strategy(self.strategy).follows_mistakes

    @property
    def trains(self) -> bool:
        """Whether the student is trained on its mistakes (``Strategy.trains``)."""
        return find_strategy(self.strategy).trains

    def exam_turns(self) -> tuple[int, ...]:
        """Turns that end with an exam: 0 (before training), every ``exam_every``, and the last."""
        return tuple(t for t in range(self.turns + 1) if t % self.exam_every == 0 or t == self.turns)


def parse_stored_config(settings: dict[str, Any]) -> RunConfig:
    """A stored run's config. Settings of another version that this one refuses are taken over unvalidated.

    :raises ConfigError: a setting is of another type, such as a text for a number: the file was edited or damaged.
    """
    values = upgrade_stored_settings(settings)
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        if any(problem["type"].endswith("_type") for problem in error.errors()):
            problem = f"The settings of this simulation cannot be used: {_to_config_error(error).problem}"
            raise ConfigError(problem, "If a newer version made it, use that; otherwise delete it on Home.") from error
        groups = {name: kind.model_construct(**values[name]) for name, kind in SETTING_GROUPS.items() if name in values}
        return RunConfig.model_construct(**{**values, **groups})


def _to_config_error(error: ValidationError) -> ConfigError:
    """Pydantic's first error as a ConfigError, with the field and the value."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"] if part != "str") or "settings"
    context = first.get("ctx", {})
    if first["type"] == "extra_forbidden":
        return ConfigError(f"There is no setting called {name!r}.", "Check its spelling.", field=name)
    if first["type"] == "literal_error":
        return ConfigError(f"{name} is {first['input']!r}.", f"Choose {context['expected']}.", field=name)
    message = str(context["error"]) if "error" in context else first["msg"].lower()
    return ConfigError(f"{name} is {str(first['input'])[:100]!r}: {message}.", "Change it and try again.", field=name)


def check_categories(config: RunConfig, available: tuple[str, ...] = CATEGORIES) -> None:
    """Check that ``categories`` and ``mix`` name only categories that the bank has.

    :raises ConfigError: one is not among ``available``; names both.
    """
    for field, names in (("categories", config.categories), ("mix", tuple(config.mix or ()))):
        for name in names:
            if name not in available:
                raise ConfigError(
                    f"There is no category {name!r}.", f"Choose among {', '.join(available)}.", field=field
                )
