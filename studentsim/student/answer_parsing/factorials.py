"""Factorials: ``5! / 2`` is 60. Behind the last number of a sentence the sign may be a factorial or an exclamation."""

from __future__ import annotations

import re
from math import factorial

LARGEST = 20
"""Whose factorial is written out: that of 20 has 19 digits."""

_WITHIN = re.compile(r"(?<![\w.,])(\d{1,2})!(?=\s?(?:[-+×÷*/^)=]|x\s))(?!\s?[-=]>)")
_ALONE = re.compile(r"(?<![\w.,])(\d{1,2})!(?!!)")


def written_out(text: str, *, always: bool = False) -> str:
    """The text with the factorials in its expressions worked out; ``always``: those at its end too, as in an option.

    >>> written_out("5! / 2"), written_out("It is 5!"), written_out("5!", always=True)
    ('120 / 2', 'It is 5!', '120')
    """
    return (_ALONE if always else _WITHIN).sub(_product, text) if "!" in text else text


def exclaimed(text: str) -> set[int]:
    """Numbers in a text with a sign behind them that may be either.

    >>> exclaimed("It is 5!"), exclaimed("5! = 120")
    ({5}, set())
    """
    return {int(n) for n in _ALONE.findall(written_out(text))} if "!" in text else set()


def _product(found: re.Match[str]) -> str:
    number = int(found[1])
    return str(factorial(number)) if number <= LARGEST else found[0]
