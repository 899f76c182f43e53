"""The training of a grader, by transformers' Seq2SeqTrainer: features, batches, settings, losses an epoch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import torch
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    TrainerCallback,
)
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from studentsim.errors import StudentError
from studentsim.teacher.encoding import (
    INPUT_TOKENS,
    InputEncoder,
    Reading,
    decoder_inputs,
    decoder_start,
    label_ids,
)
from studentsim.teacher.loading import device_of
from studentsim.teacher.marker import EMBEDDED, padded
from studentsim.teacher.student_answer import StudentAnswer

EMBEDDED_INPUT_TOKENS = 256
"""Longest input where the embedded marker is fine-tuned."""

Say = Callable[[str], None]
Features = dict[str, list[int]]
"""``input_ids``, ``decoder_input_ids``, ``labels``."""


@dataclass(frozen=True)
class FinetuneSettings:
    """How a grader is fine-tuned; the defaults are P0's, and where it names none transformers' own."""

    learning_rate: float = 1e-3
    """Peak, falling linearly to zero. paper: 1e-3."""
    epochs: int = 1
    """paper: 1."""
    batch_size: int = 8
    """Rows an optimiser step. Trainer's default."""
    input_tokens: int = INPUT_TOKENS
    """Longest input. paper: 128."""
    reading: Reading = "whole"
    """whole: longer answers are left out; ends: their beginning and their end are read."""
    balanced: bool = True
    """51.8 % of each split's rows are right ones, as P0's; False: as they come."""
    target_tokens: int = 3
    """Longest target, its end token included. paper: 3. More where the base's tokenizer needs more for Correct or Wrong."""
    seed: int = 0
    """Decides the splits and the order."""
    device: str = "auto"
    """auto, cpu or cuda."""

    @classmethod
    def for_base(
        cls, base: str, *, input_tokens: int | None = None, reading: Reading | None = None, **others: Any
    ) -> FinetuneSettings:
        """Settings for that base. Of the embedded marker a token is a letter or a digit, so that few replies fit into P0's 128."""
        embedded = base == EMBEDDED
        return cls(
            input_tokens=(EMBEDDED_INPUT_TOKENS if embedded else INPUT_TOKENS)
            if input_tokens is None
            else input_tokens,
            reading=reading or ("ends" if embedded else "whole"),
            **others,
        )


@dataclass(frozen=True)
class Epoch:
    """Mean losses (cross-entropy a target token) of one pass over the training rows, and of the validation rows after it."""

    epoch: int
    training_loss: float
    validation_loss: float


def train(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    training: Sequence[StudentAnswer],
    validation: Sequence[StudentAnswer],
    encode: InputEncoder,
    settings: FinetuneSettings,
    scratch: Path,
    say: Say,
) -> tuple[Epoch, ...]:
    """Train ``model`` in place, and leave it on the processor; the losses. ``scratch`` is a folder for the Trainer's own files.

    :raises StudentError: the training diverged.
    """
    teller = _Teller(say, settings.epochs)
    trainer = Seq2SeqTrainer(
        model=model,
        args=_arguments(settings, scratch),
        train_dataset=features(training, model, tokenizer, encode),
        eval_dataset=features(validation, model, tokenizer, encode),
        data_collator=lambda batch: collate(batch, _pad(model, tokenizer)),
        callbacks=[teller],
    )
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    trainer.train()
    if not all(torch.isfinite(parameter).all() for parameter in model.parameters()):
        raise StudentError("The training diverged: the weights are no numbers any more.", "Lower --learning-rate.")
    model.to("cpu").eval()
    return tuple(teller.epochs)


def features(
    answers: Sequence[StudentAnswer], model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, encode: InputEncoder
) -> list[Features]:
    """Token ids of each answer's input and target; the decoder is given what a marker gives it when it judges."""
    start = decoder_start(model, tokenizer)
    labels = {correct: label_ids(tokenizer, correct) for correct in (True, False)}
    return [
        {
            "input_ids": encode(a.question, a.text),
            "labels": labels[a.is_correct],
            "decoder_input_ids": decoder_inputs(labels[a.is_correct], start),
        }
        for a in answers
    ]


def collate(batch: Sequence[Features], pad: int) -> dict[str, torch.Tensor]:
    """``input_ids`` and ``attention_mask`` (B, T); ``decoder_input_ids`` and ``labels`` (B, L), -100 where nothing is asked."""
    ids, mask = padded([row["input_ids"] for row in batch], pad)
    given, _ = padded([row["decoder_input_ids"] for row in batch], pad)
    labels, asked = padded([row["labels"] for row in batch], pad)
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "decoder_input_ids": given,
        "labels": labels.masked_fill(asked == 0, -100),
    }


def _pad(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    return tokenizer.pad_token_id if tokenizer.pad_token_id is not None else decoder_start(model, tokenizer)


def _arguments(settings: FinetuneSettings, scratch: Path) -> Seq2SeqTrainingArguments:
    """The Trainer's settings; all that is not said is its default, as in P0: AdamW, linear to zero, clipped at norm 1."""
    return Seq2SeqTrainingArguments(
        output_dir=str(scratch),
        learning_rate=settings.learning_rate,
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=max(8, settings.batch_size),
        seed=settings.seed,
        data_seed=settings.seed,
        eval_strategy="epoch",
        logging_strategy="epoch",
        save_strategy="no",
        prediction_loss_only=True,
        report_to=[],
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        disable_tqdm=True,
        use_cpu=device_of(settings.device) == "cpu",
    )


class _Teller(TrainerCallback):
    """Says each epoch's losses, and keeps them."""

    def __init__(self, say: Say, epochs: int) -> None:
        self.say = say
        self.of = epochs
        self.training_loss = float("nan")
        self.epochs: list[Epoch] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        logs = logs or {}
        if "loss" in logs:
            self.training_loss = float(logs["loss"])
        if "eval_loss" in logs:
            done = Epoch(len(self.epochs) + 1, self.training_loss, float(logs["eval_loss"]))
            self.epochs.append(done)
            self.say(
                f"Epoch {done.epoch} of {self.of}: training loss {done.training_loss:.4f}, "
                f"validation loss {done.validation_loss:.4f}"
            )
