"""The rehearsal penalty of training steps: pulls the log-probabilities of rehearsal texts back to their references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import Trainer

from studentsim.student.batching import iter_batches
from studentsim.training.rehearsal import SIDES, STEP_INTERVAL, RehearsalText

MAX_SQUARED_DRIFT = 25.0
"""A text's squared drift is clamped at so many square nats, so that one that drifted far does not dominate the turn."""

MAX_GRADIENT_RATIO = 3.0
"""The penalty's gradient is scaled down to at most so many times the norm of the turn's own. A much longer one would leave nothing of
the turn's gradient once their sum is clipped, so that only every second step would train on the turn's pairs; one only as long keeps
too little where a turn's own gradient is small."""


@dataclass
class RehearsalPenalty:
    """The rehearsal texts of a turn's optimiser steps (``batches``, one for each rehearsing step), and the penalty's ``strength``."""

    batches: Sequence[Sequence[RehearsalText]]
    strength: float
    pad_token_id: int
    batch_size: int = 0
    """Texts that go through the model together; 0: all of a step."""

    def add_gradients(self, trainer: Trainer, model: torch.nn.Module, step: int) -> float | None:
        """Add the penalty's gradient to that of optimiser step ``step`` (from 0); returns its loss in square nats.

        None where this step does not rehearse. To be called once a step, after its last backward pass: however many passes the turn's
        pairs take, their gradient is then that of their mean. The penalty's is limited by ``MAX_GRADIENT_RATIO``.
        """
        if step % STEP_INTERVAL or not self.batches:
            return None
        batch = self.batches[step // STEP_INTERVAL % len(self.batches)]
        batch_size = self.batch_size or len(batch)
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        turn_gradients = [parameter.grad for parameter in parameters]
        for parameter in parameters:
            parameter.grad = None
        loss = sum(self._backward(trainer, model, texts, len(batch)) for texts in iter_batches(batch, batch_size))
        add_limited_gradients(turn_gradients, parameters)
        return loss

    def _backward(
        self, trainer: Trainer, model: torch.nn.Module, texts: Sequence[RehearsalText], total_texts: int
    ) -> float:
        """Forward and backward pass of some of a step's ``total_texts`` texts; returns their part of its loss.

        The loss is the mean over texts times ``len(SIDES)``: that of a chosen and a rejected text together.
        """
        inputs = trainer._prepare_inputs(collate_texts(texts, self.pad_token_id))
        reference_logps = torch.tensor([text.reference_logp for text in texts], device=inputs["input_ids"].device)
        with trainer.compute_loss_context_manager():
            text_logps = compute_text_logps(model, inputs)
            loss = len(SIDES) * squared_drift(text_logps, reference_logps).sum() / total_texts
        # accelerate divides the loss by its own count of accumulated passes (1, since transformers does the counting).
        trainer.accelerator.backward(
            STEP_INTERVAL * self.strength * loss * trainer.accelerator.gradient_accumulation_steps
        )
        return loss.item()


@torch.no_grad()
def add_limited_gradients(
    turn_gradients: Sequence[torch.Tensor | None], parameters: Sequence[torch.nn.Parameter]
) -> None:
    """Scale the parameters' gradients to at most ``MAX_GRADIENT_RATIO`` times the norm of ``turn_gradients``, and add these. Writes."""
    turn_norm, rehearsal_norm = (
        _gradient_norm(gradients) for gradients in (turn_gradients, [parameter.grad for parameter in parameters])
    )
    scale = (MAX_GRADIENT_RATIO * turn_norm / rehearsal_norm).clamp(max=1.0) if rehearsal_norm > 0 else rehearsal_norm
    for parameter, turn_gradient in zip(parameters, turn_gradients, strict=True):
        if parameter.grad is None:
            parameter.grad = turn_gradient
        elif turn_gradient is None:
            parameter.grad.mul_(scale)
        else:
            parameter.grad.mul_(scale).add_(turn_gradient)


def _gradient_norm(gradients: Sequence[torch.Tensor | None]) -> torch.Tensor:
    return torch.stack([g.float().norm() for g in gradients if g is not None] or [torch.zeros(())]).norm()


def collate_texts(texts: Sequence[RehearsalText], pad_token_id: int) -> dict[str, torch.Tensor]:
    """Prompts and texts as tensors (B, T), padded on the right; ``completion_mask`` is 1 where the student chose the token."""
    rows = [(t.row["prompt_ids"], t.row[f"{t.side}_ids"], t.row[f"{t.side}_mask"]) for t in texts]
    max_length = max(len(prompt) + len(text) for prompt, text, _ in rows)

    def pad_right(values: list[int], filler: int) -> list[int]:
        return values + [filler] * (max_length - len(values))

    columns = {
        "input_ids": [pad_right([*prompt, *text], pad_token_id) for prompt, text, _ in rows],
        "attention_mask": [pad_right([1] * (len(prompt) + len(text)), 0) for prompt, text, _ in rows],
        "completion_mask": [pad_right([*[0] * len(prompt), *mask], 0) for prompt, _, mask in rows],
    }
    return {name: torch.tensor(values) for name, values in columns.items()}


def squared_drift(text_logps: torch.Tensor, reference_logps: torch.Tensor) -> torch.Tensor:
    """Squared difference of log-probabilities, clamped at ``MAX_SQUARED_DRIFT``, elementwise."""
    return (text_logps.float() - reference_logps).square().clamp(max=MAX_SQUARED_DRIFT)


def compute_text_logps(model: torch.nn.Module, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """Summed log-probabilities (B,) of a collated batch, as TRL's DPOTrainer computes them."""
    labels = inputs["input_ids"].masked_fill(inputs["completion_mask"] == 0, -100)
    model_inputs = {name: value for name, value in inputs.items() if name != "completion_mask"}
    return model(**model_inputs, use_cache=False, labels=labels, fused_lm_head=True).log_probs.sum(-1)
