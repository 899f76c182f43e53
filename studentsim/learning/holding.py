"""A training step's rehearsal: kept pairs go through the model beside the lesson's own, and are pulled back to where they were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import Trainer

from studentsim.learning.rehearsal import EVERY, Held

CLAMP = 25.0
"""Square nats at which a kept text's squared drift is cut off: one that is far gone must not drown the lesson."""


class Holding:
    """What a lesson's optimiser steps hold, and how strongly."""

    def __init__(
        self,
        batches: Sequence[Sequence[Held]],
        strength: float,
        collate: Callable[[list[dict[str, Any]]], dict[str, Any]],
        pairs_at_once: int = 0,
    ) -> None:
        self.batches = batches
        self.strength = strength
        self.collate = collate
        self.pairs_at_once = pairs_at_once
        """Pairs that go through the model together; 0: all of a step."""

    def hold(self, trainer: Trainer, model: torch.nn.Module, step: int) -> float | None:
        """Add rehearsal's gradient to that of optimiser step ``step`` (from 0); its loss in square nats.

        None where this step rehearses nothing. To be called once a step, beside its last backward pass: whatever number of
        passes the lesson's pairs take, the step's gradient is that of their mean, and this one's is added whole.
        """
        if step % EVERY or not self.batches:
            return None
        batch = self.batches[step // EVERY % len(self.batches)]
        at_once = self.pairs_at_once or len(batch)
        return sum(
            self._backward(trainer, model, batch[at : at + at_once], len(batch)) for at in range(0, len(batch), at_once)
        )

    def _backward(self, trainer: Trainer, model: torch.nn.Module, held: Sequence[Held], of: int) -> float:
        """Forward and backward of some of a step's ``of`` pairs; their part of its loss."""
        inputs = trainer._prepare_inputs(self.collate([h.row for h in held]))
        wanted = torch.tensor([h.chosen for h in held] + [h.rejected for h in held], device=inputs["input_ids"].device)
        with trainer.compute_loss_context_manager():
            told = logps(model, inputs)
            loss = drift(told, wanted).sum() / of
        # accelerate divides by its own count of accumulated passes, which transformers leaves at 1 and counts by itself.
        trainer.accelerator.backward(EVERY * self.strength * loss * trainer.accelerator.gradient_accumulation_steps)
        return loss.item()


def drift(told: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Squared difference of log-probabilities, clamped; all of one shape."""
    return (told.float() - wanted).square().clamp(max=CLAMP)


def logps(model: torch.nn.Module, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """Summed log-probabilities (2B,) of a collated batch, chosen first, as TRL's DPOTrainer computes them."""
    labels = inputs["input_ids"].masked_fill(inputs["completion_mask"] == 0, -100)
    told = {name: value for name, value in inputs.items() if name != "completion_mask"}
    return model(**told, use_cache=False, labels=labels, fused_lm_head=True).log_probs.sum(-1)
