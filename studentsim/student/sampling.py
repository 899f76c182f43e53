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
