"""Writing and scoring in batches: the prompt is computed once, rows leave the batch when they are done.

Sampling is by inverse transform from uniforms that belong to the row (run or exam seed, question id), so a row's luck does not
depend on who else is in its batch: two runs that sit the same exam have the same luck in it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache, PreTrainedModel

from studentsim.student.calculator import Calculator, CalculatorProcessor

_SCALES = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")
"""Settings by which some architectures bend their logits: there the head alone does not tell them."""

LOGITS_AT_ONCE = 2**28
"""Scores held at once: a gigabyte in float32. A quarter of a million words and long answers are more."""


@dataclass(frozen=True)
class Written:
    """What one row wrote: its ids without the end token, and the summed log-probability of those it chose itself."""

    ids: list[int]
    logprob: float
    ended: bool
    """Whether it came to its end token before the limit."""


@dataclass
class Prefix:
    """A batch of prompts, computed: ``mask`` (B, T) is 1 where a prompt stands, ``scores`` (B, V) tell of what comes next."""

    cache: DynamicCache
    mask: torch.Tensor
    scores: torch.Tensor

    def rows(self, indices: Sequence[int]) -> Prefix:
        """Some of the rows; this prefix stays as it is."""
        keep = torch.tensor(indices, dtype=torch.long, device=self.mask.device)
        cache = DynamicCache()
        for index, layer in enumerate(self.cache.layers):
            cache.update(layer.keys[keep], layer.values[keep], index)
        return Prefix(cache, self.mask[keep], self.scores[keep])


@torch.no_grad()
def read(model: PreTrainedModel, prompts: Sequence[Sequence[int]], pad: int) -> Prefix:
    """Compute a batch of prompts, padded on the left."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[pad] * (longest - len(p)) + list(p) for p in prompts], device=model.device)
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts], device=model.device)
    cache = DynamicCache(config=model.config)
    out = model(
        input_ids=ids, attention_mask=mask, position_ids=(mask.cumsum(-1) - 1).clamp(min=0),
        past_key_values=cache, use_cache=True, logits_to_keep=1,
    )  # fmt: skip
    return Prefix(cache, mask, out.logits[:, -1].float())


@torch.no_grad()
def write(
    model: PreTrainedModel,
    prefix: Prefix,
    calculator: Calculator | None,
    uniforms: np.ndarray,
    *,
    end: int | Collection[int],
    temperature: float = 1.0,
    min_p: float = 0.0,
) -> list[Written]:
    """Let every row write on until its ``end`` token (or one of them) or the last of its ``uniforms`` (B, N). Leaves the prefix as it was.

    ``temperature`` 0 takes the likeliest token; tokens less likely than ``min_p`` times the likeliest are not taken.
    The log-probability is told at temperature 1 over all tokens, whatever these are.
    """
    rows, limit = uniforms.shape
    ends = {end} if isinstance(end, int) else end
    device = prefix.mask.device
    luck = torch.from_numpy(uniforms).to(device)
    processor = CalculatorProcessor(calculator, rows) if calculator else None
    alive = list(range(rows))
    ids: list[list[int]] = [[] for _ in range(rows)]
    logprob, ended = [0.0] * rows, [False] * rows
    cache, mask, scores = _copy(prefix.cache), prefix.mask, prefix.scores
    # The calculator looks back at what was written; before anything is, there is nothing to look at.
    history = torch.zeros((rows, 1), dtype=torch.long, device=device)
    for step in range(limit):
        scores = processor(history, scores) if processor else scores
        p = scores.softmax(-1)  # (B, V)
        token = _sample(
            p if temperature in (0, 1) else (scores / temperature).softmax(-1), luck[alive, step], temperature, min_p
        )
        gained = p.gather(-1, token[:, None]).squeeze(-1).log()  # 0 where the calculator leaves no choice
        stay: list[int] = []
        for place, (row, t, g) in enumerate(zip(alive, token.tolist(), gained.tolist(), strict=True)):
            logprob[row] += g
            if t in ends:
                ended[row] = True
            else:
                ids[row].append(t)
                stay.append(place)
        if not stay or step == limit - 1:
            break
        history = torch.cat([history, token[:, None]], dim=-1)
        if len(stay) < len(alive):
            keep = torch.tensor(stay, device=device)
            alive = [alive[place] for place in stay]
            if processor:
                processor.keep(stay)
            cache.batch_select_indices(keep)
            mask, history = mask[keep], history[keep]
        position = mask.sum(-1, keepdim=True)
        mask = torch.cat([mask, torch.ones((len(alive), 1), dtype=mask.dtype, device=device)], dim=-1)
        out = model(
            input_ids=history[:, -1:], attention_mask=mask, position_ids=position,
            past_key_values=cache, use_cache=True,
        )  # fmt: skip
        scores = out.logits[:, -1].float()
    return [Written(i, p, e) for i, p, e in zip(ids, logprob, ended, strict=True)]


def _sample(p: torch.Tensor, uniforms: torch.Tensor, temperature: float, min_p: float) -> torch.Tensor:
    """One token a row (B,) of the probabilities (B, V): the first whose cumulated share exceeds the row's uniform."""
    if temperature == 0:
        return p.argmax(-1)
    p = p.where(p >= min_p * p.amax(-1, keepdim=True), 0.0)
    cumulated = p.cumsum(-1)
    targets = uniforms.to(p.dtype)[:, None] * cumulated[:, -1:]
    # A target rounded up to the total itself lies above every step: then the likeliest token is meant to stand in.
    token = torch.searchsorted(cumulated, targets, right=True).squeeze(-1)
    return token.where(token < p.shape[-1], p.argmax(-1))


@torch.no_grad()
def score(
    model: PreTrainedModel,
    prefix: Prefix,
    completions: Sequence[Sequence[Sequence[int]]],
    masks: Sequence[Sequence[Sequence[int]]],
) -> list[list[float]]:
    """Summed log-probability of each completion after its row's prompt, counting ids whose mask is 1. Leaves the prefix as it was.

    ``completions[row]`` holds any number of completions, but all rows the same number.
    """
    each = len(completions[0])
    flat = [list(c) for row in completions for c in row]
    counted = [list(m) for row in masks for m in row]
    longest = max(map(len, flat))
    device = prefix.mask.device
    ids = torch.tensor([c + [0] * (longest - len(c)) for c in flat], device=device)  # (B x each, L)
    own = torch.tensor([m + [0] * (longest - len(m)) for m in counted], device=device)
    cache = _copy(prefix.cache, each)
    before = prefix.mask.repeat_interleave(each, 0)
    written = torch.tensor([[1] * len(c) + [0] * (longest - len(c)) for c in flat], device=device)
    position = before.sum(-1, keepdim=True) + torch.arange(longest, device=device)[None]
    # Position t tells of t + 1; what comes first is told by the prompt's last position. Only what counts is scored.
    told = own[:, 1:].bool()
    logps = torch.zeros(own.shape, device=device)
    logps[:, 0] = _logps(prefix.scores.repeat_interleave(each, 0), ids[:, 0]) * own[:, 0]
    if longest > 1:
        inputs = {
            "input_ids": ids[:, :-1], "attention_mask": torch.cat([before, written[:, :-1]], -1),
            "position_ids": position[:, :-1],
            "past_key_values": cache, "use_cache": True,
        }  # fmt: skip
        logps[:, 1:][told] = _told(model, inputs, told, ids[:, 1:][told])
    sums = logps.sum(-1).tolist()
    return [sums[k : k + each] for k in range(0, len(sums), each)]


def _told(model: PreTrainedModel, inputs: dict[str, Any], told: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """Log-probabilities (N,) of ``ids`` at the positions (B, T - 1) where ``told`` holds. The head sees these alone."""
    config = model.config.get_text_config()
    if any(getattr(config, name, None) is not None for name in _SCALES):
        return _logps(model(**inputs).logits[told].float(), ids)
    hidden = model.base_model(**inputs).last_hidden_state[told]  # (N, H)
    head = model.get_output_embeddings()
    at_once = max(1, LOGITS_AT_ONCE // config.vocab_size)
    parts = [_logps(head(h).float(), i) for h, i in zip(hidden.split(at_once), ids.split(at_once), strict=True)]
    return torch.cat(parts) if parts else hidden.new_zeros(0, dtype=torch.float32)


def _logps(scores: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """Log-probability of each id (N,) by its row of scores (N, V)."""
    return scores.gather(-1, ids[:, None]).squeeze(-1) - scores.logsumexp(-1)


def _copy(cache: DynamicCache, each: int = 1) -> DynamicCache:
    """The cache with every row ``each`` times, so that the prompts' keys and values serve all completions."""
    copy = DynamicCache()
    for index, layer in enumerate(cache.layers):
        copy.update(layer.keys.repeat_interleave(each, 0), layer.values.repeat_interleave(each, 0), index)
    return copy
