"""Where the labels at the lines' ends stand: each beside its line as far as they leave one another room, and none outside the axis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate


def spread_labels(
    desired: Sequence[float], heights: Sequence[float], *, low: float = 0.0, high: float
) -> tuple[list[float], float]:
    """Centres of labels of these heights, as near to the ``desired`` ones as can be (least squares), none upon another, all from
    ``low`` to ``high``; and by what factor the labels must shrink for that: 1, unless they are higher than the axis altogether.

    Put end to end, labels may only be pulled apart: how far each lies above its place in the stack must not fall from one to the next.
    So this is isotonic regression, by pooling neighbours that are in the wrong order; the bounds cut off its result. ``labels.js`` does
    the same in the browser, where heights are known in pixels.

    >>> spread_labels([99, 98, 10], [10, 10, 10], high=100)
    ([95.0, 85.0, 10.0], 1.0)
    """
    whole, room = sum(heights), high - low
    shrink = min(1.0, room / whole) if whole > 0 else 1.0
    order = sorted(range(len(desired)), key=lambda i: desired[i])
    tall = [heights[i] * shrink for i in order]
    stacked = [end - height / 2 for end, height in zip(accumulate(tall), tall, strict=True)]
    pools: list[tuple[float, int]] = []  # mean distance above the place in the stack, and how many labels share it
    for i, stack_centre in zip(order, stacked, strict=True):
        pools.append((desired[i] - stack_centre, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, n), (b, m) = pools[-2:]
            pools[-2:] = [((a * n + b * m) / (n + m), n + m)]
    offsets = [min(max(mean, low), max(low, high - whole * shrink)) for mean, count in pools for _ in range(count)]
    centres = [0.0] * len(desired)
    for i, stack_centre, offset in zip(order, stacked, offsets, strict=True):
        centres[i] = float(stack_centre + offset)
    return centres, shrink
