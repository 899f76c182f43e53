"""The grammar of sums in running text: tokens in, an exact value out. ``sums.py`` finds the tokens.

    sum     := product (('+' | '-') product)*
    product := power (('×' | '÷' | '/' | ':') power | '(' sum ')')*      a bracket right behind a factor multiplies
    power   := operand ['^' whole number]
    operand := ['-'] ([money] number [unit | '%'] | '(' sum ')' [unit])

What a reader could take in two ways is refused: ``-2^2``, ``6/2(1+2)``, ``6 ÷ 3/4``, ``50 + 20%``, ``5 hours + 30 minutes``,
``2 : 3`` (a ratio, where it is no whole number).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

MAX_DEPTH = 12
"""Brackets within brackets."""
MAX_EXPONENT = 64
MAX_SIZE = 10**60
"""Of numerators and denominators on the way."""

_MEASURES = {
    "time": ("second", "minute", "hour", "day", "week", "month", "year"),
    "length": ("mm", "cm", "inch", "foot", "meter", "km", "mile"),
    "mass": ("gram", "kg"),
    "volume": ("liter",),
    "money": ("cent", "dollar", "rupee", "$", "€", "£", "₹", "Rs"),
}
_PARTS = {"mph": ("mile", "hour"), "kmph": ("km", "hour")}
_RATES = {
    "km": "km", "m": "meter", "mile": "mile", "miles": "mile", "cm": "cm",
    "h": "hour", "hr": "hour", "hour": "hour", "hours": "hour", "s": "second", "sec": "second", "min": "minute",
}  # fmt: skip
_SAME = {"$": "dollar", "₹": "rupee", "Rs": "rupee"}


class _NotASum(ValueError):
    """The tokens are no sum, or one that could mean two things."""


@dataclass(frozen=True)
class Token:
    """One piece of a line. ``tight``: no blank before it. ``value`` is a number's."""

    kind: str
    """``number``, ``unit``, ``money``, ``%``, a sign as the grammar has it, ``word`` or ``other``."""
    text: str
    tight: bool
    value: Fraction | None = None


@dataclass(frozen=True)
class Value:
    """What a sum comes to: ``value`` is exact (0.5 for 50 %). How it is to be shown: with a currency's sign, in percent, as a fraction."""

    value: Fraction
    money: str = ""
    percent: bool = False
    fraction: bool = False


@dataclass(frozen=True)
class _Quantity:
    value: Fraction
    money: int = 0  # the power of money in it: 1 for $5, 0 for $20 / $4
    percent: bool = False


def evaluate(tokens: Sequence[Token]) -> Value | None:
    """The value of the tokens, all of them one sum with at least one operation; None where they are none, or one divides by zero."""
    parser = _Parser(list(tokens))
    try:
        found = parser.sum(0)
        parser.check_measures()
    except (_NotASum, ZeroDivisionError):
        return None
    ratio = ":" in parser.operations and (len(parser.operations) > 1 or found.value.denominator > 1)
    if parser.at < len(tokens) or not parser.operations or ratio:
        return None
    sign = next((t.text for t in tokens if t.kind == "money" and t.text != "Rs"), "") if found.money == 1 else ""
    return Value(found.value, sign, found.percent, parser.wants_fraction())


@dataclass
class _Parser:
    tokens: list[Token]
    at: int = 0
    operations: list[str] = field(default_factory=list)
    units: set[str] = field(default_factory=set)
    fractions: int = 0  # tight ones of whole numbers below one, as 3/12
    other_slashes: int = 0

    def sum(self, depth: int) -> _Quantity:
        if depth > MAX_DEPTH:
            raise _NotASum
        found = self.product(depth)
        while (sign := self.kind()) in ("+", "-"):
            self.take(sign)
            right = self.product(depth)
            if found.percent != right.percent or not {found.money, right.money} <= {0, 1}:
                raise _NotASum  # 50 + 20%: of what?
            value = found.value + right.value if sign == "+" else found.value - right.value
            found = _Quantity(_sized(value), found.money if found.money == right.money else 0, found.percent)
        return found

    def product(self, depth: int) -> _Quantity:
        found, divided = self.power(depth), False
        while True:
            sign, token = self.kind(), self.peek()
            if sign == "(" and token and token.tight and not divided:
                self.operations.append("×")
                sign = "×"
            elif sign in ("×", "÷", "/", ":"):
                if sign != "×":
                    divided = True
                    self.slash(sign)
                self.take(sign)
            else:
                return found
            found = self.joined(found, sign, self.power(depth))

    def joined(self, left: _Quantity, sign: str, right: _Quantity) -> _Quantity:
        if sign == "×":
            # "5/20 × 100%" is meant in percent; "20% × 50" is a number.
            whole = right.percent and right.value == 1
            return _Quantity(_sized(left.value * right.value), left.money + right.money, whole)
        if left.percent and not right.percent:
            raise _NotASum  # 20% / 4: 5% or 0.05?
        return _Quantity(_sized(left.value / right.value), left.money - right.money)

    def slash(self, sign: str) -> None:
        """Look at a division before it is taken: is it a tight fraction of whole numbers, and does it stand where one may?"""
        tight = sign == "/" and self.near(-1, "number") and self.near(1, "number") and self.tight(0) and self.tight(1)
        if not tight and self.near(2, "/") and self.tight(2):
            raise _NotASum  # 6 ÷ 3/4
        above, below = (self.tokens[self.at + side].value if tight else None for side in (-1, 1))
        proper = above and below and above < below and above.denominator == below.denominator == 1
        if proper and not self.near(-2, "/") and not self.near(2, "/"):
            self.fractions += 1
        else:
            self.other_slashes += 1

    def power(self, depth: int) -> _Quantity:
        negative = self.kind() == "-"
        base, plain = self.operand(depth)
        if self.kind() != "^":
            return base
        if negative or not plain or base.money or base.percent:
            raise _NotASum
        self.take("^")
        exponent, plain = self.operand(depth)
        if exponent.value.denominator > 1 or abs(exponent.value) > MAX_EXPONENT or exponent.money or exponent.percent:
            raise _NotASum
        if self.kind() == "^" or not plain or (base.value == 0 and exponent.value <= 0):
            raise _NotASum
        return _Quantity(_sized(base.value ** int(exponent.value)))

    def operand(self, depth: int) -> tuple[_Quantity, bool]:
        """A number or a bracket, and whether it stands without a unit."""
        if self.kind() == "-":
            self.at += 1
            token = self.peek()
            if not token or not token.tight or token.kind == "-":
                raise _NotASum
            found, plain = self.operand(depth)
            return replace(found, value=-found.value), plain
        if self.kind() == "(":
            self.at += 1
            found = self.sum(depth + 1)
            if self.kind() != ")":
                raise _NotASum
            self.at += 1
            return found, not self.unit()
        return self.number()

    def number(self) -> tuple[_Quantity, bool]:
        money = self.kind() == "money"
        if money:
            self.units.add(self.tokens[self.at].text)
            self.at += 1
        token = self.peek()
        if token is None or token.kind != "number" or token.value is None:
            raise _NotASum
        self.at += 1
        if self.kind() == "%":
            self.at += 1
            if money:
                raise _NotASum
            return _Quantity(token.value / 100, percent=True), True
        return _Quantity(token.value, int(money)), not (self.unit() or money)

    def unit(self) -> bool:
        token = self.peek()
        if token is None or token.kind != "unit":
            return False
        self.units.add(token.text)
        self.at += 1
        return True

    def check_measures(self) -> None:
        """:raises _NotASum: hours meet minutes, or kilometres are added to hours."""
        names = {_SAME.get(name, name) for name in self.units}
        if len(names) > 1 and {"+", "-"} & set(self.operations):
            raise _NotASum
        parts = {part for name in names for part in _parts(name)}
        if any(len(parts & set(measure)) > 1 for measure in _MEASURES.values()):
            raise _NotASum

    def wants_fraction(self) -> bool:
        """Whether a fraction is the way to show it: all was written in tight fractions below one, and there is something to do."""
        numbers = [t for t in self.tokens if t.kind == "number"]
        if not self.fractions or self.other_slashes or any("." in t.text for t in numbers):
            return False
        above, below = (int(t.value or 0) for t in numbers[:2])
        return len(self.operations) > 1 or math.gcd(above, below) > 1

    def take(self, sign: str) -> None:
        self.operations.append(sign)
        self.at += 1

    def peek(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def kind(self) -> str:
        token = self.peek()
        return token.kind if token else ""

    def tight(self, distance: int) -> bool:
        return self.tokens[self.at + distance].tight

    def near(self, distance: int, kind: str) -> bool:
        place = self.at + distance
        return 0 <= place < len(self.tokens) and self.tokens[place].kind == kind


def _parts(name: str) -> tuple[str, ...]:
    if "/" in name:
        return tuple(_RATES[part] for part in name.split("/"))
    return _PARTS.get(name, (name,))


def _sized(value: Fraction) -> Fraction:
    if max(abs(value.numerator), value.denominator) > MAX_SIZE:
        raise _NotASum
    return value
