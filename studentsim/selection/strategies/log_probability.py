"""Questions on which the student is uncertain: its likeliest candidate answer is below the threshold (P0, "Strategies")."""

from __future__ import annotations

from studentsim.selection.context import SelectionContext
from studentsim.selection.strategy import Strategy
from studentsim.types import Question


def pick_uncertain(context: SelectionContext, questions: list[Question], quota: int) -> list[Question]:
    """Score questions in batches until enough are below the threshold; fill up with the least confident.

    At most 8 batches are scored, so that a turn stays short when the student is confident of nearly everything.
    """
    uncertain: list[Question] = []
    confident: list[tuple[float, str, Question]] = []
    batch_size = max(16, quota)
    for start in range(0, min(len(questions), 8 * batch_size), batch_size):
        if len(uncertain) >= quota:
            break
        batch = questions[start : start + batch_size]
        for question, confidence in zip(batch, context.confidence(batch), strict=True):
            if confidence < context.threshold:
                uncertain.append(question)
            else:
                confident.append((confidence, question.id, question))
    return [*uncertain, *(question for *_, question in sorted(confident, key=lambda entry: entry[:2]))][:quota]


STRATEGY = Strategy(
    id="log-probability",
    label="Where it is unsure",
    summary="Questions on which the student is in two minds.",
    when_to_use="When you believe that doubt is the best moment to learn.",
    order=3,
    pick=pick_uncertain,
    measure="confidence",
    uses_threshold=True,
    candidates_per_question=2,
    embedded_question_seconds=0.024,
    in_paper=True,
    recorded_seeds={"smollm2": 3},
    short_label="unsure",
    custom_mix_caption="Within a category it still takes the questions it is unsure of.",
    mix_source="Questions on which the student is unsure are taken, whatever their category; the mix is what comes of that.",
    practice_caveat="They are those on which it is in two minds",
)
