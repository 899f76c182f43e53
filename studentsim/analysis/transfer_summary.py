"""What a transfer matrix says in words and in figures for a table: for Help, the command line and its picture. No streamlit here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd

from studentsim.analysis import claims
from studentsim.config import parse_stored_config
from studentsim.labels import category_names, formatting
from studentsim.transfer.matrix import GainEstimate, TransferMatrix

TRANSFER_COLUMN_TITLES = {
    "practised": "practised", "examined": "examined", "questions": "questions", "before": "right before", "after": "right after",
    "points": "gain, of 100", "low": "95 % from", "high": "95 % to",
}  # fmt: skip
"""The table behind the picture, in plain words."""
METHOD_NOTE = (
    "Both exams of a row ask the same questions with the same luck. Intervals: 95 %, over questions, for paired proportions "
    "(Bonett and Price 2012); those of means are put together from them. One run a row: another seed would move them a little more."
)
_NUMBER_WORDS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
)  # fmt: skip


def transfer_frame(matrix: TransferMatrix) -> pd.DataFrame:
    """A row an entry: ``practised, examined, questions, before, after, only_before, only_after, format_points, low, high``."""
    return pd.DataFrame(matrix.to_rows())


def rehearsal_strength(matrix: TransferMatrix) -> float:
    """The strength of rehearsal in the matrix's runs; 0 where the runs knew none."""
    return float(dict(matrix.config.get("learning", {})).get("rehearsal") or 0.0)


def matrix_seed(matrix: TransferMatrix) -> int:
    """The seed of the matrix's runs."""
    return int(matrix.config.get("seed", 0))


def format_points(value: float) -> str:
    """``+52``, ``−3``, ``0``: a gain in whole points, its sign never lost."""
    whole = round(value)
    return "0" if not whole else f"{whole:+d}".replace("-", "\N{MINUS SIGN}")


def format_estimate_bounds(estimate: GainEstimate) -> str:
    """``44 to 60``, ``−4 to 10``."""
    return f"{_format_integer(estimate.low)} to {_format_integer(estimate.high)}"


def format_estimate(estimate: GainEstimate, unit: str = "") -> str:
    """``+52 points (44 to 60)``."""
    return f"{format_points(estimate.points)}{unit} ({format_estimate_bounds(estimate)})"


CategoryNamer = Callable[[str], str]
"""What a sentence calls a category: its own name, as the command line's options take it, or what it holds."""


def inline_category_namer(matrix: TransferMatrix) -> CategoryNamer:
    """For who reads a page: a category by what it holds, where its own name does not tell."""
    return partial(category_names.inline_category_label, all_categories=matrix.categories)


def describe_category_transfer(matrix: TransferMatrix, practised: str, name_category: CategoryNamer = str) -> str:
    """What practising one category did for it and for the others."""
    others = [category for category in matrix.categories if category != practised]
    name = name_category(practised)
    own_gain = f"Practising {name} moved {'it' if name != practised else name} by {format_estimate(matrix.own_gain(practised), ' points')}"
    rest = format_estimate(matrix.mean_gain_of_others(practised))
    if len(others) == 1:
        return f"{own_gain} and {name_category(others[0])} by {rest}."
    return f"{own_gain} and the other {number_word(len(others))} by {rest} on the mean."


def describe_transfer(matrix: TransferMatrix, name_category: CategoryNamer = str) -> str:
    """The whole in two sentences: what was practised, what was not, and the largest gain of something not practised."""
    practised, examined = matrix.largest_off_diagonal_pair
    largest = format_estimate(matrix.gains[practised, examined].estimate)
    return (
        f"On the mean of the {number_word(len(matrix.categories))}, a category moved by {format_estimate(matrix.diagonal_mean, ' points')} when it alone "
        f"was practised, and by {format_estimate(matrix.off_diagonal_mean)} when another was. The largest gain without practice: {largest}, in "
        f"{name_category(examined)} while {name_category(practised)} was practised."
    )


def describe_matrix_setup(matrix: TransferMatrix) -> str:
    """What the matrix rests on: student, lessons, exam, seeds, how it learns."""
    config = parse_stored_config(dict(matrix.config))
    lessons = formatting.pluralize(config.turns, "lesson")
    question_counts = sorted({gain.questions for gain in matrix.gains.values()})
    each = f"{question_counts[0]}" if len(question_counts) == 1 else f"{question_counts[0]} to {question_counts[-1]}"
    rate = dict(matrix.config.get("learning", {})).get("learning_rate", 0)
    return (
        f"{formatting.student_title(config)}; {lessons} of {formatting.pluralize(config.questions, 'question')} in one category alone, from the same start "
        f"each time; exams of {formatting.pluralize(config.exam, 'question')} ({each} a category); seed {matrix_seed(matrix)}, exam seed "
        f"{config.exam_seed}; rehearsal {rehearsal_strength(matrix):g}, learning rate {rate:g}; version {matrix.software_version}."
    )


def describe_other_seeds(matrices: Sequence[TransferMatrix]) -> str:
    """What further matrices of the same kind say, a clause a seed; blank for none."""
    results = [
        f"seed {matrix_seed(m)}: {format_estimate(m.diagonal_mean)} and {format_estimate(m.off_diagonal_mean)}"
        for m in matrices
    ]
    return f"With other seeds, practised and not practised on the mean: {'; '.join(results)}." if results else ""


def describe_without_rehearsal(matrix: TransferMatrix) -> str:
    """What a matrix without rehearsal says, the paper's way."""
    return (
        f"Without rehearsal, as in the paper, practice of one category moves them all: itself by {format_estimate(matrix.diagonal_mean, ' points')} on "
        f"the mean, the others by {format_estimate(matrix.off_diagonal_mean)} (seed {matrix_seed(matrix)})."
        if claims.interval_direction(matrix.off_diagonal_mean.low, matrix.off_diagonal_mean.high) > 0
        else f"Without rehearsal, as in the paper: itself by {format_estimate(matrix.diagonal_mean, ' points')} on the mean, the others by "
        f"{format_estimate(matrix.off_diagonal_mean)} (seed {matrix_seed(matrix)})."
    )


def number_word(count: int) -> str:
    """``five``; from fifteen on in digits."""
    return _NUMBER_WORDS[count] if count < len(_NUMBER_WORDS) else str(count)


def _format_integer(value: float) -> str:
    return str(round(value)).replace("-", "\N{MINUS SIGN}")
