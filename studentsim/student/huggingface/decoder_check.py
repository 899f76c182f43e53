"""Whether a model may be computed by the packed decoder: by its kind, and by a trial against transformers' own figures."""

from __future__ import annotations

import torch
from peft import PeftModel
from peft.tuners.lora import Linear as LoRA
from peft.tuners.tuners_utils import BaseTunerLayer

from studentsim.config import ALL_PROJECTIONS
from studentsim.student.hub.sizes import KNOWN
from studentsim.student.huggingface.decoder import PackedDecoder
from studentsim.student.huggingface.packing import Pack, PackedRow

TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.2}
"""Total variation distance (0 to 1) between what the two tell of a next token, at most; 16 bits alone make some."""
CHANGING_ROPES = ("dynamic", "longrope")
"""Rotary embeddings that depend on a text's whole length."""


def decoder_of(model: PeftModel, dtype: torch.dtype) -> PackedDecoder | None:
    """A packed decoder for the model, on a processor and in the model's own dtype; None where transformers is to be asked instead."""
    base = model.get_base_model()
    if base.device.type != "cpu" or base.dtype != dtype or dtype not in TOLERANCE or not _is_known(model):
        return None
    decoder = PackedDecoder(model)
    return decoder if gap(decoder, model) <= TOLERANCE[dtype] else None


def _is_known(model: PeftModel) -> bool:
    base = model.get_base_model()
    config = base.config
    rope = getattr(config, "rope_parameters", None) or {}
    sliding = getattr(config, "use_sliding_window", True) and getattr(config, "sliding_window", None)
    modules = [(name.rpartition(".")[2], module) for name, module in base.named_modules()]
    kinds = {type(module) for name, module in modules if name in ALL_PROJECTIONS}
    adapted = {name for name, module in modules if isinstance(module, BaseTunerLayer)}
    return (
        config.model_type in KNOWN
        and config.hidden_act == "silu"
        and rope.get("rope_type", "default") not in CHANGING_ROPES
        and not (sliding and sliding < config.max_position_embeddings)
        and kinds <= {torch.nn.Linear, LoRA}
        and adapted <= set(ALL_PROJECTIONS)  # fresh ones change nothing yet: the trial would not miss one of the head
    )


@torch.no_grad()
def gap(decoder: PackedDecoder, model: PeftModel) -> float:
    """The largest total variation distance between what decoder and model tell, on a few tokens that mean nothing."""
    size = model.config.vocab_size
    prompt, *texts = ([(7 + 101 * n + 13 * k) % size for k in range(length)] for n, length in enumerate((9, 5, 3)))
    pack = Pack([PackedRow(prompt, texts)])
    told = decoder.logits(decoder.hidden(pack, decoder.adapters(), pack.states)).softmax(-1)
    found = [0.0]
    for number, text in enumerate(texts):
        logits = model(input_ids=torch.tensor([prompt + text]), use_cache=False).logits[0, len(prompt) - 1 : -1]
        distance = (told[pack.owners == number] - logits.float().softmax(-1)).abs().sum(-1).max().item() / 2
        found.append(distance if distance == distance else 1.0)
    return max(found)
