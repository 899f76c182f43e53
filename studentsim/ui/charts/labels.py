"""Positions of the labels at lines' ends: near their lines, without overlap, within the axis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate


def spread_labels(
    desired: Sequence[float], heights: Sequence[float], *, low: float = 0.0, high: float
) -> tuple[list[float], float]:
    """Centres of labels of these ``heights``, nearest to the ``desired`` ones (least squares), without overlap, between ``low`` and
    ``high``; and the factor by which the labels must shrink to fit, at most 1.

    Stack the labels end to end; the offset of each from its position in the stack must not decrease from one to the next. That is
    isotonic regression, solved by pooling adjacent violators; the bounds clip its result. ``labels.js`` does the same in the browser,
    where heights are known in pixels.

    >>> spread_labels([99, 98, 10], [10, 10, 10], high=100)
    ([95.0, 85.0, 10.0], 1.0)
    """
    total_height, available = sum(heights), high - low
    shrink = min(1.0, available / total_height) if total_height > 0 else 1.0
    order = sorted(range(len(desired)), key=lambda i: desired[i])
    shrunk = [heights[i] * shrink for i in order]
    stacked = [end - height / 2 for end, height in zip(accumulate(shrunk), shrunk, strict=True)]
    pools: list[tuple[float, int]] = []  # mean offset from the position in the stack, and how many labels share it
    for i, stack_centre in zip(order, stacked, strict=True):
        pools.append((desired[i] - stack_centre, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, n), (b, m) = pools[-2:]
            pools[-2:] = [((a * n + b * m) / (n + m), n + m)]
    offsets = [
        min(max(mean, low), max(low, high - total_height * shrink)) for mean, count in pools for _ in range(count)
    ]
    centres = [0.0] * len(desired)
    for i, stack_centre, offset in zip(order, stacked, offsets, strict=True):
        centres[i] = float(stack_centre + offset)
    return centres, shrink
