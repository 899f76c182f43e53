"""A parser for arithmetic expressions ("sums") in running text, from tokens (``sums.py``) to an exact value.

    sum     := product (('+' | '-') product)*
    product := power (('×' | '÷' | '/' | ':') power | '(' sum ')')*      a bracket directly after a factor multiplies
    power   := operand ['^' whole number]
    operand := ['-'] ([money] number [unit | '%'] | '(' sum ')' [unit])

Ambiguous expressions are rejected: ``-2^2``, ``6/2(1+2)``, ``6 ÷ 3/4``, ``50 + 20%``, ``5 hours + 30 minutes``,
``2 : 3`` (a ratio, unless it is a whole number).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

MAX_BRACKET_DEPTH = 12
"""Levels of nested brackets."""
MAX_EXPONENT = 64
MAX_MAGNITUDE = 10**60
"""Of numerators and denominators, also of intermediate results."""

_UNITS_BY_DIMENSION = {
    "time": ("second", "minute", "hour", "day", "week", "month", "year"),
    "length": ("mm", "cm", "inch", "foot", "meter", "km", "mile"),
    "mass": ("gram", "kg"),
    "volume": ("liter",),
    "money": ("cent", "dollar", "rupee", "$", "€", "£", "₹", "Rs"),
}
_COMPOUND_UNITS = {"mph": ("mile", "hour"), "kmph": ("km", "hour")}
_RATE_UNITS = {
    "km": "km", "m": "meter", "mile": "mile", "miles": "mile", "cm": "cm",
    "h": "hour", "hr": "hour", "hour": "hour", "hours": "hour", "s": "second", "sec": "second", "min": "minute",
}  # fmt: skip
_UNIT_ALIASES = {"$": "dollar", "₹": "rupee", "Rs": "rupee"}


class _InvalidSumError(ValueError):
    """The tokens are no sum, or an ambiguous one."""


@dataclass(frozen=True)
class SumToken:
    """A token of a line. ``no_space_before``: directly after the token before it. ``value``: a number's; None where it is not valid."""

    kind: str
    """``number``, ``unit``, ``money``, ``word``, ``other``, or a sign of the grammar."""
    text: str
    no_space_before: bool
    value: Fraction | None = None


@dataclass(frozen=True)
class SumValue:
    """An exact ``value`` (0.5 for 50 %), and its format: with a currency sign, in percent, as a fraction."""

    value: Fraction
    currency: str = ""
    is_percent: bool = False
    is_fraction: bool = False


@dataclass(frozen=True)
class _Quantity:
    value: Fraction
    currency_power: int = 0  # the exponent of the currency: 1 for $5, 0 for $20 / $4
    is_percent: bool = False


def evaluate_sum(tokens: Sequence[SumToken]) -> SumValue | None:
    """The value of tokens that form one sum with at least one operation; None where they do not, or divide by zero."""
    parser = _SumParser(list(tokens))
    try:
        result = parser.parse_sum(0)
        parser.check_units()
    except (_InvalidSumError, ZeroDivisionError):
        return None
    is_ratio = ":" in parser.operations and (len(parser.operations) > 1 or result.value.denominator > 1)
    if parser.position < len(tokens) or not parser.operations or is_ratio:
        return None
    currency = ""
    if result.currency_power == 1:
        currency = next((t.text for t in tokens if t.kind == "money" and t.text != "Rs"), "")
    return SumValue(result.value, currency, result.is_percent, parser.should_show_fraction())


@dataclass
class _SumParser:
    tokens: list[SumToken]
    position: int = 0
    operations: list[str] = field(default_factory=list)
    units: set[str] = field(default_factory=set)
    tight_fractions: int = 0  # fractions of whole numbers below one, without spaces, as 3/12
    other_divisions: int = 0

    def parse_sum(self, depth: int) -> _Quantity:
        if depth > MAX_BRACKET_DEPTH:
            raise _InvalidSumError
        total = self.parse_product(depth)
        while (sign := self.peek_kind()) in ("+", "-"):
            self.take_operator(sign)
            right = self.parse_product(depth)
            if total.is_percent != right.is_percent or not {total.currency_power, right.currency_power} <= {0, 1}:
                raise _InvalidSumError  # 50 + 20%: of what?
            value = total.value + right.value if sign == "+" else total.value - right.value
            currency_power = total.currency_power if total.currency_power == right.currency_power else 0
            total = _Quantity(_check_magnitude(value), currency_power, total.is_percent)
        return total

    def parse_product(self, depth: int) -> _Quantity:
        product, has_division = self.parse_power(depth), False
        while True:
            sign, token = self.peek_kind(), self.peek()
            if sign == "(" and token and token.no_space_before and not has_division:
                self.operations.append("×")
                sign = "×"
            elif sign in ("×", "÷", "/", ":"):
                if sign != "×":
                    has_division = True
                    self.check_division(sign)
                self.take_operator(sign)
            else:
                return product
            product = self.combine(product, sign, self.parse_power(depth))

    def combine(self, left: _Quantity, sign: str, right: _Quantity) -> _Quantity:
        if sign == "×":
            # "5/20 × 100%" is in percent; "20% × 50" is a number.
            is_percent = right.is_percent and right.value == 1
            return _Quantity(
                _check_magnitude(left.value * right.value), left.currency_power + right.currency_power, is_percent
            )
        if left.is_percent and not right.is_percent:
            raise _InvalidSumError  # 20% / 4: 5% or 0.05?
        return _Quantity(_check_magnitude(left.value / right.value), left.currency_power - right.currency_power)

    def check_division(self, sign: str) -> None:
        """Count a division as a tight fraction (below one, of whole numbers, without spaces) or as another, before its sign is taken.

        :raises _InvalidSumError: when it is ambiguous.
        """
        is_tight_fraction = (
            sign == "/"
            and self.has_kind_at(-1, "number")
            and self.has_kind_at(1, "number")
            and self.has_no_space_before(0)
            and self.has_no_space_before(1)
        )
        if not is_tight_fraction and self.has_kind_at(2, "/") and self.has_no_space_before(2):
            raise _InvalidSumError  # 6 ÷ 3/4
        numerator, denominator = (
            self.tokens[self.position + side].value if is_tight_fraction else None for side in (-1, 1)
        )
        is_proper = (
            numerator
            and denominator
            and numerator < denominator
            and numerator.denominator == denominator.denominator == 1
        )
        if is_proper and not self.has_kind_at(-2, "/") and not self.has_kind_at(2, "/"):
            self.tight_fractions += 1
        else:
            self.other_divisions += 1

    def parse_power(self, depth: int) -> _Quantity:
        is_negative = self.peek_kind() == "-"
        base, has_no_unit = self.parse_operand(depth)
        if self.peek_kind() != "^":
            return base
        if is_negative or not has_no_unit or base.currency_power or base.is_percent:
            raise _InvalidSumError
        self.take_operator("^")
        exponent, has_no_unit = self.parse_operand(depth)
        if (
            exponent.value.denominator > 1
            or abs(exponent.value) > MAX_EXPONENT
            or exponent.currency_power
            or exponent.is_percent
        ):
            raise _InvalidSumError
        if self.peek_kind() == "^" or not has_no_unit or (base.value == 0 and exponent.value <= 0):
            raise _InvalidSumError
        return _Quantity(_check_magnitude(base.value ** int(exponent.value)))

    def parse_operand(self, depth: int) -> tuple[_Quantity, bool]:
        """A number or a bracket, and whether it has no unit."""
        if self.peek_kind() == "-":
            self.position += 1
            token = self.peek()
            if not token or not token.no_space_before or token.kind == "-":
                raise _InvalidSumError
            operand, has_no_unit = self.parse_operand(depth)
            return replace(operand, value=-operand.value), has_no_unit
        if self.peek_kind() == "(":
            self.position += 1
            operand = self.parse_sum(depth + 1)
            if self.peek_kind() != ")":
                raise _InvalidSumError
            self.position += 1
            return operand, not self.take_unit()
        return self.parse_number()

    def parse_number(self) -> tuple[_Quantity, bool]:
        has_currency = self.peek_kind() == "money"
        if has_currency:
            self.units.add(self.tokens[self.position].text)
            self.position += 1
        token = self.peek()
        if token is None or token.kind != "number" or token.value is None:
            raise _InvalidSumError
        self.position += 1
        if self.peek_kind() == "%":
            self.position += 1
            if has_currency:
                raise _InvalidSumError
            return _Quantity(token.value / 100, is_percent=True), True
        return _Quantity(token.value, int(has_currency)), not (self.take_unit() or has_currency)

    def take_unit(self) -> bool:
        token = self.peek()
        if token is None or token.kind != "unit":
            return False
        self.units.add(token.text)
        self.position += 1
        return True

    def check_units(self) -> None:
        """Check the units.

        :raises _InvalidSumError: when two of one dimension are mixed (hours and minutes), or different ones are added (km and hours).
        """
        names = {_UNIT_ALIASES.get(name, name) for name in self.units}
        if len(names) > 1 and {"+", "-"} & set(self.operations):
            raise _InvalidSumError
        parts = {part for name in names for part in _split_compound_unit(name)}
        if any(len(parts & set(units)) > 1 for units in _UNITS_BY_DIMENSION.values()):
            raise _InvalidSumError

    def should_show_fraction(self) -> bool:
        """Whether to show a fraction: the sum has only tight fractions below one, and is more than a fraction in lowest terms."""
        numbers = [t for t in self.tokens if t.kind == "number"]
        if not self.tight_fractions or self.other_divisions or any("." in t.text for t in numbers):
            return False
        numerator, denominator = (int(t.value or 0) for t in numbers[:2])
        return len(self.operations) > 1 or math.gcd(numerator, denominator) > 1

    def take_operator(self, sign: str) -> None:
        self.operations.append(sign)
        self.position += 1

    def peek(self) -> SumToken | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def peek_kind(self) -> str:
        token = self.peek()
        return token.kind if token else ""

    def has_no_space_before(self, distance: int) -> bool:
        return self.tokens[self.position + distance].no_space_before

    def has_kind_at(self, distance: int, kind: str) -> bool:
        index = self.position + distance
        return 0 <= index < len(self.tokens) and self.tokens[index].kind == kind


def _split_compound_unit(name: str) -> tuple[str, ...]:
    if "/" in name:
        return tuple(_RATE_UNITS[part] for part in name.split("/"))
    return _COMPOUND_UNITS.get(name, (name,))


def _check_magnitude(value: Fraction) -> Fraction:
    if max(abs(value.numerator), value.denominator) > MAX_MAGNITUDE:
        raise _InvalidSumError
    return value
