"""An LM head for TRL that computes only completion tokens' log-probabilities, also on a CPU.

TRL 1.16 gives the model a head that returns each label's log-probability instead of logits. On a GPU it computes only the labelled
positions; on a CPU all of them, prompt and padding included, which for a small model with a long prompt took more than half of a
training step (docs/log.md). This head computes the labelled positions on any device.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from transformers import PreTrainedModel
from trl.trainer.utils import FusedCausalLMOutput

from studentsim.training import microbatch

_LOGIT_SCALING_SETTINGS = (
    "final_logit_softcapping",
    "logit_scale",
    "output_multiplier",
    "lm_head_multiplier",
    "logits_scaling",
)
"""Config settings by which some architectures scale their logits; TRL's own head handles these and is kept there."""


def patch(model: PreTrainedModel, *, split_rows: bool = False, has_plain_lm_head: bool = True) -> None:
    """Replace TRL's head on ``model`` (the base model, without PEFT's wrapper), where that only saves time.

    ``split_rows``: compute a batch's rows in two parts at once (``microbatch.py``); rows must be padded on the right.
    ``has_plain_lm_head`` False: the head alone does not give the logits, in a way unknown to TRL too, so that the model computes them.
    """
    config = model.config.get_text_config()
    if any(getattr(config, name, None) is not None for name in _LOGIT_SCALING_SETTINGS) or (
        has_plain_lm_head and model.device.type != "cpu"
    ):
        return
    original = type(model).forward.__get__(model)
    parameters = [p for p in model.parameters() if p.requires_grad]

    @functools.wraps(type(model).forward)
    def forward(*args: Any, fused_lm_head: bool = False, labels: torch.Tensor | None = None, **kwargs: Any) -> Any:
        if not fused_lm_head or labels is None:
            return original(*args, labels=labels, **kwargs)
        kwargs.pop("num_items_in_batch", None)
        if split_rows and not args and set(kwargs) <= {"input_ids", "attention_mask", "use_cache"}:
            return _forward_in_parts(model, parameters, labels[:, 1:], kwargs["input_ids"], kwargs["attention_mask"])
        mask = labels[:, 1:] != -100
        kwargs["use_cache"] = False
        if has_plain_lm_head:
            logits = _compute_logits(model, model.base_model(*args, **kwargs).last_hidden_state[:, :-1][mask])
        else:
            logits = original(*args, **kwargs).logits[:, :-1][mask].float()
        positions = mask.flatten().nonzero().squeeze(-1)
        return scatter_token_outputs([positions], [_compute_token_outputs(logits, labels[:, 1:][mask])], mask)

    model.forward = forward


def unpatch(model: PreTrainedModel) -> None:
    """Restore the model's own forward."""
    model.__dict__.pop("forward", None)


def _forward_in_parts(
    model: PreTrainedModel,
    parameters: list[torch.nn.Parameter],
    labels: torch.Tensor,
    input_ids: torch.Tensor,
    attention_mask: torch.Tensor,
) -> FusedCausalLMOutput:
    mask = labels != -100
    lengths = attention_mask.sum(-1).tolist()
    parts = microbatch.split_rows_by_length(lengths)
    flat_positions = torch.arange(mask.numel()).view(mask.shape)

    def crop_rows(tensor: torch.Tensor, rows: list[int], shorten_by: int = 0) -> torch.Tensor:
        return tensor[rows, : lengths[rows[0]] - shorten_by]

    def compute_part(rows: list[int]) -> microbatch.TokenOutputs:
        ids, part_attention = crop_rows(input_ids, rows), crop_rows(attention_mask, rows)
        hidden = model.base_model(input_ids=ids, attention_mask=part_attention, use_cache=False).last_hidden_state
        is_labelled = crop_rows(mask, rows, 1)
        logits = _compute_logits(model, hidden[:, :-1][is_labelled])
        return _compute_token_outputs(logits, crop_rows(labels, rows, 1)[is_labelled])

    label_positions = [crop_rows(flat_positions, rows, 1)[crop_rows(mask, rows, 1)] for rows in parts]
    return scatter_token_outputs(label_positions, microbatch.compute_parts(compute_part, parts, parameters), mask)


def _compute_logits(model: PreTrainedModel, hidden: torch.Tensor) -> torch.Tensor:
    """Logits (N, V), float32, of hidden states (N, H) by the LM head alone."""
    head = model.get_output_embeddings()
    return head(hidden.to(head.weight.dtype)).float()  # norms may be in float32, the head in bfloat16


def _compute_token_outputs(logits: torch.Tensor, label_ids: torch.Tensor) -> microbatch.TokenOutputs:
    """Log-probabilities, entropies, mean logits, and whether likeliest, each (N,), of ``label_ids`` (N,) by ``logits`` (N, V)."""
    log_distribution = logits.log_softmax(-1)
    log_probs = log_distribution.gather(-1, label_ids[:, None]).squeeze(-1)
    with torch.no_grad():
        entropy = -(log_distribution.exp() * log_distribution).sum(-1)
        return log_probs, entropy, logits.mean(-1), logits.argmax(-1) == label_ids


def scatter_token_outputs(
    label_positions: list[torch.Tensor], outputs: list[microbatch.TokenOutputs], mask: torch.Tensor
) -> FusedCausalLMOutput:
    """TRL's outputs (B, T), 0 at positions without label; ``label_positions``: each part's indices into the flattened ``mask`` (B, T)."""
    positions = torch.cat(label_positions)

    def scatter(parts: tuple[torch.Tensor, ...]) -> torch.Tensor:
        values = torch.cat(parts)
        return values.new_zeros(mask.numel()).scatter(0, positions, values).view(mask.shape)

    log_probs, entropy, mean, is_top1 = (scatter(parts) for parts in zip(*outputs, strict=True))
    return FusedCausalLMOutput(
        loss=-log_probs.sum() / mask.sum().clamp(min=1),
        log_probs=log_probs,
        entropy=entropy,
        mean_logits=mean,
        is_top1=is_top1,
        label_mask=mask,
    )
