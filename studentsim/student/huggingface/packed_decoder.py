"""A Llama-like language model written out for CPUs: the results of transformers and PEFT with a fraction of the operations.

It shares the model's weights and its LoRA parameters; nothing is copied, and gradients reach the parameters that PEFT and TRL
train. Projections of the same input are one matrix; the adapter is two narrow products beside it; residuals stay in float32;
sequences are packed end to end without padding (``packing.py``). Other architectures run in transformers.

Shapes: N positions of a pack, B rows, H hidden, I inputs, O outputs, D a head's dimension, R the adapter's rank, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
import torch.nn.functional as F
from peft import PeftModel
from peft.tuners.lora import Linear as LoRA

from studentsim.student.huggingface.autograd_ops import (
    LoRALinear,
    PackedAttention,
    RMSNorm,
    RMSNormLoRALinear,
    RotaryEmbedding,
    SwiGLU,
    SwiGLULoRALinear,
    rms_norm,
    rms_scale,
)
from studentsim.student.huggingface.memory import activation_bytes_per_token
from studentsim.student.huggingface.packing import PackedBatch

LoraMatrices = tuple[torch.Tensor, torch.Tensor]
"""A projection's LoRA matrices: ``down`` (R, I) and ``up`` (O, R), the latter times LoRA's scale."""


@dataclass(frozen=True)
class FusedProjection:
    """Projections of one input as one matrix ``weight`` (O, I); ``modules``: their layers, in the order of its rows."""

    weight: torch.Tensor
    bias: torch.Tensor | None
    modules: Sequence[torch.nn.Module]

    @classmethod
    def from_modules(cls, *modules: torch.nn.Module, dtype: torch.dtype) -> FusedProjection:
        """Concatenate the modules' weights. In their own dtype the modules' weights become views of the result: no second copy."""
        layers = [_base_layer(module) for module in modules]
        sizes = [len(layer.weight) for layer in layers]
        weight = torch.cat([layer.weight.data for layer in layers]) if len(layers) > 1 else layers[0].weight.data
        if dtype == weight.dtype and len(layers) > 1:
            for layer, view in zip(layers, weight.split(sizes), strict=True):
                layer.weight.data = view
        bias = None
        if any(layer.bias is not None for layer in layers):
            bias = torch.cat([
                weight.new_zeros(size) if layer.bias is None else layer.bias.data
                for layer, size in zip(layers, sizes, strict=True)
            ]).to(dtype)  # fmt: skip
        return cls(weight.to(dtype), bias, modules)

    def combine_adapters(self) -> LoraMatrices | None:
        """The modules' current adapters as one, with gradients to their parameters; None where PEFT has them all disabled."""
        downs, ups = [], []
        for module in self.modules:
            if isinstance(module, LoRA) and not module.disable_adapters:
                downs.append(module.lora_A["default"].weight)
                ups.append(module.lora_B["default"].weight * module.scaling["default"])
            else:
                ups.append(self.weight.new_zeros(len(_base_layer(module).weight), 0, dtype=torch.float32))
        if not downs:
            return None
        return torch.cat(downs).to(self.weight.dtype), torch.block_diag(*ups).to(self.weight.dtype)

    def __call__(self, x: torch.Tensor, adapter: LoraMatrices | None) -> torch.Tensor:
        """Outputs (N, O) of inputs (N, I)."""
        if adapter is None:
            return F.linear(x, self.weight, self.bias)
        return LoRALinear.apply(x, self.weight, self.bias, *adapter)

    def forward_normed(
        self, x: torch.Tensor, norm: torch.Tensor, eps: float, adapter: LoraMatrices | None
    ) -> torch.Tensor:
        """Outputs (N, O) of ``x`` (N, I), float32, after RMSNorm with the weights ``norm`` (I,)."""
        if adapter is None:
            return self(RMSNorm.apply(x, norm, eps, self.weight.dtype), None)
        return RMSNormLoRALinear.apply(x, norm, eps, self.weight, self.bias, *adapter)

    def forward_swiglu(self, gate_up: torch.Tensor, adapter: LoraMatrices | None) -> torch.Tensor:
        """Outputs (N, O) of silu(gate) x up, given side by side (N, 2 I)."""
        if adapter is None:
            return self(SwiGLU.apply(gate_up), None)
        return SwiGLULoRALinear.apply(gate_up, self.weight, self.bias, *adapter)


@dataclass(frozen=True)
class DecoderLayer:
    """One layer's weights; ``q_norm`` and ``k_norm`` (D,) where the architecture has them (Qwen 3)."""

    input_norm: torch.Tensor
    qkv: FusedProjection
    q_norm: torch.Tensor | None
    k_norm: torch.Tensor | None
    out: FusedProjection
    post_norm: torch.Tensor
    gate_up: FusedProjection
    down: FusedProjection

    @property
    def projections(self) -> tuple[FusedProjection, ...]:
        """All four, in the order in which they are applied."""
        return self.qkv, self.out, self.gate_up, self.down


class StepWeights(Protocol):
    """Weights for ``PackedDecoder.decode_step``: each layer's four projections with adapters, and the LM head. Outputs are float32."""

    layers: Sequence[Sequence[Callable[[torch.Tensor], torch.Tensor]]]
    lm_head: Callable[[torch.Tensor], torch.Tensor]


@dataclass
class KeysAndValues:
    """A forward pass's keys and values (N, KV heads, D) for later passes, by layer."""

    layers: list[tuple[torch.Tensor, torch.Tensor]] = field(default_factory=list)


class PackedDecoder:
    """The packed decoder of PEFT's ``model``; ``dtype`` (float32 or bfloat16; None: the model's own) is that of matrix products.

    With another dtype than the model's own it holds the base weights a second time.
    """

    def __init__(self, model: PeftModel, dtype: torch.dtype | None = None) -> None:
        base = model.get_base_model()
        config = self.config = base.config
        self.dtype = dtype or base.dtype
        self.kv_heads = config.num_key_value_heads
        self.heads = config.num_attention_heads
        self.head_dim = getattr(config, "head_dim", None) or config.hidden_size // self.heads
        self.eps = config.rms_norm_eps
        self.attention_scale = self.head_dim**-0.5
        inner = base.model
        self.embedding = inner.embed_tokens.weight.data.to(self.dtype)
        self.final_norm = inner.norm.weight.data.to(self.dtype)
        tied = base.lm_head.weight is inner.embed_tokens.weight
        self.lm_head = self.embedding if tied else base.lm_head.weight.data.to(self.dtype)
        self.layers = [_build_layer(layer, self.dtype) for layer in inner.layers]
        self._rotary_embedding = inner.rotary_emb
        self._rotary_tables = self._build_rotary_tables(512)

    @property
    def activation_bytes_per_token(self) -> int:
        """Bytes that a forward pass keeps of each token for the backward pass."""
        config = self.config
        return activation_bytes_per_token(
            config.num_hidden_layers, config.hidden_size, config.intermediate_size, self.dtype.itemsize
        )

    # ------------------------------------------------------------------ whole sequences

    def combine_layer_adapters(self) -> list[list[LoraMatrices | None]]:
        """Each layer's current adapters, by projection; None where PEFT has them disabled."""
        return [[p.combine_adapters() for p in layer.projections] for layer in self.layers]

    def compute_hidden_states(
        self,
        pack: PackedBatch,
        adapters: Sequence[Sequence[LoraMatrices | None]],
        positions: torch.Tensor | None = None,
        cache: KeysAndValues | None = None,
    ) -> torch.Tensor:
        """Hidden states (N, H) after the final norm, or (M, H) of the ``positions`` (M,) alone; fills ``cache`` with keys and values."""
        cos, sin = self.rotary_cos_sin(pack.positions)
        x = F.embedding(pack.ids, self.embedding).float()
        for number, (layer, (qkv, out, gate_up, down)) in enumerate(zip(self.layers, adapters, strict=True)):
            q, k, v = self._split_heads(layer, layer.qkv.forward_normed(x, layer.input_norm, self.eps, qkv))
            q, k = RotaryEmbedding.apply(q, cos, sin), RotaryEmbedding.apply(k, cos, sin)
            if cache is not None:
                cache.layers.append((k, v))
            # A copy of the values: a view of the projection's outputs would keep queries and keys alive.
            attended = PackedAttention.apply(q, k, v.contiguous(), pack, self.attention_scale)
            if positions is not None and number == len(self.layers) - 1:
                # From here on only ``positions`` are needed. By index_select: with several threads the gradient of plain
                # indexing adds up in any order, and a resumed run would not be the same to the last bit.
                attended, x = attended.index_select(0, positions), x.index_select(0, positions)
            x = x + layer.out(attended, out)
            x = x + layer.down.forward_swiglu(layer.gate_up.forward_normed(x, layer.post_norm, self.eps, gate_up), down)
        return RMSNorm.apply(x, self.final_norm, self.eps, self.dtype)

    def compute_logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits (…, V), float32, of hidden states (…, H) after the final norm."""
        return F.linear(hidden, self.lm_head).float()

    def rotary_cos_sin(self, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """cos and sin (N, 1, D / 2), float32, of positions (N,)."""
        tables = self._rotary_tables  # a local reference: another thread may replace the tables at any moment
        if (count := int(positions.max()) + 1) > len(tables[0]):
            tables = self._rotary_tables = self._build_rotary_tables(2 * count)
        cos, sin = (table[positions][:, None] for table in tables)
        return cos, sin

    # ------------------------------------------------------------------ decoding

    @torch.no_grad()
    def decode_step(
        self,
        tokens: torch.Tensor,
        lengths: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        weights: StepWeights,
    ) -> torch.Tensor:
        """Logits (B, V), float32, after one more token of each row: ``tokens`` (B,) at positions ``lengths`` (B,).

        ``keys`` and ``values`` (layers, B, KV heads, capacity, D) hold the tokens before; the new ones are written in place.
        """
        count = len(tokens)
        rows = torch.arange(count)
        total = int(lengths.max()) + 1
        attention_mask = torch.zeros(count, 1, 1, total, dtype=self.dtype)
        attention_mask.masked_fill_((torch.arange(total)[None] > lengths[:, None])[:, None, None], -torch.inf)
        cos, sin = (torch.cat([half, other], -1) for half, other in _rotation_factors(*self.rotary_cos_sin(lengths)))
        x = F.embedding(tokens, self.embedding).float()
        for number, (layer, (qkv, out, gate_up, down)) in enumerate(zip(self.layers, weights.layers, strict=True)):
            q, k, v = self._split_heads(layer, qkv(self._rms_norm(x, layer.input_norm)))
            rotated = torch.cat([q, k], 1).float()
            rotated = torch.addcmul(rotated * cos, rotated.roll(self.head_dim // 2, -1), sin).to(self.dtype)
            keys[number][rows, :, lengths] = rotated[:, self.heads :]
            values[number][rows, :, lengths] = v.to(self.dtype)
            attended = F.scaled_dot_product_attention(
                rotated[:, : self.heads].unflatten(1, (self.kv_heads, -1)),
                keys[number][:, :, :total], values[number][:, :, :total], attn_mask=attention_mask, scale=self.attention_scale,
            )  # fmt: skip
            x += out(attended.reshape(count, -1))
            gate, up = gate_up(self._rms_norm(x, layer.post_norm)).chunk(2, -1)
            x += down(F.silu(gate).mul_(up).to(self.dtype))
        return weights.lm_head(self._rms_norm(x, self.final_norm))

    # ------------------------------------------------------------------ inside

    def _split_heads(self, layer: DecoderLayer, qkv: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Queries (N, heads, D), keys and values (N, KV heads, D)."""
        q, k, v = qkv.view(len(qkv), -1, self.head_dim).split([self.heads, self.kv_heads, self.kv_heads], 1)
        if layer.q_norm is not None and layer.k_norm is not None:
            q = RMSNorm.apply(q.float(), layer.q_norm, self.eps, self.dtype)
            k = RMSNorm.apply(k.float(), layer.k_norm, self.eps, self.dtype)
        return q, k, v

    def _rms_norm(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return rms_norm(x, weight, rms_scale(x, self.eps), self.dtype)

    @torch.no_grad()
    def _build_rotary_tables(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        cos, sin = self._rotary_embedding(torch.zeros(1), torch.arange(count)[None])
        half = cos.shape[-1] // 2
        return cos[0, :, :half].float(), sin[0, :, :half].float()


def _rotation_factors(cos: torch.Tensor, sin: torch.Tensor) -> tuple[tuple[torch.Tensor, torch.Tensor], ...]:
    """cos and sin for both halves of a head: the rotation is ``x cos + (x with its halves swapped) sin``."""
    return (cos, cos), (-sin, sin)


def _base_layer(module: torch.nn.Module) -> torch.nn.Module:
    """The layer itself, without PEFT's wrapper."""
    return module.get_base_layer() if isinstance(module, LoRA) else module


def _build_layer(layer: torch.nn.Module, dtype: torch.dtype) -> DecoderLayer:
    attention, mlp = layer.self_attn, layer.mlp

    def read_norm(module: torch.nn.Module, name: str) -> torch.Tensor | None:
        return getattr(module, name).weight.data.to(dtype) if hasattr(module, name) else None

    return DecoderLayer(
        input_norm=read_norm(layer, "input_layernorm"),
        qkv=FusedProjection.from_modules(attention.q_proj, attention.k_proj, attention.v_proj, dtype=dtype),
        q_norm=read_norm(attention, "q_norm"),
        k_norm=read_norm(attention, "k_norm"),
        out=FusedProjection.from_modules(attention.o_proj, dtype=dtype),
        post_norm=read_norm(layer, "post_attention_layernorm"),
        gate_up=FusedProjection.from_modules(mlp.gate_proj, mlp.up_proj, dtype=dtype),
        down=FusedProjection.from_modules(mlp.down_proj, dtype=dtype),
    )
