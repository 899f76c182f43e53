"""The mix of categories follows the last exam's mistakes (P0, "Strategies")."""

from __future__ import annotations

from studentsim.selection.strategy import Strategy

STRATEGY = Strategy(
    id="category",
    label="Follow the mistakes",
    summary="More practice in the categories where the last exam went wrong.",
    when_to_use="When you want the time spent where it is needed.",
    order=2,
    is_default=True,
    follows_mistakes=True,
    in_paper=True,
    within_mix="",
    recorded_seeds={"embedded": 5, "smollm2": 3},
    custom_mix_caption="The mistakes have no say; within a category any question may come.",
    practice_caveat="More of them come from where the last exam went wrong",
)
