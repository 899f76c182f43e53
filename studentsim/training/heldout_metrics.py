"""DPO's metrics on held-out pairs, from their log-probabilities.

TRL's ``evaluate`` gives the same (a test compares them), but computes each pair's prompt twice, and the next turn's reference would take
another pass.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from studentsim.events import PreferenceMetrics
from studentsim.settings import DPOSettings
from studentsim.training.protocols import PairLogps


def compute_held_out_metrics(
    student_logps: PairLogps,
    reference_logps: PairLogps,
    token_counts: Sequence[tuple[int, int]],
    dpo: DPOSettings,
    mean_logits: Sequence[tuple[float, float]] | None = None,
) -> PreferenceMetrics:
    """The student's loss and rewards relative to its reference.

    ``token_counts``: of each pair the tokens of chosen and rejected that count; ``mean_logits``: means over these and the vocabulary.
    Rewards are beta times the log-ratios ("Direct Preference Optimization", Rafailov et al. 2023, section 4); losses as in TRL.
    """
    current, reference = torch.tensor(student_logps), torch.tensor(reference_logps)  # (pairs, 2)
    rewards = dpo.beta * (current - reference)
    margins = rewards[:, 0] - rewards[:, 1]
    loss = _compute_losses(current - reference, torch.tensor(token_counts), dpo).mean()
    if dpo.sft_weight > 0:
        loss = loss - dpo.sft_weight * current[:, 0].sum() / sum(chosen for chosen, _ in token_counts)
    (chosen, rejected), (logp_chosen, logp_rejected) = rewards.mean(0).tolist(), current.mean(0).tolist()
    logits_chosen, logits_rejected = (
        _token_weighted_mean_logits(mean_logits, token_counts) if mean_logits else (None, None)
    )
    return PreferenceMetrics(
        loss=loss.item(),
        rewards_chosen=chosen,
        rewards_rejected=rejected,
        rewards_accuracies=(margins > 0).float().mean().item(),
        rewards_margins=margins.mean().item(),
        logps_chosen=logp_chosen,
        logps_rejected=logp_rejected,
        logits_chosen=logits_chosen,
        logits_rejected=logits_rejected,
    )


def _token_weighted_mean_logits(
    mean_logits: Sequence[tuple[float, float]], token_counts: Sequence[tuple[int, int]]
) -> tuple[float, float]:
    """TRL's ``logits/chosen`` and ``logits/rejected``: means over all tokens, so that a long completion weighs more."""
    tokens = torch.tensor(token_counts, dtype=torch.float64)  # (pairs, 2)
    means = (torch.tensor(mean_logits, dtype=torch.float64) * tokens).sum(0) / tokens.sum(0).clamp(min=1)
    chosen, rejected = means.tolist()
    return chosen, rejected


def _compute_losses(log_ratios: torch.Tensor, token_counts: torch.Tensor, dpo: DPOSettings) -> torch.Tensor:
    """DPO's loss (pairs,) from the log-ratios (pairs, 2) of chosen and rejected."""
    margin = dpo.beta * (log_ratios[:, 0] - log_ratios[:, 1])
    if dpo.loss == "hinge":
        return (1 - margin).relu()
    if dpo.loss == "ipo":
        # "A General Theoretical Paradigm …" (Azar et al. 2023), equation 17, per token as in TRL
        by_token = log_ratios / token_counts.clamp(min=1)
        return (by_token[:, 0] - by_token[:, 1] - 1 / (2 * dpo.beta)) ** 2
    if dpo.loss == "robust":  # "Provably Robust DPO" (Chowdhury et al. 2024)
        flip_rate = dpo.label_smoothing
        return -((1 - flip_rate) * F.logsigmoid(margin) - flip_rate * F.logsigmoid(-margin)) / (1 - 2 * flip_rate)
    return -F.logsigmoid(margin)
