"""Decides whether the packed decoder may compute a model: by its architecture, and by a comparison with transformers' probabilities."""

from __future__ import annotations

import torch
from peft import PeftModel
from peft.tuners.lora import Linear as LoRA
from peft.tuners.tuners_utils import BaseTunerLayer

from studentsim.settings import ALL_PROJECTIONS
from studentsim.student.huggingface.cache_check import make_probe_ids, total_variation
from studentsim.student.huggingface.memory import PACKED_DECODER_TYPES
from studentsim.student.huggingface.packed_decoder import PackedDecoder
from studentsim.student.huggingface.packing import PackedBatch, PackedRow

MAX_DECODER_ERROR = {torch.float32: 1e-3, torch.bfloat16: 0.2}
"""The largest accepted total variation distance (0 to 1) of next-token probabilities from transformers'. 16 bits round."""
LENGTH_DEPENDENT_ROPES = ("dynamic", "longrope")
"""``rope_type``s that depend on a sequence's total length."""


def build_packed_decoder(model: PeftModel, dtype: torch.dtype) -> PackedDecoder | None:
    """A packed decoder for the model, on a CPU and in the model's own dtype; None where transformers must be used."""
    base = model.get_base_model()
    if base.device.type != "cpu" or base.dtype != dtype or dtype not in MAX_DECODER_ERROR or not _is_supported(model):
        return None
    decoder = PackedDecoder(model)
    return decoder if measure_decoder_error(decoder, model) <= MAX_DECODER_ERROR[dtype] else None


def _is_supported(model: PeftModel) -> bool:
    base = model.get_base_model()
    config = base.config
    rope = getattr(config, "rope_parameters", None) or {}
    sliding = getattr(config, "use_sliding_window", True) and getattr(config, "sliding_window", None)
    modules = [(name.rpartition(".")[2], module) for name, module in base.named_modules()]
    kinds = {type(module) for name, module in modules if name in ALL_PROJECTIONS}
    adapted_names = {name for name, module in modules if isinstance(module, BaseTunerLayer)}
    return (
        config.model_type in PACKED_DECODER_TYPES
        and config.hidden_act == "silu"
        and rope.get("rope_type", "default") not in LENGTH_DEPENDENT_ROPES
        and not (sliding and sliding < config.max_position_embeddings)
        and kinds <= {torch.nn.Linear, LoRA}
        # new adapters change nothing yet, so that the comparison would not notice one that the decoder ignores
        and adapted_names <= set(ALL_PROJECTIONS)
    )


@torch.no_grad()
def measure_decoder_error(decoder: PackedDecoder, model: PeftModel) -> float:
    """The largest total variation distance between the next-token probabilities of decoder and model, on a few arbitrary tokens."""
    base = model.get_base_model()
    prompt, *texts = (make_probe_ids(base, n, length) for n, length in enumerate((9, 5, 3)))
    pack = PackedBatch([PackedRow(prompt, texts)])
    packed_logits = decoder.compute_logits(
        decoder.compute_hidden_states(pack, decoder.combine_layer_adapters(), pack.predicting_positions)
    )
    distances = [0.0]
    for number, text in enumerate(texts):
        logits = model(input_ids=torch.tensor([prompt + text]), use_cache=False).logits[0, len(prompt) - 1 : -1]
        distances.append(total_variation(packed_logits[pack.completion_numbers == number], logits))
    return max(distances)
