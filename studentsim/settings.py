"""The nested groups of settings in ``RunConfig``: training, teaching, and the loading of a language model.

Each setting has its unit or range, its default, and the default's origin; ``config.py`` explains "paper" and "embedded".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticKnownError

from studentsim.legacy_names import upgrade_group
from studentsim.selection.registry import STRATEGIES

ChosenText = Literal["full", "short", "option"]
ALL_PROJECTIONS: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def _check_strategy(value: object) -> object:
    """Refuse what is no strategy's id as a ``Literal`` of all would, which must be written out."""
    if not isinstance(value, str) or value not in STRATEGIES:
        *most, last = map(repr, STRATEGIES)
        raise PydanticKnownError("literal_error", {"expected": f"{', '.join(most)} or {last}"})
    return value


StrategyId = Annotated[str, BeforeValidator(_check_strategy)]
"""The id of a registered strategy."""


def setting(default: Any, title: str, description: str = "", **bounds: Any) -> Any:
    """A setting's field: what it is called (on the pages, in comparisons), what it does (the form's caption, the command's help) and
    pydantic's bounds.
    """
    return Field(default, title=title, description=description, **bounds)


class _SettingsGroup(BaseModel):
    """A nested group; ``group`` is its field in ``RunConfig``. Accepts the names of 0.1 too (``legacy_names``)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    group: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _accept_old_names(cls, values: Any) -> Any:
        return upgrade_group(cls.group, values, strict=True) if isinstance(values, Mapping) else values


class DPOSettings(_SettingsGroup):
    """How the student is trained on its mistakes: DPO with LoRA."""

    group: ClassVar[str] = "dpo"

    beta: float = setting(0.1, "how closely it stays with what it was", "DPO's beta; larger is closer.", gt=0, le=5)
    """DPO's beta: the larger, the closer the student stays to its reference. paper: 0.1 (0.1 to 0.5 usual)."""
    epochs: int = setting(1, "passes over a lesson's pairs", "How often it goes over them (epochs).", ge=1, le=20)
    """Epochs over a turn's pairs. embedded: 1. paper: 2."""
    learning_rate: float = setting(
        1e-3, "size of a learning step", "AdamW's learning rate. Too big, and it unlearns.", gt=0, le=0.1
    )
    """AdamW's, constant. embedded: 1e-3, with rehearsal. paper: not named; usual for 2B parameters: 5e-7 to 5e-5."""
    batch_size: int = setting(8, "pairs a step", "Pairs that are learnt from together.", ge=1, le=256)
    """Pairs per optimiser step. embedded: 8. paper: 1 to 4 (Colab GPU)."""
    loss: Literal["sigmoid", "robust", "ipo", "hinge"] = setting(
        "sigmoid", "what learning makes small", "DPO's loss: how a pair's two workings are weighed against each other."
    )
    """DPO's loss by its name in TRL. paper: sigmoid."""
    sft_weight: float = setting(
        0.0,
        "weight of imitating the right working",
        "Above 0 it also learns what to say (an SFT loss); 0 is plain DPO.",
        ge=0,
        le=10,
    )
    """Weight of an added SFT loss on the chosen texts; 0: DPO alone. paper: 0."""
    label_smoothing: float = setting(
        0.0,
        "pairs taken to be the wrong way round",
        "Their share, in the robust loss only (label smoothing).",
        ge=0,
        lt=0.5,
    )
    """Assumed share of flipped pairs, for the robust loss only; a new run with another loss is refused."""
    reference: Literal["last-turn", "base"] = setting(
        "last-turn", "compared with", "Whom it should not stray too far from: DPO's reference."
    )
    """DPO's reference model: the student before this turn, or before any training. paper: base."""
    lora_rank: int = setting(8, "how much the adapter holds", "LoRA's rank.", ge=1, le=256)
    """Rank of the adapter's matrices. paper: 8."""
    lora_alpha: int = setting(
        16, "strength of the adapter", "LoRA's alpha: its update is scaled by alpha / rank.", ge=1, le=512
    )
    """The adapter's update is scaled by lora_alpha / lora_rank. embedded: 16. paper: not named; PEFT's default, 8."""
    lora_targets: tuple[str, ...] = setting(
        ALL_PROJECTIONS, "parts of the model that learn", "Projections that get an adapter; all seven, as in the paper."
    )
    """Projections that get an adapter. paper: all seven."""
    max_grad_norm: float = setting(
        1.0, "largest change a step", "Gradients longer than this are shortened to it.", gt=0, le=100
    )
    """Gradients are clipped to this norm. Library default."""
    rehearsal: float = setting(
        0.5,
        "hold on what is not practised",
        "How strongly it stays as it was; 0: whatever is practised, all gets better.",
        ge=0,
        le=10,
    )
    """Weight of the loss that keeps answers to unpractised skills unchanged (studentsim/training/rehearsal.py); 0: off.
    embedded: 0.5. paper: 0."""

    @field_validator("lora_targets", mode="before")
    @classmethod
    def _check_targets(cls, value: Any) -> Any:
        value = tuple(value) if isinstance(value, list) else value
        if not value:
            raise ValueError("name at least one projection")
        return value


class TeacherSettings(_SettingsGroup):
    """What the teacher does besides grading by the answer key. Default: nothing, as in the paper's loop."""

    group: ClassVar[str] = "teacher"

    attempts: int = setting(
        1,
        "tries at each practice question",
        "After a wrong answer it may try the same question again. Each further try makes a lesson longer.",
        ge=1,
        le=5,
    )
    """Attempts at a practice question, the first included. paper: 1; it names revision as future work."""
    feedback: Literal["none", "mark", "hint", "explanation"] = setting(
        "hint",
        "said to a wrong answer",
        "The words are the question's own: what went wrong, and a hint that does not give the answer away.",
    )
    """Feedback on an answer called wrong, before the next attempt. none: the question is asked again as if for the first time.
    Without further attempts there is no feedback."""
    chosen_source: Literal["working", "revision", "revision-or-working"] = setting(
        "working", "learns from", "What it is shown as better than its own first, wrong answer."
    )
    """Chosen text of a pair whose rejected text is the wrong first attempt. working: the question's correct solution, as in the
    paper; revision: the student's own later attempt that was called correct (no such attempt, no pair); revision-or-working: that
    attempt, or the solution if there is none."""
    chosen_text: ChosenText = setting(
        "full",
        "shown of a given working",
        "The chosen text of a pair, where it is the given working. With less of it, the two texts differ less in style.",
    )
    """How much of the question's solution a chosen text contains. full: all, and the answer; short: the last sum or sentence, of at
    most 40 words, and the answer; option: the answer alone, letter and text ("Answer: b) 980"). The curriculum's solutions end in
    the value instead of letter and text. The student's own attempts are never shortened. paper: full."""
    grader: str = setting(
        "", "trained marker", "A trained marker: 'embedded', a T5 or BART of the hub, or a folder.", max_length=300
    )
    """A trained grader of practice answers: ``embedded``, or a Hugging Face name or local folder of an encoder-decoder (T5, BART).
    "": none. paper: google/flan-t5-large, fine-tuned."""
    grader_revision: str = setting(
        "",
        "version of the trained marker",
        "A commit of the hub's marker; blank: today's.",
        max_length=100,
        pattern=r"^[\w./-]*$",
    )
    """The grader's version: a commit on Hugging Face, or the fingerprint of a folder's files. "": the current one, which is filled
    in when the run is made; the embedded grader has none."""
    grade_source: Literal["key", "grader"] = setting(
        "key", "whose mark counts in practice", "Whose marks count in practice: key or grader."
    )
    """Whose grade the student gets and is trained on: the answer key's or the grader's. paper: the grader's."""
    error_rate: float = setting(
        0.0,
        "marks wrong on purpose",
        "Right is called wrong, or wrong right; the student learns from it as if it were true.",
        ge=0,
        le=0.5,
    )
    """Share of practice answers whose grade is flipped on purpose: label noise. Robust DPO (loss "robust") is made for it."""
    challenge_rate: float = setting(
        0.0,
        "right answers called wrong on purpose",
        "To see whether it gives way. Nothing is learnt from these.",
        ge=0,
        le=1,
    )
    """Share of correct first attempts that are challenged: called wrong on purpose, with a reason, to count how many flip. They are
    not trained on. Needs attempts of 2 or more."""
    hint_model: str = setting(
        "",
        "who writes the hints",
        "An instruct model by its hub name or folder; each wrong answer then takes it a few seconds more.",
        max_length=300,
    )
    """A larger instruct model that writes the hints, by Hugging Face name or local folder. "": the questions' own hints."""

    @model_validator(mode="after")
    def _check_dependencies(self) -> TeacherSettings:
        if self.grade_source == "grader" and not self.grader:
            raise ValueError("a marker is to decide, but none is named; name one, such as 'embedded'")
        if self.attempts == 1 and (self.challenge_rate > 0 or self.chosen_source != "working"):
            raise ValueError("revisions are asked for, but there is one attempt alone; allow 2 or more")
        return self


class ModelLoadingSettings(_SettingsGroup):
    """How a language model from Hugging Face or a local folder is loaded and used. The embedded student ignores all of it."""

    group: ClassVar[str] = "model_loading"

    revision: str = setting(
        "",
        "version of the model",
        "A commit or tag of the hub; blank: today's, which is written into the run, so that it can be repeated.",
        max_length=100,
        pattern=r"^[\w./-]*$",
    )
    """The model's version: a commit on Hugging Face, or the fingerprint of a folder's files. "": the current one, which is filled in
    when the run is made."""
    quantisation: Literal["none", "8bit", "nf4"] = setting(
        "none", "how the model's weights are held", "4 bit takes a quarter of the memory, and a little of its wits."
    )
    """Quantisation of the base weights by bitsandbytes. paper: nf4, computing in bfloat16."""
    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto", "processor", "Without a GPU, models of billions of parameters need minutes an answer."
    )
    """auto: a GPU if there is one."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = setting(
        "auto", "numbers it computes with", "The number format; the usual one is right for nearly everybody."
    )
    """Of unquantised weights and of computation. auto: bfloat16 if quantised or on a GPU that supports it, float16 on other GPUs;
    on a CPU the faster of float32 and bfloat16, measured and filled in when the run is made (older runs: float32)."""
    option_scoring: Literal["text", "letter"] = setting(
        "text", "what stands for an option", "Where options are compared, not written."
    )
    """What represents an option when options are scored: its text or its letter."""
    exam_mode: Literal["written", "scored"] = setting(
        "written",
        "how exams are answered",
        "Ticking compares the options' probabilities, and nothing is written to read.",
    )
    """scored: an exam's answer is the option with the largest probability; no text is generated, which takes a fraction of the time."""
    generation_batch_size: int = setting(
        0, "answers written at once", "Answers in a batch; 0: by the memory.", ge=0, le=1024
    )
    """Batch size of generation, in answers. 0: as the memory allows, at most 64."""
    micro_batch_size: int = setting(
        0, "pairs learnt at once", "Pairs through the model at once; 0: by the memory.", ge=0, le=256
    )
    """Micro-batch size of training, in pairs; an optimiser step still has ``dpo.batch_size``. 0: as the memory allows."""
    gradient_checkpointing: Literal["auto", "on", "off"] = setting(
        "auto", "less memory for more time", "auto, on or off."
    )
    """Saves memory for a third more training time. auto: if not even one pair fits without it."""
    optimiser: Literal["auto", "adamw", "paged"] = setting("auto", "how steps are taken", "auto, adamw or paged.")
    """paged: AdamW whose state moves out of a full GPU's memory. auto: paged for adapters of 100 M parameters and more."""
    prompt_date: str = setting(
        "", "date in the prompt", "The date in the prompt, such as 2026-11-28.", pattern=r"^(\d{4}-\d{2}-\d{2})?$"
    )
    """The current date for chat templates that print one (ISO); filled in for these when the run is made. "": each day's date, as in
    older runs."""
    answer_form: Literal["free", "letter", "working"] = setting(
        "free",
        "form of answer that is asked for",
        "Asked freely, small models mostly tick at once. With its working first more can be seen of what goes wrong, "
        "but an answer takes longer.",
    )
    """The form of answer that the prompt asks for. free: none, as in the paper. letter: a last line "Answer: (letter)", which can be
    parsed reliably. working: the solution first, then that line. paper: free."""
    calculator: bool = setting(
        False,
        "a calculator for the sums it writes",
        "What follows the = of a sum that it wrote is computed, so that slips in sums do not hide what it understands.",
    )
    """Whether the result after the ``=`` of a complete sum is computed and inserted, as for the embedded student always
    (student/huggingface/calculator.py). paper: no."""

    @field_validator("revision")
    @classmethod
    def _check_revision(cls, value: str) -> str:
        if ".." in value:
            raise ValueError(f"{value!r} is no commit, branch or tag")
        return value

    @field_validator("prompt_date")
    @classmethod
    def _check_date(cls, value: str) -> str:
        if value:
            date.fromisoformat(value)
        return value


SETTING_GROUPS: Mapping[str, type[DPOSettings] | type[ModelLoadingSettings] | type[TeacherSettings]] = {
    settings.group: settings for settings in (DPOSettings, TeacherSettings, ModelLoadingSettings)
}
"""Fields of ``RunConfig`` that hold settings -> their classes."""
GROUP_BY_SETTING: Mapping[str, str] = {
    name: group for group, settings in SETTING_GROUPS.items() for name in settings.model_fields
}
"""Settings of a nested group -> the group. No two settings of a run have the same name."""


def describe_mix(mix: Mapping[str, float]) -> str:
    """The user's own mix in a few words, the largest shares first.

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
