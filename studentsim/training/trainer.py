"""TRL's DPOTrainer and collator, adapted to tokenised pairs and rehearsal, and the callback that reports its steps."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

import torch
from datasets import Dataset
from transformers import TrainerCallback
from trl import DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from studentsim.training.epoch_metrics import EpochEnd
from studentsim.training.rehearsal_loss import RehearsalPenalty
from studentsim.types import PairScore


class MaskedPreferenceCollator(DataCollatorForPreference):
    """TRL's collator, with the calculator's tokens excluded from the completions' log-probabilities."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """A batch; ``completion_mask`` (2B, T), chosen first, is 1 where the student chose the token."""
        batch = super().torch_call(examples)
        rows = [(e["prompt_ids"], e["chosen_mask"]) for e in examples] + [
            (e["prompt_ids"], e["rejected_mask"]) for e in examples
        ]
        for row, (prompt, token_mask) in enumerate(rows):
            start = len(prompt)
            batch["completion_mask"][row, start : start + len(token_mask)] *= torch.tensor(token_mask)
        return batch


class PretokenizedDPOTrainer(DPOTrainer):
    """DPOTrainer for tokenised pairs: the student encodes the texts, and escapes control tokens in them.

    ``rehearsal_penalty``, if set, adds its gradient to the optimiser steps.
    """

    rehearsal_penalty: RehearsalPenalty | None = None

    def _prepare_dataset(self, dataset: Dataset, *args: Any, **kwargs: Any) -> Dataset:
        return dataset

    def training_step(self, model: torch.nn.Module, *args: Any, **kwargs: Any) -> torch.Tensor:
        """A pass over some of a step's pairs; the step's last pass adds the rehearsal penalty, before gradients are clipped."""
        loss = super().training_step(model, *args, **kwargs)
        if self.rehearsal_penalty and self.accelerator.sync_gradients:
            rehearsal_loss = self.rehearsal_penalty.add_gradients(self, model, self.state.global_step)
            if rehearsal_loss is not None:
                self._metrics["train"]["rehearsal"].append(rehearsal_loss)
        return loss


class StepReporter(TrainerCallback):
    """Puts every logged step and the end of every epoch but the last into ``messages``; stops training once ``should_stop`` is set.

    ``score_held_out``, if given, scores the held-out pairs at these epochs' ends; at the end of the last epoch ``DPOStudentTrainer`` does.
    """

    def __init__(self, messages: queue.Queue, score_held_out: Callable[[], list[PairScore]] | None = None) -> None:
        self.messages = messages
        self.score_held_out = score_held_out
        self.epochs_left = -1
        self.should_stop = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Note the number of epochs."""
        self.epochs_left = int(args.num_train_epochs)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Report the end of an epoch that is not the last."""
        self.epochs_left -= 1
        if self.epochs_left > 0 and not self.should_stop:
            self.messages.put(EpochEnd(self.score_held_out() if self.score_held_out else None))

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        """Report a step's metrics."""
        if logs and "loss" in logs:
            self.messages.put({**logs, "step": state.global_step, "steps": state.max_steps})

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Stop training if ``should_stop`` is set."""
        control.should_training_stop = control.should_training_stop or self.should_stop
        return control
