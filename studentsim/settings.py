"""Settings that are made of settings: how a student learns, how its teacher teaches, how a language model is loaded and used.

Each with its unit or range, its default, and where the default comes from; see ``config.py``, which holds them all.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

ChosenText = Literal["full", "short", "option"]
ALL_PROJECTIONS: tuple[str, ...] = (
    "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
)  # fmt: skip


class Learning(BaseModel):
    """How the student is trained on what it got wrong: DPO with LoRA."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    beta: float = Field(0.1, gt=0, le=5)
    """How closely the student stays with its reference, larger is closer. paper: 0.1 (0.1 to 0.5 usual)."""
    epochs: int = Field(1, ge=1, le=20)
    """Passes over a turn's pairs. embedded: 1. paper: 2."""
    learning_rate: float = Field(1e-3, gt=0, le=0.1)
    """AdamW, constant. embedded: 1e-3, with rehearsal. paper: TRL's default of its day, 5e-7 to 5e-5 for 2B parameters."""
    batch: int = Field(8, ge=1, le=256)
    """Pairs an optimiser step. embedded: 8. paper: 1 to 4 (Colab GPU)."""
    loss: Literal["sigmoid", "robust", "ipo", "hinge"] = "sigmoid"
    """DPO's loss, by TRL's names. paper: sigmoid."""
    sft_weight: float = Field(0.0, ge=0, le=10)
    """Weight of an extra term that makes the right working itself likelier (0: plain DPO). paper: 0."""
    label_smoothing: float = Field(0.0, ge=0, lt=0.5)
    """Assumed share of flipped pairs; acts in the robust loss only, and a new run with another loss is refused."""
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
    rehearsal: float = Field(0.5, ge=0, le=10)
    """How strongly what a lesson does not practise is held where it was (studentsim/training/rehearsal.py); 0: not at all.
    embedded: 0.5. paper: 0."""

    @field_validator("lora_targets", mode="before")
    @classmethod
    def _targets(cls, value: Any) -> Any:
        value = tuple(value) if isinstance(value, list) else value
        if not value:
            raise ValueError("name at least one projection")
        return value


class Teaching(BaseModel):
    """What the teacher does besides marking by the key. The default: nothing, as in the paper's loop."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    marker: str = Field("", max_length=300)
    """A trained marker that judges practice answers beside the key: ``embedded``, or a hub name or local folder of an encoder
    and decoder (T5, BART). Blank: none. paper: google/flan-t5-large, fine-tuned."""
    marker_revision: str = Field("", max_length=100, pattern=r"^[\w./-]*$")
    """Which version of it: a commit of the hub, or the fingerprint of a folder's files. Blank: today's, written in when the run
    is made; the embedded marker has none."""
    decides: Literal["key", "marker"] = "key"
    """Whose mark the student is told and learns from. paper: the marker."""
    error_rate: float = Field(0.0, ge=0, le=0.5)
    """Share of practice answers on which the teacher says the opposite, on purpose. Robust DPO (P1) is made for this."""
    feedback: Literal["none", "mark", "hint", "explanation"] = "hint"
    """What is said to an answer called wrong, before another attempt. none: the question is asked again as if for the first
    time. Without further attempts nobody would hear it, and nothing is said."""
    attempts: int = Field(1, ge=1, le=5)
    """Attempts at a practice question, the first included. Named in P0, not built there."""
    pairs: Literal["working", "revision", "revision-or-working"] = "working"
    """What DPO prefers to a wrong first attempt: the given right working, as in the paper; the student's own attempt that the
    teacher called right (no such attempt, no pair); or that, and the working where there is none."""
    chosen_text: ChosenText = "full"
    """What a chosen text holds where it is the given right working. full: all of it, and the answer; short: its last sum or sentence,
    of at most 40 words, and the answer; option: the answer alone, with letter and text ("Answer: b) 980"). A working of the
    curriculum ends in its value instead of letter and text. What the student wrote itself is never cut. paper: full."""
    doubts: float = Field(0.0, ge=0, le=1)
    """Share of right first attempts that are called wrong on purpose, with a reason, to count how many flip. Nothing is
    learnt from these. Needs attempts of 2 or more."""
    writer: str = Field("", max_length=300)
    """A larger instruct model, by hub name or local folder, that writes the hints. Blank: the questions' own texts."""

    @model_validator(mode="after")
    def _needs(self) -> Teaching:
        if self.decides == "marker" and not self.marker:
            raise ValueError("a marker is to decide, but none is named; name one, such as 'embedded'")
        if self.attempts == 1 and (self.doubts > 0 or self.pairs != "working"):
            raise ValueError("revisions are asked for, but there is one attempt alone; allow 2 or more")
        return self


class Hub(BaseModel):
    """How a model of the hub or of a local folder is loaded and used. The embedded student heeds none of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    revision: str = Field("", max_length=100, pattern=r"^[\w./-]*$")
    """Which version: a commit of the hub, or the fingerprint of a folder's files. Blank: today's, written in when the run is made."""
    quantisation: Literal["none", "8bit", "nf4"] = "none"
    """How the base weights are held, by bitsandbytes. paper: nf4, computing in bfloat16."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU where there is one."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Of weights that are not quantised, and of computing. auto: bfloat16 when quantised or on a GPU that has it (else
    float16); on a processor the faster of float32 and bfloat16, measured and written in when the run is made (runs of before,
    which wrote none in: float32)."""
    scores: Literal["text", "letter"] = "text"
    """What stands for an option where options are scored instead of written: its text, or its letter."""
    exams: Literal["written", "scored"] = "written"
    """scored: in exams the likeliest option is ticked and nothing is written, which takes a fraction of the time."""
    answers_at_once: int = Field(0, ge=0, le=1024)
    """Answers written in one batch. 0: by the machine's memory, at most 64."""
    pairs_at_once: int = Field(0, ge=0, le=256)
    """Pairs that go through the model at once in training; a step still counts ``learning.batch``. 0: by the memory."""
    gradient_checkpointing: Literal["auto", "on", "off"] = "auto"
    """Trades a third more time in training for memory. auto: where not even one pair would fit without."""
    optimiser: Literal["auto", "adamw", "paged"] = "auto"
    """paged: AdamW whose state moves out of the GPU's memory when that is full. auto: for adapters of 100 M and more."""
    prompt_date: str = Field("", pattern=r"^(\d{4}-\d{2}-\d{2})?$")
    """What a chat template that prints a date prints as today's (ISO). Written in when the run is made, where the template prints
    one; blank: each day's own, as in runs of before."""
    answer_form: Literal["free", "letter", "working"] = "free"
    """How a question asks to be answered. free: as the paper asks, which names no form. letter: with "Answer: (letter)" as the last
    line, which is read surely. working: with the working first, then that line. paper: free."""
    calculator: bool = False
    """Whether what follows the ``=`` of a closed sum that the student wrote is computed and written for it, as the embedded student
    always has it (student/huggingface/calculator.py). paper: no."""

    @field_validator("revision")
    @classmethod
    def _revision(cls, value: str) -> str:
        if ".." in value:
            raise ValueError(f"{value!r} is no commit, branch or tag")
        return value

    @field_validator("prompt_date")
    @classmethod
    def _date(cls, value: str) -> str:
        if value:
            date.fromisoformat(value)
        return value
