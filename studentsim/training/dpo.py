"""DPO with LoRA, by TRL's DPOTrainer on a PEFT model: a correct answer is preferred to the student's wrong one.

"Direct Preference Optimization" (Rafailov et al. 2023); settings as in P0 unless the run has others. Each turn has a new TRL trainer;
the model is loaded once a run. ``dpo_config.py`` has TRL's settings.
"""

from __future__ import annotations

import contextlib
import io
import queue
import tempfile
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Protocol

from datasets import Dataset, disable_progress_bars
from peft import PeftModel
from transformers import PreTrainedTokenizerBase
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from studentsim.events import EpochFinished, PreferenceMetrics, TrainingStep, ValidationFinished
from studentsim.settings import DPOSettings
from studentsim.training import lm_head, packed_forward
from studentsim.training.dpo_config import RuntimeOptions, build_dpo_config
from studentsim.training.epoch_metrics import EpochEnd, EpochMeans
from studentsim.training.heldout_metrics import compute_held_out_metrics
from studentsim.training.option_pairs import OptionPreferenceMeter
from studentsim.training.protocols import PairLogps, PairScorer, TokenizedPair
from studentsim.training.rehearsal import Rehearsal
from studentsim.training.rehearsal_loss import RehearsalPenalty
from studentsim.training.trainer import MaskedPreferenceCollator, PretokenizedDPOTrainer, StepReporter
from studentsim.types import Pair, PairScore

REFERENCE_ADAPTER = "ref"
"""TRL's name for its frozen copy of the adapter, the reference of the log-ratios."""


class TrainableStudent(PairScorer, Protocol):
    """What DPO needs of a student."""

    model: PeftModel
    tokenizer: PreTrainedTokenizerBase

    def on_adapter_changed(self) -> None:
        """Called when the adapter has changed."""
        ...


class DPOStudentTrainer:
    """Trains one student, which nothing else trains; see ``studentsim.student.protocols.Trainer``."""

    def __init__(
        self,
        student: TrainableStudent,
        dpo: DPOSettings,
        runtime_options: RuntimeOptions | None = None,
        *,
        validation_every: str = "turn",
        rehearsal: Rehearsal | None = None,
        option_preference: OptionPreferenceMeter | None = None,
    ) -> None:
        self.student = student
        self.dpo = dpo
        self.validation_every = validation_every
        self.runtime_options = runtime_options or RuntimeOptions()
        self.rehearsal = rehearsal if dpo.rehearsal > 0 else None
        self.option_preference = option_preference
        """Measures preferences among held-out questions' options; None for students whose prompts have no options."""
        self._cached_reference: tuple[Sequence[Pair], PairLogps] = ((), [])

    def train(
        self,
        pairs: Sequence[Pair],
        held_out: Sequence[Pair],
        *,
        turn: int,
        seed: int,
        practised: Collection[str] | None = None,
    ) -> Iterator[TrainingStep | EpochFinished | ValidationFinished]:
        """Train on ``pairs`` in a thread and yield each step's metrics; then score the held-out pairs. Without pairs nothing happens.

        Skills that are not ``practised`` (keys of ``rehearsal.rehearsal_key``) are rehearsed; None: unknown, nothing is rehearsed.
        Closing the iterator stops training.
        """
        if not pairs:
            if self.rehearsal and practised is not None:
                self.rehearsal.skip_turn(practised)
            return
        penalty = self._build_rehearsal_penalty(len(pairs), turn, practised)
        rows = [self.student.pair_ids(p) for p in held_out]
        reference = self._reference_logps(held_out, rows)
        if self.option_preference:
            self.option_preference.begin_turn([pair.question for pair in held_out])
        means = EpochMeans(len(pairs), self.dpo.batch_size)
        finish_epoch = partial(self._finish_epoch, turn, means, rows, reference)
        messages: queue.Queue[dict[str, float] | EpochEnd | BaseException | None] = queue.Queue()
        validates_epochs = self.validation_every == "epoch" and bool(held_out)
        reporter = StepReporter(messages, partial(self._score_held_out, rows) if validates_epochs else None)
        thread = threading.Thread(
            target=self._run_training,
            args=(pairs, seed, messages, reporter, penalty),
            name=f"dpo-turn-{turn}",
            daemon=True,
        )
        thread.start()
        try:
            while (message := messages.get()) is not None:
                if isinstance(message, BaseException):
                    raise message
                if isinstance(message, EpochEnd):
                    yield finish_epoch(message.scores)
                    continue
                means.add_step(_parse_metrics(message))
                yield TrainingStep(turn, int(message["step"]), int(message["steps"]), _parse_metrics(message))
        finally:
            reporter.should_stop = True
            thread.join()
        scores = self.student.pair_scores(rows) if held_out else None
        last_epoch = finish_epoch(scores)
        yield last_epoch
        if scores is not None and last_epoch.validation is not None:
            next_reference = reference if self.dpo.reference == "base" else [s.logps for s in scores]
            self._cached_reference = (held_out, next_reference)
            yield ValidationFinished(
                turn,
                len(held_out),
                last_epoch.validation,
                **(self.option_preference.finish_turn() if self.option_preference else {}),
            )

    def save(self, folder: Path) -> None:
        """Write what a resumed run needs besides the student's adapter: the rehearsal's references, if any."""
        if self.rehearsal:
            self.rehearsal.save(folder)

    def load(self, folder: Path) -> None:
        """Load what ``save`` wrote.

        :raises StudentError: when it is missing, damaged, or another run's.
        """
        if self.rehearsal:
            self.rehearsal.load(folder)

    def _build_rehearsal_penalty(
        self, pair_count: int, turn: int, practised: Collection[str] | None
    ) -> RehearsalPenalty | None:
        """The turn's rehearsal, if any. To be called before the turn's training, since it computes references."""
        if not self.rehearsal or practised is None:
            return None
        self.rehearsal.begin_turn(self.student, practised)
        steps = self.dpo.epochs * -(-pair_count // self.dpo.batch_size)
        batches = self.rehearsal.sample_batches(self.student, turn, practised, steps)
        return RehearsalPenalty(
            batches,
            self.dpo.rehearsal,
            pad_token_id=self.student.tokenizer.pad_token_id,
            batch_size=2 * self.runtime_options.micro_batch_size,
        )

    def _finish_epoch(
        self,
        turn: int,
        means: EpochMeans,
        rows: Sequence[TokenizedPair],
        reference: PairLogps,
        scores: Sequence[PairScore] | None,
    ) -> EpochFinished:
        """The finished epoch's mean metrics, and those of the held-out pairs where they were scored."""
        epoch, validation_metrics = means.epoch, None
        if scores is not None:
            token_counts = [(sum(row["chosen_mask"]), sum(row["rejected_mask"])) for row in rows]
            logits = [(s.chosen_logits, s.rejected_logits) for s in scores]
            validation_metrics = compute_held_out_metrics(
                [s.logps for s in scores], reference, token_counts, self.dpo, logits
            )
        return EpochFinished(turn, epoch, self.dpo.epochs, means.finish_epoch(), validation_metrics)

    def _score_held_out(self, rows: Sequence[TokenizedPair]) -> list[PairScore]:
        """The held-out pairs' scores during training, which they do not affect: no random numbers are used."""
        was_training = self.student.model.training
        self.student.on_adapter_changed()
        try:
            return self.student.pair_scores(rows)
        finally:
            self.student.model.train(was_training)

    def _reference_logps(self, held_out: Sequence[Pair], rows: Sequence[TokenizedPair]) -> PairLogps:
        """The reference's log-probabilities of the held-out pairs.

        Cached: the last turn's were computed at its end, and the base model's never change.
        """
        pairs, logps = self._cached_reference
        if rows and pairs == held_out:
            return logps
        return self.student.pair_logps(rows, base=self.dpo.reference == "base") if rows else []

    def _run_training(
        self,
        pairs: Sequence[Pair],
        seed: int,
        messages: queue.Queue,
        reporter: StepReporter,
        penalty: RehearsalPenalty | None,
    ) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="studentsim-") as folder, contextlib.redirect_stdout(io.StringIO()):
                trainer = self._build_trainer(pairs, seed, folder, reporter)
                trainer.rehearsal_penalty = penalty
                try:
                    trainer.train()
                finally:
                    _remove_trainer_patches(self.student.model, self.runtime_options)
            self.student.on_adapter_changed()
            messages.put(None)
        except BaseException as error:  # ``train`` raises it in its own thread
            messages.put(error)

    def _build_trainer(
        self, pairs: Sequence[Pair], seed: int, folder: str, reporter: StepReporter
    ) -> PretokenizedDPOTrainer:
        disable_progress_bars()
        model = self.student.model
        model.train()
        trained_weights = [(p, p.data) for p in model.parameters() if p.requires_grad]
        trainer = PretokenizedDPOTrainer(
            model=model,
            args=build_dpo_config(
                self.dpo, self.runtime_options, seed=seed, folder=folder, use_cpu=model.device.type == "cpu"
            ),
            train_dataset=self._build_dataset(pairs),
            processing_class=self.student.tokenizer,
            data_collator=MaskedPreferenceCollator(pad_token_id=self.student.tokenizer.pad_token_id),
            callbacks=[reporter],
        )
        for callback in (PrinterCallback, ProgressCallback):
            trainer.remove_callback(callback)
        # TRL has added a copy of the adapter as the reference. It is not needed: last turn's log-probabilities are computed
        # before training; and without the copy TRL uses the model with its adapter disabled, the base model.
        _delete_reference_adapter(model)
        # TRL has also rounded the adapter of a quantised model to bfloat16, where small steps are lost.
        for parameter, data in trained_weights:
            parameter.data = data
        if self.runtime_options.decoder:
            packed_forward.patch(model.get_base_model(), self.runtime_options.decoder)
        else:
            lm_head.patch(
                model.get_base_model(),
                split_rows=self.runtime_options.split_rows,
                has_plain_lm_head=self.runtime_options.has_plain_lm_head,
            )
        trainer.precompute_ref_logps = self._precomputes_reference
        return trainer

    @property
    def _precomputes_reference(self) -> bool:
        """Whether the reference's log-probabilities are computed before training. For the base model that pays from two epochs on."""
        return self.dpo.reference == "last-turn" or self.dpo.epochs > 1

    def _build_dataset(self, pairs: Sequence[Pair]) -> Dataset:
        """The pairs as rows for TRL's collator, with the reference's log-probabilities where these are computed once a turn."""
        rows = [self.student.pair_ids(p) for p in pairs]
        if self._precomputes_reference:
            logps = self.student.pair_logps(rows, base=self.dpo.reference == "base")
            for row, (chosen, rejected) in zip(rows, logps, strict=True):
                row |= {"ref_chosen_logps": chosen, "ref_rejected_logps": rejected}
        return Dataset.from_list(rows)


def _remove_trainer_patches(model: PeftModel, runtime_options: RuntimeOptions) -> None:
    """Undo the trainer's changes to the model, on top of which the next turn's would come."""
    _delete_reference_adapter(model)
    lm_head.unpatch(model.get_base_model())
    if runtime_options.dtype != "float32":
        # accelerate's autocasting forward, and its flag for it: with the flag alone the next turn would train without autocast.
        for name in ("_original_forward", "forward", "_is_accelerate_prepared"):
            model.__dict__.pop(name, None)
    if runtime_options.gradient_checkpointing:
        model.gradient_checkpointing_disable()
        model.disable_input_require_grads()


def _delete_reference_adapter(model: PeftModel) -> None:
    if REFERENCE_ADAPTER in model.peft_config:
        model.delete_adapter(REFERENCE_ADAPTER)


def _parse_metrics(logs: dict[str, float]) -> PreferenceMetrics:
    """TRL's metrics, whose names have slashes (``rewards/chosen``)."""
    return PreferenceMetrics(
        **{field.name: logs.get(field.name.replace("_", "/", 1)) for field in fields(PreferenceMetrics)}
    )
