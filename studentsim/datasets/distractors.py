"""Wrong options that lie near a right number, for sets that have answers but no options (P3's conversion).

Which place the right number takes among the four, by size, is drawn evenly. Three values drawn around it without that care
would leave it in the middle in three of four questions, and who always picks the second smallest would score 37.5 %.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from random import Random

DISTRACTOR_COUNT = 3
"""Wrong options a question gets (P3)."""


def sample_distractors(correct_value: Decimal, max_distance: int, rng: Random) -> list[Decimal]:
    """Three numbers, unequal, within ``max_distance`` of the value and unequal to it; whole steps away.

    A positive number gets positive neighbours alone, and 0 none below it: a negative one would give itself away.
    """
    above = [correct_value + step for step in range(1, max_distance + 1)]
    below = [correct_value - step for step in range(1, max_distance + 1)]
    if correct_value >= 0:
        below = [number for number in below if number > 0 and correct_value > 0]
    fewest, most = max(0, DISTRACTOR_COUNT - len(above)), min(DISTRACTOR_COUNT, len(below))
    count = rng.randint(fewest, most)
    return rng.sample(below, count) + rng.sample(above, DISTRACTOR_COUNT - count)


def shuffle_options(correct: str, distractors: list[str], rng: Random) -> tuple[list[str], int]:
    """All options in an order by chance, and the place of the right one."""
    options = [correct, *distractors]
    rng.shuffle(options)
    return options, options.index(correct)


def make_number_formatter(example: str, separator: str = ",") -> Callable[[Decimal], str]:
    """A function that writes numbers as this one is written: as many decimals, thousands set off or not.

    >>> make_number_formatter("1,250")(Decimal(980)), make_number_formatter("1,250")(Decimal(1251)), make_number_formatter("0.50")(Decimal("1.5"))
    ('980', '1,251', '1.50')
    """
    decimals = len(example.partition(".")[2])
    grouped = separator in example
    return lambda number: f"{number:{',' if grouped else ''}.{decimals}f}".replace(",", separator)


def parse_decimal(text: str) -> Decimal:
    """The value of a number whose thousands may be set off.

    >>> parse_decimal("1,250"), parse_decimal(r"10,\\!000")
    (Decimal('1250'), Decimal('10000'))
    """
    return Decimal(re.sub(r"[^\d.-]", "", text))
