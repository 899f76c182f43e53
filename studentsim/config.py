"""Every setting of a run, with its unit or range, its default, and where the default comes from.

"paper" below is the source paper, "Student Learning Simulation Using Large Language Model"; "embedded" means
chosen by experiment for the embedded student (docs/log.md has the figures). ``RunConfig()`` teaches the embedded student
well; ``RunConfig.paper()`` gives the paper's own protocol.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from studentsim.errors import ConfigError
from studentsim.settings import Hub, Learning, Teaching
from studentsim.student_table import StudentTable
from studentsim.types import CATEGORIES

STRATEGIES: tuple[str, ...] = (
    "random", "category", "log-probability", "log-probability+category", "likely-wrong", "none", "fixed",
)  # fmt: skip
"""Ways of choosing the practice questions; see studentsim/selection.py."""

Strategy = Literal["random", "category", "log-probability", "log-probability+category", "likely-wrong", "none", "fixed"]
EMBEDDED_0_1_WEIGHTS = "embedded-0.1"
"""What a run's settings call the weights of the embedded student of version 0.1, which wrote none down."""

UNPRINTABLE_PATTERN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line ends and halves of characters, and what turns the direction of the text that follows. All else may stand
in a name: no file is named by it (a run's files and downloads bear its id), and pages show it literally."""


HUB_DEFAULTS: dict[str, Any] = {
    "max_new_tokens": 200,
    "learning": {"learning_rate": 5e-5, "batch": 4},
    "hub": {"answer_form": "free"},
}
"""Where a model of the hub is best set otherwise than the embedded student: longer answers, the paper's order of learning
rate, for billions of parameters, and the paper's own prompt."""


class RunConfig(BaseModel):
    """One run, whole. Immutable; written into the run's first event and into its folder."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field("", max_length=80)
    """What the user calls it, in any printable characters. Blank: made from student and strategy."""
    seed: int = Field(0, ge=0, lt=2**31)
    """Decides questions chosen, luck in study, adapter's start, order of pairs."""
    exam_seed: int = Field(0, ge=0, lt=2**31)
    """Decides the exam's questions and the luck in it: equal in all runs that are to be compared."""

    model: str = Field("embedded", max_length=300)
    """``embedded``, or a hub name or local folder of a causal language model."""
    student: str = Field("balanced", max_length=80)
    """Profile of the embedded student; see ``python -m studentsim students``."""
    student_table: StudentTable | None = None
    """The embedded student's own table of levels, read from a file when the run is made; ``student`` is then its name. None: the
    profile of that name."""
    weights: str = Field("", max_length=40)
    """Which weights the embedded student has: a fingerprint (student/embedded_weights.py), or ``embedded-0.1`` for those of version
    0.1. Blank: the shipped ones, whose fingerprint is written in when the run is made; for other models always blank."""
    temperature: float = Field(1.0, ge=0, le=5)
    """Of sampling; 0 is greedy. embedded: 1, which shows what a student half knows."""
    min_p: float = Field(0.03, ge=0, lt=1)
    """Tokens less likely than this share of the likeliest are never written: slips of the pen, not of the mind.
    embedded: 0.03 (docs/log.md); 0 switches it off."""
    max_new_tokens: int = Field(112, ge=8, le=4096)
    """Longest answer, in tokens."""

    bank: str = Field("curriculum", max_length=1000)
    """``curriculum``, a set's name at the hub (``math_qa``, ``gsm8k``, ``mmlu:stem``; studentsim/datasets/registry.py has them
    all), or the path of a file or folder of questions; several with `` | `` between them (studentsim/datasets/resolve.py)."""
    bank_set: str = Field("", max_length=40)
    """Which set the bank's files are of (``python -m studentsim check-bank FILE`` says which they are taken for); blank: as
    their rows look."""
    bank_category: str = Field("", max_length=80)
    """One category for all questions of the bank; blank: the set's own."""
    leave_out_doubtful: bool = False
    """Leave out the rows that ``check-bank`` lists: doubled or contradictory ones, those that cannot be read, and in MathQA
    those whose annotated formula does not lead to the key. paper: all rows."""
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
    validation_every: Literal["turn", "epoch"] = "turn"
    """Whether the held-out pairs are looked at after each turn's last epoch, or after each of its epochs. Changes nothing that is
    learnt. paper: epoch."""

    learning: Learning = Learning()
    """How the student is trained; see ``Learning``."""
    hub: Hub = Hub()
    """How a model of the hub or of a folder is loaded and used; see ``Hub``."""
    teaching: Teaching = Teaching()
    """How the teacher marks and what it says; see ``Teaching``."""

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        value = value.strip()
        if UNPRINTABLE_PATTERN.search(value):
            raise ValueError(f"a name cannot hold control characters or line ends, but {value!r} does")
        return value

    @field_validator("weights")
    @classmethod
    def _weights(cls, value: str) -> str:
        if value and value != EMBEDDED_0_1_WEIGHTS and not re.fullmatch(r"[0-9a-f]{16}", value):
            raise ValueError(f"it must be blank, {EMBEDDED_0_1_WEIGHTS!r}, or a fingerprint of 16 digits from 0 to f")
        return value

    @field_validator("model", "bank")
    @classmethod
    def _path(cls, value: str) -> str:
        if not value.strip() or "\0" in value or ".." in re.split(r"[\\/]| \| ", value):
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
            raise _to_config_error(error) from error

    @classmethod
    def from_json(cls, text: str | bytes) -> RunConfig:
        """The config that a run stored with ``model_dump_json``, of this version or an older one; see ``upgrade_stored_settings``.

        :raises ConfigError: as ``make``.
        """
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = None  # pydantic says better what is wrong
        if isinstance(parsed, dict):
            text = json.dumps(upgrade_stored_settings(parsed))
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise _to_config_error(error) from error

    @classmethod
    def paper(cls, **settings: Any) -> RunConfig:
        """P0's protocol: 20 turns of 40, exam of 40 every 2 turns, its mix rule, DPO as it was, marks by a trained marker.

        Without ``model`` the embedded student, without ``teaching`` the embedded marker, which decides: studentsim/presets.py tells
        in what a run so departs from the paper. A setting given stands in the paper's place whole, ``teaching`` too.
        P0 names neither alpha (PEFT's default: 8) nor learning rate (5e-5: the Trainer's).

        :raises ConfigError: as ``make``.
        """
        names_model = settings.get("model", "embedded") != "embedded"
        paper: dict[str, Any] = {
            "turns": 20, "questions": 40, "exam": 40, "exam_every": 2, "validation": 40, "validation_every": "epoch",
            "mix_rule": "paper", "threshold": 0.5,
            "learning": Learning(learning_rate=5e-5, epochs=2, batch=1, reference="base", lora_alpha=8, rehearsal=0.0),
            "teaching": Teaching(marker="embedded", decides="marker"),
            "hub": Hub(quantisation="nf4" if names_model else "none"),
            **({"max_new_tokens": HUB_DEFAULTS["max_new_tokens"]} if names_model else {}),
        }  # fmt: skip
        return cls.make(**{**paper, **settings})

    @property
    def title(self) -> str:
        """The run's name, or one made from its student and its way of choosing."""
        return (
            self.name or f"{self.student if self.model == 'embedded' else self.model}, {self.describe_selection(str)}"
        )

    def describe_selection(
        self, strategy_label: Callable[[str], str], category_label: Callable[[str], str] = str
    ) -> str:
        """How the questions are chosen; ``strategy_label`` says a strategy in words, ``category_label`` one of an own mix.

        An own mix settles the categories instead of the strategy, which then at most chooses within them; ``fixed``
        heeds no shares (selection.py).
        """
        if self.mix is None or self.strategy == "fixed":
            return strategy_label(self.strategy)
        base_strategy = self.strategy.removesuffix("+category")
        mix = describe_mix({category_label(name): share for name, share in self.mix.items()})
        return mix if base_strategy in ("random", "category") else f"{strategy_label(base_strategy)}, {mix}"

    @property
    def follows_mistakes(self) -> bool:
        """Whether a turn's category mix follows the mistakes of the exam before it, as ``ExamFinished.next_mix`` tells."""
        return self.mix is None and self.strategy in ("category", "log-probability+category")

    def exam_turns(self) -> tuple[int, ...]:
        """Turns that end with an exam: 0 (before training), every ``exam_every``, and the last."""
        return tuple(t for t in range(self.turns + 1) if t % self.exam_every == 0 or t == self.turns)


def upgrade_stored_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a run stored, those that its version did not know yet filled in as the run had them.

    A run that names no weights had version 0.1's student, and one that tells of no rehearsal had none. For what a user gives now
    use ``RunConfig.make``: there a setting that is left out has today's default.

    >>> upgrade_stored_settings({"seed": 7, "learning": {"beta": 0.1}})
    {'seed': 7, 'learning': {'rehearsal': 0.0, 'beta': 0.1}, 'weights': 'embedded-0.1'}
    """
    upgraded = dict(settings)
    if isinstance(upgraded.get("name"), str):
        upgraded["name"] = UNPRINTABLE_PATTERN.sub("", upgraded["name"])  # versions differ in what a name may hold
    learning = upgraded.get("learning", {})
    if isinstance(learning, Mapping):
        upgraded["learning"] = {"rehearsal": 0.0, **learning}
    if upgraded.get("model", "embedded") == "embedded":
        upgraded.setdefault("weights", EMBEDDED_0_1_WEIGHTS)
    return upgraded


def parse_stored_config(settings: dict[str, Any]) -> RunConfig:
    """A run's config; of another version's, whose settings may be unknown here, as much as this one can read."""
    values = upgrade_stored_settings(settings)
    try:
        return RunConfig.make(**values)
    except ConfigError:
        return RunConfig.model_construct(**values)


def describe_mix(mix: Mapping[str, float]) -> str:
    """An own mix in a few words, the largest shares first.

    >>> describe_mix({"general": 5, "physics": 50, "gain": 30, "other": 15})
    'own mix (physics 50 %, gain 30 %, …)'
    >>> describe_mix({"general": 34, "physics": 33, "gain": 33}), describe_mix(dict.fromkeys("abcdef", 100 / 6))
    ('even mix (general, physics, gain)', 'even mix (6 categories)')
    """
    shares = sorted(((c, share) for c, share in mix.items() if share > 0), key=lambda item: -item[1])
    if len(shares) > 1 and shares[0][1] - shares[-1][1] <= 1:
        names_text = ", ".join(category for category, _ in shares)
        return f"even mix ({names_text if len(shares) <= 3 else f'{len(shares)} categories'})"
    share_labels = [f"{category} {round(share, 1):g} %" for category, share in shares]
    return f"own mix ({', '.join(share_labels if len(share_labels) <= 3 else [*share_labels[:2], '…'])})"


def _to_config_error(error: ValidationError) -> ConfigError:
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
