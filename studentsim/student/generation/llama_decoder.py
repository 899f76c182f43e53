"""A fast inference implementation of the embedded student's Llama: transformers' results with a third of the operations.

For a model this small most of a step is overhead, not arithmetic. So projections of the same input are fused into one matrix, norm
weights and the attention scale are multiplied into the following matrices, rotary embeddings are one complex product, and keys and
values are written in place. Training uses transformers and PEFT; the weights are copied after each.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from transformers import LlamaForCausalLM

CACHE_GROWTH_POSITIONS = 32
"""Positions by which a cache grows when it is full."""


@dataclass(eq=False)
class KVCache:
    """Keys and values (layers, 2, B, heads, capacity, D), of which ``length`` positions are filled."""

    buffer: torch.Tensor | None = None
    length: int = 0

    def reserve(self, shape: tuple[int, int, int, int, int, int]) -> torch.Tensor:
        """The buffer, enlarged if needed, for keys and values of this ``shape`` to be appended; adds their number to ``length``."""
        *outer, new_length, head_dim = shape
        old_length, self.length = self.length, self.length + new_length
        if self.buffer is None or self.length > self.buffer.shape[-2]:
            buffer = torch.empty(*outer, self.length + (CACHE_GROWTH_POSITIONS if new_length == 1 else 0), head_dim)
            if self.buffer is not None:
                buffer[..., :old_length, :] = self.buffer[..., :old_length, :]
            self.buffer = buffer
        return self.buffer

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows only."""
        self.buffer = self.buffer.index_select(2, indices)

    def take_rows(self, rows: torch.Tensor, length: int | None = None) -> KVCache:
        """A new cache with these rows, which may repeat, and their first ``length`` positions, or all."""
        length = self.length if length is None else length
        return KVCache(self.buffer[..., :length, :].index_select(2, rows), length)


class Decoder:
    """A Llama with the interface of transformers' models that ``generate.py`` uses; for inference only."""

    def __init__(self, model: LlamaForCausalLM) -> None:
        config = self.config = model.config
        self.num_heads, self.num_layers = config.num_attention_heads, config.num_hidden_layers
        self.head_dim = config.hidden_size // self.num_heads
        self.eps = config.rms_norm_eps
        with torch.no_grad():
            cos, sin = model.model.rotary_emb(torch.zeros(1), torch.arange(config.max_position_embeddings)[None])
            half = self.head_dim // 2
            self.rotations = torch.complex(cos[0, :, :half], sin[0, :, :half])  # (positions, D / 2)
        self.device = torch.device("cpu")
        self.load_weights(model)

    @torch.no_grad()
    def load_weights(self, model: LlamaForCausalLM) -> None:
        """Copy the model's current weights."""
        self.embedding = model.model.embed_tokens.weight
        self.layer_weights = [self._fuse_layer(layer) for layer in model.model.layers]
        self.head_weight = model.lm_head.weight * model.model.norm.weight

    def _fuse_layer(self, layer: torch.nn.Module) -> tuple[torch.Tensor, ...]:
        attention, mlp = layer.self_attn, layer.mlp
        # Rotary embeddings rotate a head's two halves together: interleaved, they are real and imaginary parts.
        q, k = (
            w.weight.view(self.num_heads, 2, self.head_dim // 2, -1).transpose(1, 2).reshape(w.weight.shape)
            for w in (attention.q_proj, attention.k_proj)
        )
        qkv = torch.cat([q * self.head_dim**-0.5, k, attention.v_proj.weight]) * layer.input_layernorm.weight
        gate_up = torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]) * layer.post_attention_layernorm.weight
        return qkv, attention.o_proj.weight.clone(), gate_up, mlp.down_proj.weight.clone()

    def __call__(self, *, logits_to_keep: int = 0, **inputs: Any) -> SimpleNamespace:
        """``logits`` (B, L, V), or those of the last ``logits_to_keep`` positions."""
        return SimpleNamespace(logits=self.compute_logits(self.hidden_states(**inputs)[:, -logits_to_keep:]))

    def base_model(self, **inputs: Any) -> SimpleNamespace:
        """``last_hidden_state`` (B, L, H), the head's input."""
        return SimpleNamespace(last_hidden_state=self.hidden_states(**inputs))

    def get_output_embeddings(self) -> Any:
        """The head: a function from hidden states to logits."""
        return self.compute_logits

    def compute_logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits (…, V) of hidden states (…, H)."""
        return F.linear(hidden, self.head_weight)

    @torch.no_grad()
    def hidden_states(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        past_key_values: KVCache | None = None,
        use_cache: bool = True,
        output_mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Hidden states (B, L, H) of ``input_ids`` (B, L) after the cached positions; ``attention_mask`` covers both.

        Without a mask, rows may be padded on the right only. With ``output_mask`` (B, L), only the states (N, H) of the positions
        where it is true, row by row: the last layer computes no others.
        """
        rows, new_length = input_ids.shape
        cache = KVCache() if past_key_values is None else past_key_values
        past_length = cache.length
        buffer = cache.reserve((self.num_layers, 2, rows, self.num_heads, new_length, self.head_dim))
        total_length = past_length + new_length
        bias = (
            _causal_bias(past_length, new_length)
            if attention_mask is None
            else _mask_bias(attention_mask, past_length, new_length)
        )
        # (B or 1, 1, L, D / 2)
        rotations = self.rotations[torch.arange(new_length)[None] if position_ids is None else position_ids][:, None]
        queries = torch.empty(rows, self.num_heads, new_length, self.head_dim)
        x = F.embedding(input_ids.reshape(-1), self.embedding)  # (B x L, H)
        for index, (qkv, out_weight, gate_up, down) in enumerate(self.layer_weights):
            projected = F.linear(self._rms_norm(x), qkv).view(rows, new_length, 3 * self.num_heads, self.head_dim)
            q, k, v = projected.transpose(1, 2).split(self.num_heads, 1)  # (B, heads, L, D) each
            keys, values = buffer[index, 0], buffer[index, 1]
            torch.mul(_as_complex(q), rotations, out=_as_complex(queries))
            torch.mul(_as_complex(k), rotations, out=_as_complex(keys[:, :, past_length:total_length]))
            values[:, :, past_length:total_length] = v
            # Faster than PyTorch's scaled_dot_product_attention, which takes half as long again for rows this short.
            attention = torch.matmul(queries, keys[:, :, :total_length].transpose(-1, -2)).add_(bias).softmax(-1)
            attended = (
                torch.matmul(attention, values[:, :, :total_length]).transpose(1, 2).reshape(rows * new_length, -1)
            )
            if output_mask is not None and index == self.num_layers - 1:  # all keys and values are there
                selected = output_mask.reshape(-1).nonzero().squeeze(-1)
                x, attended = x[selected], attended[selected]
            x.addmm_(attended, out_weight.T)
            gate, up = F.linear(self._rms_norm(x), gate_up).chunk(2, -1)
            x.addmm_(F.silu(gate).mul_(up), down.T)
        x = self._rms_norm(x)
        return x if output_mask is not None else x.view(rows, new_length, -1)

    def _rms_norm(self, x: torch.Tensor) -> torch.Tensor:
        """RMS norm without its weights, which are fused into the next matrix; one pass less than ``F.rms_norm``."""
        squares = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_()
        return x * squares.mul_(1 / x.shape[-1]).add_(self.eps).rsqrt_()


def _as_complex(x: torch.Tensor) -> torch.Tensor:
    """A view of (…, D) as (…, D / 2) complex numbers."""
    return torch.view_as_complex(x.unflatten(-1, (-1, 2)))


def _causal_bias(past_length: int, new_length: int) -> torch.Tensor:
    """Causal attention bias (L, total)."""
    return torch.full((new_length, past_length + new_length), torch.finfo(torch.float32).min).triu(past_length + 1)


def _mask_bias(attention_mask: torch.Tensor, past_length: int, new_length: int) -> torch.Tensor:
    """Attention bias (B, 1, 1 or L, total): 0 where a position sees another, else the least float32."""
    visible = attention_mask[:, None, None, :].bool()
    if new_length > 1:
        visible = visible & torch.ones(new_length, past_length + new_length, dtype=torch.bool).tril(past_length)
    # Finite, so that softmax is defined for padding rows, which see nothing and whose results are unused.
    return torch.zeros(visible.shape).masked_fill_(~visible, torch.finfo(torch.float32).min)
