"""Control: the same questions in every turn, sampled once from the whole pool."""

from __future__ import annotations

from studentsim.selection.context import SelectionContext
from studentsim.selection.strategy import Strategy
from studentsim.types import Question


def select_fixed(context: SelectionContext) -> list[Question]:
    """The sample of a generator that is seeded alike in every turn."""
    return context.fixed_rng.sample(sorted(context.pool, key=lambda q: q.id), context.count)


STRATEGY = Strategy(
    id="fixed",
    label="Same questions again",
    summary="The same practice questions in every lesson.",
    when_to_use="A control: learning by heart against learning.",
    order=7,
    select=select_fixed,
    heeds_mix=False,
    is_control=True,
    recorded_seeds={"embedded": 1},
    mix_caption="The same questions in every lesson, drawn once from all of the pool.",
    custom_mix_caption="*Same questions again* heeds no mix: it draws its questions once from all of the pool.",
    mix_source="The same questions come in every lesson, drawn once at random: the mix never changes.",
    practice_caveat="They are the same in every lesson, so it may simply know them by now",
)
