"""Factorials: ``5! / 2`` is 60. After a sentence's last number the sign may be a factorial or an exclamation mark."""

from __future__ import annotations

import re
from math import factorial

MAX_FACTORIAL_ARGUMENT = 20
"""Larger factorials are not evaluated: that of 20 has 19 digits."""

_FACTORIAL_IN_EXPRESSION = re.compile(r"(?<![\w.,])(\d{1,2})!(?=\s?(?:[-+×÷*/^)=]|x\s))(?!\s?[-=]>)")
_ANY_FACTORIAL = re.compile(r"(?<![\w.,])(\d{1,2})!(?!!)")


def expand_factorials(text: str, *, include_trailing: bool = False) -> str:
    """Evaluate the factorials in a text's expressions; ``include_trailing``: those at its end too, as in an option.

    >>> expand_factorials("5! / 2"), expand_factorials("It is 5!"), expand_factorials("5!", include_trailing=True)
    ('120 / 2', 'It is 5!', '120')
    """
    pattern = _ANY_FACTORIAL if include_trailing else _FACTORIAL_IN_EXPRESSION
    return pattern.sub(_factorial_text, text) if "!" in text else text


def ambiguous_factorials(text: str) -> set[int]:
    """Numbers in a text before a sign that may be a factorial or an exclamation mark.

    >>> ambiguous_factorials("It is 5!"), ambiguous_factorials("5! = 120")
    ({5}, set())
    """
    return {int(n) for n in _ANY_FACTORIAL.findall(expand_factorials(text))} if "!" in text else set()


def _factorial_text(match: re.Match[str]) -> str:
    number = int(match[1])
    return str(factorial(number)) if number <= MAX_FACTORIAL_ARGUMENT else match[0]
