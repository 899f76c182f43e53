"""TRL's DPOTrainer and its collator as a turn's training needs them, and who tells of its steps."""

from __future__ import annotations

import os
import queue
from collections.abc import Callable
from typing import Any

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import torch
from datasets import Dataset
from transformers import TrainerCallback
from trl import DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from studentsim.training.epoch_metrics import EpochEnd
from studentsim.training.rehearsal_loss import RehearsalPenalty
from studentsim.types import PairScore


class MaskedPreferenceCollator(DataCollatorForPreference):
    """TRL's collator, with the calculator's tokens left out of the completions' log-probabilities."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """A batch; ``completion_mask`` (2B, T), chosen first, is 1 where the student itself chose the token."""
        batch = super().torch_call(examples)
        rows = [(e["prompt_ids"], e["chosen_mask"]) for e in examples] + [
            (e["prompt_ids"], e["rejected_mask"]) for e in examples
        ]
        for row, (prompt, token_mask) in enumerate(rows):
            begin = len(prompt)
            batch["completion_mask"][row, begin : begin + len(token_mask)] *= torch.tensor(token_mask)
        return batch


class PretokenizedDPOTrainer(DPOTrainer):
    """DPOTrainer that takes pairs as token ids: text is encoded by the student, where control tokens mean nothing.

    Beside the lesson's pairs its steps rehearse what ``rehearsal_penalty`` says, if anything.
    """

    rehearsal_penalty: RehearsalPenalty | None = None

    def _prepare_dataset(self, dataset: Dataset, *args: Any, **kwargs: Any) -> Dataset:
        return dataset

    def training_step(self, model: torch.nn.Module, *args: Any, **kwargs: Any) -> torch.Tensor:
        """A pass over some of a step's pairs; the step's last one rehearses, before gradients are clipped."""
        loss = super().training_step(model, *args, **kwargs)
        if self.rehearsal_penalty and self.accelerator.sync_gradients:
            rehearsal_loss = self.rehearsal_penalty.add_gradients(self, model, self.state.global_step)
            if rehearsal_loss is not None:
                self._metrics["train"]["rehearsal"].append(rehearsal_loss)
        return loss


class StepReporter(TrainerCallback):
    """Hands every logged step and every epoch's end but the last over, and stops the training when told to.

    The last epoch's end is the training's own: the pass over held-out pairs after it is the turn's. ``score_held_out`` tells of those pairs
    at an epoch's end, where this is wanted.
    """

    def __init__(self, messages: queue.Queue, score_held_out: Callable[[], list[PairScore]] | None = None) -> None:
        self.messages = messages
        self.score_held_out = score_held_out
        self.epochs_left = -1
        self.should_stop = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Count the epochs to come."""
        self.epochs_left = int(args.num_train_epochs)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Tell that an epoch is over, unless it was the last."""
        self.epochs_left -= 1
        if self.epochs_left > 0 and not self.should_stop:
            self.messages.put(EpochEnd(self.score_held_out() if self.score_held_out else None))

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        """Hand a step's figures over."""
        if logs and "loss" in logs:
            self.messages.put({**logs, "step": state.global_step, "steps": state.max_steps})

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Stop where this was asked for."""
        control.should_training_stop = control.should_training_stop or self.should_stop
        return control
