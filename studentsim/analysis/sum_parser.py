"""A sum's numbers and signs, read by the rules of arithmetic into operations on two numbers each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MOST_TOKENS = 60
"""Numbers and signs of a sum; a longer one is not read."""
MOST_DEPTH = 12
MOST_DIGITS = 15
"""Digits of a number."""
MOST_POWER = 20


@dataclass(frozen=True)
class Operation:
    """One operation of a sum: ``+ - × ÷ ^``."""

    sign: str
    left: float
    right: float
    value: float


@dataclass(frozen=True)
class ParsedSum:
    """What a sum comes to, and its operations in the order in which they are done; a number alone has none."""

    value: float
    operations: tuple[Operation, ...]


def parse_sum(tokens: Sequence[str]) -> ParsedSum | None:
    """A sum of numbers (``12``, ``.5``, ``20%``) and the signs ``+ - × ÷ ^ ( )``; None where it is none.

    ``20%`` of a product is 0.2, but ``× 100%`` is times 100; elsewhere it is 20.

    >>> parse_sum(["2", "×", "(", "3", "+", "4", ")"]).value
    14.0
    """
    tokens = list(tokens)
    while tokens and tokens[0] == "(" and tokens.count("(") > tokens.count(")"):
        tokens = tokens[1:]
    if not tokens or len(tokens) > MOST_TOKENS:
        return None
    parser = _Parser(tokens)
    try:
        value = parser.sum(0)
    except (_NoSum, ArithmeticError, ValueError):
        return None
    return ParsedSum(value, tuple(parser.operations)) if parser.at == len(tokens) else None


class _NoSum(Exception):
    """The tokens are not a sum."""


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0
        self.operations: list[Operation] = []

    def sum(self, depth: int) -> float:
        """product ((+ | -) product)*"""
        value = self._product(depth)
        while (sign := self._next()) in ("+", "-"):
            self.at += 1
            value = self._done(sign, value, self._product(depth))
        return value

    def _product(self, depth: int) -> float:
        """power ((× | ÷)? power)*; a bracket right behind a value is a product."""
        value = self._power(depth)
        while (sign := self._next()) in ("×", "÷", "("):
            self.at += sign != "("
            value = self._done("×" if sign == "(" else sign, value, self._power(depth))
        return value

    def _power(self, depth: int) -> float:
        value = self._factor(depth)
        if self._next() != "^":
            return value
        self.at += 1
        return self._done("^", value, self._factor(depth))

    def _factor(self, depth: int) -> float:
        """A number, one with a minus before it, or a sum in brackets."""
        if depth > MOST_DEPTH:
            raise _NoSum
        token = self._next()
        self.at += 1
        if token == "-":
            return -self._factor(depth + 1)
        if token == "(":
            value = self.sum(depth + 1)
            if self._next() != ")":
                raise _NoSum
            self.at += 1
            return value
        return self._number(token)

    def _number(self, token: str) -> float:
        plain = token.rstrip("%")
        if not plain or plain[0] not in "0123456789." or len(plain) > MOST_DIGITS:
            raise _NoSum
        value = float(plain)
        in_product = self._next() == "×" or (self.at > 1 and self.tokens[self.at - 2] == "×")
        return value / 100 if token != plain and in_product and value != 100 else value

    def _next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _done(self, sign: str, left: float, right: float) -> float:
        if sign == "^" and abs(right) > MOST_POWER:
            raise _NoSum
        value = {
            "+": lambda: left + right,
            "-": lambda: left - right,
            "×": lambda: left * right,
            "÷": lambda: left / right,
            "^": lambda: math.pow(left, right),
        }[sign]()
        if not math.isfinite(value):
            raise _NoSum
        self.operations.append(Operation(sign, left, right, value))
        return value
