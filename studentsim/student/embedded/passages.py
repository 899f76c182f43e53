"""The embedded student's judgement of the passage in a prompt (open book), before it answers: useful or not."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedTokenizerFast

from studentsim.parallel import parallel_map
from studentsim.student.batching import iter_batches
from studentsim.student.embedded.prompt_text import PASSAGE_VERDICT_WORDS
from studentsim.student.generation.generate import prefill
from studentsim.student.generation.kv_cache import AnyModel

PROMPT_BATCH_SIZE = 60
"""Prompts of similar length processed at once."""


def judge_passages(model: AnyModel, tokenizer: PreTrainedTokenizerFast, prompts: Sequence[Sequence[int]]) -> list[bool]:
    """For each prompt, which ends after its passage, whether the student judges it useful: the more probable of two words."""
    word_ids = tokenizer.convert_tokens_to_ids(list(PASSAGE_VERDICT_WORDS))
    order = sorted(range(len(prompts)), key=lambda n: len(prompts[n]))
    batches = list(iter_batches(order, PROMPT_BATCH_SIZE))

    def judge_batch(batch: Sequence[int]) -> torch.Tensor:
        logits = prefill(model, [prompts[n] for n in batch], tokenizer.pad_token_id).next_token_logits
        word_logits = logits[:, word_ids]  # (B, 2)
        return word_logits[:, 1] > word_logits[:, 0]

    judged = parallel_map(judge_batch, batches)
    verdicts = {
        n: is_useful
        for batch, row in zip(batches, judged, strict=True)
        for n, is_useful in zip(batch, row.tolist(), strict=True)
    }
    return [verdicts[n] for n in range(len(prompts))]
