"""Reports the text of an answer while a batch is being generated."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from transformers import PreTrainedTokenizerBase

from studentsim.types import Question, WritingProgress

REPORT_EVERY_TOKENS = 4
"""Tokens of an answer between two reports."""


def make_step_callback(
    questions: Sequence[Question],
    tokenizer: PreTrainedTokenizerBase,
    on_progress: Callable[[WritingProgress], None] | None,
) -> Callable[[Sequence[Sequence[int]]], None] | None:
    """An ``on_step`` for ``sampling.iter_generations`` that reports the first unfinished answer of the batch to ``on_progress``.

    None where ``on_progress`` is None.
    """
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
