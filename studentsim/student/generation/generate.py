"""Batched generation and scoring with a key/value cache: prompts are computed once, finished rows leave the batch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from transformers import PreTrainedModel

from studentsim.student.batching import iter_batches
from studentsim.student.generation.kv_cache import AnyCache, AnyModel, keep_rows, make_empty_cache, take_rows
from studentsim.student.generation.llama_decoder import Decoder
from studentsim.student.generation.recompute import CachelessModel
from studentsim.student.generation.sampling import AnyCalculator, Generation, iter_generations

MAX_LOGITS_PER_CHUNK = 2**28
"""Logits in memory at once: a gigabyte in float32. A large vocabulary and long answers would need more."""
CPU_POSITIONS_PER_CHUNK = 512
"""The same in positions, without a GPU: a small vocabulary's logits stay in the CPU's cache, a large head is not read too often."""


@dataclass
class PrefilledPrompts:
    """A batch of prompts after the forward pass: cache, ``attention_mask`` (B, T) and ``next_token_logits`` (B, V)."""

    cache: AnyCache
    attention_mask: torch.Tensor
    next_token_logits: torch.Tensor

    def take_rows(self, indices: Sequence[int]) -> PrefilledPrompts:
        """A copy with some of the rows."""
        keep = torch.tensor(indices, dtype=torch.long, device=self.attention_mask.device)
        return PrefilledPrompts(take_rows(self.cache, keep), self.attention_mask[keep], self.next_token_logits[keep])


@torch.no_grad()
def prefill(model: AnyModel, prompts: Sequence[Sequence[int]], pad_token_id: int) -> PrefilledPrompts:
    """Process a batch of prompts, padded on the left."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[pad_token_id] * (longest - len(p)) + list(p) for p in prompts], device=model.device)
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts], device=model.device)
    cache = make_empty_cache(model)
    out = model(
        input_ids=ids, attention_mask=mask, position_ids=(mask.cumsum(-1) - 1).clamp(min=0),
        past_key_values=cache, use_cache=True, logits_to_keep=1,
    )  # fmt: skip
    return PrefilledPrompts(cache, mask, out.logits[:, -1].float())


class _CachedSession:
    """A ``sampling.DecodingSession`` after a prefix, which stays unchanged."""

    def __init__(self, model: AnyModel, prefix: PrefilledPrompts, ids: Sequence[Sequence[int]]) -> None:
        self.model = model
        self.cache, self.mask, self.scores = _extend_prefix(model, prefix, ids)

    def advance(self, tokens: torch.Tensor, active_rows: Sequence[int] | None) -> None:
        if active_rows is not None:
            keep = torch.tensor(active_rows, device=self.mask.device)
            keep_rows(self.cache, keep)
            self.mask = self.mask[keep]
        position = self.mask.sum(-1, keepdim=True)
        ones = torch.ones((len(tokens), 1), dtype=self.mask.dtype, device=self.mask.device)
        self.mask = torch.cat([self.mask, ones], dim=-1)
        out = self.model(
            input_ids=tokens[:, None],
            attention_mask=self.mask,
            position_ids=position,
            past_key_values=self.cache,
            use_cache=True,
        )
        self.scores = out.logits[:, -1].float()


def generate(
    model: AnyModel,
    prefix: PrefilledPrompts,
    calculator: AnyCalculator | None,
    uniforms: np.ndarray,
    *,
    eos_token_id: int | Collection[int],
    temperature: float = 1.0,
    min_p: float = 0.0,
    partial_generations: Sequence[Generation] | None = None,
    on_step: Callable[[Sequence[Sequence[int]]], None] | None = None,
) -> list[Generation]:
    """Generate each row until its ``eos_token_id`` (or one of them) or the last of its ``uniforms`` (B, N). ``prefix`` stays unchanged.

    See ``sampling.iter_generations``. ``partial_generations``: what the rows have generated already.
    """
    partial_generations = partial_generations or [Generation([], 0.0, False)] * len(uniforms)
    ids = [list(partial.ids) for partial in partial_generations]
    with torch.no_grad():
        session = _CachedSession(model, prefix, ids)
    processor = calculator.processor(ids) if calculator else None
    rows = iter_generations(
        session, processor, uniforms, ids=ids, logprobs=[partial.logprob for partial in partial_generations],
        eos_token_id=eos_token_id, temperature=temperature, min_p=min_p, on_step=on_step,
    )  # fmt: skip
    return [generation for _, generation in sorted(rows, key=lambda row: row[0])]


def _extend_prefix(
    model: AnyModel, prefix: PrefilledPrompts, ids: Sequence[Sequence[int]]
) -> tuple[AnyCache, torch.Tensor, torch.Tensor]:
    """Cache, mask and next-token logits after the prompts and each row's ``ids``. ``prefix`` stays unchanged."""
    if not any(ids):
        return _repeat_cache(prefix), prefix.attention_mask, prefix.next_token_logits
    inputs = continuation_inputs(prefix, ids)
    lengths = torch.tensor([len(row) for row in ids], device=prefix.attention_mask.device)
    last_position_mask = torch.arange(inputs["input_ids"].shape[1], device=lengths.device)[None] == lengths[:, None] - 1
    logits = prefix.next_token_logits.clone()
    logits[lengths > 0] = torch.cat([part for _, part in iter_masked_logits(model, inputs, last_position_mask)])
    return inputs["past_key_values"], inputs["attention_mask"], logits


def continuation_inputs(prefix: PrefilledPrompts, rows: Sequence[Sequence[int]], repeats: int = 1) -> dict[str, Any]:
    """A model's inputs for ``rows`` of ids that follow the prompts, ``repeats`` for each. ``prefix`` stays unchanged."""
    device = prefix.attention_mask.device
    longest = max(map(len, rows))
    ids = torch.tensor([list(row) + [0] * (longest - len(row)) for row in rows], device=device)
    row_mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=device)
    prefix_mask = prefix.attention_mask.repeat_interleave(repeats, 0)
    return {
        "input_ids": ids,
        "attention_mask": torch.cat([prefix_mask, row_mask], -1),
        "position_ids": prefix_mask.sum(-1, keepdim=True) + torch.arange(longest, device=device)[None],
        "past_key_values": _repeat_cache(prefix, repeats),
        "use_cache": True,
    }


@torch.no_grad()
def completion_logprobs(
    model: AnyModel,
    prefix: PrefilledPrompts,
    completions: Sequence[Sequence[Sequence[int]]],
    masks: Sequence[Sequence[Sequence[int]]],
    *,
    mean_logits: list[list[float]] | None = None,
) -> list[list[float]]:
    """Log-probability of each completion after its row's prompt, summed over ids whose mask is 1. ``prefix`` stays unchanged.

    All rows have the same number of completions. A list passed as ``mean_logits`` is filled likewise with each completion's mean
    logit over the vocabulary and the unmasked ids (0 if there are none).
    """
    completions_per_prompt = len(completions[0])
    flat_ids = [list(c) for row in completions for c in row]
    flat_masks = [list(m) for row in masks for m in row]
    longest = max(map(len, flat_ids))
    device = prefix.attention_mask.device
    ids = torch.tensor([c + [0] * (longest - len(c)) for c in flat_ids], device=device)  # (B x completions, L)
    loss_mask = torch.tensor([m + [0] * (longest - len(m)) for m in flat_masks], device=device)
    # Position t predicts t + 1; the prompt's last position predicts the first. Only unmasked ids are scored.
    position_mask = loss_mask[:, 1:].bool()
    logps = torch.zeros(loss_mask.shape, device=device)
    first_logits = prefix.next_token_logits.repeat_interleave(completions_per_prompt, 0)
    logps[:, 0] = gather_logprobs(first_logits, ids[:, 0]) * loss_mask[:, 0]
    token_means = None if mean_logits is None else torch.zeros_like(logps)
    if token_means is not None:
        first_means = prefix.next_token_logits.mean(-1).repeat_interleave(completions_per_prompt, 0)
        token_means[:, 0] = first_means * loss_mask[:, 0]
    if longest > 1:
        target_ids = ids[:, 1:][position_mask]
        target_logps = torch.zeros(len(target_ids), device=device)
        target_means = torch.zeros_like(target_logps)
        inputs = continuation_inputs(prefix, [c[: longest - 1] for c in flat_ids], completions_per_prompt)
        for chunk, logits in iter_masked_logits(model, inputs, position_mask):
            target_logps[chunk] = gather_logprobs(logits, target_ids[chunk])
            if token_means is not None:
                target_means[chunk] = logits.mean(-1)
        logps[:, 1:][position_mask] = target_logps
        if token_means is not None:
            token_means[:, 1:][position_mask] = target_means
    if mean_logits is not None and token_means is not None:
        completion_means = (token_means.sum(-1) / loss_mask.sum(-1).clamp(min=1)).tolist()
        mean_logits += iter_batches(completion_means, completions_per_prompt)
    sums = logps.sum(-1).tolist()
    return list(iter_batches(sums, completions_per_prompt))


def iter_masked_logits(
    model: AnyModel, inputs: dict[str, Any], position_mask: torch.Tensor
) -> Iterator[tuple[slice, torch.Tensor]]:
    """Logits (n, V) at the positions where ``position_mask`` (B, L) is true, in chunks, each with its slice of these positions.

    The head is applied to these positions only.
    """
    if not has_plain_lm_head(model):
        logits = model(**inputs).logits[position_mask].float()
        yield slice(0, len(logits)), logits
        return
    hidden = model.base_model(**inputs).last_hidden_state[position_mask]  # (N, H)
    head = model.get_output_embeddings()
    chunk_size = max(1, MAX_LOGITS_PER_CHUNK // model.config.get_text_config().vocab_size)
    if model.device.type == "cpu":
        chunk_size = min(chunk_size, CPU_POSITIONS_PER_CHUNK)
    for start in range(0, len(hidden), chunk_size):
        chunk = slice(start, min(start + chunk_size, len(hidden)))
        yield chunk, head(hidden[chunk]).float()


def gather_logprobs(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """Log-probability (N,) of each id (N,) under its row of logits (N, V)."""
    return logits.gather(-1, ids[:, None]).squeeze(-1) - logits.logsumexp(-1)


def _repeat_cache(prefix: PrefilledPrompts, repeats: int = 1) -> AnyCache:
    """A copy of the prefix's cache with every row ``repeats`` times, one for each completion."""
    rows = torch.arange(len(prefix.attention_mask), device=prefix.attention_mask.device)
    return take_rows(prefix.cache, rows.repeat_interleave(repeats))


_PLAIN_HEAD_CACHE: WeakKeyDictionary[PreTrainedModel, bool] = WeakKeyDictionary()


def has_plain_lm_head(model: AnyModel) -> bool:
    """Whether logits are ``lm_head(hidden_states)``. Some architectures cap or scale them afterwards (Gemma 2, Cohere, Granite …).

    Determined by a trial, once for each model, since configs have too many names for it.
    """
    if isinstance(model, Decoder):
        return True
    model = model.model if isinstance(model, CachelessModel) else model
    if model not in _PLAIN_HEAD_CACHE:
        _PLAIN_HEAD_CACHE[model] = _check_plain_lm_head(model)
    return _PLAIN_HEAD_CACHE[model]


@torch.no_grad()
def _check_plain_lm_head(model: PreTrainedModel) -> bool:
    ids = torch.arange(4, device=model.device)[None]
    try:
        head_logits = model.get_output_embeddings()(model.base_model(input_ids=ids, use_cache=False).last_hidden_state)
    except (AttributeError, TypeError):  # no such parts: the whole model must be called
        return False
    return torch.equal(head_logits.float(), model(input_ids=ids, use_cache=False).logits.float())
