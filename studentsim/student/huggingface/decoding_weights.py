"""Weights laid out for writing token after token, when a whole pass over them is done for a handful of rows.

Then a matrix product is as slow as its weights are read, and oneDNN reads 16-bit weights twice as fast where they were put into its own
order beforehand. The adapter's ``down`` stands below the weights of its projection, so that both are one product.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from studentsim.student.huggingface.packed_decoder import FusedProjection, LoraMatrices, PackedDecoder

OPTIMAL_BATCH_ROWS = 24
"""Rows that the order is best for; it is right for any number."""


class StepProjection:
    """A projection with its adapter as it stands, for inputs without gradients. Holds the weights a second time."""

    def __init__(self, projection: FusedProjection, adapter: LoraMatrices | None) -> None:
        self.bias = projection.bias
        self.out_features = len(projection.weight)
        self.up = None if adapter is None else adapter[1].T.float().contiguous()
        """(R, O) in float32: a product this narrow is quicker so, and rounds less."""
        whole = projection.weight if adapter is None else torch.cat([projection.weight, adapter[0]])
        self._reordered_weight = _reorder_weight(whole)
        self._plain_weight = whole if self._reordered_weight is None else None

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


class StepHead:
    """The head as ``StepProjection``."""

    def __init__(self, weight: torch.Tensor) -> None:
        self._plain_weight = weight
        self._reordered_weight = _reorder_weight(weight)

    def __call__(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits (B, V), float32, of normed hidden states (B, H)."""
        return (
            _reordered_linear(hidden, self._reordered_weight)
            if self._reordered_weight is not None
            else F.linear(hidden, self._plain_weight)
        ).float()


class ReorderedStepWeights:
    """See ``decoder.StepWeights``: a decoder's weights, its adapter as it stands now."""

    @torch.no_grad()
    def __init__(self, decoder: PackedDecoder) -> None:
        self.layers = [
            [StepProjection(projection, adapter) for projection, adapter in zip(layer.projections, own, strict=True)]
            for layer, own in zip(decoder.layers, decoder.combine_layer_adapters(), strict=True)
        ]
        self.lm_head = StepHead(decoder.lm_head)


def _reorder_weight(weight: torch.Tensor) -> torch.Tensor | None:
    """The weights in oneDNN's own order; None where that does not pay or cannot be had."""
    if weight.dtype != torch.bfloat16 or not torch.backends.mkldnn.is_available():
        return None
    try:
        reordered = torch.ops.mkldnn._reorder_linear_weight(weight, OPTIMAL_BATCH_ROWS)
        _reordered_linear(weight[:1], reordered)
    except (RuntimeError, NotImplementedError, AttributeError):  # a processor or a build without such products
        return None
    return reordered


def _reordered_linear(x: torch.Tensor, reordered_weight: torch.Tensor) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, reordered_weight, None, "none", [], "")
