"""What the embedded student makes of a passage beside a question, before it begins: of use, or not."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedTokenizerFast

from studentsim.parallel import parallel_map
from studentsim.student.embedded.prompt_text import PASSAGE_VERDICT_WORDS
from studentsim.student.generation.generate import prefill
from studentsim.student.generation.kv_cache import AnyModel

PROMPT_BATCH_SIZE = 60
"""Prompts of like length that are read at once."""


def judge_passages(model: AnyModel, tokenizer: PreTrainedTokenizerFast, prompts: Sequence[Sequence[int]]) -> list[bool]:
    """For each prompt, which ends behind its passage, whether the student takes that to be of use: the likelier of two words."""
    word_ids = tokenizer.convert_tokens_to_ids(list(PASSAGE_VERDICT_WORDS))
    order = sorted(range(len(prompts)), key=lambda n: len(prompts[n]))
    batches = [order[at : at + PROMPT_BATCH_SIZE] for at in range(0, len(order), PROMPT_BATCH_SIZE)]

    def judge_batch(batch: Sequence[int]) -> torch.Tensor:
        scores = prefill(model, [prompts[n] for n in batch], tokenizer.pad_token_id).next_token_logits[
            :, word_ids
        ]  # (B, 2)
        return scores[:, 1] > scores[:, 0]

    verdicts = [False] * len(prompts)
    for batch, judged in zip(batches, parallel_map(judge_batch, batches), strict=True):
        for n, use in zip(batch, judged.tolist(), strict=True):
            verdicts[n] = use
    return verdicts
