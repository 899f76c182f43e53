"""The nested groups of settings in ``RunConfig``: training, teaching, and the loading of a language model.

Each setting has its unit or range, its default, and the default's origin; ``config.py`` explains "paper" and "embedded".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from studentsim.legacy_names import upgrade_group

ChosenText = Literal["full", "short", "option"]
ALL_PROJECTIONS: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


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

    beta: float = Field(
        0.1,
        gt=0,
        le=5,
        title="how closely it stays with what it was",
        description="DPO's: larger stays closer to the reference.",
    )
    """DPO's beta: the larger, the closer the student stays to its reference. paper: 0.1 (0.1 to 0.5 usual)."""
    epochs: int = Field(
        1, ge=1, le=20, title="passes over a lesson's pairs", description="Passes over a lesson's pairs."
    )
    """Epochs over a turn's pairs. embedded: 1. paper: 2."""
    learning_rate: float = Field(1e-3, gt=0, le=0.1, title="size of a learning step", description="AdamW, constant.")
    """AdamW's, constant. embedded: 1e-3, with rehearsal. paper: not named; usual for 2B parameters: 5e-7 to 5e-5."""
    batch_size: int = Field(8, ge=1, le=256, title="pairs a step", description="Pairs an optimiser step.")
    """Pairs per optimiser step. embedded: 8. paper: 1 to 4 (Colab GPU)."""
    loss: Literal["sigmoid", "robust", "ipo", "hinge"] = Field(
        "sigmoid", title="what learning makes small", description="sigmoid, robust, ipo or hinge."
    )
    """DPO's loss by its name in TRL. paper: sigmoid."""
    sft_weight: float = Field(
        0.0,
        ge=0,
        le=10,
        title="weight of imitating the right working",
        description="Weight of an extra term for the right working.",
    )
    """Weight of an added SFT loss on the chosen texts; 0: DPO alone. paper: 0."""
    label_smoothing: float = Field(
        0.0,
        ge=0,
        lt=0.5,
        title="pairs taken to be the wrong way round",
        description="Assumed share of flipped pairs (robust loss).",
    )
    """Assumed share of flipped pairs, for the robust loss only; a new run with another loss is refused."""
    reference: Literal["last-turn", "base"] = Field(
        "last-turn", title="compared with", description="'last-turn' or 'base'."
    )
    """DPO's reference model: the student before this turn, or before any training. paper: base."""
    lora_rank: int = Field(8, ge=1, le=256, title="how much the adapter holds", description="Rank of the adapter.")
    """Rank of the adapter's matrices. paper: 8."""
    lora_alpha: int = Field(
        16, ge=1, le=512, title="strength of the adapter", description="Its update is scaled by alpha / rank."
    )
    """The adapter's update is scaled by lora_alpha / lora_rank. embedded: 16. paper: not named; PEFT's default, 8."""
    lora_targets: tuple[str, ...] = Field(
        ALL_PROJECTIONS, title="parts of the model that learn", description="Projections with an adapter: q_proj,v_proj"
    )
    """Projections that get an adapter. paper: all seven."""
    max_grad_norm: float = Field(
        1.0, gt=0, le=100, title="largest change a step", description="Gradients are clipped to this norm."
    )
    """Gradients are clipped to this norm. Library default."""
    rehearsal: float = Field(
        0.5,
        ge=0,
        le=10,
        title="hold on what is not practised",
        description="How strongly what is not practised is held where it was; 0: not at all.",
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

    attempts: int = Field(
        1,
        ge=1,
        le=5,
        title="tries at a practice question",
        description="Tries at a practice question, the first included.",
    )
    """Attempts at a practice question, the first included. paper: 1; it names revision as future work."""
    feedback: Literal["none", "mark", "hint", "explanation"] = Field(
        "hint", title="said to a wrong answer", description="To a wrong answer: none, mark, hint or explanation."
    )
    """Feedback on an answer called wrong, before the next attempt. none: the question is asked again as if for the first time.
    Without further attempts there is no feedback."""
    chosen_source: Literal["working", "revision", "revision-or-working"] = Field(
        "working", title="learns from", description="Learn from: working, revision or revision-or-working."
    )
    """Chosen text of a pair whose rejected text is the wrong first attempt. working: the question's correct solution, as in the
    paper; revision: the student's own later attempt that was called correct (no such attempt, no pair); revision-or-working: that
    attempt, or the solution if there is none."""
    chosen_text: ChosenText = Field(
        "full",
        title="shown of a given working",
        description="Of a given working: full, short (its last step) or option (the answer alone).",
    )
    """How much of the question's solution a chosen text contains. full: all, and the answer; short: the last sum or sentence, of at
    most 40 words, and the answer; option: the answer alone, letter and text ("Answer: b) 980"). The curriculum's solutions end in
    the value instead of letter and text. The student's own attempts are never shortened. paper: full."""
    grader: str = Field(
        "",
        max_length=300,
        title="trained marker",
        description="A trained marker: 'embedded', a T5 or BART of the hub, or a folder.",
    )
    """A trained grader of practice answers: ``embedded``, or a Hugging Face name or local folder of an encoder-decoder (T5, BART).
    "": none. paper: google/flan-t5-large, fine-tuned."""
    grader_revision: str = Field(
        "",
        max_length=100,
        pattern=r"^[\w./-]*$",
        title="version of the trained marker",
        description="A commit of the hub's marker; blank: today's.",
    )
    """The grader's version: a commit on Hugging Face, or the fingerprint of a folder's files. "": the current one, which is filled
    in when the run is made; the embedded grader has none."""
    grade_source: Literal["key", "grader"] = Field(
        "key", title="whose mark counts in practice", description="Whose marks count in practice: key or grader."
    )
    """Whose grade the student is told and trained on: the answer key's or the grader's. paper: the grader's."""
    error_rate: float = Field(
        0.0,
        ge=0,
        le=0.5,
        title="marks wrong on purpose",
        description="Share of marks the teacher gets wrong on purpose.",
    )
    """Share of practice answers whose grade is flipped on purpose: label noise. Robust DPO (loss "robust") is made for it."""
    challenge_rate: float = Field(
        0.0,
        ge=0,
        le=1,
        title="right answers doubted on purpose",
        description="Share of right answers called wrong, to see who gives way.",
    )
    """Share of correct first attempts that are challenged: called wrong on purpose, with a reason, to count how many flip. They are
    not trained on. Needs attempts of 2 or more."""
    hint_model: str = Field(
        "",
        max_length=300,
        title="who writes the hints",
        description="An instruct model that writes the hints, by name.",
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

    revision: str = Field(
        "",
        max_length=100,
        pattern=r"^[\w./-]*$",
        title="version of the model",
        description="A commit of the hub's model; blank: today's.",
    )
    """The model's version: a commit on Hugging Face, or the fingerprint of a folder's files. "": the current one, which is filled in
    when the run is made."""
    quantisation: Literal["none", "8bit", "nf4"] = Field(
        "none", title="how the model's weights are held", description="Of a hub's model: none, 8bit or nf4."
    )
    """Quantisation of the base weights by bitsandbytes. paper: nf4, computing in bfloat16."""
    device: Literal["auto", "cpu", "cuda"] = Field("auto", title="processor", description="auto, cpu or cuda.")
    """auto: a GPU if there is one."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", title="numbers it computes with", description="auto, float32, bfloat16 or float16."
    )
    """Of unquantised weights and of computation. auto: bfloat16 if quantised or on a GPU that supports it, float16 on other GPUs;
    on a CPU the faster of float32 and bfloat16, measured and filled in when the run is made (older runs: float32)."""
    option_scoring: Literal["text", "letter"] = Field(
        "text", title="what stands for an option", description="Options are scored by text or by letter."
    )
    """What represents an option when options are scored: its text or its letter."""
    exam_mode: Literal["written", "scored"] = Field(
        "written", title="how exams are answered", description="written, or scored: the likeliest option is ticked."
    )
    """scored: an exam's answer is the option with the largest probability; no text is generated, which takes a fraction of the time."""
    generation_batch_size: int = Field(
        0, ge=0, le=1024, title="answers written at once", description="Answers in a batch; 0: by the memory."
    )
    """Batch size of generation, in answers. 0: as the memory allows, at most 64."""
    micro_batch_size: int = Field(
        0, ge=0, le=256, title="pairs learnt at once", description="Pairs through the model at once; 0: by the memory."
    )
    """Micro-batch size of training, in pairs; an optimiser step still has ``dpo.batch_size``. 0: as the memory allows."""
    gradient_checkpointing: Literal["auto", "on", "off"] = Field(
        "auto", title="less memory for more time", description="auto, on or off."
    )
    """Saves memory for a third more training time. auto: if not even one pair fits without it."""
    optimiser: Literal["auto", "adamw", "paged"] = Field(
        "auto", title="how steps are taken", description="auto, adamw or paged."
    )
    """paged: AdamW whose state moves out of a full GPU's memory. auto: paged for adapters of 100 M parameters and more."""
    prompt_date: str = Field(
        "",
        pattern=r"^(\d{4}-\d{2}-\d{2})?$",
        title="date in the prompt",
        description="The date in the prompt, such as 2026-11-28.",
    )
    """The current date for chat templates that print one (ISO); filled in for these when the run is made. "": each day's date, as in
    older runs."""
    answer_form: Literal["free", "letter", "working"] = Field(
        "free",
        title="form of answer that is asked for",
        description="What a language model is asked for. free: the paper's prompt, no form; letter: a last line 'Answer: (letter)'; "
        "working: the working first, then that line.",
    )
    """The form of answer that the prompt asks for. free: none, as in the paper. letter: a last line "Answer: (letter)", which can be
    parsed reliably. working: the solution first, then that line. paper: free."""
    calculator: bool = Field(
        False,
        title="a calculator for the sums it writes",
        description="Compute what follows the '=' of a sum it wrote.",
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
