"""What the embedded student makes of a passage beside a question, before it begins: of use, or not."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedTokenizerFast

from studentsim.parallel import each
from studentsim.student.caches import AnyModel
from studentsim.student.generate import read
from studentsim.student.reading import OF_USE

AT_ONCE = 60
"""Prompts of like length that are read at once."""


def of_use(model: AnyModel, tokenizer: PreTrainedTokenizerFast, prompts: Sequence[Sequence[int]]) -> list[bool]:
    """For each prompt, which ends behind its passage, whether the student takes that to be of use: the likelier of two words."""
    words = tokenizer.convert_tokens_to_ids(list(OF_USE))
    order = sorted(range(len(prompts)), key=lambda n: len(prompts[n]))
    batches = [order[at : at + AT_ONCE] for at in range(0, len(order), AT_ONCE)]

    def judge(batch: Sequence[int]) -> torch.Tensor:
        scores = read(model, [prompts[n] for n in batch], tokenizer.pad_token_id).scores[:, words]  # (B, 2)
        return scores[:, 1] > scores[:, 0]

    found = [False] * len(prompts)
    for batch, judged in zip(batches, each(judge, batches), strict=True):
        for n, use in zip(batch, judged.tolist(), strict=True):
            found[n] = use
    return found
