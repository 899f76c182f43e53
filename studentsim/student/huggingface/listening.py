"""Telling whoever listens how far an answer has come while a batch of them is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from transformers import PreTrainedTokenizerBase

from studentsim.records import Question, Writing

HEARD_EVERY = 4
"""Tokens after which a listener is told anew."""


def step_listener(
    batch: Sequence[Question], tokenizer: PreTrainedTokenizerBase, listen: Callable[[Writing], None] | None
) -> Callable[[Sequence[Sequence[int]]], None] | None:
    """For ``sampling.write_on``'s ``on_step``: tells ``listen`` of the first answer of the batch that still grows; None: nobody does."""
    if listen is None:
        return None
    began = time.monotonic()
    lengths = [0] * len(batch)

    def tell(ids: Sequence[Sequence[int]]) -> None:
        growing = [n for n, row in enumerate(ids) if len(row) > lengths[n]]
        lengths[:] = map(len, ids)
        if growing and lengths[row := growing[0]] % HEARD_EVERY == 1:
            question, done = batch[row], len(batch) - len(growing)
            text = tokenizer.decode(ids[row], skip_special_tokens=True).strip()
            seconds = time.monotonic() - began
            listen(Writing(question.id, question.problem, text, lengths[row], done, len(batch), seconds))

    return tell
