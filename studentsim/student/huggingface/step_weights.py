"""Weights laid out for writing token after token, when a whole pass over them is done for a handful of rows.

Then a matrix product is as slow as its weights are read, and oneDNN reads 16-bit weights twice as fast where they were put into its own
order beforehand. The adapter's ``down`` stands below the weights of its projection, so that both are one product.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from studentsim.student.huggingface.decoder import Adapter, PackedDecoder, Projection

ROWS = 24
"""Rows that the order is best for; it is right for any number."""


class StepProjection:
    """A projection with its adapter as it stands, for inputs without gradients. Holds the weights a second time."""

    def __init__(self, projection: Projection, adapter: Adapter | None) -> None:
        self.bias = projection.bias
        self.size = len(projection.weight)
        self.up = None if adapter is None else adapter[1].T.float().contiguous()
        """(R, O) in float32: a product this narrow is quicker so, and rounds less."""
        whole = projection.weight if adapter is None else torch.cat([projection.weight, adapter[0]])
        self._ordered = _ordered(whole)
        self._plain = whole if self._ordered is None else None

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs (B, O), float32, of inputs (B, I)."""
        told = _product(x, self._ordered) if self._ordered is not None else F.linear(x, self._plain)
        told = told.float()
        if self.up is not None:
            told = told[:, : self.size].addmm_(told[:, self.size :], self.up)
        return told if self.bias is None else told + self.bias


class StepHead:
    """The head as ``StepProjection``."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.weight = weight
        self._ordered = _ordered(weight)

    def __call__(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits (B, V), float32, of normed hidden states (B, H)."""
        return (_product(hidden, self._ordered) if self._ordered is not None else F.linear(hidden, self.weight)).float()


class OrderedWeights:
    """See ``decoder.StepWeights``: a decoder's weights, its adapter as it stands now."""

    @torch.no_grad()
    def __init__(self, decoder: PackedDecoder) -> None:
        self.layers = [
            [StepProjection(projection, adapter) for projection, adapter in zip(layer.projections, own, strict=True)]
            for layer, own in zip(decoder.layers, decoder.adapters(), strict=True)
        ]
        self.head = StepHead(decoder.head)


def _ordered(weight: torch.Tensor) -> torch.Tensor | None:
    """The weights in oneDNN's own order; None where that does not pay or cannot be had."""
    if weight.dtype != torch.bfloat16 or not torch.backends.mkldnn.is_available():
        return None
    try:
        ordered = torch.ops.mkldnn._reorder_linear_weight(weight, ROWS)
        _product(weight[:1], ordered)
    except (RuntimeError, NotImplementedError, AttributeError):  # a processor or a build without such products
        return None
    return ordered


def _product(x: torch.Tensor, ordered: torch.Tensor) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, ordered, None, "none", [], "")
