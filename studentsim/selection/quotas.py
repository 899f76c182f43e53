"""How many questions of each category a turn gets, and how these quotas are filled; shared by the strategies.

Source: P0, "Strategies" (the mix that follows the last exam's mistakes).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from studentsim.errors import ConfigError
from studentsim.selection.context import SelectionContext
from studentsim.types import Question


def apportion_questions(wrong: Sequence[int], questions: int, rule: str = "largest-remainder") -> list[int]:
    """Number of questions for each category, in proportion to its wrong answers; the numbers sum to ``questions``.

    ``paper`` (P0): floor(questions x w / sum of w) each; the remainder goes to the first category.
    ``largest-remainder`` (Hamilton's method): the remainder goes one by one to the largest fractional parts.
    If nothing was wrong, all categories weigh the same.

    >>> apportion_questions([12, 6, 7, 0, 5, 0], 40, rule="paper")
    [17, 8, 9, 0, 6, 0]
    >>> apportion_questions([12, 6, 7, 0, 5, 0], 40)
    [16, 8, 9, 0, 7, 0]

    :raises ConfigError: there is no category, a number is negative, or the rule is unknown.
    """
    if not wrong or any(w < 0 for w in wrong) or questions < 0:
        raise ConfigError(f"There is no mix of {questions} questions for the wrong counts {list(wrong)}.", field="mix")
    weights = list(wrong) if any(wrong) else [1] * len(wrong)
    total = sum(weights)
    if rule == "paper":
        mix = [questions * w // total for w in weights]
        mix[0] += questions - sum(mix)
        return mix
    if rule == "largest-remainder":
        return _apportion_largest_remainder(weights, questions)
    raise ConfigError(f"mix_rule is {rule!r}.", "Choose 'largest-remainder' or 'paper'.", field="mix_rule")


def _apportion_largest_remainder(weights: Sequence[float], questions: int, *, turn: int = 1) -> list[int]:
    """Hamilton's method. From turn 2 on, equal fractional parts take turns at the remainder, so that equal shares even out over a run."""
    total = sum(weights)
    exact = [questions * w / total for w in weights]
    mix = [int(share) for share in exact]
    leftover = questions - sum(mix)
    by_remainder = sorted(range(len(mix)), key=lambda i: (mix[i] - exact[i], i))
    if leftover and turn > 1:
        last = by_remainder[leftover - 1]
        tied = [i for i in by_remainder if math.isclose(exact[i] - mix[i], exact[last] - mix[last], abs_tol=1e-9)]
        first = by_remainder.index(tied[0])
        start = (turn - 1) * (leftover - first) % len(tied)
        by_remainder[first : first + len(tied)] = tied[start:] + tied[:start]
    for i in by_remainder[:leftover]:
        mix[i] += 1
    return mix


def plan_category_quotas(context: SelectionContext, *, follow_mistakes: bool) -> dict[str, int] | None:
    """Number of questions for each category: by the user's own mix, else by the mistakes, else None (no quotas)."""
    categories = [c for c in context.categories if any(q.category == c for q in context.pool)]
    if context.requested_mix is not None:
        shares = [context.requested_mix.get(c, 0.0) for c in categories]
        return dict(
            zip(categories, _apportion_largest_remainder(shares, context.count, turn=context.turn), strict=True)
        )
    if not follow_mistakes:
        return None
    counts = apportion_questions(
        [context.wrong_by_category.get(c, 0) for c in categories], context.count, context.mix_rule
    )
    return dict(zip(categories, counts, strict=True))


QuestionPicker = Callable[[SelectionContext, list[Question], int], list[Question]]
"""Picks at most so many of the candidates."""


def fill_quotas(
    context: SelectionContext, category_quotas: Mapping[str, int] | None, pick: QuestionPicker
) -> list[Question]:
    """Fill each quota with ``pick``; what a category lacks comes from the others.

    The least asked questions come first: none is asked twice before the whole pool was asked once.
    """
    quotas = dict(category_quotas or {})
    chosen: list[Question] = []
    shuffled = context.rng.sample(context.pool, len(context.pool))
    for ask_count in sorted({context.times_asked.get(q.id, 0) for q in context.pool}):
        candidates = [q for q in shuffled if context.times_asked.get(q.id, 0) == ask_count]
        if len(candidates) > context.count - len(chosen):
            return chosen + _pick_by_quota(context, candidates, context.count - len(chosen), quotas, pick)
        chosen += candidates
        quotas = {name: max(0, quota - sum(q.category == name for q in candidates)) for name, quota in quotas.items()}
        if len(chosen) == context.count:
            break
    return chosen


def _pick_by_quota(
    context: SelectionContext, candidates: list[Question], count: int, quotas: Mapping[str, int], pick: QuestionPicker
) -> list[Question]:
    chosen: list[Question] = []
    for name, quota in quotas.items():
        chosen += pick(context, [q for q in candidates if q.category == name], min(quota, count - len(chosen)))
    chosen_ids = {q.id for q in chosen}
    return chosen + pick(context, [q for q in candidates if q.id not in chosen_ids], count - len(chosen))


def pick_first(context: SelectionContext, questions: list[Question], quota: int) -> list[Question]:
    """The first questions; they come shuffled."""
    return questions[:quota]


def count_by_category(questions: Sequence[Question], categories: Sequence[str]) -> dict[str, int]:
    """Number of questions of each category, 0 included, in the order of ``categories``."""
    counts = Counter(q.category for q in questions)
    return {c: counts.get(c, 0) for c in categories}
