"""A batch's rows in two parts, each computed by a thread of its own, forward and backward.

Short rows go with short ones where rows are padded to the longest of a part; where they are not, both parts get as many tokens. How
many parts there are does not depend on the machine: the gradient's last bits would.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from studentsim.parallel import each

Figures = tuple[torch.Tensor, ...]
"""Of a part's rows, one for each label: log-probabilities, which have a gradient, and others, which have none."""


def dealt(lengths: Sequence[int]) -> list[list[int]]:
    """Rows in one or two parts, the long ones first: the cut is where the larger part, padded to its longest, is smallest."""
    rows = sorted(range(len(lengths)), key=lambda row: -lengths[row])

    def work(cut: int) -> int:
        return max(cut * lengths[rows[0]], (len(rows) - cut) * lengths[rows[cut]])

    cut = min(range(1, len(rows)), key=work) if len(rows) > 1 else 1
    return [part for part in (rows[:cut], rows[cut:]) if part]


def evenly(lengths: Sequence[int]) -> list[list[int]]:
    """Rows in one or two parts of as many tokens as can be, for rows without padding: the longest first, each to the part that has less."""
    parts: tuple[list[int], list[int]] = ([], [])
    tokens = [0, 0]
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        smaller = int(tokens[1] < tokens[0])
        parts[smaller].append(row)
        tokens[smaller] += lengths[row]
    return [part for part in parts if part]


def compute(
    tell: Callable[[list[int]], Figures], parts: Sequence[list[int]], learnt: Sequence[Any], *, again: int = 0
) -> list[Figures]:
    """``tell`` of each part, several at once; the gradient of its log-probabilities goes to the ``learnt`` parameters, and nowhere else.

    With ``again`` nothing is kept for the backward pass, which tells the parts anew, so many of them side by side: for parts that are too
    large to be kept all at once.
    """
    if not torch.is_grad_enabled():
        return list(each(torch.no_grad()(tell), parts))
    flat = _Again.apply(tell, parts, again, *learnt) if again else _Apart.apply(tell, parts, *learnt)
    size = len(flat) // len(parts)
    return [flat[k : k + size] for k in range(0, len(flat), size)]


class _Apart(torch.autograd.Function):
    """torch goes back through a graph in one thread. So each part keeps a graph of its own, which only this knows."""

    @staticmethod
    def forward(
        ctx: Any, tell: Callable[[list[int]], Figures], parts: Sequence[list[int]], *learnt: torch.Tensor
    ) -> Figures:
        told = list(each(torch.enable_grad()(tell), parts))
        ctx.log_probs, ctx.learnt = [first for first, *_ in told], learnt
        out = [[first.detach(), *others] for first, *others in told]
        ctx.mark_non_differentiable(*(other for _, *others in out for other in others))
        return tuple(figure for figures in out for figure in figures)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        each_of = len(gradients) // len(ctx.log_probs)
        pieces = list(zip(ctx.log_probs, gradients[::each_of], strict=True))
        found = each(lambda piece: torch.autograd.grad(piece[0], ctx.learnt, piece[1]), pieces)
        return None, None, *(sum(rest, first) for first, *rest in zip(*found, strict=True))


class _Again(torch.autograd.Function):
    """As ``_Apart``, with each part told a second time when its gradient is asked for, ``side_by_side`` of them at once."""

    @staticmethod
    def forward(
        ctx: Any,
        tell: Callable[[list[int]], Figures],
        parts: Sequence[list[int]],
        side_by_side: int,
        *learnt: torch.Tensor,
    ) -> Figures:
        ctx.tell, ctx.parts, ctx.side_by_side, ctx.learnt = tell, parts, side_by_side, learnt
        told = list(each(torch.no_grad()(tell), parts))
        ctx.mark_non_differentiable(*(other for _, *others in told for other in others))
        return tuple(figure for figures in told for figure in figures)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        each_of = len(gradients) // len(ctx.parts)
        pieces = list(zip(ctx.parts, gradients[::each_of], strict=True))

        def gradient_of(piece: tuple[list[int], torch.Tensor]) -> tuple[torch.Tensor, ...]:
            part, gradient = piece
            with torch.enable_grad():
                first, *_ = ctx.tell(part)
            return torch.autograd.grad(first, ctx.learnt, gradient)

        sums: list[torch.Tensor] | None = None
        for begin in range(0, len(pieces), ctx.side_by_side):
            for found in each(gradient_of, pieces[begin : begin + ctx.side_by_side]):
                sums = [a + b for a, b in zip(sums, found, strict=True)] if sums else list(found)
        return None, None, None, *(sums or ())
