"""Weights laid out for decoding, where each step reads all weights for a handful of rows.

Then reading the weights takes most of the time, and oneDNN reads 16-bit weights twice as fast if they are reordered into its own layout
beforehand. The adapter's ``down`` is appended to the weights of its projection, so that both are one product.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from studentsim.student.huggingface.packed_decoder import FusedProjection, LoraMatrices, PackedDecoder

OPTIMAL_BATCH_ROWS = 24
"""The number of rows that the layout is optimised for; it works with any."""


class StepProjection:
    """A projection with its current adapter (None: none), without gradients. Holds a second copy of the weights."""

    def __init__(self, projection: FusedProjection, adapter: LoraMatrices | None) -> None:
        self.bias = projection.bias
        self.out_features = len(projection.weight)
        self.up = None if adapter is None else adapter[1].T.float().contiguous()
        """(R, O) in float32, in which so small a product is faster and rounds less."""
        weight = projection.weight if adapter is None else torch.cat([projection.weight, adapter[0]])
        self._reordered_weight = _reorder_weight(weight)
        self._plain_weight = weight if self._reordered_weight is None else None

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs (B, O), float32, of inputs (B, I)."""
        out = (
            _reordered_linear(x, self._reordered_weight)
            if self._reordered_weight is not None
            else F.linear(x, self._plain_weight)
        )
        out = out.float()
        if self.up is not None:
            out = out[:, : self.out_features].addmm_(out[:, self.out_features :], self.up)
        return out if self.bias is None else out + self.bias


class ReorderedStepWeights:
    """A decoder's weights and current adapter; see ``packed_decoder.StepWeights``."""

    @torch.no_grad()
    def __init__(self, decoder: PackedDecoder) -> None:
        self.layers = [
            [StepProjection(*pair) for pair in zip(layer.projections, adapters, strict=True)]
            for layer, adapters in zip(decoder.layers, decoder.combine_layer_adapters(), strict=True)
        ]
        self.lm_head = StepProjection(FusedProjection(decoder.lm_head, bias=None, modules=()), None)


def _reorder_weight(weight: torch.Tensor) -> torch.Tensor | None:
    """The weights in oneDNN's own layout; None where that does not pay or is not supported."""
    if weight.dtype != torch.bfloat16 or not torch.backends.mkldnn.is_available():
        return None
    try:
        reordered = torch.ops.mkldnn._reorder_linear_weight(weight, OPTIMAL_BATCH_ROWS)
        _reordered_linear(weight[:1], reordered)
    except (RuntimeError, NotImplementedError, AttributeError):  # a CPU or a build without such products
        return None
    return reordered


def _reordered_linear(x: torch.Tensor, reordered_weight: torch.Tensor) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, reordered_weight, None, "none", [], "")
