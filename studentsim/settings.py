"""The nested groups of settings in ``RunConfig``: training, teaching, and the loading of a language model.

Each setting has its unit or range, its default, and the default's origin; ``config.py`` explains "paper" and "embedded".
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

ChosenText = Literal["full", "short", "option"]
ALL_PROJECTIONS: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class Learning(BaseModel):
    """How the student is trained on its mistakes: DPO with LoRA."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    beta: float = Field(0.1, gt=0, le=5)
    """DPO's beta: the larger, the closer the student stays to its reference. paper: 0.1 (0.1 to 0.5 usual)."""
    epochs: int = Field(1, ge=1, le=20)
    """Epochs over a turn's pairs. embedded: 1. paper: 2."""
    learning_rate: float = Field(1e-3, gt=0, le=0.1)
    """AdamW's, constant. embedded: 1e-3, with rehearsal. paper: not named; usual for 2B parameters: 5e-7 to 5e-5."""
    batch: int = Field(8, ge=1, le=256)
    """Pairs per optimiser step. embedded: 8. paper: 1 to 4 (Colab GPU)."""
    loss: Literal["sigmoid", "robust", "ipo", "hinge"] = "sigmoid"
    """DPO's loss by its name in TRL. paper: sigmoid."""
    sft_weight: float = Field(0.0, ge=0, le=10)
    """Weight of an added SFT loss on the chosen texts; 0: DPO alone. paper: 0."""
    label_smoothing: float = Field(0.0, ge=0, lt=0.5)
    """Assumed share of flipped pairs, for the robust loss only; a new run with another loss is refused."""
    reference: Literal["last-turn", "base"] = "last-turn"
    """DPO's reference model: the student before this turn, or before any training. paper: base."""
    lora_rank: int = Field(8, ge=1, le=256)
    """Rank of the adapter's matrices. paper: 8."""
    lora_alpha: int = Field(16, ge=1, le=512)
    """The adapter's update is scaled by lora_alpha / lora_rank. embedded: 16. paper: not named; PEFT's default, 8."""
    lora_targets: tuple[str, ...] = ALL_PROJECTIONS
    """Projections that get an adapter. paper: all seven."""
    max_grad_norm: float = Field(1.0, gt=0, le=100)
    """Gradients are clipped to this norm. Library default."""
    rehearsal: float = Field(0.5, ge=0, le=10)
    """Weight of the loss that keeps answers to unpractised skills unchanged (studentsim/training/rehearsal.py); 0: off.
    embedded: 0.5. paper: 0."""

    @field_validator("lora_targets", mode="before")
    @classmethod
    def _check_targets(cls, value: Any) -> Any:
        value = tuple(value) if isinstance(value, list) else value
        if not value:
            raise ValueError("name at least one projection")
        return value


class Teaching(BaseModel):
    """What the teacher does besides grading by the answer key. Default: nothing, as in the paper's loop."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    marker: str = Field("", max_length=300)
    """A trained grader of practice answers: ``embedded``, or a Hugging Face name or local folder of an encoder-decoder (T5, BART).
    "": none. paper: google/flan-t5-large, fine-tuned."""
    marker_revision: str = Field("", max_length=100, pattern=r"^[\w./-]*$")
    """The grader's version: a commit on Hugging Face, or the fingerprint of a folder's files. "": the current one, which is filled
    in when the run is made; the embedded grader has none."""
    decides: Literal["key", "marker"] = "key"
    """Whose grade the student is told and trained on: the answer key's or the grader's. paper: the grader's."""
    error_rate: float = Field(0.0, ge=0, le=0.5)
    """Share of practice answers whose grade is flipped on purpose: label noise. Robust DPO (loss "robust") is made for it."""
    feedback: Literal["none", "mark", "hint", "explanation"] = "hint"
    """Feedback on an answer called wrong, before the next attempt. none: the question is asked again as if for the first time.
    Without further attempts there is no feedback."""
    attempts: int = Field(1, ge=1, le=5)
    """Attempts at a practice question, the first included. paper: 1; it names revision as future work."""
    pairs: Literal["working", "revision", "revision-or-working"] = "working"
    """Chosen text of a pair whose rejected text is the wrong first attempt. working: the question's correct solution, as in the
    paper; revision: the student's own later attempt that was called correct (no such attempt, no pair); revision-or-working: that
    attempt, or the solution if there is none."""
    chosen_text: ChosenText = "full"
    """How much of the question's solution a chosen text contains. full: all, and the answer; short: the last sum or sentence, of at
    most 40 words, and the answer; option: the answer alone, letter and text ("Answer: b) 980"). The curriculum's solutions end in
    the value instead of letter and text. The student's own attempts are never shortened. paper: full."""
    doubts: float = Field(0.0, ge=0, le=1)
    """Share of correct first attempts that are challenged: called wrong on purpose, with a reason, to count how many flip. They are
    not trained on. Needs attempts of 2 or more."""
    writer: str = Field("", max_length=300)
    """A larger instruct model that writes the hints, by Hugging Face name or local folder. "": the questions' own hints."""

    @model_validator(mode="after")
    def _check_dependencies(self) -> Teaching:
        if self.decides == "marker" and not self.marker:
            raise ValueError("a marker is to decide, but none is named; name one, such as 'embedded'")
        if self.attempts == 1 and (self.doubts > 0 or self.pairs != "working"):
            raise ValueError("revisions are asked for, but there is one attempt alone; allow 2 or more")
        return self


class Hub(BaseModel):
    """How a language model from Hugging Face or a local folder is loaded and used. The embedded student ignores all of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    revision: str = Field("", max_length=100, pattern=r"^[\w./-]*$")
    """The model's version: a commit on Hugging Face, or the fingerprint of a folder's files. "": the current one, which is filled in
    when the run is made."""
    quantisation: Literal["none", "8bit", "nf4"] = "none"
    """Quantisation of the base weights by bitsandbytes. paper: nf4, computing in bfloat16."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU if there is one."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Of unquantised weights and of computation. auto: bfloat16 if quantised or on a GPU that supports it, float16 on other GPUs;
    on a CPU the faster of float32 and bfloat16, measured and filled in when the run is made (older runs: float32)."""
    scores: Literal["text", "letter"] = "text"
    """What represents an option when options are scored: its text or its letter."""
    exams: Literal["written", "scored"] = "written"
    """scored: an exam's answer is the option with the largest probability; no text is generated, which takes a fraction of the time."""
    answers_at_once: int = Field(0, ge=0, le=1024)
    """Batch size of generation, in answers. 0: as the memory allows, at most 64."""
    pairs_at_once: int = Field(0, ge=0, le=256)
    """Micro-batch size of training, in pairs; an optimiser step still has ``learning.batch``. 0: as the memory allows."""
    gradient_checkpointing: Literal["auto", "on", "off"] = "auto"
    """Saves memory for a third more training time. auto: if not even one pair fits without it."""
    optimiser: Literal["auto", "adamw", "paged"] = "auto"
    """paged: AdamW whose state moves out of a full GPU's memory. auto: paged for adapters of 100 M parameters and more."""
    prompt_date: str = Field("", pattern=r"^(\d{4}-\d{2}-\d{2})?$")
    """The current date for chat templates that print one (ISO); filled in for these when the run is made. "": each day's date, as in
    older runs."""
    answer_form: Literal["free", "letter", "working"] = "free"
    """The form of answer that the prompt asks for. free: none, as in the paper. letter: a last line "Answer: (letter)", which can be
    parsed reliably. working: the solution first, then that line. paper: free."""
    calculator: bool = False
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
