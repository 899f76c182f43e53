"""Fine-tuning of a grader with transformers' Seq2SeqTrainer: settings, features, losses of each epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    TrainerCallback,
)

from studentsim.errors import StudentError
from studentsim.grader.encoding import (
    MAX_INPUT_TOKENS,
    InputEncoder,
    TruncationMode,
    encode_label,
    get_decoder_start_token_id,
    shift_tokens_right,
)
from studentsim.grader.loading import resolve_grader_device
from studentsim.grader.model import EMBEDDED
from studentsim.grader.student_answer import StudentAnswer
from studentsim.grader.trainer_setup import (
    COMMON_OPTIONS,
    TrainingFeatures,
    collate_features,
    remove_console_callbacks,
)

EMBEDDED_FINETUNE_INPUT_TOKENS = 256
"""Tokens of the longest input if the embedded grader is fine-tuned."""

OnProgress = Callable[[str], None]


@dataclass(frozen=True)
class FinetuneSettings:
    """How a grader is fine-tuned; the defaults are P0's or, where it names none, transformers'."""

    learning_rate: float = 1e-3
    """Peak, falling linearly to zero. P0: 1e-3."""
    epochs: int = 1
    """P0: 1."""
    batch_size: int = 8
    """Rows of an optimiser step. Trainer's default."""
    input_tokens: int = MAX_INPUT_TOKENS
    """Tokens of the longest input. P0: 128."""
    reading: TruncationMode = "whole"
    """``whole``: longer answers are left out; ``ends``: their beginning and their end are read."""
    balanced: bool = True
    """Whether 51.8 % of each split's rows are correct ones, as in P0; False: as they come."""
    target_tokens: int = 3
    """Tokens of the longest target, its end token included; more if the base's tokenizer needs more. P0: 3."""
    seed: int = 0
    """Decides the splits and the order of the rows."""
    device: str = "auto"
    """auto, cpu or cuda."""

    @classmethod
    def for_base(
        cls, base: str, *, input_tokens: int | None = None, reading: TruncationMode | None = None, **others: Any
    ) -> FinetuneSettings:
        """The defaults for a base. The embedded grader's tokens are letters and digits, so that few replies fit into P0's 128."""
        embedded = base == EMBEDDED
        return cls(
            input_tokens=(EMBEDDED_FINETUNE_INPUT_TOKENS if embedded else MAX_INPUT_TOKENS)
            if input_tokens is None
            else input_tokens,
            reading=reading or ("ends" if embedded else "whole"),
            **others,
        )


@dataclass(frozen=True)
class EpochLosses:
    """Mean cross-entropy per target token of one pass over the training rows, and of the validation rows after it."""

    epoch: int
    training_loss: float
    validation_loss: float


def train_grader(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    train_answers: Sequence[StudentAnswer],
    validation_answers: Sequence[StudentAnswer],
    encode_input: InputEncoder,
    settings: FinetuneSettings,
    trainer_folder: Path,
    on_progress: OnProgress,
) -> tuple[EpochLosses, ...]:
    """Train ``model`` in place and move it to the CPU; returns the losses. Writes the Trainer's own files into ``trainer_folder``.

    :raises StudentError: the training diverged: some weights are not finite.
    """
    loss_callback = _EpochLossCallback(on_progress, settings.epochs)
    trainer = Seq2SeqTrainer(
        model=model,
        args=_training_arguments(settings, trainer_folder),
        train_dataset=build_features(train_answers, model, tokenizer, encode_input),
        eval_dataset=build_features(validation_answers, model, tokenizer, encode_input),
        data_collator=lambda batch: collate_features(batch, _get_pad_token_id(model, tokenizer)),
        callbacks=[loss_callback],
    )
    remove_console_callbacks(trainer)
    trainer.train()
    if not all(torch.isfinite(parameter).all() for parameter in model.parameters()):
        raise StudentError("The training diverged: the weights are no numbers any more.", "Lower --learning-rate.")
    model.to("cpu").eval()
    return tuple(loss_callback.losses_by_epoch)


def build_features(
    answers: Sequence[StudentAnswer],
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    encode_input: InputEncoder,
) -> list[TrainingFeatures]:
    """Token ids of each answer's input and target; ``decoder_input_ids`` are those of ``Seq2SeqGrader``."""
    start_token_id = get_decoder_start_token_id(model, tokenizer)
    labels = {correct: encode_label(tokenizer, correct) for correct in (True, False)}
    return [
        {
            "input_ids": encode_input(a.question, a.text),
            "labels": labels[a.is_correct],
            "decoder_input_ids": shift_tokens_right(labels[a.is_correct], start_token_id),
        }
        for a in answers
    ]


def _get_pad_token_id(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    return (
        tokenizer.pad_token_id if tokenizer.pad_token_id is not None else get_decoder_start_token_id(model, tokenizer)
    )


def _training_arguments(settings: FinetuneSettings, trainer_folder: Path) -> Seq2SeqTrainingArguments:
    """The Trainer's arguments; all others are its defaults, as in P0: AdamW, linear decay to zero, gradient norm clipped at 1."""
    return Seq2SeqTrainingArguments(
        output_dir=str(trainer_folder),
        learning_rate=settings.learning_rate,
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=max(8, settings.batch_size),
        seed=settings.seed,
        data_seed=settings.seed,
        eval_strategy="epoch",
        logging_strategy="epoch",
        save_strategy="no",
        use_cpu=resolve_grader_device(settings.device) == "cpu",
        **COMMON_OPTIONS,
    )


class _EpochLossCallback(TrainerCallback):
    """Reports each epoch's losses and collects them."""

    def __init__(self, on_progress: OnProgress, epoch_count: int) -> None:
        self.on_progress = on_progress
        self.epoch_count = epoch_count
        self.training_loss = float("nan")
        self.losses_by_epoch: list[EpochLosses] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        logs = logs or {}
        if "loss" in logs:
            self.training_loss = float(logs["loss"])
        if "eval_loss" in logs:
            epoch_losses = EpochLosses(len(self.losses_by_epoch) + 1, self.training_loss, float(logs["eval_loss"]))
            self.losses_by_epoch.append(epoch_losses)
            self.on_progress(
                f"Epoch {epoch_losses.epoch} of {self.epoch_count}: training loss {epoch_losses.training_loss:.4f}, "
                f"validation loss {epoch_losses.validation_loss:.4f}"
            )
