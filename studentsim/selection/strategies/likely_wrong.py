"""Questions that the student would most probably get wrong: of those sampled, the ones with the lowest P(correct)."""

from __future__ import annotations

from studentsim.selection.context import SelectionContext
from studentsim.selection.strategy import Strategy
from studentsim.types import Question

CANDIDATES_PER_QUESTION = 4
"""Questions scored for each that is taken: half of the log-probability rule's limit."""


def pick_likely_wrong(context: SelectionContext, questions: list[Question], quota: int) -> list[Question]:
    """Of the first ``CANDIDATES_PER_QUESTION * quota`` questions (they come shuffled), those with the lowest P(correct); ties by id."""
    if not quota:
        return []
    assert context.p_correct, "select_questions has checked it"
    candidates = questions[: CANDIDATES_PER_QUESTION * quota]
    by_p_correct = sorted(
        zip(context.p_correct(candidates), candidates, strict=True), key=lambda pair: (pair[0], pair[1].id)
    )
    return [question for _, question in by_p_correct][:quota]


STRATEGY = Strategy(
    id="likely-wrong",
    label="What it would get wrong",
    summary="The questions it would most probably get wrong, of some drawn from the pool.",
    when_to_use="When you want every question to be one to learn from, however hard.",
    order=5,
    pick=pick_likely_wrong,
    measure="p_correct",
    candidates_per_question=CANDIDATES_PER_QUESTION,
    embedded_question_seconds=0.016,
    mix_caption="No category is preferred: what it would get wrong is taken from wherever it lies in the pool.",
    custom_mix_caption="Within a category it still takes the questions that it would most probably get wrong.",
    mix_source="Questions that it would most probably get wrong are taken, whatever their category; the mix is what comes of that.",
    practice_caveat="They are those that it would most probably get wrong",
    rule="Before each lesson some questions are drawn, and those with the least P(right) are practised.",
    preferred="those that it would most probably get wrong",
)
