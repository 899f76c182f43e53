"""From hidden states to what is told of single tokens, without keeping scores over the whole vocabulary.

A vocabulary of 49,152 makes 200 kB of every position. Here positions go through the head a few at a time; for the backward pass
each leaves behind the gradient of its one log-probability alone, which is as wide as a hidden state.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

POSITIONS_AT_ONCE = 256
"""Positions that go through the head together: enough for a matrix product to be fast."""
ROWS_IN_CACHE = 32
"""Of these, how many are normalised together: 6 MB of float32 for a vocabulary of 49,152, which a core's caches hold."""


class TokenFigures(NamedTuple):
    """Of each token (M,): its log-probability (natural), the distribution's entropy (nats), the mean logit, and whether it is likeliest."""

    log_probs: torch.Tensor
    entropy: torch.Tensor
    mean_logits: torch.Tensor
    is_top1: torch.Tensor


def token_figures(hidden: torch.Tensor, head: torch.Tensor, targets: torch.Tensor) -> TokenFigures:
    """Figures of the ``targets`` (M,) by their states (M, H) and the ``head`` (V, H); the log-probabilities have a gradient."""
    return TokenFigures(*_TokenFigures.apply(hidden, head, targets))


class _TokenFigures(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, head: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, ...]:
        count = len(targets)
        log_probs, entropy, mean = (torch.empty(count) for _ in range(3))
        top = torch.empty(count, dtype=torch.bool)
        back = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        for start in range(0, count, POSITIONS_AT_ONCE):
            stop = min(start + POSITIONS_AT_ONCE, count)
            logits = F.linear(hidden[start:stop], head)  # (n, V)
            for first in range(start, stop, ROWS_IN_CACHE):
                here = slice(first, min(first + ROWS_IN_CACHE, stop))
                part = logits[here.start - start : here.stop - start]
                scores = part.float()
                mean[here] = scores.mean(-1)
                likeliest, place = scores.max(-1)
                top[here] = place == targets[here]
                scores -= likeliest[:, None]
                wanted = scores.gather(-1, targets[here, None]).squeeze(-1)
                shares = scores.exp()
                total = shares.sum(-1)
                log_probs[here] = wanted - total.log()
                shares /= total[:, None]
                entropy[here] = total.log() - torch.linalg.vecdot(shares, scores)
                if back is not None:
                    part.copy_(shares.neg_())
            if back is not None:  # gradient of a log-probability by its logits: what is wanted less what is expected
                logits[torch.arange(stop - start), targets[start:stop]] += 1
                back[start:stop] = logits @ head
        ctx.back = back
        ctx.mark_non_differentiable(entropy, mean, top)
        return log_probs, entropy, mean, top

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor, *_: Any) -> tuple[torch.Tensor, None, None]:
        return ctx.back * gradient[:, None].to(ctx.back.dtype), None, None
