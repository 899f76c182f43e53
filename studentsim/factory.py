"""Builds a run's components: bank, student, teacher and trainer. Heavy imports happen inside functions: web pages import this file."""

from __future__ import annotations

import gc
import os
from functools import lru_cache
from typing import TYPE_CHECKING

from studentsim.config import RunConfig
from studentsim.datasets.bank import Bank
from studentsim.datasets.registry import open_bank
from studentsim.parallel import available_cores
from studentsim.simulation import Components
from studentsim.student.embedded import weight_versions
from studentsim.student.huggingface.allocator import configure_allocator
from studentsim.teacher.teacher import Teacher

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    from studentsim.student.huggingface.student import HubStudent
    from studentsim.student.protocols import Student, Trainer
    from studentsim.training.rehearsal import Rehearsal

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
# torch's threads spin while they wait for each other. With two processes on the same cores an exam took 84 s instead of 10;
# without spinning a single run was a quarter slower. A short spin avoids both (docs/log.md). Read when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def build_components(config: RunConfig, *, fast: bool = True) -> Components:
    """Build a run's bank, student, teacher and trainer. Without ``fast`` a language model runs in transformers' own code only.

    :raises StudentsimError: one of them cannot be loaded; says which and what to do.
    """
    bank = open_bank(
        config.bank,
        category=config.bank_category,
        drop_invalid=config.drop_invalid,
        set_name=config.bank_set,
    )
    student, trainer = (
        _build_embedded_student(config, bank) if config.model == "embedded" else _build_hub_student(config, bank, fast)
    )
    components = Components(bank=bank, student=student, teacher=build_teacher(config), trainer=trainer)
    gc.freeze()  # the trainer collects garbage every turn, and scanning thousands of questions took 0.3 s
    return components


def build_teacher(config: RunConfig) -> Teacher:
    """The teacher, with the grader and the hint model that the run names.

    :raises ConfigError: the grader or hint model cannot be used with these settings.
    :raises StudentError: its files are missing, unreadable or do not fit.
    """
    settings, grader, hint_model = config.teacher, None, None
    if settings.grader:
        from studentsim.grader.model import load_grader

        grader = load_grader(settings.grader, settings.grader_revision, device=config.model_loading.device)
    if settings.hint_model and settings.attempts > 1:
        from studentsim.teacher.hint_model import load_hint_model

        hint_model = load_hint_model(settings.hint_model, config.model_loading)
    return Teacher(settings, grader=grader, hint_model=hint_model)


def build_rehearsal(config: RunConfig, bank: Bank) -> Rehearsal | None:
    """The run's rehearsal of unpractised skills; None if its weight is 0."""
    from studentsim.training.rehearsal import Rehearsal, sample_rehearsal_pairs

    if config.dpo.rehearsal == 0:
        return None
    return Rehearsal(sample_rehearsal_pairs(bank.study, config.seed, config.teacher.chosen_text), config.seed)


def _build_embedded_student(config: RunConfig, bank: Bank) -> tuple[Student, Trainer]:
    from studentsim.student.embedded.student import EmbeddedStudent
    from studentsim.training.dpo import DPOStudentTrainer, RuntimeOptions

    model, tokenizer = _load_embedded_once(weight_versions.pin_weights(config.weights))
    student = EmbeddedStudent(model, tokenizer, config)
    _load_embedded_once.cache_clear()  # the run will change the model: it must not be handed out again
    return student, DPOStudentTrainer(
        student,
        config.dpo,
        RuntimeOptions(split_rows=True),
        validation_every=config.validation_every,
        rehearsal=build_rehearsal(config, bank),
    )


def _build_hub_student(config: RunConfig, bank: Bank, fast: bool) -> tuple[Student, Trainer]:
    """A language model from Hugging Face or a folder, and its trainer."""
    if fast:
        configure_allocator()
    _use_all_cores()
    from studentsim.student.huggingface.loading import load_model
    from studentsim.student.huggingface.student import HubStudent

    student = HubStudent(load_model(config), config, use_packed_decoder=fast)
    return student, build_trainer(student, config, build_rehearsal(config, bank))


def build_trainer(student: HubStudent, config: RunConfig, rehearsal: Rehearsal | None = None) -> Trainer:
    """The trainer of a language model, with runtime options that suit the machine."""
    from studentsim.training.dpo import DPOStudentTrainer, RuntimeOptions
    from studentsim.training.option_pairs import OptionPreferenceMeter

    plan = student.plan
    if student.decoder:
        runtime_options = RuntimeOptions(micro_batch_size=student.micro_batch_size, decoder=student.decoder)
    else:
        runtime_options = RuntimeOptions(
            dtype=str(student.dtype).removeprefix("torch."),
            micro_batch_size=plan.micro_batch_size,
            gradient_checkpointing=plan.gradient_checkpointing,
            paged_optimiser=plan.paged_optimiser,
            has_plain_lm_head=student.has_plain_lm_head,
        )
    return DPOStudentTrainer(
        student,
        config.dpo,
        runtime_options,
        validation_every=config.validation_every,
        rehearsal=rehearsal,
        option_preference=OptionPreferenceMeter(student, config.dpo),
    )


def preload() -> None:
    """Import and load everything that does not depend on the run; a warm worker does this while it waits."""
    import studentsim.student.embedded.student  # noqa: F401
    import studentsim.training.dpo  # noqa: F401

    open_bank("curriculum")
    _load_embedded_once(weight_versions.pin_weights())


@lru_cache(maxsize=1)
def _load_embedded_once(weights: str) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    from studentsim.student.embedded.model import load_embedded_model

    return load_embedded_model(weights)


def _use_all_cores() -> None:
    """Let torch split each operation among the cores, which suits large models; the embedded student sets one thread."""
    import torch

    torch.set_num_threads(min(64, available_cores()))
