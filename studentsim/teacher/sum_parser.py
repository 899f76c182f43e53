"""Parses an arithmetic expression, given as tokens, into operations on two numbers each."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

MAX_EXPRESSION_TOKENS = 60
"""A longer expression is not parsed."""
MAX_NESTING_DEPTH = 12
MAX_NUMBER_DIGITS = 15
"""Characters of a number without its percent sign; a longer one is not parsed."""
MAX_EXPONENT = 20


@dataclass(frozen=True)
class ArithmeticOperation:
    """One operation (``+ - × ÷ ^``) on two numbers, with its value."""

    operator: str
    left: float
    right: float
    value: float


@dataclass(frozen=True)
class ParsedExpression:
    """An expression's value, and its operations in the order in which they are carried out; a number has none."""

    value: float
    operations: tuple[ArithmeticOperation, ...]


def parse_arithmetic(tokens: Sequence[str]) -> ParsedExpression | None:
    """Parse numbers (``12``, ``.5``, ``20%``) and the signs ``+ - × ÷ ^ ( )``; None if they are no expression.

    ``20%`` in a product is 0.2, but ``× 100%`` is times 100; elsewhere it is 20.

    >>> parse_arithmetic(["2", "×", "(", "3", "+", "4", ")"]).value
    14.0
    """
    tokens = list(tokens)
    while tokens and tokens[0] == "(" and tokens.count("(") > tokens.count(")"):
        tokens = tokens[1:]
    if not tokens or len(tokens) > MAX_EXPRESSION_TOKENS:
        return None
    parser = _ArithmeticParser(tokens)
    try:
        value = parser.parse_expression(0)
    except (ArithmeticError, ValueError):
        return None
    return ParsedExpression(value, tuple(parser.operations)) if parser.position == len(tokens) else None


_OPERATOR_FUNCTIONS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "×": operator.mul,
    "÷": operator.truediv,
    "^": math.pow,
}


def apply_operator(symbol: str, left: float, right: float) -> float:
    """The value of one operation (``+ - × ÷ ^``).

    :raises ValueError, ArithmeticError: it has no finite value, or is a power that no working works out.
    """
    if symbol == "^" and abs(right) > MAX_EXPONENT:
        raise ValueError("a power that no working works out")
    value = _OPERATOR_FUNCTIONS[symbol](left, right)
    if not math.isfinite(value):
        raise ValueError("not finite")
    return value


class _ArithmeticParser:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.position = 0
        self.operations: list[ArithmeticOperation] = []

    def parse_expression(self, depth: int) -> float:
        """term ((+ | -) term)*"""
        value = self._parse_term(depth)
        while (operator := self._peek()) in ("+", "-"):
            self.position += 1
            value = self._apply_operator(operator, value, self._parse_term(depth))
        return value

    def _parse_term(self, depth: int) -> float:
        """power ((× | ÷)? power)*; a bracket right after a value is a product."""
        value = self._parse_power(depth)
        while (operator := self._peek()) in ("×", "÷", "("):
            self.position += operator != "("
            value = self._apply_operator("×" if operator == "(" else operator, value, self._parse_power(depth))
        return value

    def _parse_power(self, depth: int) -> float:
        value = self._parse_factor(depth)
        if self._peek() != "^":
            return value
        self.position += 1
        return self._apply_operator("^", value, self._parse_factor(depth))

    def _parse_factor(self, depth: int) -> float:
        """A number, one with a minus before it, or an expression in brackets."""
        if depth > MAX_NESTING_DEPTH:
            raise ValueError("no expression")
        token = self._peek()
        self.position += 1
        if token == "-":
            return -self._parse_factor(depth + 1)
        if token == "(":
            value = self.parse_expression(depth + 1)
            if self._peek() != ")":
                raise ValueError("no expression")
            self.position += 1
            return value
        return self._parse_number(token)

    def _parse_number(self, token: str) -> float:
        digits = token.rstrip("%")
        if not digits or digits[0] not in "0123456789." or len(digits) > MAX_NUMBER_DIGITS:
            raise ValueError("no expression")
        value = float(digits)
        in_product = self._peek() == "×" or (self.position > 1 and self.tokens[self.position - 2] == "×")
        return value / 100 if token != digits and in_product and value != 100 else value

    def _peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def _apply_operator(self, operator: str, left: float, right: float) -> float:
        value = apply_operator(operator, left, right)
        self.operations.append(ArithmeticOperation(operator, left, right, value))
        return value
