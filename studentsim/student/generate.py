"""Writing and scoring in batches: the prompt is computed once, rows leave the batch when they are done.

Sampling is by inverse transform from uniforms that belong to the row (run or exam seed, question id), so a row's luck does not
depend on who else is in its batch: two runs that sit the same exam have the same luck in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import numpy as np
import torch
from transformers import PreTrainedModel

from studentsim.student.caches import AnyCache, AnyModel, empty, keep_rows, take_rows
from studentsim.student.decoder import Decoder
from studentsim.student.recompute import Recomputing

LOGITS_AT_ONCE = 2**28
"""Scores held at once: a gigabyte in float32. A quarter of a million words and long answers are more."""
POSITIONS_AT_ONCE = 512
"""Positions scored at once without a GPU: a small vocabulary's scores stay in the cache, a large head is not read too often."""


@dataclass(frozen=True)
class Written:
    """What one row wrote: its ids without the end token, and the summed log-probability of those it chose itself."""

    ids: list[int]
    logprob: float
    ended: bool
    """Whether it came to its end token before the limit."""
    end: int | None = None
    """That end token, where there are several."""

    def done(self, limit: int) -> bool:
        """Whether nothing more is to be written, of at most ``limit`` ids."""
        return self.ended or len(self.ids) >= limit


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


class Session(Protocol):
    """Rows in the midst of being written. ``scores`` (B, V), float32, tell of what comes next in each."""

    scores: torch.Tensor

    def advance(self, tokens: torch.Tensor, stay: Sequence[int] | None) -> None:
        """Take one token (B,) more of the rows that ``stay`` (None: all), by their places; the others leave for good."""
        ...


class Processor(Protocol):
    """Changes what may come next, as a calculator does; see ``calculator.CalculatorProcessor``."""

    def __call__(self, history: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores (B, V) after ``history`` (B, T), what was written, behind zeros."""
        ...

    def keep(self, places: Sequence[int]) -> None:
        """Go on with these rows only."""
        ...


class AnyCalculator(Protocol):
    """A calculator, the embedded student's or a language model's."""

    def processor(self, begun: Sequence[Sequence[int]]) -> Processor:
        """For one batch; ``begun`` are the ids that its rows have written already."""
        ...


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

    See ``write_on``. ``begun`` is what the rows have written already.
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


def write_on(
    session: Session,
    processor: Processor | None,
    uniforms: np.ndarray,
    *,
    ids: list[list[int]],
    end: int | Collection[int],
    logprobs: Sequence[float] | None = None,
    temperature: float = 1.0,
    min_p: float = 0.0,
    on_step: Callable[[Sequence[Sequence[int]]], None] | None = None,
) -> Iterator[tuple[int, Written]]:
    """Rows (by number) as they come to one of their ``end`` tokens or to the last of their ``uniforms`` (B, N).

    ``temperature`` 0 takes the likeliest token; tokens less likely than ``min_p`` times the likeliest are not taken.
    The log-probability is told at temperature 1 over all tokens, whatever these are. ``ids`` (a list a row) is what the rows have
    written already, with ``logprobs``, and is written on; ``on_step`` sees it after each token.
    """
    rows, limit = uniforms.shape
    ends = {end} if isinstance(end, int) else end
    device = session.scores.device
    luck = torch.from_numpy(uniforms).to(device)
    logprob = list(logprobs or [0.0] * rows)
    alive = list(range(rows))
    # The calculator looks back at what was written; a column of zeros stands in where nothing is.
    history = _right_aligned(ids, device)
    while True:
        with torch.no_grad():  # not around the loop: whoever takes the rows would go on without gradients
            scores = processor(history, session.scores) if processor else session.scores
            p = scores.softmax(-1)  # (B, V)
            own = luck[alive, [len(ids[row]) for row in alive]]
            token = sample(p if temperature in (0, 1) else (scores / temperature).softmax(-1), own, temperature, min_p)
            gained = p.gather(-1, token[:, None]).squeeze(-1).log()  # 0 where the calculator leaves no choice
        stay: list[int] = []
        over: list[tuple[int, Written]] = []
        for place, (row, t, g) in enumerate(zip(alive, token.tolist(), gained.tolist(), strict=True)):
            logprob[row] += g
            if t in ends:
                over.append((row, Written(ids[row], logprob[row], True, t)))
                continue
            ids[row].append(t)
            if len(ids[row]) < limit:
                stay.append(place)
            else:
                over.append((row, Written(ids[row], logprob[row], False)))
        if on_step:
            on_step(ids)
        yield from over
        if not stay:
            return
        history = torch.cat([history, token[:, None]], dim=-1)
        left = None
        if len(stay) < len(alive):
            left = stay
            alive = [alive[place] for place in stay]
            history = history[torch.tensor(stay, device=device)]
            if processor:
                processor.keep(stay)
        with torch.no_grad():
            session.advance(history[:, -1], left)


def _right_aligned(rows: Sequence[Sequence[int]], device: torch.device) -> torch.Tensor:
    """Ids (B, 1 + longest), behind zeros."""
    width = 1 + max(map(len, rows))
    return torch.tensor([[0] * (width - len(row)) + list(row) for row in rows], device=device)


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


def sample(p: torch.Tensor, uniforms: torch.Tensor, temperature: float, min_p: float) -> torch.Tensor:
    """One token a row (B,) of the probabilities (B, V): the first whose cumulated share exceeds the row's uniform."""
    if temperature == 0:
        return p.argmax(-1)
    p = p.where(p >= min_p * p.amax(-1, keepdim=True), 0.0)
    cumulated = p.cumsum(-1)
    targets = uniforms.to(p.dtype)[:, None] * cumulated[:, -1:]
    # A target rounded up to the total itself lies above every step: then the likeliest token is meant to stand in.
    token = torch.searchsorted(cumulated, targets, right=True).squeeze(-1)
    return token if int(token.max()) < p.shape[-1] else token.where(token < p.shape[-1], p.argmax(-1))


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
