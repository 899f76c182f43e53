"""Any question of the pool, within the user's own mix if there is one (P0, "Strategies"): what others are compared with."""

from __future__ import annotations

from studentsim.selection.strategy import Strategy

STRATEGY = Strategy(
    id="random",
    label="Mixed bag",
    summary="Any question may come, whatever the student can do already.",
    when_to_use="The usual worksheet, and the fair thing to compare with.",
    order=1,
    is_baseline=True,
    in_paper=True,
    within_mix="",
    recorded_seeds={"embedded": 5, "smollm2": 3},
    custom_mix_caption="Within a category any question may come.",
    mix_source="Any question of the pool may come: a category comes about as often as the pool has questions of it.",
)
