"""What both trainings of a grader share: the options of transformers' Trainer, and batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import Seq2SeqTrainer
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from studentsim.grader.model import pad_batch

TrainingFeatures = Mapping[str, list[int]]
"""``input_ids`` and ``labels``; where the model does not derive them from the labels, ``decoder_input_ids``."""

COMMON_OPTIONS: Mapping[str, Any] = {
    "prediction_loss_only": True,
    "report_to": [],
    "remove_unused_columns": False,
    "dataloader_pin_memory": False,
    "disable_tqdm": True,
}
"""Options of ``Seq2SeqTrainingArguments``."""


def remove_console_callbacks(trainer: Seq2SeqTrainer) -> None:
    """Keep the Trainer from printing; progress is reported by callbacks of our own."""
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)


def collate_features(batch: Sequence[TrainingFeatures], pad_token_id: int) -> dict[str, torch.Tensor]:
    """``input_ids`` and ``attention_mask`` (B, T); ``labels`` (B, L), -100 at padding; ``decoder_input_ids`` (B, L) if given."""
    ids, mask = pad_batch([row["input_ids"] for row in batch], pad_token_id)
    labels, label_mask = pad_batch([row["labels"] for row in batch], pad_token_id)
    tensors = {"input_ids": ids, "attention_mask": mask, "labels": labels.masked_fill(label_mask == 0, -100)}
    if "decoder_input_ids" in batch[0]:
        tensors["decoder_input_ids"], _ = pad_batch([row["decoder_input_ids"] for row in batch], pad_token_id)
    return tensors
