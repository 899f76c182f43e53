"""A training step's rehearsal: kept pairs go through the model beside the lesson's own, and are pulled back to where they were."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import Trainer

from studentsim.learning.rehearsal import EVERY, SIDES, Held

CLAMP = 25.0
"""Square nats at which a kept text's squared drift is cut off: one that is far gone must not drown the lesson."""

LONGEST = 3.0
"""How many times as long as the lesson's gradient rehearsal's may be. A far longer one would leave nothing of the lesson once their
sum is clipped, and what is practised would be learnt in every second step alone; one as short as the lesson's holds too little where
a lesson has little new to teach."""


class Holding:
    """What a lesson's optimiser steps hold, and how strongly."""

    def __init__(
        self,
        batches: Sequence[Sequence[Held]],
        strength: float,
        *,
        pad: int,
        texts_at_once: int = 0,
    ) -> None:
        self.batches = batches
        self.strength = strength
        self.pad = pad
        """The token that fills rows up."""
        self.texts_at_once = texts_at_once
        """Texts that go through the model together; 0: all of a step."""

    def hold(self, trainer: Trainer, model: torch.nn.Module, step: int) -> float | None:
        """Add rehearsal's gradient to that of optimiser step ``step`` (from 0); its loss in square nats.

        None where this step rehearses nothing. To be called once a step, after its last backward pass: whatever number of
        passes the lesson's pairs take, the step's gradient is that of their mean, and this one's is added whole,
        made no longer than ``LONGEST`` allows.
        """
        if step % EVERY or not self.batches:
            return None
        batch = self.batches[step // EVERY % len(self.batches)]
        at_once = self.texts_at_once or len(batch)
        learnt = [parameter for parameter in model.parameters() if parameter.requires_grad]
        lessons = [parameter.grad for parameter in learnt]
        for parameter in learnt:
            parameter.grad = None
        told = sum(
            self._backward(trainer, model, batch[at : at + at_once], len(batch)) for at in range(0, len(batch), at_once)
        )
        add(lessons, learnt)
        return told

    def _backward(self, trainer: Trainer, model: torch.nn.Module, held: Sequence[Held], of: int) -> float:
        """Forward and backward of some of a step's ``of`` texts; their part of its loss: of a right and a wrong working together."""
        inputs = trainer._prepare_inputs(collate(held, self.pad))
        wanted = torch.tensor([h.logp for h in held], device=inputs["input_ids"].device)
        with trainer.compute_loss_context_manager():
            told = logps(model, inputs)
            loss = len(SIDES) * drift(told, wanted).sum() / of
        # accelerate divides by its own count of accumulated passes, which transformers leaves at 1 and counts by itself.
        trainer.accelerator.backward(EVERY * self.strength * loss * trainer.accelerator.gradient_accumulation_steps)
        return loss.item()


@torch.no_grad()
def add(lessons: Sequence[torch.Tensor | None], learnt: Sequence[torch.nn.Parameter]) -> None:
    """Add the ``lessons``' gradient to that of the parameters, which is first made at most ``LONGEST`` times as long (Euclidean norm)."""
    lesson, length = (_norm(gradients) for gradients in (lessons, [parameter.grad for parameter in learnt]))
    share = (LONGEST * lesson / length).clamp(max=1.0) if length > 0 else length
    for parameter, own in zip(learnt, lessons, strict=True):
        if parameter.grad is None:
            parameter.grad = own
        elif own is None:
            parameter.grad.mul_(share)
        else:
            parameter.grad.mul_(share).add_(own)


def _norm(gradients: Sequence[torch.Tensor | None]) -> torch.Tensor:
    return torch.stack([g.float().norm() for g in gradients if g is not None] or [torch.zeros(())]).norm()


def collate(held: Sequence[Held], pad: int) -> dict[str, torch.Tensor]:
    """The texts behind their prompts, padded on the right, each (B, T); ``completion_mask`` is 1 where the student chose the token."""
    rows = [(h.row["prompt_ids"], h.row[f"{h.side}_ids"], h.row[f"{h.side}_mask"]) for h in held]
    longest = max(len(prompt) + len(text) for prompt, text, _ in rows)

    def filled(values: list[int], filler: int) -> list[int]:
        return values + [filler] * (longest - len(values))

    told = {
        "input_ids": [filled([*prompt, *text], pad) for prompt, text, _ in rows],
        "attention_mask": [filled([1] * (len(prompt) + len(text)), 0) for prompt, text, _ in rows],
        "completion_mask": [filled([*[0] * len(prompt), *own], 0) for prompt, _, own in rows],
    }
    return {name: torch.tensor(values) for name, values in told.items()}


def drift(told: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Squared difference of log-probabilities, clamped; all of one shape."""
    return (told.float() - wanted).square().clamp(max=CLAMP)


def logps(model: torch.nn.Module, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """Summed log-probabilities (B,) of a collated batch, as TRL's DPOTrainer computes them."""
    labels = inputs["input_ids"].masked_fill(inputs["completion_mask"] == 0, -100)
    told = {name: value for name, value in inputs.items() if name != "completion_mask"}
    return model(**told, use_cache=False, labels=labels, fused_lm_head=True).log_probs.sum(-1)
