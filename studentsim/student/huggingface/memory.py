"""A model's size, the memory it takes on this machine, and the batch sizes that follow from it. Without torch.

Estimates, meant to be right within a third: parameters are counted, activations are estimated from the model's shape. They use the
machine's total memory, not what is free now, so that a resumed run gets the same batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studentsim.config import RunConfig
from studentsim.settings import DPOSettings, ModelLoadingSettings
from studentsim.student.huggingface.hardware import Hardware

TYPICAL_PROMPT_TOKENS = 160
"""Tokens of a typical question with its options."""
MAX_DIMENSION = 10**9
"""Largest dimension in a config.json that is believed."""
MAX_GENERATION_BATCH_SIZE = 64
NF4_BYTES_PER_PARAMETER = 0.5 + 4 / 64
"""Bytes of a parameter in NF4: half a byte, and a float32 scale for every 64 parameters."""
INT8_BYTES_PER_PARAMETER = 1.01
ATTENTION_FREE_TYPES = ("mamba", "mamba2", "falcon_mamba", "rwkv", "xlstm")
"""``model_type``s without attention layers: their kernels bypass the adapter, so that training would change nothing."""
PAGED_OPTIMISER_MIN_PARAMETERS = 100_000_000
"""Adapter parameters from which on paging AdamW's state out of the GPU pays: 0.8 GB of state."""
PACKED_DECODER_TYPES = ("llama", "qwen2", "qwen3", "mistral")
"""``model_type``s that the packed decoder (``packed_decoder.py``) supports on a CPU."""
MAX_ACTIVATION_BYTES = 1.16e9
"""Bytes of activations that a training step of the packed decoder may keep for its backward pass."""
_PROCESS_BYTES = {"cpu": 0.7e9, "cuda": 1.0e9}
"""Bytes of torch and its libraries; on a GPU, of the CUDA context."""


@dataclass(frozen=True)
class ModelShape:
    """A decoder's dimensions, read from config.json under the names that architectures use for them."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    gated: bool
    tied_embeddings: bool
    has_packed_decoder: bool = False
    """Whether the packed decoder supports the architecture."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ModelShape | None:
        """The shape in a config.json; None where dimensions are missing, or the architecture has no attention."""
        settings = {**config, **(config.get("text_config") or {})}
        if settings.get("model_type") in ATTENTION_FREE_TYPES:
            return None

        def first_positive(*names: str) -> int:
            found = (settings.get(name) for name in names)
            return next((int(n) for n in found if isinstance(n, int) and 0 < n <= MAX_DIMENSION), 0)

        hidden, layers = (
            first_positive("hidden_size", "n_embd", "d_model"),
            first_positive("num_hidden_layers", "n_layer", "num_layers"),
        )
        heads, vocabulary = first_positive("num_attention_heads", "n_head", "num_heads"), first_positive("vocab_size")
        if not (hidden and layers and heads and vocabulary):
            return None
        model_type = str(settings.get("model_type", ""))
        return cls(
            hidden=hidden,
            layers=layers,
            heads=heads,
            kv_heads=first_positive("num_key_value_heads") or heads,
            head_dim=first_positive("head_dim") or hidden // heads,
            intermediate=first_positive("intermediate_size", "ffn_dim", "n_inner") or 4 * hidden,
            vocabulary=vocabulary,
            gated=model_type not in ("bloom", "phi", "gpt2", "gpt_neox", "opt", "gptj", "falcon"),
            tied_embeddings=bool(
                settings.get("tie_word_embeddings", model_type.startswith(("gemma", "bloom", "gpt2")))
            ),
            has_packed_decoder=model_type in PACKED_DECODER_TYPES,
        )

    @property
    def embedding_parameters(self) -> int:
        """Parameters of the embeddings and, where untied, of the LM head. They are never quantised."""
        return self.vocabulary * self.hidden * (1 if self.tied_embeddings else 2)

    @property
    def parameters(self) -> int:
        """Parameters of a decoder of this shape, without norms and biases."""
        attention = 2 * self.hidden * self.head_dim * (self.heads + self.kv_heads)
        return self.embedding_parameters + self.layers * (
            attention + (3 if self.gated else 2) * self.hidden * self.intermediate
        )

    def count_lora_parameters(self, rank: int) -> int:
        """Parameters of a LoRA adapter of this rank on every projection."""
        q_dim, kv_dim = self.heads * self.head_dim, self.kv_heads * self.head_dim
        attention = 2 * (self.hidden + q_dim) + 2 * (self.hidden + kv_dim)
        return rank * self.layers * (attention + (3 if self.gated else 2) * (self.hidden + self.intermediate))


def explain_unsupported_type(model_type: str) -> tuple[str, str]:
    """Problem and remedy (sentences for users) for a model that has no ``ModelShape``."""
    if model_type in ATTENTION_FREE_TYPES:
        return (
            f"is of a kind ({model_type}) without attention, which cannot learn here",
            "Choose a causal language model with attention, such as google/gemma-2b-it, or a hybrid such as LFM2.",
        )
    return (
        f"is of a kind ({model_type}) whose size its config.json does not give",
        "Choose a causal language model, such as google/gemma-2b-it.",
    )


@dataclass(frozen=True)
class MemoryPlan:
    """Batch sizes for this machine, and the memory they take, in bytes."""

    generation_batch_size: int
    micro_batch_size: int
    gradient_checkpointing: bool
    paged_optimiser: bool
    base_weight_bytes: float
    adapter_bytes: float
    generation_bytes: float
    training_bytes: float
    overhead_bytes: float

    @property
    def peak_bytes(self) -> float:
        """The peak memory, in bytes."""
        return (
            self.base_weight_bytes
            + self.adapter_bytes
            + max(self.generation_bytes, self.training_bytes)
            + self.overhead_bytes
        )


def format_parameter_count(parameters: float) -> str:
    """A number of parameters, abbreviated.

    >>> format_parameter_count(2_506_172_416), format_parameter_count(134_515_008)
    ('2.51 B', '135 M')
    """
    return f"{parameters / 1e9:.2f} B" if parameters >= 1e9 else f"{parameters / 1e6:.3g} M"


def resolve_dtype_name(model_loading: ModelLoadingSettings, device: str) -> str:
    """The dtype that the settings mean. ``auto`` on a GPU counts as bfloat16, since without torch its capabilities are unknown."""
    if model_loading.dtype != "auto":
        return model_loading.dtype
    return "bfloat16" if model_loading.quantisation != "none" or device == "cuda" else "float32"


def plan_memory(config: RunConfig, shape: ModelShape, parameters: int, hardware: Hardware) -> MemoryPlan:
    """The memory plan for this run's settings on this machine. ``parameters`` 0: unknown, then the shape's."""
    model_loading, dpo = config.model_loading, config.dpo
    dtype_bytes = 4 if resolve_dtype_name(model_loading, hardware.device) == "float32" else 2
    base_weight_bytes = estimate_weight_bytes(
        shape, parameters or shape.parameters, model_loading.quantisation, dtype_bytes
    )
    adapter_parameters = shape.count_lora_parameters(dpo.lora_rank)
    adapter_bytes = 16.0 * adapter_parameters  # weights, gradient and AdamW's two moments, float32
    overhead_bytes = _PROCESS_BYTES[hardware.device]
    free_bytes = max(0.85 * hardware.total_bytes - base_weight_bytes - adapter_bytes - overhead_bytes, 0.0)
    tokens = TYPICAL_PROMPT_TOKENS + config.max_new_tokens
    # Quantised models have norms in float32, which makes keys and values float32 too.
    cache_bytes_per_token = (
        shape.layers
        * 2
        * shape.kv_heads
        * shape.head_dim
        * (4 if model_loading.quantisation != "none" else dtype_bytes)
    )
    bytes_per_answer = cache_bytes_per_token * tokens + 12 * shape.vocabulary
    generation_batch_size = model_loading.generation_batch_size or max(
        1, min(MAX_GENERATION_BATCH_SIZE, int(0.6 * free_bytes / bytes_per_answer))
    )
    micro_batch_size, gradient_checkpointing, bytes_per_pair = _choose_micro_batch_size(
        model_loading, dpo, shape, dtype_bytes, tokens, config.max_new_tokens, free_bytes
    )
    return MemoryPlan(
        generation_batch_size=generation_batch_size,
        micro_batch_size=micro_batch_size,
        gradient_checkpointing=gradient_checkpointing,
        paged_optimiser=hardware.device == "cuda"
        and _resolve_auto(model_loading.optimiser, "paged", adapter_parameters >= PAGED_OPTIMISER_MIN_PARAMETERS),
        base_weight_bytes=base_weight_bytes,
        adapter_bytes=adapter_bytes,
        generation_bytes=generation_batch_size * bytes_per_answer,
        training_bytes=_estimate_training_bytes(
            micro_batch_size, bytes_per_pair, model_loading, shape, dtype_bytes, tokens, config.max_new_tokens, hardware
        ),
        overhead_bytes=overhead_bytes,
    )


def estimate_weight_bytes(shape: ModelShape, parameters: int, quantisation: str, dtype_bytes: int) -> float:
    """Bytes of the base weights: embeddings and LM head in ``dtype_bytes`` each, the rest as ``quantisation`` stores it."""
    bytes_per_parameter = {
        "none": float(dtype_bytes),
        "8bit": INT8_BYTES_PER_PARAMETER,
        "nf4": NF4_BYTES_PER_PARAMETER,
    }[quantisation]
    embedding_parameters = min(shape.embedding_parameters, parameters)
    return embedding_parameters * dtype_bytes + (parameters - embedding_parameters) * bytes_per_parameter


def _choose_micro_batch_size(
    model_loading: ModelLoadingSettings,
    dpo: DPOSettings,
    shape: ModelShape,
    dtype_bytes: int,
    tokens_per_text: int,
    max_new_tokens: int,
    free_bytes: float,
) -> tuple[int, bool, float]:
    """Pairs at once (a divisor of the batch, so that all passes weigh the same), whether to checkpoint, bytes of a pair."""
    activation_bytes = dtype_bytes * (16 * shape.hidden + 5 * shape.intermediate)  # of one token in one layer
    logit_bytes = 2 * max_new_tokens * shape.vocabulary * 4 * 4
    bytes_without_checkpoints = 2 * tokens_per_text * activation_bytes * shape.layers + logit_bytes
    bytes_with_checkpoints = (
        2 * tokens_per_text * (activation_bytes + dtype_bytes * shape.hidden * shape.layers) + logit_bytes
    )
    gradient_checkpointing = _resolve_auto(
        model_loading.gradient_checkpointing, "on", 0.8 * free_bytes < bytes_without_checkpoints
    )
    bytes_per_pair = bytes_with_checkpoints if gradient_checkpointing else bytes_without_checkpoints
    max_pairs = model_loading.micro_batch_size or max(1, int(0.8 * free_bytes / bytes_per_pair))
    return (
        max(d for d in range(1, dpo.batch_size + 1) if dpo.batch_size % d == 0 and d <= max_pairs),
        gradient_checkpointing,
        bytes_per_pair,
    )


def activation_bytes_per_token(layers: int, hidden: int, intermediate: int, dtype_bytes: int) -> int:
    """Bytes that the packed decoder keeps of a token for the backward pass: in every layer the residuals (float32), queries, keys, values,
    attention's outputs, gate and up. ``dtype_bytes``: bytes of a number."""
    return dtype_bytes * layers * (7 * hidden + 2 * intermediate)


def _estimate_training_bytes(
    micro_batch_size: int,
    bytes_per_pair: float,
    model_loading: ModelLoadingSettings,
    shape: ModelShape,
    dtype_bytes: int,
    tokens_per_text: int,
    max_new_tokens: int,
    hardware: Hardware,
) -> float:
    """Bytes of a training step. The packed decoder keeps at most ``MAX_ACTIVATION_BYTES``, however many pairs it is given."""
    if hardware.device != "cpu" or model_loading.quantisation != "none" or not shape.has_packed_decoder:
        return micro_batch_size * bytes_per_pair
    activation_bytes = (
        2 * tokens_per_text * activation_bytes_per_token(shape.layers, shape.hidden, shape.intermediate, dtype_bytes)
    )
    logit_bytes = (
        2 * 2 * max_new_tokens * shape.vocabulary * 4 * 4
    )  # two microbatches at once, each with a pair's logits
    return min(micro_batch_size * bytes_per_pair, max(MAX_ACTIVATION_BYTES, activation_bytes) + logit_bytes)


def _resolve_auto(setting: str, on_value: str, auto_value: bool) -> bool:
    return auto_value if setting == "auto" else setting == on_value
