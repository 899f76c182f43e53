"""Telling whoever listens how far an answer has come while a batch of them is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from transformers import PreTrainedTokenizerBase

from studentsim.types import Question, WritingProgress

REPORT_EVERY_TOKENS = 4
"""Tokens after which a listener is told anew."""


def make_step_callback(
    questions: Sequence[Question],
    tokenizer: PreTrainedTokenizerBase,
    on_progress: Callable[[WritingProgress], None] | None,
) -> Callable[[Sequence[Sequence[int]]], None] | None:
    """For ``sampling.iter_generations``'s ``on_step``: tells ``on_progress`` of the first answer of the batch that still grows; None: nobody does."""
    if on_progress is None:
        return None
    started = time.monotonic()
    lengths = [0] * len(questions)

    def on_step(ids: Sequence[Sequence[int]]) -> None:
        growing = [n for n, row in enumerate(ids) if len(row) > lengths[n]]
        lengths[:] = map(len, ids)
        if growing and lengths[row := growing[0]] % REPORT_EVERY_TOKENS == 1:
            question, done = questions[row], len(questions) - len(growing)
            text = tokenizer.decode(ids[row], skip_special_tokens=True).strip()
            seconds = time.monotonic() - started
            on_progress(
                WritingProgress(question.id, question.problem, text, lengths[row], done, len(questions), seconds)
            )

    return on_step
