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

from studentsim.learning.epochs import EpochEnd
from studentsim.learning.holding import Holding
from studentsim.records import PairScore


class MaskedPreferenceCollator(DataCollatorForPreference):
    """TRL's collator, with the calculator's tokens left out of the completions' log-probabilities."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """A batch; ``completion_mask`` (2B, T), chosen first, is 1 where the student itself chose the token."""
        batch = super().torch_call(examples)
        rows = [(e["prompt_ids"], e["chosen_mask"]) for e in examples] + [
            (e["prompt_ids"], e["rejected_mask"]) for e in examples
        ]
        for row, (prompt, own) in enumerate(rows):
            begin = len(prompt)
            batch["completion_mask"][row, begin : begin + len(own)] *= torch.tensor(own)
        return batch


class PairTrainer(DPOTrainer):
    """DPOTrainer that takes pairs as token ids: text is encoded by the student, where control tokens mean nothing.

    Beside the lesson's pairs its steps rehearse what ``holding`` says, if anything.
    """

    holding: Holding | None = None

    def _prepare_dataset(self, dataset: Dataset, *args: Any, **kwargs: Any) -> Dataset:
        return dataset

    def training_step(self, model: torch.nn.Module, *args: Any, **kwargs: Any) -> torch.Tensor:
        """A pass over some of a step's pairs; the step's last one rehearses, before gradients are clipped."""
        loss = super().training_step(model, *args, **kwargs)
        if self.holding and self.accelerator.sync_gradients:
            told = self.holding.hold(self, model, self.state.global_step)
            if told is not None:
                self._metrics["train"]["rehearsal"].append(told)
        return loss


class Teller(TrainerCallback):
    """Hands every logged step and every epoch's end but the last over, and stops the training when told to.

    The last epoch's end is the training's own: the pass over held-out pairs after it is the turn's. ``look`` tells of those pairs
    at an epoch's end, where this is wanted.
    """

    def __init__(self, told: queue.Queue, look: Callable[[], list[PairScore]] | None = None) -> None:
        self.told = told
        self.look = look
        self.epochs_left = -1
        self.stop = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Count the epochs to come."""
        self.epochs_left = int(args.num_train_epochs)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Tell that an epoch is over, unless it was the last."""
        self.epochs_left -= 1
        if self.epochs_left > 0 and not self.stop:
            self.told.put(EpochEnd(self.look() if self.look else None))

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        """Hand a step's figures over."""
        if logs and "loss" in logs:
            self.told.put({**logs, "step": state.global_step, "steps": state.max_steps})

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Stop where this was asked for."""
        control.should_training_stop = control.should_training_stop or self.stop
        return control
