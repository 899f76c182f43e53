"""The category mix as whole percentages that always sum to 100; locked ones stay. Plain functions; the page holds the sliders."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

TOTAL_PERCENT = 100


def even_shares(categories: Sequence[str]) -> dict[str, int]:
    """Equal shares; what does not divide goes to the first ones.

    >>> even_shares(["a", "b", "c"])
    {'a': 34, 'b': 33, 'c': 33}
    """
    return _largest_remainder(dict.fromkeys(categories, 1.0), TOTAL_PERCENT)


def proportional_shares(weights: Mapping[str, float]) -> dict[str, int]:
    """Shares in proportion to ``weights`` (0 or more); even where all are 0."""
    return _largest_remainder(weights, TOTAL_PERCENT)


def single_category_shares(categories: Sequence[str], category: str) -> dict[str, int]:
    """Everything to one category."""
    return {c: TOTAL_PERCENT if c == category else 0 for c in categories}


def move_share(
    shares: Mapping[str, int],
    category: str,
    value: int,
    *,
    locked: Collection[str] = (),
    adjust_last: Collection[str] = (),
) -> dict[str, int]:
    """``category`` set to ``value``, or as near to it as the locked ones leave room; those neither moved nor locked give or
    take in proportion to what they have, the ``adjust_last`` ones only what the others cannot. Where there is none, nothing moves.

    >>> move_share({"a": 50, "b": 30, "c": 20}, "a", 75)
    {'a': 75, 'b': 15, 'c': 10}
    >>> move_share({"a": 50, "b": 30, "c": 20}, "a", 75, locked=["b"])
    {'a': 70, 'b': 30, 'c': 0}
    >>> move_share({"a": 50, "b": 30, "c": 20}, "a", 60, adjust_last=["b"])
    {'a': 60, 'b': 30, 'c': 10}
    """
    free = {c: float(share) for c, share in shares.items() if c != category and c not in locked}
    if not free:
        return dict(shares)
    value = min(shares[category] + int(sum(free.values())), max(0, int(value)))
    adjustable = {c: share for c, share in free.items() if c not in adjust_last} or free
    remaining = shares[category] + int(sum(adjustable.values())) - value
    if remaining >= 0:
        return {**shares, category: value, **_largest_remainder(adjustable, remaining)}
    held_shares = {c: share for c, share in free.items() if c not in adjustable}
    return {
        **shares,
        category: value,
        **dict.fromkeys(adjustable, 0),
        **_largest_remainder(held_shares, int(sum(held_shares.values())) + remaining),
    }


def movable_categories(shares: Mapping[str, int], locked: Collection[str]) -> list[str]:
    """The categories whose share can be moved: those not locked, if there are two at least."""
    free = [c for c in shares if c not in locked]
    return free if len(free) > 1 else []


def _largest_remainder(weights: Mapping[str, float], points: int) -> dict[str, int]:
    """``points`` in whole numbers by largest remainder, so that no point is lost to rounding."""
    total = sum(weights.values())
    if total <= 0:
        weights, total = dict.fromkeys(weights, 1.0), float(len(weights))
    exact = {c: points * w / total for c, w in weights.items()}
    shares = {c: int(e) for c, e in exact.items()}
    by_remainder = sorted(exact, key=lambda c: shares[c] - exact[c])
    for c in by_remainder[: points - sum(shares.values())]:
        shares[c] += 1
    return shares
