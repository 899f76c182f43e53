"""Control: any question of the pool, as ``random`` takes them, but the loop never trains."""

from __future__ import annotations

from studentsim.selection.strategy import Strategy

STRATEGY = Strategy(
    id="none",
    label="No teaching",
    summary="It answers and sits exams, but is never taught.",
    when_to_use="A control: how it stands without any teaching.",
    order=6,
    trains=False,
    is_control=True,
    is_baseline=True,
    recorded_seeds={"embedded": 1, "smollm2": 3},
    custom_mix_caption="The student answers by this mix, and is never taught.",
    mix_source="Any question of the pool may come, as from a mixed bag; nothing is learnt from them.",
)
