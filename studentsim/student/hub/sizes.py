"""How large a model is, what memory it takes here, and so how much of it is done at once. Without torch.

Estimates, meant to be right within a third: parameters are counted, what is held of each layer while it learns is reckoned.
They go by the machine's whole memory, not by what is free just now, so that a resumed run is cut into the same batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studentsim.config import Hub, Learning, RunConfig
from studentsim.student.hub.machine import Machine

PROMPT = 160
"""Tokens of a question with its options, as a rule."""
MOST_ANSWERS = 64
NF4_BYTES = 0.5 + 4 / 64
"""A parameter in NF4: half a byte, and a float32 for every 64."""
EIGHT_BIT_BYTES = 1.01
WITHOUT_ATTENTION = ("mamba", "mamba2", "falcon_mamba", "rwkv", "xlstm")
"""Kinds whose layers all keep a state and nothing else: their kernels pass the adapter by, so that nothing would be learnt."""
PAGED_FROM = 100_000_000
"""Adapter's parameters from which on AdamW's state is worth moving out of the GPU: 0.8 GB."""
KNOWN = ("llama", "qwen2", "qwen3", "mistral")
"""Architectures (``model_type``) that the packed decoder is tried with on a processor (``huggingface/decoder.py``)."""
KEPT_AT_ONCE = 1.16e9
"""Bytes that a training step of the packed decoder may keep for its backward pass."""
_PROCESS = {"cpu": 0.7e9, "cuda": 1.0e9}
"""torch and its libraries; on a GPU, CUDA's context."""


@dataclass(frozen=True)
class Shape:
    """A decoder's measures, by its config.json's many names for them."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    positions: int
    gated: bool
    tied: bool
    packed: bool = False
    """Whether the packed decoder knows such an architecture."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Shape | None:
        """The shape that a config.json tells of; None where it does not say enough, or tells of no attention."""
        told = {**config, **(config.get("text_config") or {})}
        if told.get("model_type") in WITHOUT_ATTENTION:
            return None

        def first(*names: str) -> int:
            return next((int(told[n]) for n in names if isinstance(told.get(n), int) and told[n] > 0), 0)

        hidden, layers = first("hidden_size", "n_embd", "d_model"), first("num_hidden_layers", "n_layer", "num_layers")
        heads, vocabulary = first("num_attention_heads", "n_head", "num_heads"), first("vocab_size")
        if not (hidden and layers and heads and vocabulary):
            return None
        kind = str(told.get("model_type", ""))
        return cls(
            hidden=hidden,
            layers=layers,
            heads=heads,
            kv_heads=first("num_key_value_heads") or heads,
            head_dim=first("head_dim") or hidden // heads,
            intermediate=first("intermediate_size", "ffn_dim", "n_inner") or 4 * hidden,
            vocabulary=vocabulary,
            positions=first("max_position_embeddings", "n_positions", "seq_length"),
            gated=kind not in ("bloom", "phi", "gpt2", "gpt_neox", "opt", "gptj", "falcon"),
            tied=bool(told.get("tie_word_embeddings", kind.startswith(("gemma", "bloom", "gpt2")))),
            packed=kind in KNOWN,
        )

    @property
    def embeddings(self) -> int:
        """Parameters of the embeddings and, where it is not the same matrix, of the head. These are never quantised."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    @property
    def parameters(self) -> int:
        """Parameters of a plain decoder of this shape, norms and biases left out."""
        attention = 2 * self.hidden * self.head_dim * (self.heads + self.kv_heads)
        return self.embeddings + self.layers * (attention + (3 if self.gated else 2) * self.hidden * self.intermediate)

    def adapter(self, rank: int) -> int:
        """Parameters of a LoRA adapter on every projection."""
        wide, narrow = self.heads * self.head_dim, self.kv_heads * self.head_dim
        sides = 2 * (self.hidden + wide) + 2 * (self.hidden + narrow)
        return rank * self.layers * (sides + (3 if self.gated else 2) * (self.hidden + self.intermediate))


def why_unknown(kind: str) -> tuple[str, str]:
    """Problem and remedy to tell of a model of a kind without ``Shape``."""
    if kind in WITHOUT_ATTENTION:
        return (
            f"is of a kind ({kind}) without attention, which cannot learn here",
            "Choose a causal language model with attention, such as google/gemma-2b-it, or a hybrid such as LFM2.",
        )
    return (
        f"is of a kind ({kind}) whose size cannot be told from its config.json",
        "Choose a causal language model, such as google/gemma-2b-it.",
    )


@dataclass(frozen=True)
class Plan:
    """How much is done at once on this machine, and the memory that takes, in bytes."""

    answers_at_once: int
    pairs_at_once: int
    checkpointing: bool
    paged: bool
    weights: float
    adapter: float
    answering: float
    learning: float
    rest: float

    @property
    def need(self) -> float:
        """The most that is needed at any time."""
        return self.weights + self.adapter + max(self.answering, self.learning) + self.rest


def in_words(parameters: float) -> str:
    """A number of parameters as people say it.

    >>> in_words(2_506_172_416), in_words(134_515_008)
    ('2.51 B', '135 M')
    """
    return f"{parameters / 1e9:.2f} B" if parameters >= 1e9 else f"{parameters / 1e6:.3g} M"


def dtype_of(hub: Hub, device: str) -> str:
    """The dtype the settings mean, as far as that can be told without asking the GPU for its abilities."""
    if hub.dtype != "auto":
        return hub.dtype
    return "bfloat16" if hub.quantisation != "none" or device == "cuda" else "float32"


def plan(config: RunConfig, shape: Shape, parameters: int, machine: Machine) -> Plan:
    """The plan for this run's settings on this machine."""
    hub, learning = config.hub, config.learning
    size = 4 if dtype_of(hub, machine.device) == "float32" else 2
    weights = weight_bytes(shape, parameters or shape.parameters, hub.quantisation, size)
    trained = shape.adapter(learning.lora_rank)
    adapter = 16.0 * trained  # weights, gradient and AdamW's two, float32
    rest = _PROCESS[machine.device]
    free = max(0.85 * machine.total - weights - adapter - rest, 0.0)
    tokens = PROMPT + config.max_new_tokens
    # Layers kept in float32, as quantised models' norms are, make keys and values float32 too.
    cached = shape.layers * 2 * shape.kv_heads * shape.head_dim * (4 if hub.quantisation != "none" else size)
    row = cached * tokens + 12 * shape.vocabulary
    answers = hub.answers_at_once or max(1, min(MOST_ANSWERS, int(0.6 * free / row)))
    pairs, checkpointing, pair = _pairs_at_once(hub, learning, shape, size, tokens, config.max_new_tokens, free)
    return Plan(
        answers_at_once=answers,
        pairs_at_once=pairs,
        checkpointing=checkpointing,
        paged=machine.device == "cuda" and _wanted(hub.optimiser, "paged", trained >= PAGED_FROM),
        weights=weights,
        adapter=adapter,
        answering=answers * row,
        learning=_learning(pairs, pair, hub, shape, size, tokens, config.max_new_tokens, machine),
        rest=rest,
    )


def weight_bytes(shape: Shape, parameters: int, quantisation: str, size: int) -> float:
    """Bytes of the base weights: embeddings and head stay as they are, the projections may be quantised."""
    each = {"none": float(size), "8bit": EIGHT_BIT_BYTES, "nf4": NF4_BYTES}[quantisation]
    embeddings = min(shape.embeddings, parameters)
    return embeddings * size + (parameters - embeddings) * each


def _pairs_at_once(
    hub: Hub, learning: Learning, shape: Shape, size: int, tokens: int, written: int, free: float
) -> tuple[int, bool, float]:
    """Pairs at once (a divisor of the batch, so that all steps weigh the same), checkpointing or not, bytes of a pair."""
    layer = size * (16 * shape.hidden + 5 * shape.intermediate)  # what the backward pass needs of one token
    head = 2 * written * shape.vocabulary * 4 * 4
    plain = 2 * tokens * layer * shape.layers + head
    saving = 2 * tokens * (layer + size * shape.hidden * shape.layers) + head
    checkpointing = _wanted(hub.gradient_checkpointing, "on", 0.8 * free < plain)
    pair = saving if checkpointing else plain
    most = hub.pairs_at_once or max(1, int(0.8 * free / pair))
    return max(d for d in range(1, learning.batch + 1) if learning.batch % d == 0 and d <= most), checkpointing, pair


def kept_per_token(layers: int, hidden: int, intermediate: int, size: int) -> int:
    """Bytes that a token of the packed decoder leaves for the backward pass: in every layer residuals in float32, queries, keys, values,
    attention's outputs, and both of the gate. ``size``: bytes of a number."""
    return size * layers * (7 * hidden + 2 * intermediate)


def _learning(
    pairs: int, pair: float, hub: Hub, shape: Shape, size: int, tokens: int, written: int, machine: Machine
) -> float:
    """Bytes that a training step needs: the packed decoder keeps a limited amount, however many pairs it is given."""
    if machine.device != "cpu" or hub.quantisation != "none" or not shape.packed:
        return pairs * pair
    kept = 2 * tokens * kept_per_token(shape.layers, shape.hidden, shape.intermediate, size)
    heads = 2 * 2 * written * shape.vocabulary * 4 * 4  # two parts at once, each with a pair's logits
    return min(pairs * pair, max(KEPT_AT_ONCE, kept) + heads)


def _wanted(setting: str, yes: str, otherwise: bool) -> bool:
    return otherwise if setting == "auto" else setting == yes
