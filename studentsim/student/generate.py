"""Writing and scoring in batches by a model with a cache: the prompt is computed once, rows leave the batch when they are done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from transformers import PreTrainedModel

from studentsim.student.caches import AnyCache, AnyModel, empty, keep_rows, take_rows
from studentsim.student.decoder import Decoder
from studentsim.student.recompute import Recomputing
from studentsim.student.sampling import AnyCalculator, Written, write_on

LOGITS_AT_ONCE = 2**28
"""Scores held at once: a gigabyte in float32. A quarter of a million words and long answers are more."""
POSITIONS_AT_ONCE = 512
"""Positions scored at once without a GPU: a small vocabulary's scores stay in the cache, a large head is not read too often."""


@dataclass
class Prefix:
    """A batch of prompts, computed: ``mask`` (B, T) is 1 where a prompt stands, ``scores`` (B, V) tell of what comes next."""

    cache: AnyCache
    mask: torch.Tensor
    scores: torch.Tensor

    def rows(self, indices: Sequence[int]) -> Prefix:
        """Some of the rows; this prefix stays as it is."""
        keep = torch.tensor(indices, dtype=torch.long, device=self.mask.device)
        return Prefix(take_rows(self.cache, keep), self.mask[keep], self.scores[keep])


@torch.no_grad()
def read(model: AnyModel, prompts: Sequence[Sequence[int]], pad: int) -> Prefix:
    """Compute a batch of prompts, padded on the left."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[pad] * (longest - len(p)) + list(p) for p in prompts], device=model.device)
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts], device=model.device)
    cache = empty(model)
    out = model(
        input_ids=ids, attention_mask=mask, position_ids=(mask.cumsum(-1) - 1).clamp(min=0),
        past_key_values=cache, use_cache=True, logits_to_keep=1,
    )  # fmt: skip
    return Prefix(cache, mask, out.logits[:, -1].float())


class _CachedSession:
    """Rows behind a prefix, by a model with a cache. Leaves the prefix as it was."""

    def __init__(self, model: AnyModel, prefix: Prefix, ids: Sequence[Sequence[int]]) -> None:
        self.model = model
        self.cache, self.mask, self.scores = _behind(model, prefix, ids)

    def advance(self, tokens: torch.Tensor, stay: Sequence[int] | None) -> None:
        if stay is not None:
            keep = torch.tensor(stay, device=self.mask.device)
            keep_rows(self.cache, keep)
            self.mask = self.mask[keep]
        position = self.mask.sum(-1, keepdim=True)
        ones = torch.ones((len(tokens), 1), dtype=self.mask.dtype, device=self.mask.device)
        self.mask = torch.cat([self.mask, ones], dim=-1)
        out = self.model(
            input_ids=tokens[:, None], attention_mask=self.mask, position_ids=position,
            past_key_values=self.cache, use_cache=True,
        )  # fmt: skip
        self.scores = out.logits[:, -1].float()


def write(
    model: AnyModel,
    prefix: Prefix,
    calculator: AnyCalculator | None,
    uniforms: np.ndarray,
    *,
    end: int | Collection[int],
    temperature: float = 1.0,
    min_p: float = 0.0,
    begun: Sequence[Written] | None = None,
    on_step: Callable[[Sequence[Sequence[int]]], None] | None = None,
) -> list[Written]:
    """Let every row write on until its ``end`` token (or one of them) or the last of its ``uniforms`` (B, N). Leaves the prefix as it was.

    See ``sampling.write_on``. ``begun`` is what the rows have written already.
    """
    begun = begun or [Written([], 0.0, False)] * len(uniforms)
    ids = [list(w.ids) for w in begun]
    with torch.no_grad():
        session = _CachedSession(model, prefix, ids)
    processor = calculator.processor(ids) if calculator else None
    rows = write_on(
        session, processor, uniforms, ids=ids, logprobs=[w.logprob for w in begun],
        end=end, temperature=temperature, min_p=min_p, on_step=on_step,
    )  # fmt: skip
    return [written for _, written in sorted(rows, key=lambda found: found[0])]


def _behind(
    model: AnyModel, prefix: Prefix, ids: Sequence[Sequence[int]]
) -> tuple[AnyCache, torch.Tensor, torch.Tensor]:
    """Cache, mask and scores after the prompts and what was written behind them. Leaves the prefix as it was."""
    if not any(ids):
        return _repeated(prefix), prefix.mask, prefix.scores
    inputs = behind(prefix, ids)
    length = torch.tensor([len(row) for row in ids], device=prefix.mask.device)
    last = torch.arange(inputs["input_ids"].shape[1], device=length.device)[None] == length[:, None] - 1
    scores = prefix.scores.clone()
    scores[length > 0] = torch.cat([part for _, part in told(model, inputs, last)])
    return inputs["past_key_values"], inputs["attention_mask"], scores


def behind(prefix: Prefix, rows: Sequence[Sequence[int]], each: int = 1) -> dict[str, Any]:
    """A model's inputs for ``rows`` of ids, ``each`` a prompt, that come after the prompts. Leaves the prefix as it was."""
    device = prefix.mask.device
    longest = max(map(len, rows))
    ids = torch.tensor([list(row) + [0] * (longest - len(row)) for row in rows], device=device)
    there = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=device)
    before = prefix.mask.repeat_interleave(each, 0)
    return {
        "input_ids": ids, "attention_mask": torch.cat([before, there], -1),
        "position_ids": before.sum(-1, keepdim=True) + torch.arange(longest, device=device)[None],
        "past_key_values": _repeated(prefix, each), "use_cache": True,
    }  # fmt: skip


@torch.no_grad()
def score(
    model: AnyModel,
    prefix: Prefix,
    completions: Sequence[Sequence[Sequence[int]]],
    masks: Sequence[Sequence[Sequence[int]]],
    *,
    mean_logits: list[list[float]] | None = None,
) -> list[list[float]]:
    """Summed log-probability of each completion after its row's prompt, counting ids whose mask is 1. Leaves the prefix as it was.

    ``completions[row]`` holds any number of completions, but all rows the same number. A list given as ``mean_logits`` is
    filled with as many figures: each completion's mean logit over the vocabulary and the ids that count (0 where none does).
    """
    each = len(completions[0])
    flat = [list(c) for row in completions for c in row]
    counted = [list(m) for row in masks for m in row]
    longest = max(map(len, flat))
    device = prefix.mask.device
    ids = torch.tensor([c + [0] * (longest - len(c)) for c in flat], device=device)  # (B x each, L)
    own = torch.tensor([m + [0] * (longest - len(m)) for m in counted], device=device)
    # Position t tells of t + 1; what comes first is told by the prompt's last position. Only what counts is scored.
    asked = own[:, 1:].bool()
    logps = torch.zeros(own.shape, device=device)
    logps[:, 0] = logps_of(prefix.scores.repeat_interleave(each, 0), ids[:, 0]) * own[:, 0]
    means = None if mean_logits is None else torch.zeros_like(logps)
    if means is not None:
        means[:, 0] = prefix.scores.mean(-1).repeat_interleave(each, 0) * own[:, 0]
    if longest > 1:
        wanted = ids[:, 1:][asked]
        found, averages = torch.zeros(len(wanted), device=device), torch.zeros(len(wanted), device=device)
        for where, scores in told(model, behind(prefix, [c[: longest - 1] for c in flat], each), asked):
            found[where] = logps_of(scores, wanted[where])
            if means is not None:
                averages[where] = scores.mean(-1)
        logps[:, 1:][asked] = found
        if means is not None:
            means[:, 1:][asked] = averages
    if mean_logits is not None and means is not None:
        own_means = (means.sum(-1) / own.sum(-1).clamp(min=1)).tolist()
        mean_logits += [own_means[k : k + each] for k in range(0, len(own_means), each)]
    sums = logps.sum(-1).tolist()
    return [sums[k : k + each] for k in range(0, len(sums), each)]


def told(model: AnyModel, inputs: dict[str, Any], asked: torch.Tensor) -> Iterator[tuple[slice, torch.Tensor]]:
    """Scores (n, V) at the positions (B, L) where ``asked`` holds, in order, in parts: each with its place among the asked.

    The head sees these positions alone.
    """
    if not head_is_plain(model):
        scores = model(**inputs).logits[asked].float()
        yield slice(0, len(scores)), scores
        return
    hidden = model.base_model(**inputs).last_hidden_state[asked]  # (N, H)
    head = model.get_output_embeddings()
    at_once = max(1, LOGITS_AT_ONCE // model.config.get_text_config().vocab_size)
    if model.device.type == "cpu":
        at_once = min(at_once, POSITIONS_AT_ONCE)
    for start in range(0, len(hidden), at_once):
        where = slice(start, min(start + at_once, len(hidden)))
        yield where, head(hidden[where]).float()


def logps_of(scores: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """Log-probability of each id (N,) by its row of scores (N, V)."""
    return scores.gather(-1, ids[:, None]).squeeze(-1) - scores.logsumexp(-1)


def _repeated(prefix: Prefix, each: int = 1) -> AnyCache:
    """The prefix's cache with every row ``each`` times, so that the prompts' keys and values serve all completions."""
    rows = torch.arange(len(prefix.mask), device=prefix.mask.device)
    return take_rows(prefix.cache, rows.repeat_interleave(each))


_PLAIN_HEADS: WeakKeyDictionary[PreTrainedModel, bool] = WeakKeyDictionary()


def head_is_plain(model: AnyModel) -> bool:
    """Whether the head alone makes logits of hidden states. Some architectures bend or scale them afterwards (Gemma 2, Cohere, Granite …).

    Tried out once a model: settings for it bear too many names.
    """
    if isinstance(model, Decoder):
        return True
    model = model.model if isinstance(model, Recomputing) else model
    if model not in _PLAIN_HEADS:
        _PLAIN_HEADS[model] = _tell_alike(model)
    return _PLAIN_HEADS[model]


@torch.no_grad()
def _tell_alike(model: PreTrainedModel) -> bool:
    ids = torch.arange(4, device=model.device)[None]
    try:
        told = model.get_output_embeddings()(model.base_model(input_ids=ids, use_cache=False).last_hidden_state)
    except (AttributeError, TypeError):  # no such parts: the model is to be asked as a whole
        return False
    return torch.equal(told.float(), model(input_ids=ids, use_cache=False).logits.float())
