"""The embedded student's model, written out for answering: the same figures as transformers' Llama, in a third of the operations.

For a model this small most of a step is not arithmetic but starting it. So here projections that read the same input are one
matrix, norms' weights and attention's scale are multiplied into the matrices behind them, rotations are one complex product, and
keys and values are written in place. Training goes through transformers and PEFT; the weights are taken over after each.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from transformers import LlamaForCausalLM

ROOM = 32
"""Positions by which a cache grows when it is full."""


class Cache:
    """Keys and values (layers, 2, B, heads, room, D), of which ``length`` positions are filled."""

    def __init__(self, held: torch.Tensor | None = None, length: int = 0) -> None:
        self.held = held
        self.length = length

    def grown(self, shape: tuple[int, int, int, int, int, int]) -> torch.Tensor:
        """What is held, with room for more positions, as many as the ``shape`` of what comes has; ``length`` counts them from now on."""
        *outer, new, size = shape
        before, self.length = self.length, self.length + new
        if self.held is None or self.length > self.held.shape[-2]:
            held = torch.empty(*outer, self.length + (ROOM if new == 1 else 0), size)
            if self.held is not None:
                held[..., :before, :] = self.held[..., :before, :]
            self.held = held
        return self.held

    def batch_select_indices(self, keep: torch.Tensor) -> None:
        """Go on with these rows only."""
        self.held = self.held.index_select(2, keep)

    def taken(self, rows: torch.Tensor, length: int | None = None) -> Cache:
        """A cache of its own for some rows, or for rows several times; of their first ``length`` positions, or of all."""
        length = self.length if length is None else length
        return Cache(self.held[..., :length, :].index_select(2, rows), length)


class Decoder:
    """Called as transformers' models are, with the arguments that ``generate.py`` gives; nothing here can be trained."""

    def __init__(self, model: LlamaForCausalLM) -> None:
        config = self.config = model.config
        self.heads, self.layers = config.num_attention_heads, config.num_hidden_layers
        self.size = config.hidden_size // self.heads
        self.eps = config.rms_norm_eps
        with torch.no_grad():
            cos, sin = model.model.rotary_emb(torch.zeros(1), torch.arange(config.max_position_embeddings)[None])
            half = self.size // 2
            self.turns = torch.complex(cos[0, :, :half], sin[0, :, :half])  # (positions, D / 2)
        self.device = torch.device("cpu")
        self.take(model)

    @torch.no_grad()
    def take(self, model: LlamaForCausalLM) -> None:
        """Take the model's weights over as they are now."""
        self.embedding = model.model.embed_tokens.weight
        self.weights = [self._layer(layer) for layer in model.model.layers]
        self.top = model.lm_head.weight * model.model.norm.weight

    def _layer(self, layer: torch.nn.Module) -> tuple[torch.Tensor, ...]:
        attention, mlp = layer.self_attn, layer.mlp
        # A head's two halves turn together: side by side they are the real and the imaginary part of complex numbers.
        q, k = (
            w.weight.view(self.heads, 2, self.size // 2, -1).transpose(1, 2).reshape(w.weight.shape)
            for w in (attention.q_proj, attention.k_proj)
        )
        qkv = torch.cat([q * self.size**-0.5, k, attention.v_proj.weight]) * layer.input_layernorm.weight
        gate_up = torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]) * layer.post_attention_layernorm.weight
        return qkv, attention.o_proj.weight.clone(), gate_up, mlp.down_proj.weight.clone()

    def __call__(self, *, logits_to_keep: int = 0, **inputs: Any) -> SimpleNamespace:
        """``logits`` (B, L, V), or of the last ``logits_to_keep`` positions."""
        return SimpleNamespace(logits=self.head(self.hidden(**inputs)[:, -logits_to_keep:]))

    def base_model(self, **inputs: Any) -> SimpleNamespace:
        """``last_hidden_state`` (B, L, H), as the head takes it."""
        return SimpleNamespace(last_hidden_state=self.hidden(**inputs))

    def get_output_embeddings(self) -> Any:
        """From hidden states to logits."""
        return self.head

    def head(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits (…, V) of hidden states (…, H)."""
        return F.linear(hidden, self.top)

    @torch.no_grad()
    def hidden(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        past_key_values: Cache | None = None,
        use_cache: bool = True,
        wanted: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Hidden states (B, L, H) of ``input_ids`` (B, L) behind what the cache holds; ``attention_mask`` covers both.

        Without a mask the rows begin here and are padded on the right, if at all. With ``wanted`` (B, L), true where a state is
        asked for, the states (N, H) of these positions, row by row: the last layer computes no others.
        """
        rows, new = input_ids.shape
        cache = Cache() if past_key_values is None else past_key_values
        before = cache.length
        held = cache.grown((self.layers, 2, rows, self.heads, new, self.size))
        total = before + new
        bias = _causal_bias(before, new) if attention_mask is None else _mask_bias(attention_mask, before, new)
        # (B or 1, L, 1, D / 2)
        turns = self.turns[torch.arange(new)[None] if position_ids is None else position_ids][:, :, None]
        both = 2 * self.heads
        x = F.embedding(input_ids.reshape(-1), self.embedding)  # (B x L, H)
        for index, (qkv, out, gate_up, down) in enumerate(self.weights):
            projected = F.linear(self._rms_norm(x), qkv).view(rows, new, 3 * self.heads, self.size)
            pairs = torch.view_as_complex(projected[:, :, :both].reshape(rows, new, both, -1, 2))
            turned = torch.view_as_real(pairs.mul_(turns)).view(rows, new, both, self.size).transpose(1, 2)
            keys, values = held[index, 0], held[index, 1]
            keys[:, :, before:total] = turned[:, self.heads :]
            values[:, :, before:total] = projected[:, :, both:].transpose(1, 2)
            # Written out: for rows as short as these PyTorch's own attention takes half as long again.
            seen = torch.matmul(turned[:, : self.heads], keys[:, :, :total].transpose(-1, -2)).add_(bias).softmax(-1)
            attended = torch.matmul(seen, values[:, :, :total]).transpose(1, 2).reshape(rows * new, -1)
            if wanted is not None and index == self.layers - 1:  # keys and values are there: the rest is for who asks
                only = wanted.reshape(-1).nonzero().squeeze(-1)
                x, attended = x[only], attended[only]
            x.addmm_(attended, out.T)
            gate, up = F.linear(self._rms_norm(x), gate_up).chunk(2, -1)
            x.addmm_(F.silu(gate).mul_(up), down.T)
        x = self._rms_norm(x)
        return x if wanted is not None else x.view(rows, new, -1)

    def _rms_norm(self, x: torch.Tensor) -> torch.Tensor:
        """RMS norm without weights, which are in the matrix behind it; from the vectors' lengths, a pass less than ``F.rms_norm``."""
        squares = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_()
        return x * squares.mul_(1 / x.shape[-1]).add_(self.eps).rsqrt_()


def _causal_bias(before: int, new: int) -> torch.Tensor:
    """What is added to attention's scores (L, total) where every position sees those before it."""
    return torch.full((new, before + new), torch.finfo(torch.float32).min).triu(before + 1)


def _mask_bias(attention_mask: torch.Tensor, before: int, new: int) -> torch.Tensor:
    """What is added to attention's scores (B, 1, 1 or L, total): nothing where a position sees another, else the least number."""
    seen = attention_mask[:, None, None, :].bool()
    if new > 1:
        seen = seen & torch.ones(new, before + new, dtype=torch.bool).tril(before)
    # Where nothing may be seen (padding), all is: softmax needs something, and nobody asks for the outcome.
    return torch.zeros(seen.shape).masked_fill_(~seen, torch.finfo(torch.float32).min)
