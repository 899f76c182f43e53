"""Wrong options that lie near a right number, for sets that have answers but no options (P3's conversion).

Which place the right number takes among the four, by size, is drawn evenly. Three values drawn around it without that care
would leave it in the middle in three of four questions, and who always picks the second smallest would score 37.5 %.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from random import Random

WRONG = 3
"""Wrong options a question gets (P3)."""


def near(value: Decimal, reach: int, rng: Random) -> list[Decimal]:
    """Three numbers, unequal, within ``reach`` of the value and unequal to it; whole steps away.

    A positive number gets positive neighbours alone, and 0 none below it: a negative one would give itself away.
    """
    above = [value + step for step in range(1, reach + 1)]
    below = [value - step for step in range(1, reach + 1)]
    if value >= 0:
        below = [number for number in below if number > 0 and value > 0]
    fewest, most = max(0, WRONG - len(above)), min(WRONG, len(below))
    count = rng.randint(fewest, most)
    return rng.sample(below, count) + rng.sample(above, WRONG - count)


def shuffled(right: str, wrong: list[str], rng: Random) -> tuple[list[str], int]:
    """All options in an order by chance, and the place of the right one."""
    options = [right, *wrong]
    rng.shuffle(options)
    return options, options.index(right)


def like(written: str, separator: str = ",") -> Callable[[Decimal], str]:
    """A function that writes numbers as this one is written: as many decimals, thousands set off or not.

    >>> like("1,250")(Decimal(980)), like("1,250")(Decimal(1251)), like("0.50")(Decimal("1.5"))
    ('980', '1,251', '1.50')
    """
    decimals = len(written.partition(".")[2])
    grouped = separator in written
    return lambda number: f"{number:{',' if grouped else ''}.{decimals}f}".replace(",", separator)


def plain(written: str) -> Decimal:
    """The value of a number whose thousands may be set off.

    >>> plain("1,250"), plain(r"10,\\!000")
    (Decimal('1250'), Decimal('10000'))
    """
    return Decimal(re.sub(r"[^\d.-]", "", written))
