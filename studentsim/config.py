"""Every setting of a run, with its unit or range, its default, and where the default comes from.

"paper" below is the source paper, "Student Learning Simulation Using Large Language Model"; "embedded" means
chosen by experiment for the embedded student (docs/log.md has the figures). ``RunConfig()`` teaches the embedded student
well; ``RunConfig.paper()`` gives the paper's own protocol.
"""

from __future__ import annotations

import math
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from studentsim.errors import ConfigError
from studentsim.records import CATEGORIES

STRATEGIES: tuple[str, ...] = ("random", "category", "log-probability", "log-probability+category", "none", "fixed")
"""Ways of choosing the practice questions; see studentsim/selection.py."""

Strategy = Literal["random", "category", "log-probability", "log-probability+category", "none", "fixed"]
ALL_PROJECTIONS: tuple[str, ...] = (
    "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
)  # fmt: skip

RESERVED_NAMES = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$")
"""Names that no folder or file may bear on Windows; a run's name ends up in exported files."""


class Learning(BaseModel):
    """How the student is trained on what it got wrong: DPO with LoRA."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    beta: float = Field(0.1, gt=0, le=5)
    """How closely the student stays with its reference, larger is closer. paper: 0.1 (0.1 to 0.5 usual)."""
    epochs: int = Field(2, ge=1, le=20)
    """Passes over a turn's pairs. paper: 2."""
    learning_rate: float = Field(1e-3, gt=0, le=0.1)
    """AdamW, constant. embedded: 1e-3. paper: TRL's default of its day, 5e-7 to 5e-5 for 2B parameters."""
    batch: int = Field(8, ge=1, le=256)
    """Pairs an optimiser step. embedded: 8. paper: 1 to 4 (Colab GPU)."""
    loss: Literal["sigmoid", "robust", "ipo", "hinge"] = "sigmoid"
    """DPO's loss, by TRL's names. paper: sigmoid."""
    sft_weight: float = Field(0.0, ge=0, le=10)
    """Weight of an extra term that makes the right working itself likelier (0: plain DPO). paper: 0."""
    label_smoothing: float = Field(0.0, ge=0, lt=0.5)
    """Assumed share of flipped pairs; acts in the robust loss only."""
    reference: Literal["last-turn", "base"] = "last-turn"
    """Whom DPO's log-ratios compare with: the student as it was before this turn, or before any training."""
    lora_rank: int = Field(8, ge=1, le=256)
    """paper: 8."""
    lora_alpha: int = Field(16, ge=1, le=512)
    """Scale of the adapter's update is lora_alpha / lora_rank. embedded: 16."""
    lora_targets: tuple[str, ...] = ALL_PROJECTIONS
    """Projections that get an adapter. paper: all seven."""
    max_grad_norm: float = Field(1.0, gt=0, le=100)
    """Gradients are clipped to this norm. Library default."""

    @field_validator("lora_targets", mode="before")
    @classmethod
    def _targets(cls, value: Any) -> Any:
        value = tuple(value) if isinstance(value, list) else value
        if not value:
            raise ValueError("name at least one projection")
        return value


class RunConfig(BaseModel):
    """One run, whole. Immutable; written into the run's first event and into its folder."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field("", max_length=80)
    """What the user calls it. Blank: made from student and strategy."""
    seed: int = Field(0, ge=0, lt=2**31)
    """Decides questions chosen, luck in study, adapter's start, order of pairs."""
    exam_seed: int = Field(0, ge=0, lt=2**31)
    """Decides the exam's questions and the luck in it: equal in all runs that are to be compared."""

    model: str = Field("embedded", max_length=300)
    """``embedded``, or a hub name or local folder of a causal language model."""
    student: str = Field("balanced", max_length=80)
    """Profile of the embedded student; see ``python -m studentsim students``."""
    temperature: float = Field(1.0, ge=0, le=5)
    """Of sampling; 0 is greedy. embedded: 1, which shows what a student half knows."""
    min_p: float = Field(0.03, ge=0, lt=1)
    """Tokens less likely than this share of the likeliest are never written: slips of the pen, not of the mind.
    embedded: 0.03 (docs/log.md); 0 switches it off."""
    max_new_tokens: int = Field(112, ge=8, le=4096)
    """Longest answer, in tokens."""

    bank: str = Field("curriculum", max_length=300)
    """``curriculum``, ``math_qa`` (the hub's data set), or the path of a MathQA JSON file."""
    categories: tuple[str, ...] = ()
    """Pool limited to these; empty: all of the bank's."""
    skills: tuple[str, ...] = ()
    """Pool limited to these skills; empty: all. The exam always covers the categories whole."""
    difficulties: tuple[int, ...] = ()
    """Pool limited to questions of these difficulties, 1 (easy) to 3 (hard); empty: all."""

    strategy: Strategy = "category"
    """How practice questions are chosen; see studentsim/selection.py. paper: the first four, compared."""
    mix: dict[str, float] | None = None
    """The user's own category mix in percent, instead of the strategy's; sums to 100."""
    mix_rule: Literal["largest-remainder", "paper"] = "largest-remainder"
    """How whole numbers of questions are made of shares. paper: floor, rest to the first category."""
    threshold: float = Field(0.5, gt=0, le=1)
    """Log-probability strategies keep a question whose likeliest candidate is below this. paper: 0.5."""

    turns: int = Field(20, ge=1, le=1000)
    """paper: 20."""
    questions: int = Field(40, ge=1, le=1000)
    """Practice questions a turn. paper: 40."""
    exam: int = Field(240, ge=1, le=5000)
    """Questions in each exam. paper: 40; embedded: 240, since 40 leave one standard error at 7 points."""
    exam_every: int = Field(2, ge=1, le=1000)
    """Turns from exam to exam. paper: 2. The last turn always ends with an exam."""
    validation: int = Field(24, ge=0, le=1000)
    """Held-out pairs looked at after each turn's training, never trained on."""

    learning: Learning = Learning()
    """How the student is trained; see ``Learning``."""

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        value = value.strip()
        if any(c in value for c in '/\\<>:"|?*') or any(ord(c) < 32 for c in value) or value.startswith("."):
            raise ValueError(f'a name cannot begin with a dot or hold any of / \\ < > : " | ? *, but {value!r} does')
        if RESERVED_NAMES.match(value):
            raise ValueError(f"{value!r} is a name that some systems reserve; choose another")
        return value

    @field_validator("model", "bank")
    @classmethod
    def _path(cls, value: str) -> str:
        if not value.strip() or "\0" in value or ".." in re.split(r"[\\/]", value):
            raise ValueError(f"{value!r} is not a name or path that may be used: it is blank or climbs with '..'")
        return value

    @field_validator("categories", "skills", "difficulties", mode="before")
    @classmethod
    def _tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("mix")
    @classmethod
    def _mix(cls, value: dict[str, float] | None) -> dict[str, float] | None:
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
        """A checked config.

        :raises ConfigError: naming the first field that is wrong, its value and what is allowed.
        """
        try:
            return cls.model_validate(settings)
        except ValidationError as error:
            raise _explain(error) from error

    @classmethod
    def from_json(cls, text: str | bytes) -> RunConfig:
        """The config that ``model_dump_json`` wrote.

        :raises ConfigError: as ``make``.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise _explain(error) from error

    @classmethod
    def paper(cls, **settings: Any) -> RunConfig:
        """The paper's protocol: 20 turns of 40, exam of 40 every 2 turns, its mix rule, DPO as it was."""
        paper: dict[str, Any] = {
            "turns": 20, "questions": 40, "exam": 40, "exam_every": 2, "mix_rule": "paper", "threshold": 0.5,
            "learning": Learning(learning_rate=5e-5, batch=1, reference="base"),
        }  # fmt: skip
        return cls.make(**{**paper, **settings})

    @property
    def title(self) -> str:
        """The run's name, or one made from its student and strategy."""
        return self.name or f"{self.student if self.model == 'embedded' else self.model}, {self.strategy}"

    def exam_turns(self) -> tuple[int, ...]:
        """Turns that end with an exam: 0 (before training), every ``exam_every``, and the last."""
        return tuple(t for t in range(self.turns + 1) if t % self.exam_every == 0 or t == self.turns)


def _explain(error: ValidationError) -> ConfigError:
    """Pydantic's first finding in our words, with the field and the value."""
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
    """Refuse categories, or a mix, that the bank does not have.

    :raises ConfigError: naming the category and those there are.
    """
    for field, names in (("categories", config.categories), ("mix", tuple(config.mix or ()))):
        for name in names:
            if name not in available:
                raise ConfigError(
                    f"There is no category {name!r}.", f"Choose among {', '.join(available)}.", field=field
                )
