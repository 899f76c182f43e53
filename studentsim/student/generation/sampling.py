"""Token-by-token sampling, independent of the model: rows are sampled together and leave the batch when they are done.

Sampling is by inverse transform from uniforms that belong to the row (run or exam seed, question id), so a row's randomness does not
depend on the rest of its batch, and two runs have the same uniforms in the same exam.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch


@dataclass(frozen=True)
class Generation:
    """What one row generated: its ids without the end token, and the summed log-probability of those that were not forced."""

    ids: list[int]
    logprob: float
    ended: bool
    """Whether the end token came before the limit."""
    eos_token_id: int | None = None
    """That end token; there may be several."""

    def is_done(self, limit: int) -> bool:
        """Whether the row is complete with at most ``limit`` ids."""
        return self.ended or len(self.ids) >= limit


class DecodingSession(Protocol):
    """Rows being generated. ``scores`` (B, V), float32, are the next token's logits."""

    scores: torch.Tensor

    def advance(self, tokens: torch.Tensor, active_rows: Sequence[int] | None) -> None:
        """Append one token (B,) to each of ``active_rows`` (indices into the current rows; None: all); the others leave for good."""
        ...


class ScoreProcessor(Protocol):
    """Changes the next token's logits; see ``calculator.CalculatorProcessor``."""

    def __call__(self, history: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """The logits (B, V) to sample from, after ``history`` (B, T), the ids generated so far, padded with zeros on the left."""
        ...

    def keep(self, rows: Sequence[int]) -> None:
        """Keep these rows only."""
        ...


class AnyCalculator(Protocol):
    """The embedded student's or a language model's calculator."""

    def processor(self, generated_ids: Sequence[Sequence[int]]) -> ScoreProcessor:
        """A processor for one batch; ``generated_ids`` are the ids that its rows have generated already."""
        ...


def iter_generations(
    session: DecodingSession,
    processor: ScoreProcessor | None,
    uniforms: np.ndarray,
    *,
    ids: list[list[int]],
    eos_token_id: int | Collection[int],
    logprobs: Sequence[float] | None = None,
    temperature: float = 1.0,
    min_p: float = 0.0,
    on_step: Callable[[Sequence[Sequence[int]]], None] | None = None,
) -> Iterator[tuple[int, Generation]]:
    """Yield (row, generation) as rows reach one of their ``eos_token_id`` or the last of their ``uniforms`` (B, N).

    ``temperature`` 0: always the most probable token; ``min_p``: tokens less probable than this share (0 to 1) of the most probable
    one are not sampled. Log-probabilities are at temperature 1 over all tokens. ``ids``: what each row has generated already, with
    ``logprobs``; appended to in place. ``on_step`` is called with it after each token.
    """
    rows, limit = uniforms.shape
    end_token_ids = {eos_token_id} if isinstance(eos_token_id, int) else eos_token_id
    device = session.scores.device
    uniform_tensor = torch.from_numpy(uniforms).to(device)
    logprob = list(logprobs or [0.0] * rows)
    active_rows = list(range(rows))
    # A column of zeros stands in where a row has no ids yet.
    history = _left_padded_ids(ids, device)
    while True:
        row_uniforms = uniform_tensor[active_rows, [len(ids[row]) for row in active_rows]]
        token, token_logprobs = _sample_next(session, processor, history, row_uniforms, temperature, min_p)
        continuing: list[int] = []
        finished: list[tuple[int, Generation]] = []
        sampled = zip(active_rows, token.tolist(), token_logprobs.tolist(), strict=True)
        for index, (row, token_id, token_logprob) in enumerate(sampled):
            logprob[row] += token_logprob
            if token_id in end_token_ids:
                finished.append((row, Generation(ids[row], logprob[row], True, token_id)))
                continue
            ids[row].append(token_id)
            if len(ids[row]) < limit:
                continuing.append(index)
            else:
                finished.append((row, Generation(ids[row], logprob[row], False)))
        if on_step:
            on_step(ids)
        yield from finished
        if not continuing:
            return
        history = torch.cat([history, token[:, None]], dim=-1)
        remaining = None
        if len(continuing) < len(active_rows):
            remaining = continuing
            active_rows = [active_rows[index] for index in continuing]
            history = history[torch.tensor(continuing, device=device)]
            if processor:
                processor.keep(continuing)
        with torch.no_grad():  # not around the loop: the consumer of this generator would run without gradients
            session.advance(history[:, -1], remaining)


@torch.no_grad()
def _sample_next(
    session: DecodingSession,
    processor: ScoreProcessor | None,
    history: torch.Tensor,
    uniforms: torch.Tensor,
    temperature: float,
    min_p: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Each row's next token (B,) and its log-probability (B,), 0 where the token is forced."""
    scores = processor(history, session.scores) if processor else session.scores
    probs = scores.softmax(-1)  # (B, V)
    sampling_probs = probs if temperature in (0, 1) else (scores / temperature).softmax(-1)
    token = sample_tokens(sampling_probs, uniforms, temperature, min_p)
    return token, probs.gather(-1, token[:, None]).squeeze(-1).log()


def _left_padded_ids(rows: Sequence[Sequence[int]], device: torch.device) -> torch.Tensor:
    """Ids (B, 1 + longest), padded with zeros on the left."""
    width = 1 + max(map(len, rows))
    return torch.tensor([[0] * (width - len(row)) + list(row) for row in rows], device=device)


def sample_tokens(probs: torch.Tensor, uniforms: torch.Tensor, temperature: float, min_p: float) -> torch.Tensor:
    """One token for each row (B,) of ``probs`` (B, V): the first whose cumulative probability exceeds the row's uniform."""
    if temperature == 0:
        return probs.argmax(-1)
    probs = probs.where(probs >= min_p * probs.amax(-1, keepdim=True), 0.0)
    cumulative = probs.cumsum(-1)
    targets = uniforms.to(probs.dtype)[:, None] * cumulative[:, -1:]
    # A target rounded up to the total exceeds every step: then the most probable token is taken.
    token = torch.searchsorted(cumulative, targets, right=True).squeeze(-1)
    return token if int(token.max()) < probs.shape[-1] else token.where(token < probs.shape[-1], probs.argmax(-1))
