"""The mix follows the mistakes, and within it the uncertain questions are taken (P0, "Strategies")."""

from __future__ import annotations

from studentsim.selection.strategies import log_probability
from studentsim.selection.strategy import Strategy

STRATEGY = Strategy(
    id="log-probability+category",
    label="Mistakes and unsure",
    summary="Follows the mistakes, and within them takes the questions it is unsure of.",
    when_to_use="Both ideas together; choosing takes longer.",
    order=4,
    pick=log_probability.pick_uncertain,
    measure="confidence",
    uses_threshold=True,
    follows_mistakes=True,
    candidates_per_question=2,
    embedded_question_seconds=0.042,
    in_paper=True,
    within_mix=log_probability.STRATEGY.id,
    recorded_seeds={"smollm2": 3},
    short_label="both",
    custom_mix_caption="Within a category it still takes the questions it is unsure of; the mistakes have no say.",
    mix_source="Each lesson's mix of categories follows the mistakes of the exam before it; within it come the questions that the "
    "student is unsure of.",
    practice_caveat="They are those on which it is in two minds, more of them from where the last exam went wrong",
)
