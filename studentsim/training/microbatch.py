"""A batch's rows in two parts, each computed by a thread of its own, forward and backward.

Short rows go with short ones, cut to the longest of them, so that less padding is computed, and so that both parts are as much
work. How many there are does not depend on the machine: the gradient's last bits would.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from studentsim.parallel import parallel_map

TokenOutputs = tuple[torch.Tensor, ...]
"""Of a part's rows, one for each label: log-probabilities, which have a gradient, and others, which have none."""


def split_rows_by_length(lengths: Sequence[int]) -> list[list[int]]:
    """Rows in one or two parts, the long ones first: the cut is where the larger part, padded to its longest, is smallest."""
    rows = sorted(range(len(lengths)), key=lambda row: -lengths[row])

    def largest_part_tokens(cut: int) -> int:
        return max(cut * lengths[rows[0]], (len(rows) - cut) * lengths[rows[cut]])

    cut = min(range(1, len(rows)), key=largest_part_tokens) if len(rows) > 1 else 1
    return [part for part in (rows[:cut], rows[cut:]) if part]


def compute_parts(
    compute_part: Callable[[list[int]], TokenOutputs],
    parts: Sequence[list[int]],
    parameters: Sequence[Any],
    *,
    recompute: bool = False,
) -> list[TokenOutputs]:
    """``compute_part`` of each part, several at once; the gradient of its log-probabilities goes to the ``parameters`` parameters, and nowhere else.

    With ``recompute`` nothing is kept for the backward pass, which tells each part anew, one after another: for parts that are too large
    to be kept side by side.
    """
    if not torch.is_grad_enabled():
        return list(parallel_map(torch.no_grad()(compute_part), parts))
    outputs = (_RecomputedGraphs if recompute else _SeparateGraphs).apply(compute_part, parts, *parameters)
    outputs_per_part = len(outputs) // len(parts)
    return [outputs[k : k + outputs_per_part] for k in range(0, len(outputs), outputs_per_part)]


class _SeparateGraphs(torch.autograd.Function):
    """torch goes back through a graph in one thread. So each part keeps a graph of its own, which only this knows."""

    @staticmethod
    def forward(
        ctx: Any,
        compute_part: Callable[[list[int]], TokenOutputs],
        parts: Sequence[list[int]],
        *parameters: torch.Tensor,
    ) -> TokenOutputs:
        outputs = list(parallel_map(torch.enable_grad()(compute_part), parts))
        ctx.log_probs, ctx.learnt = [first for first, *_ in outputs], parameters
        detached = [[first.detach(), *others] for first, *others in outputs]
        ctx.mark_non_differentiable(*(other for _, *others in detached for other in others))
        return tuple(figure for figures in detached for figure in figures)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        outputs_per_part = len(gradients) // len(ctx.log_probs)
        pieces = list(zip(ctx.log_probs, gradients[::outputs_per_part], strict=True))
        part_gradients = parallel_map(lambda piece: torch.autograd.grad(piece[0], ctx.learnt, piece[1]), pieces)
        return None, None, *(sum(rest, first) for first, *rest in zip(*part_gradients, strict=True))


class _RecomputedGraphs(torch.autograd.Function):
    """As ``_SeparateGraphs``, with each part told a second time when its gradient is asked for."""

    @staticmethod
    def forward(
        ctx: Any,
        compute_part: Callable[[list[int]], TokenOutputs],
        parts: Sequence[list[int]],
        *parameters: torch.Tensor,
    ) -> TokenOutputs:
        ctx.tell, ctx.parts, ctx.learnt = compute_part, parts, parameters
        outputs = [torch.no_grad()(compute_part)(part) for part in parts]
        ctx.mark_non_differentiable(*(other for _, *others in outputs for other in others))
        return tuple(figure for figures in outputs for figure in figures)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        outputs_per_part = len(gradients) // len(ctx.parts)
        sums: list[torch.Tensor] | None = None
        for part, gradient in zip(ctx.parts, gradients[::outputs_per_part], strict=True):
            with torch.enable_grad():
                log_probs, *_ = ctx.tell(part)
            part_gradients = torch.autograd.grad(log_probs, ctx.learnt, gradient)
            sums = [a + b for a, b in zip(sums, part_gradients, strict=True)] if sums else list(part_gradients)
        return None, None, *(sums or ())
