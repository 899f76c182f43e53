"""Made-up wrong options (distractors) for datasets that have answers but no options.

Source: P3 (course report "ProbLLMs"), P3.5: GSM8K with three values within 10 of the answer, MATH with one number moved by up to 5.
Different from there, the correct number's rank among the four is uniform: three values sampled on both sides alike would leave it in
the middle in three of four questions, and always picking the second smallest would score 37.5 %.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from random import Random

from studentsim.datasets.adapter import label_options

DISTRACTOR_COUNT = 3
"""Distractors per question (P3.5)."""


def build_number_options(
    correct_text: str,
    max_distance: int,
    rng: Random,
    *,
    number_span: tuple[int, int] | None = None,
    thousands_separator: str = ",",
) -> tuple[tuple[tuple[str, str], ...], str]:
    """Shuffled, labelled options for an answer with a number, and the correct label.

    The distractors are ``correct_text`` with the number in ``number_span`` (start, end; None: the whole text) replaced.
    """
    start, end = number_span or (0, len(correct_text))
    number_text = correct_text[start:end]
    format_number = make_number_formatter(number_text, thousands_separator)
    distractors = [
        correct_text[:start] + format_number(number) + correct_text[end:]
        for number in sample_distractors(parse_decimal(number_text), max_distance, rng)
    ]
    option_texts, correct_index = shuffle_options(correct_text, distractors, rng)
    options = label_options(option_texts)
    return options, options[correct_index][0]


def sample_distractors(correct_value: Decimal, max_distance: int, rng: Random) -> list[Decimal]:
    """Three different numbers a whole distance of 1 to ``max_distance`` from the value.

    A positive value gets positive numbers only, and 0 none below it: a negative one would be recognised as wrong.
    """
    above = [correct_value + step for step in range(1, max_distance + 1)]
    below = [correct_value - step for step in range(1, max_distance + 1)]
    if correct_value >= 0:
        below = [number for number in below if number > 0 and correct_value > 0]
    min_below, max_below = max(0, DISTRACTOR_COUNT - len(above)), min(DISTRACTOR_COUNT, len(below))
    count_below = rng.randint(min_below, max_below)
    return rng.sample(below, count_below) + rng.sample(above, DISTRACTOR_COUNT - count_below)


def shuffle_options(correct: str, distractors: list[str], rng: Random) -> tuple[list[str], int]:
    """All options in random order, and the index of the correct one."""
    options = [correct, *distractors]
    rng.shuffle(options)
    return options, options.index(correct)


def make_number_formatter(example: str, separator: str = ",") -> Callable[[Decimal], str]:
    """A function that formats numbers like ``example``: as many decimals, with or without a thousands separator.

    >>> make_number_formatter("1,250")(Decimal(980)), make_number_formatter("1,250")(Decimal(1251))
    ('980', '1,251')
    >>> make_number_formatter("0.50")(Decimal("1.5"))
    '1.50'
    """
    decimals = len(example.partition(".")[2])
    grouped = separator in example
    return lambda number: f"{number:{',' if grouped else ''}.{decimals}f}".replace(",", separator)


def parse_decimal(text: str) -> Decimal:
    """The value of a number, with any thousands separators removed.

    >>> parse_decimal("1,250"), parse_decimal(r"10,\\!000")
    (Decimal('1250'), Decimal('10000'))
    """
    return Decimal(re.sub(r"[^\d.-]", "", text))
