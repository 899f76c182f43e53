"""The packed decoder's operations with hand-written gradients, which keep less for the backward pass and write less memory.

Base weights are frozen, so that their gradients are not computed. In each ``backward`` only the listed inputs get gradients.
Shapes: N positions, H hidden, I inputs, O outputs, R the adapter's rank, D a head's dimension.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from studentsim.student.huggingface.packing import PackedBatch


class RMSNorm(torch.autograd.Function):
    """``x`` (N, H), float32, divided by its root mean square, cast to ``dtype``, times ``weight`` (H,), as in transformers' Llama."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, eps: float, dtype: torch.dtype) -> torch.Tensor:
        """Keeps ``x`` and its scale."""
        scale = rms_scale(x, eps)
        ctx.save_for_backward(x, weight, scale)
        return rms_norm(x, weight, scale, dtype)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        """Gradient of ``x``."""
        return _rms_norm_backward(gradient, *ctx.saved_tensors), None, None, None


class LoRALinear(torch.autograd.Function):
    """``x`` (N, I) through the frozen ``weight`` (O, I), plus the adapter: ``down`` (R, I), then ``up`` (O, R), LoRA's scale included."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, down: torch.Tensor, up: torch.Tensor
    ) -> torch.Tensor:
        """Keeps the inputs, and the adapter's intermediate (N, R)."""
        out, intermediate = _lora_linear(x, weight, bias, down, up)
        ctx.save_for_backward(x, weight, down, up, intermediate)
        return out

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None, torch.Tensor, torch.Tensor]:
        """Gradients of ``x``, ``down`` and ``up``."""
        to_x, to_down, to_up = _lora_linear_backward(gradient, *ctx.saved_tensors)
        return to_x, None, None, to_down, to_up


class RMSNormLoRALinear(torch.autograd.Function):
    """``LoRALinear`` of ``RMSNorm``; the backward pass computes the normed states again instead of keeping them."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, norm: torch.Tensor, eps: float,
        weight: torch.Tensor, bias: torch.Tensor | None, down: torch.Tensor, up: torch.Tensor,
    ) -> torch.Tensor:  # fmt: skip
        """Keeps ``x`` (N, H), float32, its scale, and the adapter's intermediate (N, R)."""
        scale = rms_scale(x, eps)
        out, intermediate = _lora_linear(rms_norm(x, norm, scale, weight.dtype), weight, bias, down, up)
        ctx.save_for_backward(x, norm, scale, weight, down, up, intermediate)
        return out

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Gradients of ``x``, ``down`` and ``up``."""
        x, norm, scale, weight, *adapter = ctx.saved_tensors
        normed = rms_norm(x, norm, scale, weight.dtype)
        to_normed, to_down, to_up = _lora_linear_backward(gradient, normed, weight, *adapter)
        return _rms_norm_backward(to_normed, x, norm, scale), None, None, None, None, to_down, to_up


class SwiGLU(torch.autograd.Function):
    """silu(gate) x up, of gate and up side by side (N, 2 I)."""

    @staticmethod
    def forward(ctx: Any, gate_up: torch.Tensor) -> torch.Tensor:
        """Keeps the inputs."""
        ctx.save_for_backward(gate_up)
        return _swiglu(gate_up)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        """Gradient of gate and up, side by side."""
        return _swiglu_backward(gradient, *ctx.saved_tensors)


class SwiGLULoRALinear(torch.autograd.Function):
    """``LoRALinear`` of ``SwiGLU``; the backward pass computes SwiGLU's result again instead of keeping it."""

    @staticmethod
    def forward(
        ctx: Any, gate_up: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, down: torch.Tensor, up: torch.Tensor
    ) -> torch.Tensor:  # fmt: skip
        """Keeps gate and up (N, 2 I), and the adapter's intermediate (N, R)."""
        out, intermediate = _lora_linear(_swiglu(gate_up), weight, bias, down, up)
        ctx.save_for_backward(gate_up, weight, down, up, intermediate)
        return out

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None, torch.Tensor, torch.Tensor]:
        """Gradients of gate and up (side by side), ``down`` and ``up``."""
        gate_up, *linear = ctx.saved_tensors
        to_product, to_down, to_up = _lora_linear_backward(gradient, _swiglu(gate_up), *linear)
        return _swiglu_backward(to_product, gate_up), None, None, to_down, to_up


def rms_scale(x: torch.Tensor, eps: float) -> torch.Tensor:
    """The reciprocal root mean square (N, 1) of ``x`` (N, H)."""
    return x.square().mean(-1, keepdim=True).add_(eps).rsqrt_()


def rms_norm(x: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """``x`` (N, H) times ``scale`` (N, 1), cast to ``dtype``, times ``weight`` (H,)."""
    return (x * scale).to(dtype).mul_(weight)


def _rms_norm_backward(
    gradient: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor
) -> torch.Tensor:
    scaled_gradient = (gradient * weight).float()
    projection = (scaled_gradient * x).mean(-1, keepdim=True).mul_(scale.square())
    return scaled_gradient.sub_(x * projection).mul_(scale)


def _lora_linear(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, down: torch.Tensor, up: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs (N, O), and the adapter's intermediate (N, R)."""
    intermediate = F.linear(x, down)
    return F.linear(x, weight, bias).addmm_(intermediate, up.T), intermediate


def _lora_linear_backward(
    gradient: torch.Tensor,
    x: torch.Tensor,
    weight: torch.Tensor,
    down: torch.Tensor,
    up: torch.Tensor,
    intermediate: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients of ``x``, ``down`` and ``up``."""
    to_intermediate = gradient @ up
    return (gradient @ weight).addmm_(to_intermediate, down), to_intermediate.T @ x, gradient.T @ intermediate


def _swiglu(gate_up: torch.Tensor) -> torch.Tensor:
    gate, up = gate_up.chunk(2, -1)
    return F.silu(gate).mul_(up)


def _swiglu_backward(gradient: torch.Tensor, gate_up: torch.Tensor) -> torch.Tensor:
    gate, up = gate_up.chunk(2, -1)
    out = torch.empty_like(gate_up)
    size = gate.shape[-1]
    out[:, :size] = torch.ops.aten.silu_backward(gradient * up, gate.contiguous())
    out[:, size:] = F.silu(gate).mul_(gradient)
    return out


class RotaryEmbedding(torch.autograd.Function):
    """Rotary position embedding of ``x`` (N, heads, D) by ``cos`` and ``sin`` (N, 1, D / 2), float32; rotates the two halves of D."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        """Keeps ``cos`` and ``sin``."""
        ctx.save_for_backward(cos, sin)
        return apply_rotary(x, cos, sin)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        """Gradient of ``x``: the inverse rotation."""
        cos, sin = ctx.saved_tensors
        return apply_rotary(gradient, cos, -sin), None, None


def apply_rotary(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """``x`` (N, heads, D) rotated; computed in float32, returned in its own dtype."""
    a, b = x.float().chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).to(x.dtype)


class PackedAttention(torch.autograd.Function):
    """Attention within each row of a pack: ``q`` (N, heads, D), ``k`` and ``v`` (N, KV heads, D) -> (N, heads x D).

    Forward is PyTorch's. Its backward pass is slow on CPUs in 16 bits (three times as long as this one), and computes masked scores
    too: so backward goes block by block, and computes the attention probabilities again.
    """

    @staticmethod
    def forward(
        ctx: Any, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, pack: PackedBatch, scale: float
    ) -> torch.Tensor:
        """Keeps inputs and outputs."""
        out = packed_attention(q, k, v, pack, scale)
        ctx.save_for_backward(q, k, v, out)
        ctx.pack, ctx.scale = pack, scale
        return out.flatten(1)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, None, None]:
        """Gradients of ``q``, ``k`` and ``v``, block by block."""
        q, k, v, out = ctx.saved_tensors
        gradient = gradient.view(q.shape)
        output_dots = (gradient.float() * out.float()).sum(-1)  # (N, heads)
        grad_q, grad_k, grad_v = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        kv_heads = k.shape[1]
        for queries, keys in ctx.pack.attention_blocks():
            block_q, block_gradient = (
                _group_by_kv_head(t[queries], kv_heads) for t in (q, gradient)
            )  # (KV, group x L, D)
            block_k = torch.cat([k[s] for s in keys]).transpose(0, 1)  # (KV, T, D)
            block_v = torch.cat([v[s] for s in keys]).transpose(0, 1)
            length, group = queries.stop - queries.start, q.shape[1] // kv_heads
            scores = torch.matmul(block_q, block_k.transpose(1, 2)).mul_(ctx.scale)
            _mask_future_keys(scores.view(kv_heads, group, length, -1))
            probabilities = scores.softmax(-1)
            score_gradient = torch.matmul(block_gradient, block_v.transpose(1, 2))
            block_dots = output_dots[queries].T.reshape(kv_heads, group * length, 1)
            score_gradient = score_gradient.sub_(block_dots).mul_(probabilities).mul_(ctx.scale)
            grad_q[queries] = torch.matmul(score_gradient, block_k).view(q.shape[1], length, -1).transpose(0, 1)
            to_k = torch.matmul(score_gradient.transpose(1, 2), block_q).transpose(0, 1)  # (T, KV, D)
            to_v = torch.matmul(probabilities.transpose(1, 2), block_gradient).transpose(0, 1)
            position = 0
            for s in keys:
                size = s.stop - s.start
                grad_k[s] += to_k[position : position + size]
                grad_v[s] += to_v[position : position + size]
                position += size
        return grad_q, grad_k, grad_v, None, None


def packed_attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, pack: PackedBatch, scale: float
) -> torch.Tensor:
    """Attention (N, heads, D) within each row of a pack; arguments as for ``PackedAttention``."""
    out = torch.empty_like(q)
    prefix = slice(0, pack.prefix)
    if pack.prefix:
        out[prefix] = _attend(q[prefix], k[prefix], v[prefix], None, scale)
    for span in pack.spans:
        row = slice(span.start, span.stop)
        keys, values = (torch.cat([t[prefix], t[row]]) if pack.prefix else t[row] for t in (k, v))
        out[row] = _attend(q[row], keys, values, pack.attention_mask(span, q.dtype), scale)
    return out


def _attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None, scale: float) -> torch.Tensor:
    """Attention (L, heads, D) of queries (L, heads, D) to keys and values (T, KV heads, D); causal where there is no ``mask`` (L, T)."""
    q, k, v = (t.transpose(0, 1)[None] for t in (q, k, v))
    attended = F.scaled_dot_product_attention(
        q, k, v, attn_mask=mask, is_causal=mask is None, scale=scale, enable_gqa=True
    )
    return attended[0].transpose(0, 1)


def _group_by_kv_head(x: torch.Tensor, kv_heads: int) -> torch.Tensor:
    """(L, heads, D) -> (KV, heads / KV x L, D), with heads grouped by the keys they share."""
    return x.transpose(0, 1).reshape(kv_heads, -1, x.shape[-1])


def _mask_future_keys(scores: torch.Tensor) -> None:
    """Mask, in place, the keys after each query in ``scores`` (…, L, T); the last L of T keys are the queries' own."""
    length, total = scores.shape[-2:]
    later = torch.ones(length, length, dtype=torch.bool).triu_(1)
    scores[..., total - length :].masked_fill_(later, -torch.inf)
