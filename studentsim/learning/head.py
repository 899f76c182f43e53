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

from studentsim.learning import apart

_SCALES = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")
"""Settings by which some architectures bend their logits; TRL's own head knows them, so it stays for those."""


def put_on(model: PreTrainedModel, *, in_parts: bool = False, plain: bool = True) -> None:
    """Replace TRL's head on ``model`` (the base model, without PEFT around it), where that changes nothing but the time.

    ``in_parts`` computes a batch's rows in two parts at once (``apart.py``); rows must be padded on the right. A model whose
    logits its head alone does not make (not ``plain``), in a way that TRL does not know either, is asked for them whole.
    """
    config = model.config.get_text_config()
    if any(getattr(config, name, None) is not None for name in _SCALES) or (plain and model.device.type != "cpu"):
        return
    original = type(model).forward.__get__(model)
    learnt = [p for p in model.parameters() if p.requires_grad]

    @functools.wraps(type(model).forward)
    def forward(*args: Any, fused_lm_head: bool = False, labels: torch.Tensor | None = None, **kwargs: Any) -> Any:
        if not fused_lm_head or labels is None:
            return original(*args, labels=labels, **kwargs)
        kwargs.pop("num_items_in_batch", None)
        if in_parts and not args and set(kwargs) <= {"input_ids", "attention_mask", "use_cache"}:
            return _told_in_parts(model, learnt, labels[:, 1:], kwargs["input_ids"], kwargs["attention_mask"])
        mask = labels[:, 1:] != -100
        kwargs["use_cache"] = False
        if plain:
            logits = _logits(model, model.base_model(*args, **kwargs).last_hidden_state[:, :-1][mask])
        else:
            logits = original(*args, **kwargs).logits[:, :-1][mask].float()
        at = mask.flatten().nonzero().squeeze(-1)
        return spread([at], [_figures(logits, labels[:, 1:][mask])], mask)

    model.forward = forward


def take_off(model: PreTrainedModel) -> None:
    """The model's own forward again."""
    model.__dict__.pop("forward", None)


def _told_in_parts(
    model: PreTrainedModel,
    learnt: list[torch.nn.Parameter],
    labels: torch.Tensor,
    input_ids: torch.Tensor,
    attention_mask: torch.Tensor,
) -> FusedCausalLMOutput:
    mask = labels != -100
    lengths = attention_mask.sum(-1).tolist()
    parts = apart.dealt(lengths)
    places = torch.arange(mask.numel()).view(mask.shape)

    def cut(tensor: torch.Tensor, rows: list[int], less: int = 0) -> torch.Tensor:
        return tensor[rows, : lengths[rows[0]] - less]

    def tell(rows: list[int]) -> apart.Figures:
        ids, there = cut(input_ids, rows), cut(attention_mask, rows)
        hidden = model.base_model(input_ids=ids, attention_mask=there, use_cache=False).last_hidden_state[:, :-1]
        asked = cut(mask, rows, 1)
        return _figures(_logits(model, hidden[asked]), cut(labels, rows, 1)[asked])

    at = [cut(places, rows, 1)[cut(mask, rows, 1)] for rows in parts]
    return spread(at, apart.compute(tell, parts, learnt), mask)


def _logits(model: PreTrainedModel, hidden: torch.Tensor) -> torch.Tensor:
    """Logits (N, V) of hidden states (N, H) by the head alone."""
    head = model.get_output_embeddings()
    return head(hidden.to(head.weight.dtype)).float()  # norms may be in float32, the head in bfloat16


def _figures(logits: torch.Tensor, wanted: torch.Tensor) -> apart.Figures:
    """``logits`` (N, V), ``wanted`` ids (N,) -> log-probabilities, entropies, mean logits, and whether likeliest, each (N,)."""
    normalised = logits.log_softmax(-1)
    log_probs = normalised.gather(-1, wanted[:, None]).squeeze(-1)
    with torch.no_grad():
        entropy = -(normalised.exp() * normalised).sum(-1)
        return log_probs, entropy, logits.mean(-1), logits.argmax(-1) == wanted


def spread(at: list[torch.Tensor], figures: list[apart.Figures], mask: torch.Tensor) -> FusedCausalLMOutput:
    """TRL's figures (B, T), 0 where nothing is asked; ``at`` says where in the flattened ``mask`` each part's stand."""
    where = torch.cat(at)

    def laid_out(parts: tuple[torch.Tensor, ...]) -> torch.Tensor:
        values = torch.cat(parts)
        return values.new_zeros(mask.numel()).scatter(0, where, values).view(mask.shape)

    log_probs, entropy, mean, is_top1 = (laid_out(parts) for parts in zip(*figures, strict=True))
    return FusedCausalLMOutput(
        loss=-log_probs.sum() / mask.sum().clamp(min=1),
        log_probs=log_probs,
        entropy=entropy,
        mean_logits=mean,
        is_top1=is_top1,
        label_mask=mask,
    )
