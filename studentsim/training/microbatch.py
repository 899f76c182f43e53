"""Splits a batch's rows into two parts, each computed by a thread of its own, forward and backward.

Padded rows of similar length go together, cropped to the longest of them; rows without padding are split by their tokens. The number
of parts does not depend on the machine, since the gradient's last bits depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from studentsim.parallel import parallel_map

TokenOutputs = tuple[torch.Tensor, ...]
"""Tensors with a value for each label of a part: first log-probabilities, which have a gradient, then others without."""


def split_rows_by_length(lengths: Sequence[int]) -> list[list[int]]:
    """Row indices in one or two parts, the long rows first, cut so that the larger part, padded to its longest row, is smallest."""
    rows = sorted(range(len(lengths)), key=lambda row: -lengths[row])

    def largest_part_tokens(cut: int) -> int:
        return max(cut * lengths[rows[0]], (len(rows) - cut) * lengths[rows[cut]])

    cut = min(range(1, len(rows)), key=largest_part_tokens) if len(rows) > 1 else 1
    return [part for part in (rows[:cut], rows[cut:]) if part]


def split_rows_by_tokens(lengths: Sequence[int]) -> list[list[int]]:
    """Row indices in one or two parts of about as many tokens, for rows without padding: the longest first, each to the smaller part."""
    parts: tuple[list[int], list[int]] = ([], [])
    token_counts = [0, 0]
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        smaller = int(token_counts[1] < token_counts[0])
        parts[smaller].append(row)
        token_counts[smaller] += lengths[row]
    return [part for part in parts if part]


def compute_parts(
    compute_part: Callable[[list[int]], TokenOutputs],
    parts: Sequence[list[int]],
    parameters: Sequence[Any],
    *,
    recompute_at_once: int = 0,
) -> list[TokenOutputs]:
    """``compute_part`` of each part, several at once; the gradient of the log-probabilities goes to ``parameters`` only.

    ``recompute_at_once``: 0, or keep nothing for the backward pass, which computes the parts again, so many at once: for parts whose
    activations do not fit into memory together.
    """
    if not torch.is_grad_enabled():
        return list(parallel_map(torch.no_grad()(compute_part), parts))
    if recompute_at_once:
        outputs = _RecomputedGraphs.apply(compute_part, parts, recompute_at_once, *parameters)
    else:
        outputs = _SeparateGraphs.apply(compute_part, parts, *parameters)
    outputs_per_part = len(outputs) // len(parts)
    return [outputs[k : k + outputs_per_part] for k in range(0, len(outputs), outputs_per_part)]


class _SeparateGraphs(torch.autograd.Function):
    """Gives each part a graph of its own, since torch's backward pass on a CPU goes through one graph in one thread."""

    @staticmethod
    def forward(
        ctx: Any,
        compute_part: Callable[[list[int]], TokenOutputs],
        parts: Sequence[list[int]],
        *parameters: torch.Tensor,
    ) -> TokenOutputs:
        outputs = list(parallel_map(torch.enable_grad()(compute_part), parts))
        ctx.log_probs, ctx.parameters = [first for first, *_ in outputs], parameters
        detached = [[first.detach(), *others] for first, *others in outputs]
        ctx.mark_non_differentiable(*(other for _, *others in detached for other in others))
        return tuple(tensor for part_outputs in detached for tensor in part_outputs)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        outputs_per_part = len(gradients) // len(ctx.log_probs)
        graphs = list(zip(ctx.log_probs, gradients[::outputs_per_part], strict=True))
        part_gradients = parallel_map(lambda graph: torch.autograd.grad(graph[0], ctx.parameters, graph[1]), graphs)
        return None, None, *(sum(rest, first) for first, *rest in zip(*part_gradients, strict=True))


class _RecomputedGraphs(torch.autograd.Function):
    """As ``_SeparateGraphs``, with the parts computed again in the backward pass, ``parts_at_once`` of them at once."""

    @staticmethod
    def forward(
        ctx: Any,
        compute_part: Callable[[list[int]], TokenOutputs],
        parts: Sequence[list[int]],
        parts_at_once: int,
        *parameters: torch.Tensor,
    ) -> TokenOutputs:
        ctx.compute_part, ctx.parts, ctx.parts_at_once, ctx.parameters = compute_part, parts, parts_at_once, parameters
        outputs = list(parallel_map(torch.no_grad()(compute_part), parts))
        ctx.mark_non_differentiable(*(other for _, *others in outputs for other in others))
        return tuple(tensor for part_outputs in outputs for tensor in part_outputs)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        outputs_per_part = len(gradients) // len(ctx.parts)
        parts = list(zip(ctx.parts, gradients[::outputs_per_part], strict=True))

        def compute_gradients(part_and_gradient: tuple[list[int], torch.Tensor]) -> tuple[torch.Tensor, ...]:
            part, gradient = part_and_gradient
            with torch.enable_grad():
                log_probs, *_ = ctx.compute_part(part)
            return torch.autograd.grad(log_probs, ctx.parameters, gradient)

        sums: list[torch.Tensor] | None = None
        for begin in range(0, len(parts), ctx.parts_at_once):
            for part_gradients in parallel_map(compute_gradients, parts[begin : begin + ctx.parts_at_once]):
                sums = [a + b for a, b in zip(sums, part_gradients, strict=True)] if sums else list(part_gradients)
        return None, None, None, *(sums or ())
