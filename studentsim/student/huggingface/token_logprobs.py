"""Log-probabilities and other statistics of tokens from hidden states, without storing logits over the whole vocabulary.

The logits of a vocabulary of 49,152 take 200 kB a position. Here positions go through the LM head a few at a time; for the backward
pass only the gradient of each target's log-probability is kept, which is as wide as a hidden state.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

POSITIONS_PER_CHUNK = 256
"""Positions that go through the LM head together: enough for a fast matrix product."""
ROWS_PER_SOFTMAX = 32
"""Of these, so many are normalised together: 6 MB of float32 for a vocabulary of 49,152, which fit into a core's caches."""


class TokenStatistics(NamedTuple):
    """Of each token (M,): natural log-probability, entropy of the distribution (nats), mean logit, and whether it is the likeliest."""

    log_probs: torch.Tensor
    entropy: torch.Tensor
    mean_logits: torch.Tensor
    is_top1: torch.Tensor


def compute_token_statistics(hidden: torch.Tensor, lm_head: torch.Tensor, targets: torch.Tensor) -> TokenStatistics:
    """Statistics of ``targets`` (M,) by their hidden states (M, H) and the ``lm_head`` (V, H); ``log_probs`` has a gradient."""
    return TokenStatistics(*_TokenStatisticsFunction.apply(hidden, lm_head, targets))


class _TokenStatisticsFunction(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, lm_head: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        count = len(targets)
        log_probs, entropy, mean_logits = (torch.empty(count) for _ in range(3))
        is_top1 = torch.empty(count, dtype=torch.bool)
        hidden_gradient = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        for start in range(0, count, POSITIONS_PER_CHUNK):
            stop = min(start + POSITIONS_PER_CHUNK, count)
            logits = F.linear(hidden[start:stop], lm_head)  # (n, V)
            for first in range(start, stop, ROWS_PER_SOFTMAX):
                rows = slice(first, min(first + ROWS_PER_SOFTMAX, stop))
                logits_part = logits[rows.start - start : rows.stop - start]
                scores = logits_part.float()
                mean_logits[rows] = scores.mean(-1)
                max_scores, argmax = scores.max(-1)
                is_top1[rows] = argmax == targets[rows]
                scores -= max_scores[:, None]
                target_scores = scores.gather(-1, targets[rows, None]).squeeze(-1)
                probabilities = scores.exp()
                total = probabilities.sum(-1)
                log_probs[rows] = target_scores - total.log()
                probabilities /= total[:, None]
                entropy[rows] = total.log() - torch.linalg.vecdot(probabilities, scores)
                if hidden_gradient is not None:
                    logits_part.copy_(probabilities.neg_())
            if hidden_gradient is not None:
                # gradient of a log-probability by its logits: one-hot target minus probabilities
                logits[torch.arange(stop - start), targets[start:stop]] += 1
                hidden_gradient[start:stop] = logits @ lm_head
        ctx.hidden_gradient = hidden_gradient
        ctx.mark_non_differentiable(entropy, mean_logits, is_top1)
        return log_probs, entropy, mean_logits, is_top1

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor, *_: Any) -> tuple[torch.Tensor, None, None]:
        return ctx.hidden_gradient * gradient[:, None].to(ctx.hidden_gradient.dtype), None, None
