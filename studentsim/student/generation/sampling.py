"""Writing token by token, whoever computes: rows are sampled side by side and leave when they are done.

Sampling is by inverse transform from uniforms that belong to the row (run or exam seed, question id), so a row's luck does not
depend on who else is in its batch: two runs that sit the same exam have the same luck in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch


@dataclass(frozen=True)
class Generation:
    """What one row wrote: its ids without the end token, and the summed log-probability of those it chose itself."""

    ids: list[int]
    logprob: float
    ended: bool
    """Whether it came to its end token before the limit."""
    eos_token_id: int | None = None
    """That end token, where there are several."""

    def is_done(self, limit: int) -> bool:
        """Whether nothing more is to be written, of at most ``limit`` ids."""
        return self.ended or len(self.ids) >= limit


class DecodingSession(Protocol):
    """Rows in the midst of being written. ``scores`` (B, V), float32, tell of what comes next in each."""

    scores: torch.Tensor

    def advance(self, tokens: torch.Tensor, active_rows: Sequence[int] | None) -> None:
        """Take one token (B,) more of the rows that ``active_rows`` (None: all), by their places; the others leave for good."""
        ...


class ScoreProcessor(Protocol):
    """Changes what may come next, as a calculator does; see ``calculator.CalculatorProcessor``."""

    def __call__(self, history: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores (B, V) after ``history`` (B, T), what was written, behind zeros."""
        ...

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these rows only."""
        ...


class AnyCalculator(Protocol):
    """A calculator, the embedded student's or a language model's."""

    def processor(self, generated_ids: Sequence[Sequence[int]]) -> ScoreProcessor:
        """For one batch; ``generated_ids`` are the ids that its rows have written already."""
        ...


def iter_generations(
    session: DecodingSession,
    processor: ScoreProcessor | None,
    uniforms: np.ndarray,
    *,
    ids: list[list[int]],
    end: int | Collection[int],
    logprobs: Sequence[float] | None = None,
    temperature: float = 1.0,
    min_p: float = 0.0,
    on_step: Callable[[Sequence[Sequence[int]]], None] | None = None,
) -> Iterator[tuple[int, Generation]]:
    """Rows (by number) as they come to one of their ``end`` tokens or to the last of their ``uniforms`` (B, N).

    ``temperature`` 0 takes the likeliest token; tokens less likely than ``min_p`` times the likeliest are not taken.
    The log-probability is told at temperature 1 over all tokens, whatever these are. ``ids`` (a list a row) is what the rows have
    written already, with ``logprobs``, and is written on; ``on_step`` sees it after each token.
    """
    rows, limit = uniforms.shape
    ends = {end} if isinstance(end, int) else end
    device = session.scores.device
    uniform_tensor = torch.from_numpy(uniforms).to(device)
    logprob = list(logprobs or [0.0] * rows)
    active_rows = list(range(rows))
    # The calculator looks back at what was written; a column of zeros stands in where nothing is.
    history = _left_padded_ids(ids, device)
    while True:
        with torch.no_grad():  # not around the loop: whoever takes the rows would go on without gradients
            scores = processor(history, session.scores) if processor else session.scores
            probs = scores.softmax(-1)  # (B, V)
            row_uniforms = uniform_tensor[active_rows, [len(ids[row]) for row in active_rows]]
            token = sample_tokens(
                probs if temperature in (0, 1) else (scores / temperature).softmax(-1), row_uniforms, temperature, min_p
            )
            token_logprobs = (
                probs.gather(-1, token[:, None]).squeeze(-1).log()
            )  # 0 where the calculator leaves no choice
        continuing: list[int] = []
        finished: list[tuple[int, Generation]] = []
        for index, (row, t, g) in enumerate(zip(active_rows, token.tolist(), token_logprobs.tolist(), strict=True)):
            logprob[row] += g
            if t in ends:
                finished.append((row, Generation(ids[row], logprob[row], True, t)))
                continue
            ids[row].append(t)
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
            active_rows = [active_rows[place] for place in continuing]
            history = history[torch.tensor(continuing, device=device)]
            if processor:
                processor.keep(continuing)
        with torch.no_grad():
            session.advance(history[:, -1], remaining)


def _left_padded_ids(rows: Sequence[Sequence[int]], device: torch.device) -> torch.Tensor:
    """Ids (B, 1 + longest), behind zeros."""
    width = 1 + max(map(len, rows))
    return torch.tensor([[0] * (width - len(row)) + list(row) for row in rows], device=device)


def sample_tokens(probs: torch.Tensor, uniforms: torch.Tensor, temperature: float, min_p: float) -> torch.Tensor:
    """One token a row (B,) of the probabilities (B, V): the first whose cumulated share exceeds the row's uniform."""
    if temperature == 0:
        return probs.argmax(-1)
    probs = probs.where(probs >= min_p * probs.amax(-1, keepdim=True), 0.0)
    cumulated = probs.cumsum(-1)
    targets = uniforms.to(probs.dtype)[:, None] * cumulated[:, -1:]
    # A target rounded up to the total itself lies above every step: then the likeliest token is meant to stand in.
    token = torch.searchsorted(cumulated, targets, right=True).squeeze(-1)
    return token if int(token.max()) < probs.shape[-1] else token.where(token < probs.shape[-1], probs.argmax(-1))
