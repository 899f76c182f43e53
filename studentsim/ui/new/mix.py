"""The category mix as whole percentages that always sum to 100; locked ones stay. No streamlit here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from studentsim.selection.quotas import apportion_questions

TOTAL_PERCENT = 100


def even_shares(categories: Sequence[str]) -> dict[str, int]:
    """Equal shares; the remainder goes to the first categories.

    >>> even_shares(["a", "b", "c"])
    {'a': 34, 'b': 33, 'c': 33}
    """
    return _apportion(dict.fromkeys(categories, 1.0), TOTAL_PERCENT)


def proportional_shares(weights: Mapping[str, float]) -> dict[str, int]:
    """Shares in proportion to ``weights`` (0 or more); even where all are 0."""
    return _apportion(weights, TOTAL_PERCENT)


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
    """Set ``category`` to ``value`` percent, or as close as the ``locked`` ones allow; unchanged if all others are locked.

    The others change in proportion to their shares, those in ``adjust_last`` only by what the rest cannot take.

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
        return {**shares, category: value, **_apportion(adjustable, remaining)}
    last_shares = {c: share for c, share in free.items() if c not in adjustable}
    return {
        **shares,
        category: value,
        **dict.fromkeys(adjustable, 0),
        **_apportion(last_shares, int(sum(last_shares.values())) + remaining),
    }


def movable_categories(shares: Mapping[str, int], locked: Collection[str]) -> list[str]:
    """The categories whose share can change: those not locked, if there are at least two."""
    free = [c for c in shares if c not in locked]
    return free if len(free) > 1 else []


def _apportion(weights: Mapping[str, float], points: int) -> dict[str, int]:
    """``points`` in whole numbers in proportion to ``weights``, by largest remainder."""
    return dict(zip(weights, apportion_questions(list(weights.values()), points), strict=True))
