"""Scoring with transformers, for models that the packed decoder does not support."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from peft import PeftModel
from transformers import PreTrainedModel

from studentsim.student.generation.generate import PrefilledPrompts, prefill
from studentsim.student.generation.recompute import CachelessModel
from studentsim.student.huggingface.loading import autocast_context
from studentsim.student.huggingface.memory import MemoryPlan
from studentsim.student.huggingface.scoring import score_options, score_pairs
from studentsim.types import PairScore


@dataclass(eq=False)
class TransformersInference:
    """Scoring with one model and its current adapter; the counterpart of ``PackedInference``.

    ``inference_model``: see ``LoadedModel.inference_model``; ``dtype``: that of the computations.
    """

    model: PeftModel
    inference_model: PreTrainedModel | CachelessModel
    dtype: torch.dtype
    plan: MemoryPlan
    pad_token_id: int

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """Autocast to the run's dtype; norms and adapter are in float32."""
        return autocast_context(self.model, self.dtype)

    def prefill(self, prompts: Sequence[Sequence[int]]) -> PrefilledPrompts:
        """The forward pass over the prompts, padded to one length. To be called within ``autocast``."""
        return prefill(self.inference_model, prompts, self.pad_token_id)

    def score(self, prefix: PrefilledPrompts, completions: Sequence[Sequence[list[int]]]) -> list[list[float]]:
        """Summed natural log-probability of each prefilled prompt's completions. To be called within ``autocast``."""
        return score_options(self.inference_model, prefix, completions, batch_size=5 * self.plan.generation_batch_size)

    def completion_logprobs(
        self, prompts: Sequence[Sequence[int]], completions: Sequence[Sequence[list[int]]]
    ) -> list[list[float]]:
        """Summed natural log-probability of each prompt's completions; the prompts form one batch."""
        with self.autocast():
            return self.score(self.prefill(prompts), completions)

    def pair_scores(self, rows: Sequence[Mapping[str, list[int]]]) -> list[PairScore]:
        """Log-probabilities and mean logits of chosen and rejected of each pair (rows as of ``TrainableStudent.pair_ids``)."""
        batch_size = max(1, self.plan.micro_batch_size)
        with self.autocast():
            return score_pairs(self.inference_model, rows, pad_token_id=self.pad_token_id, batch_size=batch_size)
