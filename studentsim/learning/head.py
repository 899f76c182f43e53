"""DPO's log-probabilities from completion tokens alone, on a CPU too.

TRL 1.16 gives the model a head that returns each label's log-probability instead of logits. With a GPU it scores only the
positions that have a label; elsewhere all of them, prompt and padding too, which for a small model with a
long prompt was more than half of a training step (docs/log.md). This one scores the labelled positions anywhere.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from transformers import PreTrainedModel
from trl.trainer.utils import FusedCausalLMOutput

_SCALES = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")
"""Settings by which some architectures bend their logits; TRL's own head knows them, so it stays for those."""


def put_on(model: PreTrainedModel) -> None:
    """Replace TRL's head on ``model`` (the base model, without PEFT around it), where that changes nothing but the time."""
    config = model.config.get_text_config()
    if model.device.type != "cpu" or any(getattr(config, name, None) is not None for name in _SCALES):
        return
    original = type(model).forward.__get__(model)

    @functools.wraps(type(model).forward)
    def forward(*args: Any, fused_lm_head: bool = False, labels: torch.Tensor | None = None, **kwargs: Any) -> Any:
        if not fused_lm_head or labels is None:
            return original(*args, labels=labels, **kwargs)
        kwargs.pop("num_items_in_batch", None)
        hidden = model.base_model(*args, **{**kwargs, "use_cache": False}).last_hidden_state[:, :-1]
        return _told(model.get_output_embeddings(), hidden, labels[:, 1:])

    model.forward = forward


def take_off(model: PreTrainedModel) -> None:
    """The model's own forward again."""
    model.__dict__.pop("forward", None)


def _told(head: torch.nn.Module, hidden: torch.Tensor, labels: torch.Tensor) -> FusedCausalLMOutput:
    """``hidden`` (B, T, H), ``labels`` (B, T), -100 where nothing is asked -> TRL's figures (B, T), 0 where nothing is asked."""
    mask = labels != -100
    wanted = labels[mask]  # (N,)
    logits = head(hidden[mask].to(head.weight.dtype)).float()  # (N, V); norms may be in float32, the head in bfloat16
    normalised = logits.log_softmax(-1)
    log_probs = normalised.gather(-1, wanted[:, None]).squeeze(-1)

    def spread(values: torch.Tensor) -> torch.Tensor:
        return values.new_zeros(mask.shape).masked_scatter(mask, values)

    with torch.no_grad():
        entropy = -(normalised.exp() * normalised).sum(-1)
        is_top1 = logits.argmax(-1) == wanted
        mean = logits.mean(-1)
    return FusedCausalLMOutput(
        loss=-log_probs.sum() / mask.sum().clamp(min=1),
        log_probs=spread(log_probs),
        entropy=spread(entropy),
        mean_logits=spread(mean),
        is_top1=spread(is_top1),
        label_mask=mask,
    )
