"""DPO with LoRA, by TRL's DPOTrainer on a PEFT model: what the student got wrong becomes what it prefers not to say.

"Direct Preference Optimization" (Rafailov et al. 2023); settings as in P0 unless the run says otherwise. One trainer a turn;
the model is loaded once a run. TRL's defaults that do not suit a small model on a CPU are overridden by name below.
"""

from __future__ import annotations

import contextlib
import io
import os
import queue
import tempfile
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import torch
from datasets import Dataset, disable_progress_bars
from peft import PeftModel
from transformers import PreTrainedTokenizerBase, TrainerCallback
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from trl import DPOConfig, DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from studentsim.config import Learning
from studentsim.learning import head
from studentsim.records import Pair, PreferenceMetrics, TrainingStep, Validated

REFERENCE = "ref"
"""The name TRL gives the frozen copy of the adapter that log-ratios compare with."""


class Trainable(Protocol):
    """What DPO needs of a student."""

    model: PeftModel
    tokenizer: PreTrainedTokenizerBase

    def pair_ids(self, pair: Pair) -> dict[str, list[int]]:
        """``prompt_ids``, ``chosen_ids``, ``rejected_ids``, and a mask for each of the latter two."""
        ...

    def pair_logps(self, rows: Sequence[dict[str, list[int]]]) -> list[tuple[float, float]]:
        """Log-probabilities of chosen and rejected for each of ``pair_ids``' rows, by the student as it stands."""
        ...

    def trained(self) -> None:
        """Called when the adapter has changed."""
        ...


class DPOLearner:
    """Trains one student; see ``studentsim.student.base.Learner``."""

    def __init__(self, student: Trainable, learning: Learning) -> None:
        self.student = student
        self.learning = learning

    def learn(
        self, pairs: Sequence[Pair], held_out: Sequence[Pair], *, turn: int, seed: int
    ) -> Iterator[TrainingStep | Validated]:
        """Train on the pairs, then look at the held-out ones. No pairs at all is no error: then nothing is trained.

        Runs the trainer in a thread and yields each step's figures as they come. Closing the iterator stops training.
        """
        if not pairs:
            return
        told: queue.Queue[dict[str, float] | BaseException | None] = queue.Queue()
        teller = _Teller(told)
        thread = threading.Thread(
            target=self._train, args=(pairs, held_out, seed, told, teller), name=f"dpo-turn-{turn}", daemon=True
        )
        thread.start()
        try:
            while (logs := told.get()) is not None:
                if isinstance(logs, BaseException):
                    raise logs
                if "eval_loss" in logs:
                    yield Validated(turn, len(held_out), _metrics(logs, "eval_"))
                else:
                    yield TrainingStep(turn, int(logs["step"]), int(logs["steps"]), _metrics(logs, ""))
        finally:
            teller.stop = True
            thread.join()

    def _train(
        self, pairs: Sequence[Pair], held_out: Sequence[Pair], seed: int, told: queue.Queue, teller: _Teller
    ) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="studentsim-") as folder, contextlib.redirect_stdout(io.StringIO()):
                trainer = self._trainer(pairs, held_out, seed, folder, teller)
                try:
                    trainer.train()
                    if held_out and not teller.stop:
                        told.put({**trainer.evaluate()})
                finally:
                    _forget_reference(self.student.model)
                    head.take_off(self.student.model.get_base_model())
            self.student.trained()
            told.put(None)
        except BaseException as error:  # handed over to the thread that asked, which raises it there
            told.put(error)

    def _trainer(
        self, pairs: Sequence[Pair], held_out: Sequence[Pair], seed: int, folder: str, teller: _Teller
    ) -> DPOTrainer:
        disable_progress_bars()
        model = self.student.model
        model.train()
        trainer = _Trainer(
            model=model,
            args=dpo_config(self.learning, seed=seed, folder=folder),
            train_dataset=self._rows(pairs),
            eval_dataset=self._rows(held_out) if held_out else None,
            processing_class=self.student.tokenizer,
            data_collator=MaskedPreferenceCollator(pad_token_id=self.student.tokenizer.pad_token_id),
            callbacks=[teller],
        )
        for callback in (PrinterCallback, ProgressCallback):
            trainer.remove_callback(callback)
        # TRL has put a copy of the adapter beside it as the reference. It is not needed: last turn's student has told its
        # log-probabilities already; and without the copy TRL takes the model with its adapter switched off, the base.
        _forget_reference(model)
        head.put_on(model.get_base_model())
        trainer.precompute_ref_logps = self.learning.reference == "last-turn"
        return trainer

    def _rows(self, pairs: Sequence[Pair]) -> Dataset:
        """Pairs as TRL's collator takes them. The reference's log-probabilities come once a turn, not once a step."""
        rows = [self.student.pair_ids(p) for p in pairs]
        if self.learning.reference == "last-turn":
            for row, (chosen, rejected) in zip(rows, self.student.pair_logps(rows), strict=True):
                row |= {"ref_chosen_logps": chosen, "ref_rejected_logps": rejected}
        return Dataset.from_list(rows)


def dpo_config(learning: Learning, *, seed: int, folder: str) -> DPOConfig:
    """TRL's settings for one turn. What differs from TRL's defaults and is not the run's own setting, with its reason."""
    losses, weights = [learning.loss], [1.0]
    if learning.sft_weight > 0:
        losses, weights = [learning.loss, "sft"], [1.0, learning.sft_weight]
    return DPOConfig(
        output_dir=folder,
        beta=learning.beta,
        loss_type=losses,
        loss_weights=weights,
        label_smoothing=learning.label_smoothing,
        learning_rate=learning.learning_rate,
        num_train_epochs=learning.epochs,
        per_device_train_batch_size=learning.batch,
        per_device_eval_batch_size=max(learning.batch, 18),
        max_grad_norm=learning.max_grad_norm,
        seed=seed,
        data_seed=seed,
        lr_scheduler_type="constant",  # TRL: linear to zero; each turn is one short stretch of one long training
        weight_decay=0.0,
        max_length=None,  # TRL: 1024; answers are limited where they are written
        bf16=False,  # TRL: on; slower here, and a resumed run must repeat to the last bit
        gradient_checkpointing=False,  # TRL: on; pays for models that hardly fit
        logging_steps=1,  # TRL: 10; every step is shown
        logging_nan_inf_filter=False,
        report_to=[],
        save_strategy="no",
        remove_unused_columns=False,  # keep the masks
        dataloader_pin_memory=False,
        disable_tqdm=True,
        use_cpu=not torch.cuda.is_available(),
    )


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


class _Trainer(DPOTrainer):
    """DPOTrainer that takes pairs as token ids: text is encoded by the student, where control tokens mean nothing."""

    def _prepare_dataset(self, dataset: Dataset, *args: Any, **kwargs: Any) -> Dataset:
        return dataset


class _Teller(TrainerCallback):
    """Hands every logged step over, and stops the training when told to."""

    def __init__(self, told: queue.Queue) -> None:
        self.told = told
        self.stop = False

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        if logs and "loss" in logs:
            self.told.put({**logs, "step": state.global_step, "steps": state.max_steps})

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        control.should_training_stop = control.should_training_stop or self.stop
        return control


def _forget_reference(model: PeftModel) -> None:
    if REFERENCE in model.peft_config:
        model.delete_adapter(REFERENCE)


def _metrics(logs: dict[str, float], prefix: str) -> PreferenceMetrics:
    return PreferenceMetrics(
        loss=logs[f"{prefix}loss"],
        rewards_chosen=logs[f"{prefix}rewards/chosen"],
        rewards_rejected=logs[f"{prefix}rewards/rejected"],
        rewards_accuracies=logs[f"{prefix}rewards/accuracies"],
        rewards_margins=logs[f"{prefix}rewards/margins"],
        logps_chosen=logs[f"{prefix}logps/chosen"],
        logps_rejected=logs[f"{prefix}logps/rejected"],
    )
