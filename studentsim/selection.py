"""The strategies: which questions to practise next.

There are the four of the source paper (P0, "Strategies"), one that takes what the student would probably get wrong, and two
controls. A strategy is a function from a ``SelectionContext`` to questions; ``select_questions`` looks it up by name. No torch here:
the student's probabilities come from functions in the context.
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
    """Everything that a strategy may use."""

    pool: tuple[Question, ...]
    """Questions that may be practised."""
    count: int
    """Number of questions to select."""
    rng: Random
    """Seeded for this turn."""
    fixed_rng: Random
    """Seeded alike in every turn of the run."""
    categories: tuple[str, ...]
    """The bank's categories, in its order."""
    wrong_by_category: Mapping[str, int]
    """The last exam's wrong answers by category."""
    times_asked: Mapping[str, int]
    """By question id, how often it was practised before; ids that are missing: never."""
    confidence: Callable[[Sequence[Question]], list[float]]
    """For each question the probability (0 to 1) of the student's likeliest candidate answer."""
    threshold: float = 0.5
    """A question is uncertain if its confidence is below this."""
    mix_rule: str = "largest-remainder"
    """The rule of ``apportion_questions``."""
    requested_mix: Mapping[str, float] | None = None
    """The user's own shares by category, in percent; they replace the strategy's."""
    p_correct: Callable[[Sequence[Question]], list[float]] | None = None
    """For each question the probability (0 to 1) of a correct answer. None: the student cannot compute it."""
    turn: int = 1
    """The turn, from 1: it decides which of equal shares of ``requested_mix`` gets a remaining question."""


SelectionStrategy = Callable[[SelectionContext], list[Question]]


# ------------------------------------------------------------------ the mix


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


# ------------------------------------------------------------------ the strategies


def select_random(context: SelectionContext) -> list[Question]:
    """Random questions, within the user's own mix if there is one."""
    return _fill_quotas(context, plan_category_quotas(context, follow_mistakes=False), _pick_first)


def select_by_mistakes(context: SelectionContext) -> list[Question]:
    """The mix follows the categories of the last exam's wrong answers."""
    return _fill_quotas(context, plan_category_quotas(context, follow_mistakes=True), _pick_first)


def select_uncertain(context: SelectionContext) -> list[Question]:
    """Questions on which the student is uncertain: its likeliest candidate answer is below the threshold."""
    return _fill_quotas(context, plan_category_quotas(context, follow_mistakes=False), _pick_uncertain)


def select_uncertain_by_mistakes(context: SelectionContext) -> list[Question]:
    """The mix follows the mistakes, and within it the uncertain questions are taken."""
    return _fill_quotas(context, plan_category_quotas(context, follow_mistakes=True), _pick_uncertain)


def select_likely_wrong(context: SelectionContext) -> list[Question]:
    """Questions that the student would most probably get wrong: of those sampled, the ones with the lowest P(correct)."""
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
    "none": select_random,  # control: selects like random, but the loop never trains
    "fixed": select_fixed,
}


def select_questions(strategy: str, context: SelectionContext) -> list[Question]:
    """The next questions; exactly ``context.count``, all different.

    :raises ConfigError: the strategy is unknown, the pool is smaller than ``count``, or the student cannot compute what the strategy
        needs.
    """
    if strategy not in STRATEGY_FUNCTIONS:
        raise ConfigError(f"strategy is {strategy!r}.", f"Choose {', '.join(STRATEGY_FUNCTIONS)}.", field="strategy")
    if context.requested_mix is not None:  # categories without a share leave the pool
        allowed = tuple(q for q in context.pool if context.requested_mix.get(q.category, 0) > 0)
        context = replace(context, pool=allowed)
    if len(context.pool) < context.count:
        raise ConfigError(
            f"{context.count} questions a turn were asked for, but the pool holds {len(context.pool)}.",
            "Ask for fewer questions a turn, or widen the pool.",
            field="questions_per_turn",
        )
    return STRATEGY_FUNCTIONS[strategy](context)


# ------------------------------------------------------------------ filling the quotas

QuestionPicker = Callable[[SelectionContext, list[Question], int], list[Question]]
"""Picks at most so many of the candidates."""


def _fill_quotas(
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


def _pick_first(context: SelectionContext, questions: list[Question], quota: int) -> list[Question]:
    return questions[:quota]


def _pick_uncertain(context: SelectionContext, questions: list[Question], quota: int) -> list[Question]:
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


CANDIDATES_PER_QUESTION = 4
"""Questions that ``likely-wrong`` scores for each that it takes: half of the log-probability rule's limit."""


def _pick_likely_wrong(context: SelectionContext, questions: list[Question], quota: int) -> list[Question]:
    """Of the first ``CANDIDATES_PER_QUESTION * quota`` questions (they come shuffled), those with the lowest P(correct); ties by id."""
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
    """Records the scores that a strategy asks for: wraps the student's scoring functions and returns their values unchanged."""

    def __init__(self) -> None:
        self.measure = ""
        """The measure that was recorded last, ``confidence`` or ``p_correct``; "": none."""
        self.scores: dict[str, float] = {}
        """By question id, four significant digits, rounded down: no score crosses a threshold of as many digits or fewer."""

    def wrap(
        self, measure: str, score_questions: Callable[[Sequence[Question]], list[float]]
    ) -> Callable[[Sequence[Question]], list[float]]:
        """``score_questions`` with its finite scores recorded under ``measure``."""

        def score_and_record(questions: Sequence[Question]) -> list[float]:
            scores = score_questions(questions)
            self.measure = measure
            for question, score in zip(questions, scores, strict=True):
                if math.isfinite(score):
                    self.scores[question.id] = float(_FOUR_DIGITS.create_decimal(repr(float(score))))
            return scores

        return score_and_record


_FOUR_DIGITS = Context(prec=4, rounding=ROUND_DOWN)


def count_by_category(questions: Sequence[Question], categories: Sequence[str]) -> dict[str, int]:
    """Number of questions of each category, 0 included, in the order of ``categories``."""
    counts = Counter(q.category for q in questions)
    return {c: counts.get(c, 0) for c in categories}
