"""A transfer matrix as a table and in sentences, for Help, the command line and its figure. No streamlit here."""

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
"""Column of ``transfer_frame`` -> heading."""
METHOD_NOTE = (
    "Both exams of a row ask the same questions with the same random numbers. Intervals: 95 %, over questions, for paired proportions "
    "(Bonett and Price 2012); those of means are put together from them. One run a row: another seed would move them a little more."
)
_NUMBER_WORDS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
)  # fmt: skip


def transfer_frame(matrix: TransferMatrix) -> pd.DataFrame:
    """A row an entry: ``practised, examined, questions, before, after, only_before, only_after, points, low, high``."""
    return pd.DataFrame(matrix.to_rows())


def rehearsal_strength(matrix: TransferMatrix) -> float:
    """The strength of rehearsal in the matrix's runs; 0 for none."""
    return float(dict(matrix.config.get("dpo", {})).get("rehearsal") or 0.0)


def matrix_seed(matrix: TransferMatrix) -> int:
    """The seed of the matrix's runs."""
    return int(matrix.config.get("seed", 0))


def format_points(value: float) -> str:
    """``+52``, ``−3``, ``0``: a gain in whole points, with its sign."""
    whole = round(value)
    return "0" if not whole else f"{whole:+d}".replace("-", "\N{MINUS SIGN}")


def format_estimate_bounds(estimate: GainEstimate) -> str:
    """``44 to 60``, ``−4 to 10``."""
    return f"{_format_integer(estimate.ci_low)} to {_format_integer(estimate.ci_high)}"


def format_estimate(estimate: GainEstimate, unit: str = "") -> str:
    """``+52 points (44 to 60)``."""
    return f"{format_points(estimate.points)}{unit} ({format_estimate_bounds(estimate)})"


CategoryNamer = Callable[[str], str]
"""A category -> its name in a sentence: its own, as the command line's options take it, or its contents."""


def inline_category_namer(matrix: TransferMatrix) -> CategoryNamer:
    """The namer for pages: a category by its contents where its name does not tell them."""
    return partial(category_names.inline_category_label, all_categories=matrix.categories)


def describe_category_transfer(matrix: TransferMatrix, practised: str, name_category: CategoryNamer = str) -> str:
    """A sentence on what practising one category did for it and for the others."""
    others = [category for category in matrix.categories if category != practised]
    name = name_category(practised)
    own_gain = format_estimate(matrix.own_gain(practised), " points")
    other_gain = format_estimate(matrix.mean_gain_of_others(practised))
    text = f"Practising {name} moved {'it' if name != practised else name} by {own_gain}"
    if len(others) == 1:
        return f"{text} and {name_category(others[0])} by {other_gain}."
    return f"{text} and the other {number_word(len(others))} by {other_gain} on the mean."


def describe_transfer(matrix: TransferMatrix, name_category: CategoryNamer = str) -> str:
    """Two sentences: the mean gains with and without practice, and the largest gain without."""
    practised, examined = matrix.largest_off_diagonal_pair
    largest = format_estimate(matrix.gains[practised, examined].estimate)
    own_gain = format_estimate(matrix.diagonal_mean, " points")
    other_gain = format_estimate(matrix.off_diagonal_mean)
    return (
        f"On the mean of the {number_word(len(matrix.categories))}, a category moved by {own_gain} when it alone was practised, "
        f"and by {other_gain} when another was. The largest gain without practice: {largest}, in {name_category(examined)} "
        f"while {name_category(practised)} was practised."
    )


def describe_matrix_setup(matrix: TransferMatrix) -> str:
    """A sentence on the matrix's settings: student, lessons, exam, seeds, training."""
    config = parse_stored_config(dict(matrix.config))
    lessons = formatting.pluralize(config.turns, "lesson")
    practice_questions = formatting.pluralize(config.questions_per_turn, "question")
    exam_questions = formatting.pluralize(config.exam_size, "question")
    counts = sorted({gain.questions for gain in matrix.gains.values()})
    category_questions = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    rate = dict(matrix.config.get("dpo", {})).get("learning_rate", 0)
    return (
        f"{formatting.student_title(config)}; {lessons} of {practice_questions} in one category alone, from the same start "
        f"each time; exams of {exam_questions} ({category_questions} a category); seed {matrix_seed(matrix)}, exam seed "
        f"{config.exam_seed}; rehearsal {rehearsal_strength(matrix):g}, learning rate {rate:g}; version {matrix.software_version}."
    )


def describe_other_seeds(matrices: Sequence[TransferMatrix]) -> str:
    """A sentence on matrices of the same settings with other seeds, a clause each; blank for none."""
    results = [
        f"seed {matrix_seed(m)}: {format_estimate(m.diagonal_mean)} and {format_estimate(m.off_diagonal_mean)}"
        for m in matrices
    ]
    return f"With other seeds, practised and not practised on the mean: {'; '.join(results)}." if results else ""


def describe_without_rehearsal(matrix: TransferMatrix) -> str:
    """A sentence on a matrix without rehearsal, as in the paper."""
    others = matrix.off_diagonal_mean
    moves_all = claims.interval_direction(others.ci_low, others.ci_high) > 0
    claim = ", practice of one category moves them all" if moves_all else ""
    own_gain = format_estimate(matrix.diagonal_mean, " points")
    return (
        f"Without rehearsal, as in the paper{claim}: itself by {own_gain} on the mean, the others by {format_estimate(others)} "
        f"(seed {matrix_seed(matrix)})."
    )


def number_word(count: int) -> str:
    """``five``; from fifteen on in digits."""
    return _NUMBER_WORDS[count] if count < len(_NUMBER_WORDS) else str(count)


def _format_integer(value: float) -> str:
    return str(round(value)).replace("-", "\N{MINUS SIGN}")
