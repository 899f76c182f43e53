"""All strategies by id, found in ``strategies/``; and the choice of a turn's questions by one of them.

python -m studentsim strategies
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import replace

from studentsim.errors import ConfigError
from studentsim.selection import strategies
from studentsim.selection.context import SelectionContext
from studentsim.selection.quotas import fill_quotas, plan_category_quotas
from studentsim.selection.strategy import Strategy
from studentsim.types import Question


def _load_strategies() -> dict[str, Strategy]:
    """The constant ``STRATEGY`` of each file in ``strategies/``, in order."""
    names = [f"{strategies.__name__}.{module.name}" for module in pkgutil.iter_modules(strategies.__path__)]
    found: list[Strategy] = [importlib.import_module(name).STRATEGY for name in names]
    by_id = {strategy.id: strategy for strategy in sorted(found, key=lambda s: (s.order, s.id))}
    if len(by_id) < len(found):
        raise ImportError(f"two files of {', '.join(names)} have the same strategy id")
    return by_id


STRATEGIES: Mapping[str, Strategy] = _load_strategies()
"""Each strategy by its id, in order."""
(DEFAULT_STRATEGY,) = (strategy for strategy in STRATEGIES.values() if strategy.is_default)
BASELINE_STRATEGY = next(strategy for strategy in STRATEGIES.values() if strategy.is_baseline)
OFFERED_STRATEGIES: tuple[Strategy, ...] = tuple(sorted(STRATEGIES.values(), key=lambda s: not s.is_default))
"""The strategies as lists to choose from have them: the default, then the others in order."""


def find_strategy(id: str) -> Strategy:
    """The strategy with that id; for an unknown id (a run of another version) one that is called by it and has no properties."""
    return STRATEGIES.get(id) or Strategy(id=id, label=id, summary="", when_to_use="")


def select_questions(strategy_id: str, context: SelectionContext) -> list[Question]:
    """The next questions; exactly ``context.count``, all different.

    :raises ConfigError: the strategy is unknown, the pool is smaller than ``count``, or the student cannot compute what the strategy
        needs.
    """
    strategy = STRATEGIES.get(strategy_id)
    if strategy is None:
        raise ConfigError(f"strategy is {strategy_id!r}.", f"Choose {', '.join(STRATEGIES)}.", field="strategy")
    if context.requested_mix is not None:  # categories without a share leave the pool
        allowed = tuple(q for q in context.pool if context.requested_mix.get(q.category, 0) > 0)
        context = replace(context, pool=allowed)
    if len(context.pool) < context.count:
        raise ConfigError(
            f"{context.count} questions a turn were asked for, but the pool holds {len(context.pool)}.",
            "Ask for fewer questions a turn, or widen the pool.",
            field="questions_per_turn",
        )
    if strategy.measure == "p_correct" and context.p_correct is None:
        raise ConfigError(
            "This way of choosing asks how probably the student is right, and this student cannot tell.",
            "Choose another way of choosing.",
            field="strategy",
        )
    if strategy.select:
        return strategy.select(context)
    quotas = plan_category_quotas(context, follow_mistakes=strategy.follows_mistakes)
    return fill_quotas(context, quotas, strategy.pick)
