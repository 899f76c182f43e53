"""The strategies: which questions to practise next. The product's central question, in one file.

The four of the source paper (P0, "Strategies"), one that looks for what the student would get wrong, and two controls. Each
strategy is a function from a ``Situation`` to questions; ``select`` looks it up by name. No torch: who needs the student's
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
from studentsim.records import Question


@dataclass(frozen=True)
class Situation:
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
    wrong: Mapping[str, int]
    """Wrong answers of the last exam by category."""
    asked: Mapping[str, int]
    """How often each question id was asked before."""
    confidence: Callable[[Sequence[Question]], list[float]]
    """For each question the probability (0 to 1) of the student's likeliest candidate answer."""
    threshold: float = 0.5
    rule: str = "largest-remainder"
    mix: Mapping[str, float] | None = None
    """The user's own shares by category, in percent; stands above the strategy's."""
    p_correct: Callable[[Sequence[Question]], list[float]] | None = None
    """For each question the probability (0 to 1) that the student answers it rightly. None: nobody can tell."""
    turn: int = 1
    """The turn that the questions are for, from 1 on: which of equal shares of ``mix`` gets a question that is left over."""


Strategy = Callable[[Situation], list[Question]]


# ------------------------------------------------------------------ the mix


def category_mix(wrong: Sequence[int], questions: int, rule: str = "largest-remainder") -> list[int]:
    """Whole numbers of questions by category, in proportion to the wrong answers; they sum to ``questions``.

    ``paper`` (P0): floor(questions x w / sum of w) each, and what is left over goes to the first category.
    ``largest-remainder`` (Hamilton's method): what is left over goes one by one to the largest remainders.
    Where nothing was wrong, all categories count alike.

    >>> category_mix([12, 6, 7, 0, 5, 0], 40, rule="paper")
    [17, 8, 9, 0, 6, 0]
    >>> category_mix([12, 6, 7, 0, 5, 0], 40)
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
        return _largest_remainder(weights, questions)
    raise ConfigError(f"mix_rule is {rule!r}.", "Choose 'largest-remainder' or 'paper'.", field="mix_rule")


def _largest_remainder(weights: Sequence[float], questions: int, *, turn: int = 1) -> list[int]:
    """``turn``: from the second on, equal remainders take turns at what is left over, so that equal shares even out over a run."""
    total = sum(weights)
    exact = [questions * w / total for w in weights]
    mix = [int(share) for share in exact]
    left = questions - sum(mix)
    by_remainder = sorted(range(len(mix)), key=lambda i: (mix[i] - exact[i], i))
    if left and turn > 1:
        last = by_remainder[left - 1]
        equal = [i for i in by_remainder if math.isclose(exact[i] - mix[i], exact[last] - mix[last], abs_tol=1e-9)]
        first = by_remainder.index(equal[0])
        start = (turn - 1) * (left - first) % len(equal)
        by_remainder[first : first + len(equal)] = equal[start:] + equal[:start]
    for i in by_remainder[:left]:
        mix[i] += 1
    return mix


def planned_mix(situation: Situation, *, follow_mistakes: bool) -> dict[str, int] | None:
    """How many questions of each category: the user's own mix, else the mistakes', else None (no quota)."""
    categories = [c for c in situation.categories if any(q.category == c for q in situation.pool)]
    if situation.mix is not None:
        shares = [situation.mix.get(c, 0.0) for c in categories]
        return dict(zip(categories, _largest_remainder(shares, situation.count, turn=situation.turn), strict=True))
    if not follow_mistakes:
        return None
    counts = category_mix([situation.wrong.get(c, 0) for c in categories], situation.count, situation.rule)
    return dict(zip(categories, counts, strict=True))


# ------------------------------------------------------------------ the strategies


def random(s: Situation) -> list[Question]:
    """Any question may come (unless the user gave a mix)."""
    return _take(s, planned_mix(s, follow_mistakes=False), _everything)


def category(s: Situation) -> list[Question]:
    """The mix follows the categories of the last exam's wrong answers."""
    return _take(s, planned_mix(s, follow_mistakes=True), _everything)


def log_probability(s: Situation) -> list[Question]:
    """Questions on which the student is unsure: its likeliest candidate answer stays below the threshold."""
    return _take(s, planned_mix(s, follow_mistakes=False), _unsure)


def log_probability_and_category(s: Situation) -> list[Question]:
    """Both: the mix follows the mistakes, and within it the unsure questions are taken."""
    return _take(s, planned_mix(s, follow_mistakes=True), _unsure)


def likely_wrong(s: Situation) -> list[Question]:
    """Questions that the student would most probably get wrong: of those drawn, the least P(right)."""
    return _take(s, planned_mix(s, follow_mistakes=False), _least_right)


def fixed(s: Situation) -> list[Question]:
    """Control: the same questions in every turn."""
    return s.fixed_rng.sample(sorted(s.pool, key=lambda q: q.id), s.count)


BY_NAME: Mapping[str, Strategy] = {
    "random": random,
    "category": category,
    "log-probability": log_probability,
    "log-probability+category": log_probability_and_category,
    "likely-wrong": likely_wrong,
    "none": random,  # control: answers as under random, but the loop never trains it
    "fixed": fixed,
}


def select(strategy: str, situation: Situation) -> list[Question]:
    """The next questions; exactly ``situation.count``, all different.

    :raises ConfigError: an unknown strategy, a pool that is smaller than one turn, or a strategy that needs a figure which nobody
        can tell.
    """
    if strategy not in BY_NAME:
        raise ConfigError(f"strategy is {strategy!r}.", f"Choose {', '.join(BY_NAME)}.", field="strategy")
    if situation.mix is not None:  # what the user's own mix gives nothing to is not in the pool
        wanted = tuple(q for q in situation.pool if situation.mix.get(q.category, 0) > 0)
        situation = replace(situation, pool=wanted)
    if len(situation.pool) < situation.count:
        raise ConfigError(
            f"{situation.count} questions a turn were asked for, but the pool holds {len(situation.pool)}.",
            "Ask for fewer questions a turn, or widen the pool.",
            field="questions",
        )
    return BY_NAME[strategy](situation)


# ------------------------------------------------------------------ taking questions

Filter = Callable[[Situation, list[Question], int], list[Question]]


def _take(s: Situation, mix: Mapping[str, int] | None, keep: Filter) -> list[Question]:
    """Fill each quota with questions that pass the filter; what a category lacks comes from the others.

    Questions asked least often come first, whole: none is asked twice until the pool is used up.
    """
    quotas = dict(mix or {})
    chosen: list[Question] = []
    shuffled = s.rng.sample(s.pool, len(s.pool))
    for times in sorted({s.asked.get(q.id, 0) for q in s.pool}):
        level = [q for q in shuffled if s.asked.get(q.id, 0) == times]
        if len(level) > s.count - len(chosen):
            return chosen + _from_level(s, level, s.count - len(chosen), quotas, keep)
        chosen += level
        quotas = {name: max(0, quota - sum(q.category == name for q in level)) for name, quota in quotas.items()}
        if len(chosen) == s.count:
            break
    return chosen


def _from_level(
    s: Situation, level: list[Question], count: int, quotas: Mapping[str, int], keep: Filter
) -> list[Question]:
    chosen: list[Question] = []
    for name, quota in quotas.items():
        chosen += keep(s, [q for q in level if q.category == name], min(quota, count - len(chosen)))
    taken = {q.id for q in chosen}
    return chosen + keep(s, [q for q in level if q.id not in taken], count - len(chosen))


def _everything(s: Situation, questions: list[Question], quota: int) -> list[Question]:
    return questions[:quota]


def _unsure(s: Situation, questions: list[Question], quota: int) -> list[Question]:
    """Go through the questions until enough are below the threshold; then make up the number with the least sure.

    Looked at in handfuls, and at most about 8 times as many as wanted: a student that is sure of nearly everything
    must not make a turn last for ever.
    """
    unsure: list[Question] = []
    sure: list[tuple[float, str, Question]] = []
    handful = max(16, quota)
    for start in range(0, min(len(questions), 8 * handful), handful):
        if len(unsure) >= quota:
            break
        looked_at = questions[start : start + handful]
        for question, confidence in zip(looked_at, s.confidence(looked_at), strict=True):
            if confidence < s.threshold:
                unsure.append(question)
            else:
                sure.append((confidence, question.id, question))
    return [*unsure, *(question for *_, question in sorted(sure, key=lambda entry: entry[:2]))][:quota]


DRAWN = 4
"""Questions that ``likely-wrong`` looks at for each it takes: half as many as the log-probability rule looks at at most."""


def _least_right(s: Situation, questions: list[Question], quota: int) -> list[Question]:
    """Of the first ``DRAWN`` times as many as wanted (they come shuffled) those with the least P(right); ties by question id."""
    if not quota:
        return []
    if s.p_correct is None:
        raise ConfigError(
            "This way of choosing asks how probably the student is right, and this student cannot tell.",
            "Choose another way of choosing.",
            field="strategy",
        )
    drawn = questions[: DRAWN * quota]
    by_figure = sorted(zip(s.p_correct(drawn), drawn, strict=True), key=lambda pair: (pair[0], pair[1].id))
    return [question for _, question in by_figure][:quota]


class Lookups:
    """Writes down what a strategy looks at before it chooses: wraps the student's figures, and changes none of them."""

    def __init__(self) -> None:
        self.measure = ""
        """Which figure was looked at last, by the student's name for it; blank: none."""
        self.figures: dict[str, float] = {}
        """By question id, four significant digits, rounded down: a figure below a threshold of as many digits stays below it, and
        others do not fall below."""

    def recording(
        self, measure: str, figures_of: Callable[[Sequence[Question]], list[float]]
    ) -> Callable[[Sequence[Question]], list[float]]:
        """``figures_of``, which is called ``measure``, with its figures written down. One that is no number is left out."""

        def recorded(questions: Sequence[Question]) -> list[float]:
            figures = figures_of(questions)
            self.measure = measure
            for question, figure in zip(questions, figures, strict=True):
                if math.isfinite(figure):
                    self.figures[question.id] = float(_FOUR_DIGITS.create_decimal(repr(float(figure))))
            return figures

        return recorded


_FOUR_DIGITS = Context(prec=4, rounding=ROUND_DOWN)


def mix_of(questions: Sequence[Question], categories: Sequence[str]) -> dict[str, int]:
    """How many questions of each category there are, in the bank's order."""
    counts = Counter(q.category for q in questions)
    return {c: counts.get(c, 0) for c in categories}
