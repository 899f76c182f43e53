"""Exact school arithmetic over a small grammar: the embedded student's calculator.

The student writes ``12 + 15 + 9 =`` and the calculator writes `` 36``; the curriculum computes its solutions with the same
code, so the two never disagree.

Grammar (nothing else is ever evaluated; there is no ``eval`` here)::

    sum     := product (('+' | '-') product)*
    product := factor (('×' | '*' | '÷') factor)*
    factor  := number | number '/' number | '(' sum ')'
    number  := digits ['.' digits], at most 12 digits; thousands may be separated as in 1,000

A tight ``3/12`` is a fraction, ``÷`` a division. With a fraction in it, an expression's result is a fraction in
lowest terms (``3/12 × 2/11 = 1/22``); otherwise a whole number, or a decimal rounded half up to 2 places.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

MAX_EXPRESSION_CHARS = 120
"""Longest expression that is parsed, in characters; no solution needs a quarter of it."""

MAX_DIGITS = 12
"""Longest number that is read or written, in digits: bounds time and memory."""

_TOKEN_PATTERN = re.compile(r"\s*(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|[-+×*÷/()])")
_NUMBER_PATTERN = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:/\d+)?")


def calculate(expression: str) -> str | None:
    """The value of an expression as the calculator shows it; None if it does not parse or divides by zero.

    >>> calculate("12 + 15 + 9"), calculate("3/12 × 2/11"), calculate("100 ÷ 3"), calculate("9**9**9")
    ('36', '1/22', '33.33', None)
    """
    if len(expression) > MAX_EXPRESSION_CHARS:
        return None
    tokens = _tokenize(expression)
    if not tokens or not any(t in "+-×*÷/" for t in tokens):
        return None
    try:
        value, rest = _parse_sum(tokens)
    except (ZeroDivisionError, ValueError):
        return None
    if rest or abs(value) >= 10**MAX_DIGITS:
        return None
    return format_number(value, as_fraction="/" in tokens)


def format_number(value: Fraction, *, as_fraction: bool = False) -> str:
    """A number as the calculator shows it: an integer, a fraction in lowest terms, or rounded half up to 2 places.

    >>> format_number(Fraction(1, 3)), format_number(Fraction(2, 6), as_fraction=True), format_number(Fraction(5, 2))
    ('0.33', '1/3', '2.5')
    """
    if value.denominator == 1:
        return str(value.numerator)
    if as_fraction:
        return f"{value.numerator}/{value.denominator}"
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    text = str(exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))
    return text.rstrip("0").rstrip(".")


def parse_number(text: str) -> Fraction | None:
    """The only number in a text; None if there is none or more than one.

    Reads ``1,000``, ``0.5``, ``1/2``, ``-3``, and ignores units around it (``24 cm``, ``$5``).

    >>> parse_number("1/2") == parse_number("0.5"), parse_number("3,000 km"), parse_number("5 or 6")
    (True, Fraction(3000, 1), None)
    """
    matches = _NUMBER_PATTERN.findall(text[:MAX_EXPRESSION_CHARS])
    if len(matches) != 1:
        return None
    numerator, _, denominator = matches[0].replace(",", "").partition("/")
    if len(numerator) > MAX_DIGITS + 8 or (denominator and not 0 < len(denominator) <= MAX_DIGITS):
        return None
    if denominator and int(denominator) == 0:
        return None
    return _to_fraction(numerator) / int(denominator) if denominator else _to_fraction(numerator)


def _to_fraction(text: str) -> Fraction:
    """An integer or decimal. Most are integers, and Fraction converts an int four times faster than a text."""
    return Fraction(int(text)) if text.isascii() and text.isdigit() else Fraction(text)


def _tokenize(text: str) -> list[str] | None:
    tokens, position = [], 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN_PATTERN.match(text, position)
        if not match:
            return None
        tokens.append(match[1])
        position = match.end()
    return tokens


def _parse_sum(tokens: list[str]) -> tuple[Fraction, list[str]]:
    value, rest = _parse_product(tokens)
    while rest and rest[0] in "+-":
        right, after = _parse_product(rest[1:])
        value, rest = (value + right if rest[0] == "+" else value - right), after
    return value, rest


def _parse_product(tokens: list[str]) -> tuple[Fraction, list[str]]:
    value, rest = _parse_factor(tokens)
    while rest and rest[0] in "×*÷":
        right, after = _parse_factor(rest[1:])
        value, rest = (value / right if rest[0] == "÷" else value * right), after
    return value, rest


def _parse_factor(tokens: list[str]) -> tuple[Fraction, list[str]]:
    if not tokens:
        raise ValueError("the tokens do not match the grammar")
    head, rest = tokens[0], tokens[1:]
    if head == "(":
        value, rest = _parse_sum(rest)
        if not rest or rest[0] != ")":
            raise ValueError("the tokens do not match the grammar")
        return value, rest[1:]
    if not head[0].isdigit() or sum(c.isdigit() for c in head) > MAX_DIGITS:
        raise ValueError("the tokens do not match the grammar")
    value = _to_fraction(head.replace(",", ""))
    if len(rest) >= 2 and rest[0] == "/" and rest[1].isdigit() and len(rest[1]) <= MAX_DIGITS:
        return value / int(rest[1]), rest[2:]
    return value, rest
