"""DPO with LoRA, by TRL's DPOTrainer on a PEFT model: what the student got wrong becomes what it prefers not to say.

"Direct Preference Optimization" (Rafailov et al. 2023); settings as in P0 unless the run says otherwise. One trainer a turn;
the model is loaded once a run. TRL's settings are chosen in ``manner.py``.
"""

from __future__ import annotations

import contextlib
import io
import os
import queue
import tempfile
import threading
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from datasets import Dataset, disable_progress_bars
from peft import PeftModel
from transformers import PreTrainedTokenizerBase
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from studentsim.config import Learning
from studentsim.learning import head, packed_forward
from studentsim.learning.epochs import EpochEnd, EpochMeans
from studentsim.learning.holding import Holding
from studentsim.learning.manner import Manner, dpo_config
from studentsim.learning.option_pairs import OptionPreference
from studentsim.learning.rehearsal import Rehearsal
from studentsim.learning.trainer import MaskedPreferenceCollator, PairTrainer, Teller
from studentsim.learning.validation import validation
from studentsim.records import EpochFinished, Pair, PairScore, PreferenceMetrics, TrainingStep, Validated

REFERENCE = "ref"
"""The name TRL gives the frozen copy of the adapter that log-ratios compare with."""


class Trainable(Protocol):
    """What DPO needs of a student."""

    model: PeftModel
    tokenizer: PreTrainedTokenizerBase

    def pair_ids(self, pair: Pair) -> dict[str, list[int]]:
        """``prompt_ids``, ``chosen_ids``, ``rejected_ids``, and a mask for each of the latter two."""
        ...

    def pair_logps(self, rows: Sequence[dict[str, list[int]]], *, base: bool = False) -> list[tuple[float, float]]:
        """Log-probabilities of chosen and rejected for each of ``pair_ids``' rows.

        By the student as it stands or, with ``base``, as it was before any training.
        """
        ...

    def pair_scores(self, rows: Sequence[dict[str, list[int]]]) -> list[PairScore]:
        """As ``pair_logps``, by the student as it stands, with the mean logits beside the log-probabilities."""
        ...

    def trained(self) -> None:
        """Called when the adapter has changed."""
        ...


class DPOLearner:
    """Trains one student, which nobody else trains; see ``studentsim.student.base.Learner``."""

    def __init__(
        self,
        student: Trainable,
        learning: Learning,
        manner: Manner | None = None,
        *,
        validation_every: str = "turn",
        rehearsal: Rehearsal | None = None,
        options: OptionPreference | None = None,
    ) -> None:
        self.student = student
        self.learning = learning
        self.validation_every = validation_every
        self.manner = manner or Manner()
        self.rehearsal = rehearsal if learning.rehearsal > 0 else None
        self.options = options
        """Who looks at held-out questions' options; None for students that do not read them."""
        self._known: tuple[Sequence[Pair], list[tuple[float, float]]] = ((), [])

    def learn(
        self,
        pairs: Sequence[Pair],
        held_out: Sequence[Pair],
        *,
        turn: int,
        seed: int,
        practised: Collection[str] | None = None,
    ) -> Iterator[TrainingStep | EpochFinished | Validated]:
        """Train on the pairs, then look at the held-out ones. No pairs at all is no error: then nothing is trained.

        What is not ``practised`` (keys as ``rehearsal.key_of`` tells them; None: not known, nothing is rehearsed) is held where
        it was. Runs the trainer in a thread and yields each step's figures as they come. Closing the iterator stops training.
        """
        if not pairs:
            if self.rehearsal and practised is not None:
                self.rehearsal.skip(practised)
            return
        holding = self._holding(len(pairs), turn, practised)
        rows = [self.student.pair_ids(p) for p in held_out]
        reference = self._reference(held_out, rows)
        if self.options:
            self.options.begin([pair.question for pair in held_out])
        means = EpochMeans(len(pairs), self.learning.batch)
        finished = partial(self._epoch_finished, turn, means, rows, reference)
        told: queue.Queue[dict[str, float] | EpochEnd | BaseException | None] = queue.Queue()
        each_epoch = self.validation_every == "epoch" and bool(held_out)
        teller = Teller(told, partial(self._look, rows) if each_epoch else None)
        thread = threading.Thread(
            target=self._train, args=(pairs, seed, told, teller, holding), name=f"dpo-turn-{turn}", daemon=True
        )
        thread.start()
        try:
            while (logs := told.get()) is not None:
                if isinstance(logs, BaseException):
                    raise logs
                if isinstance(logs, EpochEnd):
                    yield finished(logs.scores)
                    continue
                means.add(_metrics(logs))
                yield TrainingStep(turn, int(logs["step"]), int(logs["steps"]), _metrics(logs))
        finally:
            teller.stop = True
            thread.join()
        scores = self.student.pair_scores(rows) if held_out else None
        last = finished(scores)
        yield last
        if scores is not None and last.validation is not None:
            self._known = (held_out, reference if self.learning.reference == "base" else _logps(scores))
            yield Validated(turn, len(held_out), last.validation, **(self.options.finish() if self.options else {}))

    def save(self, folder: Path) -> None:
        """Write what a resumed run needs beside the student's adapter; nothing without rehearsal."""
        if self.rehearsal:
            self.rehearsal.save(folder)

    def load(self, folder: Path) -> None:
        """Take up what ``save`` wrote.

        :raises StudentError: it is missing, damaged, or another run's.
        """
        if self.rehearsal:
            self.rehearsal.load(folder)

    def _holding(self, pairs: int, turn: int, practised: Collection[str] | None) -> Holding | None:
        """What the lesson's optimiser steps rehearse, if anything. The student is still as the last lesson left it."""
        if not self.rehearsal or practised is None:
            return None
        self.rehearsal.begin(self.student, practised)
        steps = self.learning.epochs * -(-pairs // self.learning.batch)
        batches = self.rehearsal.draw(self.student, turn, practised, steps)
        return Holding(
            batches,
            self.learning.rehearsal,
            pad=self.student.tokenizer.pad_token_id,
            texts_at_once=2 * self.manner.pairs_at_once,
        )

    def _epoch_finished(
        self,
        turn: int,
        means: EpochMeans,
        rows: Sequence[dict[str, list[int]]],
        reference: Sequence[tuple[float, float]],
        scores: Sequence[PairScore] | None,
    ) -> EpochFinished:
        """What the epoch under way told, with the held-out pairs' figures where they were looked at."""
        epoch, found = means.epoch, None
        if scores is not None:
            counts = [(sum(row["chosen_mask"]), sum(row["rejected_mask"])) for row in rows]
            logits = [(s.chosen_logits, s.rejected_logits) for s in scores]
            found = validation(_logps(scores), reference, counts, self.learning, logits)
        return EpochFinished(turn, epoch, self.learning.epochs, means.finish(), found)

    def _look(self, rows: Sequence[dict[str, list[int]]]) -> list[PairScore]:
        """The held-out pairs in the midst of training, which goes on as if nobody had looked: no random number is drawn."""
        training = self.student.model.training
        self.student.trained()
        try:
            return self.student.pair_scores(rows)
        finally:
            self.student.model.train(training)

    def _reference(self, held_out: Sequence[Pair], rows: Sequence[dict[str, list[int]]]) -> list[tuple[float, float]]:
        """The reference's log-probabilities of the held-out pairs.

        Last turn's were told by the pass at its end, and the base's never change.
        """
        pairs, logps = self._known
        if rows and pairs == held_out:
            return logps
        return self.student.pair_logps(rows, base=self.learning.reference == "base") if rows else []

    def _train(
        self, pairs: Sequence[Pair], seed: int, told: queue.Queue, teller: Teller, holding: Holding | None
    ) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="studentsim-") as folder, contextlib.redirect_stdout(io.StringIO()):
                trainer = self._trainer(pairs, seed, folder, teller)
                trainer.holding = holding
                try:
                    trainer.train()
                finally:
                    _clean_up(self.student.model, self.manner)
            self.student.trained()
            told.put(None)
        except BaseException as error:  # handed over to the thread that asked, which raises it there
            told.put(error)

    def _trainer(self, pairs: Sequence[Pair], seed: int, folder: str, teller: Teller) -> PairTrainer:
        disable_progress_bars()
        model = self.student.model
        model.train()
        learnt = [(p, p.data) for p in model.parameters() if p.requires_grad]
        trainer = PairTrainer(
            model=model,
            args=dpo_config(self.learning, self.manner, seed=seed, folder=folder, use_cpu=model.device.type == "cpu"),
            train_dataset=self._rows(pairs),
            processing_class=self.student.tokenizer,
            data_collator=MaskedPreferenceCollator(pad_token_id=self.student.tokenizer.pad_token_id),
            callbacks=[teller],
        )
        for callback in (PrinterCallback, ProgressCallback):
            trainer.remove_callback(callback)
        # TRL has put a copy of the adapter beside it as the reference. It is not needed: last turn's student has told its
        # log-probabilities already; and without the copy TRL takes the model with its adapter switched off, the base.
        _forget_reference(model)
        # And it has rounded the adapter of a quantised model to bfloat16, where small steps are lost.
        for parameter, data in learnt:
            parameter.data = data
        if self.manner.decoder:
            packed_forward.put_on(model.get_base_model(), self.manner.decoder)
        else:
            head.put_on(model.get_base_model(), in_parts=self.manner.in_parts, plain=self.manner.plain_head)
        trainer.precompute_ref_logps = self._reference_once
        return trainer

    @property
    def _reference_once(self) -> bool:
        """Whether the reference's log-probabilities are told before training. For the base that pays from two epochs on."""
        return self.learning.reference == "last-turn" or self.learning.epochs > 1

    def _rows(self, pairs: Sequence[Pair]) -> Dataset:
        """Pairs as TRL's collator takes them. The reference's log-probabilities come once a turn, not once a step."""
        rows = [self.student.pair_ids(p) for p in pairs]
        if self._reference_once:
            logps = self.student.pair_logps(rows, base=self.learning.reference == "base")
            for row, (chosen, rejected) in zip(rows, logps, strict=True):
                row |= {"ref_chosen_logps": chosen, "ref_rejected_logps": rejected}
        return Dataset.from_list(rows)


def _clean_up(model: PeftModel, manner: Manner) -> None:
    """Take off what the trainer put on: the next turn's would come on top of it."""
    _forget_reference(model)
    head.take_off(model.get_base_model())
    if manner.dtype != "float32":
        # accelerate's autocasting forward, and its note that the model has one: else the next turn would learn without.
        for name in ("_original_forward", "forward", "_is_accelerate_prepared"):
            model.__dict__.pop(name, None)
    if manner.checkpointing:
        model.gradient_checkpointing_disable()
        model.disable_input_require_grads()


def _forget_reference(model: PeftModel) -> None:
    if REFERENCE in model.peft_config:
        model.delete_adapter(REFERENCE)


def _metrics(logs: dict[str, float]) -> PreferenceMetrics:
    return PreferenceMetrics(
        loss=logs["loss"],
        rewards_chosen=logs["rewards/chosen"],
        rewards_rejected=logs["rewards/rejected"],
        rewards_accuracies=logs["rewards/accuracies"],
        rewards_margins=logs["rewards/margins"],
        logps_chosen=logs["logps/chosen"],
        logps_rejected=logs["logps/rejected"],
        logits_chosen=logs["logits/chosen"],
        logits_rejected=logs["logits/rejected"],
        rehearsal=logs.get("rehearsal"),
    )


def _logps(scores: Sequence[PairScore]) -> list[tuple[float, float]]:
    return [(score.chosen, score.rejected) for score in scores]
