"""The strategies: which questions to practise next. The product's central question, in one file.

The four of the source paper (P0, "Strategies"), one that looks for what the student would get wrong, and two controls. Each
strategy is a function from a ``SelectionContext`` to questions; ``select_questions`` looks it up by name. No torch: who needs the student's
figures gets functions that tell them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Context
from random import Random

from studentsim.errors import ConfigError
from studentsim.types import Question


@dataclass(frozen=True)
class SelectionContext:
    """All a strategy may look at."""

    pool: tuple[Question, ...]
    """Questions that may be practised."""
    count: int
    """How many to choose."""
    rng: Random
    """This turn's stream."""
    fixed_rng: Random
    """A stream that is the same in every turn of the run."""
    categories: tuple[str, ...]
    """The bank's, in order."""
    wrong_by_category: Mapping[str, int]
    """Wrong answers of the last exam by category."""
    times_asked: Mapping[str, int]
    """How often each question id was asked before."""
    confidence: Callable[[Sequence[Question]], list[float]]
    """For each question the probability (0 to 1) of the student's likeliest candidate answer."""
    threshold: float = 0.5
    mix_rule: str = "largest-remainder"
    requested_mix: Mapping[str, float] | None = None
    """The user's own shares by category, in percent; stands above the strategy's."""
    p_correct: Callable[[Sequence[Question]], list[float]] | None = None
    """For each question the probability (0 to 1) that the student answers it rightly. None: nobody can tell."""
    turn: int = 1
    """The turn that the questions are for, from 1 on: which of equal shares of ``requested_mix`` gets a question that is left over."""


SelectionStrategy = Callable[[SelectionContext], list[Question]]


# ------------------------------------------------------------------ the mix


def apportion_questions(wrong: Sequence[int], questions: int, rule: str = "largest-remainder") -> list[int]:
    """Whole numbers of questions by category, in proportion to the wrong answers; they sum to ``questions``.

    ``paper`` (P0): floor(questions x w / sum of w) each, and what is left over goes to the first category.
    ``largest-remainder`` (Hamilton's method): what is left over goes one by one to the largest remainders.
    Where nothing was wrong, all categories count alike.

    >>> apportion_questions([12, 6, 7, 0, 5, 0], 40, rule="paper")
    [17, 8, 9, 0, 6, 0]
    >>> apportion_questions([12, 6, 7, 0, 5, 0], 40)
    [16, 8, 9, 0, 7, 0]

    :raises ConfigError: a negative or missing count, or an unknown rule.
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
    """``turn``: from the second on, equal remainders take turns at what is left over, so that equal shares even out over a run."""
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
    """How many questions of each category: the user's own mix, else the mistakes', else None (no quota)."""
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


# ------------------------------------------------------------------ the strategies


def select_random(context: SelectionContext) -> list[Question]:
    """Any question may come (unless the user gave a mix)."""
    return _fill_quotas(context, plan_category_quotas(context, follow_mistakes=False), _pick_first)


def select_by_mistakes(context: SelectionContext) -> list[Question]:
    """The mix follows the categories of the last exam's wrong answers."""
    return _fill_quotas(context, plan_category_quotas(context, follow_mistakes=True), _pick_first)


def select_uncertain(context: SelectionContext) -> list[Question]:
    """Questions on which the student is unsure: its likeliest candidate answer stays below the threshold."""
    return _fill_quotas(context, plan_category_quotas(context, follow_mistakes=False), _pick_uncertain)


def select_uncertain_by_mistakes(context: SelectionContext) -> list[Question]:
    """Both: the mix follows the mistakes, and within it the unsure questions are taken."""
    return _fill_quotas(context, plan_category_quotas(context, follow_mistakes=True), _pick_uncertain)


def select_likely_wrong(context: SelectionContext) -> list[Question]:
    """Questions that the student would most probably get wrong: of those drawn, the least P(right)."""
    return _fill_quotas(context, plan_category_quotas(context, follow_mistakes=False), _pick_likely_wrong)


def select_fixed(context: SelectionContext) -> list[Question]:
    """Control: the same questions in every turn."""
    return context.fixed_rng.sample(sorted(context.pool, key=lambda q: q.id), context.count)


STRATEGY_FUNCTIONS: Mapping[str, SelectionStrategy] = {
    "random": select_random,
    "category": select_by_mistakes,
    "log-probability": select_uncertain,
    "log-probability+category": select_uncertain_by_mistakes,
    "likely-wrong": select_likely_wrong,
    "none": select_random,  # control: answers as under random, but the loop never trains it
    "fixed": select_fixed,
}


def select_questions(strategy: str, context: SelectionContext) -> list[Question]:
    """The next questions; exactly ``context.count``, all different.

    :raises ConfigError: an unknown strategy, a pool that is smaller than one turn, or a strategy that needs a figure which nobody
        can tell.
    """
    if strategy not in STRATEGY_FUNCTIONS:
        raise ConfigError(f"strategy is {strategy!r}.", f"Choose {', '.join(STRATEGY_FUNCTIONS)}.", field="strategy")
    if context.requested_mix is not None:  # what the user's own mix gives nothing to is not in the pool
        allowed = tuple(q for q in context.pool if context.requested_mix.get(q.category, 0) > 0)
        context = replace(context, pool=allowed)
    if len(context.pool) < context.count:
        raise ConfigError(
            f"{context.count} questions a turn were asked for, but the pool holds {len(context.pool)}.",
            "Ask for fewer questions a turn, or widen the pool.",
            field="questions",
        )
    return STRATEGY_FUNCTIONS[strategy](context)


# ------------------------------------------------------------------ taking questions

QuestionPicker = Callable[[SelectionContext, list[Question], int], list[Question]]


def _fill_quotas(
    context: SelectionContext, category_quotas: Mapping[str, int] | None, pick: QuestionPicker
) -> list[Question]:
    """Fill each quota with questions that pass the filter; what a category lacks comes from the others.

    Questions asked least often come first, whole: none is asked twice until the pool is used up.
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


def _pick_first(context: SelectionContext, questions: list[Question], quota: int) -> list[Question]:
    return questions[:quota]


def _pick_uncertain(context: SelectionContext, questions: list[Question], quota: int) -> list[Question]:
    """Go through the questions until enough are below the threshold; then make up the number with the least sure.

    Looked at in handfuls, and at most about 8 times as many as wanted: a student that is sure of nearly everything
    must not make a turn last for ever.
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


CANDIDATES_PER_QUESTION = 4
"""Questions that ``likely-wrong`` looks at for each it takes: half as many as the log-probability rule looks at at most."""


def _pick_likely_wrong(context: SelectionContext, questions: list[Question], quota: int) -> list[Question]:
    """Of the first ``CANDIDATES_PER_QUESTION`` times as many as wanted (they come shuffled) those with the least P(right); ties by question id."""
    if not quota:
        return []
    if context.p_correct is None:
        raise ConfigError(
            "This way of choosing asks how probably the student is right, and this student cannot tell.",
            "Choose another way of choosing.",
            field="strategy",
        )
    candidates = questions[: CANDIDATES_PER_QUESTION * quota]
    by_p_correct = sorted(
        zip(context.p_correct(candidates), candidates, strict=True), key=lambda pair: (pair[0], pair[1].id)
    )
    return [question for _, question in by_p_correct][:quota]


class ScoreRecorder:
    """Writes down what a strategy looks at before it chooses: wraps the student's figures, and changes none of them."""

    def __init__(self) -> None:
        self.measure = ""
        """Which figure was looked at last, by the student's name for it; blank: none."""
        self.scores: dict[str, float] = {}
        """By question id, four significant digits, rounded down: a figure below a threshold of as many digits stays below it, and
        others do not fall below."""

    def wrap(
        self, measure: str, score_questions: Callable[[Sequence[Question]], list[float]]
    ) -> Callable[[Sequence[Question]], list[float]]:
        """``score_questions``, which is called ``measure``, with its figures written down. One that is no number is left out."""

        def score_and_record(questions: Sequence[Question]) -> list[float]:
            scores = score_questions(questions)
            self.measure = measure
            for question, figure in zip(questions, scores, strict=True):
                if math.isfinite(figure):
                    self.scores[question.id] = float(_FOUR_DIGITS.create_decimal(repr(float(figure))))
            return scores

        return score_and_record


_FOUR_DIGITS = Context(prec=4, rounding=ROUND_DOWN)


def count_by_category(questions: Sequence[Question], categories: Sequence[str]) -> dict[str, int]:
    """How many questions of each category there are, in the bank's order."""
    counts = Counter(q.category for q in questions)
    return {c: counts.get(c, 0) for c in categories}
