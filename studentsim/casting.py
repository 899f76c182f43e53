"""Gathers everyone a run needs. The heavy imports happen inside, so that the web pages never pay for them."""

from __future__ import annotations

import gc
import os
from functools import lru_cache
from typing import TYPE_CHECKING

from studentsim.bank.sources import open_bank
from studentsim.config import RunConfig
from studentsim.errors import StudentError
from studentsim.simulation import Cast
from studentsim.teacher.teacher import Teacher

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
# torch's threads spin while they wait for each other. With two processes on the same cores an exam so took 84 s instead of
# 10; sleeping at once cost a lone run a quarter. A short spin does neither (docs/log.md). Read when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def load_cast(config: RunConfig) -> Cast:
    """Bank, student, teacher and learner of a run.

    :raises StudentsimError: one of them cannot be had; says which and what to do.
    """
    from studentsim.learning.dpo import DPOLearner
    from studentsim.student.embedded import EmbeddedStudent

    if config.model != "embedded":
        raise StudentError(f"The model {config.model!r} cannot be run yet.", "Use the embedded student.")
    bank = open_bank(config.bank)
    model, tokenizer = _embedded()
    student = EmbeddedStudent(model, tokenizer, config)
    _embedded.cache_clear()  # the model is this run's now, adapter and all
    gc.freeze()  # the trainer collects garbage every turn; going through thousands of questions cost it 0.3 s each time
    return Cast(
        bank=bank, student=student, teacher=Teacher(config.teaching), learner=DPOLearner(student, config.learning)
    )


def preload() -> None:
    """Import and load all that does not depend on the run: what a warm spare does while it waits."""
    import studentsim.learning.dpo
    import studentsim.student.embedded  # noqa: F401

    open_bank("curriculum")
    _embedded()


@lru_cache(maxsize=1)
def _embedded() -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    import torch

    from studentsim.student.model import load_embedded

    if "OMP_NUM_THREADS" not in os.environ:  # who sets it knows what else is at work
        free = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        torch.set_num_threads(min(4, free))  # more than are free wait for each other, and more than 4 do not pay here
    return load_embedded()
