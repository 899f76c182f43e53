"""The category mix as whole percentages that always sum to 100; locked ones stay. Plain functions; the page holds the sliders."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

WHOLE = 100


def even(categories: Sequence[str]) -> dict[str, int]:
    """Equal shares; what does not divide goes to the first ones.

    >>> even(["a", "b", "c"])
    {'a': 34, 'b': 33, 'c': 33}
    """
    return _shared(dict.fromkeys(categories, 1.0), WHOLE)


def like(weights: Mapping[str, float]) -> dict[str, int]:
    """Shares in proportion to ``weights`` (0 or more); even where all are 0."""
    return _shared(weights, WHOLE)


def only(categories: Sequence[str], chosen: str) -> dict[str, int]:
    """Everything to one category."""
    return {c: WHOLE if c == chosen else 0 for c in categories}


def moved(
    mix: Mapping[str, int], category: str, value: int, *, locked: Collection[str] = (), held: Collection[str] = ()
) -> dict[str, int]:
    """``category`` set to ``value``, or as near to it as the locked ones leave room; those neither moved nor locked give or
    take in proportion to what they have, the ``held`` ones only what the others cannot. Where there is none, nothing moves.

    >>> moved({"a": 50, "b": 30, "c": 20}, "a", 75)
    {'a': 75, 'b': 15, 'c': 10}
    >>> moved({"a": 50, "b": 30, "c": 20}, "a", 75, locked=["b"])
    {'a': 70, 'b': 30, 'c': 0}
    >>> moved({"a": 50, "b": 30, "c": 20}, "a", 60, held=["b"])
    {'a': 60, 'b': 30, 'c': 10}
    """
    free = {c: float(share) for c, share in mix.items() if c != category and c not in locked}
    if not free:
        return dict(mix)
    value = min(mix[category] + int(sum(free.values())), max(0, int(value)))
    rest = {c: share for c, share in free.items() if c not in held} or free
    left = mix[category] + int(sum(rest.values())) - value
    if left >= 0:
        return {**mix, category: value, **_shared(rest, left)}
    kept = {c: share for c, share in free.items() if c not in rest}
    return {**mix, category: value, **dict.fromkeys(rest, 0), **_shared(kept, int(sum(kept.values())) + left)}


def movable(mix: Mapping[str, int], locked: Collection[str]) -> list[str]:
    """The categories whose share can be moved: those not locked, if there are two at least."""
    free = [c for c in mix if c not in locked]
    return free if len(free) > 1 else []


def _shared(weights: Mapping[str, float], whole: int) -> dict[str, int]:
    """``whole`` in whole numbers by largest remainder, so that no point is lost to rounding."""
    total = sum(weights.values())
    if total <= 0:
        weights, total = dict.fromkeys(weights, 1.0), float(len(weights))
    exact = {c: whole * w / total for c, w in weights.items()}
    shares = {c: int(e) for c, e in exact.items()}
    by_remainder = sorted(exact, key=lambda c: shares[c] - exact[c])
    for c in by_remainder[: whole - sum(shares.values())]:
        shares[c] += 1
    return shares
