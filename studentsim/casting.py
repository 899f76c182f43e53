"""Gathers everyone a run needs. The heavy imports happen inside, so that the web pages never pay for them."""

from __future__ import annotations

import gc
import os
from functools import lru_cache
from typing import TYPE_CHECKING

from studentsim.bank.bank import Bank
from studentsim.bank.sources import open_bank
from studentsim.config import RunConfig
from studentsim.heap import limit_memory
from studentsim.parallel import cores
from studentsim.simulation import Cast
from studentsim.student import embedded_weights
from studentsim.teacher.teacher import Teacher

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    from studentsim.learning.rehearsal import Rehearsal
    from studentsim.student.base import Learner, Student
    from studentsim.student.hub.student import HubStudent

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
# torch's threads spin while they wait for each other. With two processes on the same cores an exam so took 84 s instead of
# 10; sleeping at once cost a lone run a quarter. A short spin does neither (docs/log.md). Read when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def load_cast(config: RunConfig, *, fast: bool = True) -> Cast:
    """Bank, student, teacher and learner of a run. Without ``fast`` a language model computes through transformers alone.

    :raises StudentsimError: one of them cannot be had; says which and what to do.
    """
    bank = open_bank(
        config.bank,
        category=config.bank_category,
        leave_out_doubtful=config.leave_out_doubtful,
        set_name=config.bank_set,
    )
    student, learner = _embedded_pair(config, bank) if config.model == "embedded" else _hub_pair(config, bank, fast)
    cast = Cast(bank=bank, student=student, teacher=teacher_of(config), learner=learner)
    gc.freeze()  # the trainer collects garbage every turn; going through thousands of questions cost it 0.3 s each time
    return cast


def teacher_of(config: RunConfig) -> Teacher:
    """The teacher, with a trained marker and a writer of hints where the run names them.

    :raises ConfigError, StudentError: one of them cannot be had.
    """
    teaching, marker, writer = config.teaching, None, None
    if teaching.marker:
        from studentsim.teacher.marker import load_marker

        marker = load_marker(teaching.marker, teaching.marker_revision, device=config.hub.device)
    if teaching.writer and teaching.attempts > 1:
        from studentsim.teacher.writer import load_writer

        writer = load_writer(teaching.writer, config.hub)
    return Teacher(teaching, marker=marker, writer=writer)


def rehearsal_of(config: RunConfig, bank: Bank) -> Rehearsal | None:
    """What a run holds where it was while something else is practised; None where the run has it off."""
    from studentsim.learning.rehearsal import Rehearsal, kept_pairs

    if config.learning.rehearsal == 0:
        return None
    return Rehearsal(kept_pairs(bank.study, config.seed, config.teaching.chosen_text), config.seed)


def _embedded_pair(config: RunConfig, bank: Bank) -> tuple[Student, Learner]:
    from studentsim.learning.dpo import DPOLearner, Manner
    from studentsim.student.embedded import EmbeddedStudent

    model, tokenizer = _embedded(embedded_weights.pinned(config.weights))
    student = EmbeddedStudent(model, tokenizer, config)
    _embedded.cache_clear()  # the model is this run's now, adapter and all
    return student, DPOLearner(
        student,
        config.learning,
        Manner(in_parts=True),
        validation_every=config.validation_every,
        rehearsal=rehearsal_of(config, bank),
    )


def _hub_pair(config: RunConfig, bank: Bank, fast: bool) -> tuple[Student, Learner]:
    """A model of the hub or of a folder, and who trains it."""
    if fast:
        limit_memory()
    _use_all_cores()
    from studentsim.student.hub.loading import load
    from studentsim.student.hub.student import HubStudent

    student = HubStudent(load(config), config, fast=fast)
    return student, learner_of(student, config, rehearsal_of(config, bank))


def learner_of(student: HubStudent, config: RunConfig, rehearsal: Rehearsal | None = None) -> Learner:
    """Who trains a model of the hub, in the manner that suits the machine."""
    from studentsim.learning.dpo import DPOLearner, Manner
    from studentsim.learning.option_pairs import OptionPreference

    plan = student.plan
    if student.decoder:
        manner = Manner(pairs_at_once=student.pairs_at_once, decoder=student.decoder)
    else:
        manner = Manner(
            dtype=str(student.dtype).removeprefix("torch."),
            pairs_at_once=plan.pairs_at_once,
            checkpointing=plan.checkpointing,
            paged=plan.paged,
            plain_head=student.plain_head,
        )
    return DPOLearner(
        student, config.learning, manner, validation_every=config.validation_every, rehearsal=rehearsal,
        options=OptionPreference(student, config.learning),
    )  # fmt: skip


def preload() -> None:
    """Import and load all that does not depend on the run: what a warm spare does while it waits."""
    import studentsim.learning.dpo
    import studentsim.student.embedded  # noqa: F401

    open_bank("curriculum")
    _embedded(embedded_weights.pinned())


@lru_cache(maxsize=1)
def _embedded(weights: str) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    from studentsim.student.model import load_embedded

    return load_embedded(weights)


def _use_all_cores() -> None:
    """torch shares each operation out among the cores, as large models want it; the embedded student has set it to one."""
    import torch

    torch.set_num_threads(min(64, cores()))
