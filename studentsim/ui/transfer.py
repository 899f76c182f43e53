"""What a transfer matrix says in words and in figures for a table: for Help, the command line and its picture. No streamlit here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd

from studentsim.analysis import claims
from studentsim.transfer.matrix import Estimate, Matrix
from studentsim.ui import category_names, words
from studentsim.ui.cards import config_of

COLUMNS = {
    "practised": "practised", "examined": "examined", "questions": "questions", "before": "right before", "after": "right after",
    "points": "gain, of 100", "low": "95 % from", "high": "95 % to",
}  # fmt: skip
"""The table behind the picture, in plain words."""
METHOD = (
    "Both exams of a row ask the same questions with the same luck. Intervals: 95 %, over questions, for paired proportions "
    "(Bonett and Price 2012); those of means are put together from them. One run a row: another seed would move them a little more."
)
_NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
)  # fmt: skip


def frame(matrix: Matrix) -> pd.DataFrame:
    """A row an entry: ``practised, examined, questions, before, after, only_before, only_after, points, low, high``."""
    return pd.DataFrame(matrix.rows())


def rehearsal(matrix: Matrix) -> float:
    """The strength of rehearsal in the matrix's runs; 0 where the runs knew none."""
    return float(dict(matrix.config.get("learning", {})).get("rehearsal") or 0.0)


def seed(matrix: Matrix) -> int:
    """The seed of the matrix's runs."""
    return int(matrix.config.get("seed", 0))


def points(value: float) -> str:
    """``+52``, ``−3``, ``0``: a gain in whole points, its sign never lost."""
    whole = round(value)
    return "0" if not whole else f"{whole:+d}".replace("-", "\N{MINUS SIGN}")


def bounds(estimate: Estimate) -> str:
    """``44 to 60``, ``−4 to 10``."""
    return f"{_whole(estimate.low)} to {_whole(estimate.high)}"


def bounded(estimate: Estimate, unit: str = "") -> str:
    """``+52 points (44 to 60)``."""
    return f"{points(estimate.points)}{unit} ({bounds(estimate)})"


Naming = Callable[[str], str]
"""What a sentence calls a category: its own name, as the command line's options take it, or what it holds."""


def by_content(matrix: Matrix) -> Naming:
    """For who reads a page: a category by what it holds, where its own name does not tell."""
    return partial(category_names.in_sentence, among=matrix.categories)


def verdict(matrix: Matrix, practised: str, named: Naming = str) -> str:
    """What practising one category did for it and for the others."""
    others = [category for category in matrix.categories if category != practised]
    name = named(practised)
    own = (
        f"Practising {name} moved {'it' if name != practised else name} by {bounded(matrix.own(practised), ' points')}"
    )
    rest = bounded(matrix.rest(practised))
    if len(others) == 1:
        return f"{own} and {named(others[0])} by {rest}."
    return f"{own} and the other {number(len(others))} by {rest} on the mean."


def summary(matrix: Matrix, named: Naming = str) -> str:
    """The whole in two sentences: what was practised, what was not, and the largest gain of something not practised."""
    practised, examined = matrix.largest_other
    largest = bounded(matrix.gains[practised, examined].estimate)
    return (
        f"On the mean of the {number(len(matrix.categories))}, a category moved by {bounded(matrix.diagonal, ' points')} when it alone "
        f"was practised, and by {bounded(matrix.others)} when another was. The largest gain without practice: {largest}, in "
        f"{named(examined)} while {named(practised)} was practised."
    )


def about(matrix: Matrix) -> str:
    """What the matrix rests on: student, lessons, exam, seeds, how it learns."""
    config = config_of(dict(matrix.config))
    lessons = words.plural(config.turns, "lesson")
    asked = sorted({gain.questions for gain in matrix.gains.values()})
    each = f"{asked[0]}" if len(asked) == 1 else f"{asked[0]} to {asked[-1]}"
    rate = dict(matrix.config.get("learning", {})).get("learning_rate", 0)
    return (
        f"{words.student(config)}; {lessons} of {words.plural(config.questions, 'question')} in one category alone, from the same start "
        f"each time; exams of {words.plural(config.exam, 'question')} ({each} a category); seed {seed(matrix)}, exam seed "
        f"{config.exam_seed}; rehearsal {rehearsal(matrix):g}, learning rate {rate:g}; version {matrix.software}."
    )


def seeds(matrices: Sequence[Matrix]) -> str:
    """What further matrices of the same kind say, a clause a seed; blank for none."""
    told = [f"seed {seed(m)}: {bounded(m.diagonal)} and {bounded(m.others)}" for m in matrices]
    return f"With other seeds, practised and not practised on the mean: {'; '.join(told)}." if told else ""


def contrast(matrix: Matrix) -> str:
    """What a matrix without rehearsal says, the paper's way."""
    return (
        f"Without rehearsal, as in the paper, practice of one category moves them all: itself by {bounded(matrix.diagonal, ' points')} on "
        f"the mean, the others by {bounded(matrix.others)} (seed {seed(matrix)})."
        if claims.direction(matrix.others.low, matrix.others.high) > 0
        else f"Without rehearsal, as in the paper: itself by {bounded(matrix.diagonal, ' points')} on the mean, the others by "
        f"{bounded(matrix.others)} (seed {seed(matrix)})."
    )


def number(count: int) -> str:
    """``five``; from fifteen on in digits."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def _whole(value: float) -> str:
    return str(round(value)).replace("-", "\N{MINUS SIGN}")
