"""The sums that a working writes: ``12 * 3 = 36``, ``$5 per day x 7 days = $35``, ``\\frac{20}{100} \\times 50``, ``20% of 50``.

Nothing is handed to Python to evaluate. Patterns look a bounded distance ahead, and texts, sums and numbers are bounded in length, so
that a hostile text takes time in proportion to its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from studentsim.analysis.sum_parser import MOST_TOKENS, Operation, ParsedSum, parse_sum

LONGEST = 8_000
"""Characters that are looked at, from the end."""
MOST_SUMS = 60
"""Operations that are looked at, the first ones."""
MOST_UNITS = 3
"""Words between a number and the sign that follows it: ``12 red apples * 3``."""


@dataclass(frozen=True)
class WrittenSum:
    """One operation on two numbers. ``stated`` is the result that the working writes; None where it goes on without one."""

    operation: str
    left: float
    right: float
    value: float
    """What it comes to."""
    stated: float | None = None
    equated: bool = False
    """Whether an equals sign stands beside it. ``2 - 3 days`` may be no sum at all."""

    @property
    def result(self) -> float:
        """The result that the working goes on with."""
        return self.value if self.stated is None else self.stated


def written_sums(text: str) -> list[WrittenSum]:
    """The operations of a text in their order, each once; of a chain of equal sums every link.

    >>> [(s.left, s.operation, s.right, s.stated) for s in written_sums("12 apples * 3 = 36 apples, so 36 + 5 = 40.")]
    [(12.0, '×', 3.0, 36.0), (36.0, '+', 5.0, 40.0)]
    """
    found: list[WrittenSum] = []
    for one in islice(_all(text[-LONGEST:]), MOST_SUMS):
        if not any(same_sum(one, other) for other in found):
            found.append(one)
    return found


def same_number(one: float, other: float) -> bool:
    """Whether two numbers are the same, but for rounding where one of them is no whole number.

    >>> same_number(0.2778, 5 / 18), same_number(200, 201)
    (True, False)
    """
    if one == int(one) and other == int(other):
        return one == other
    return abs(one - other) <= max(1e-9, 0.005 * max(abs(one), abs(other)))


def same_sum(one: WrittenSum, other: WrittenSum) -> bool:
    """Whether two operations are the same on the same numbers; in sums and products in whatever order."""
    if one.operation != other.operation:
        return False
    pairs = [(one.left, one.right)] + ([(one.right, one.left)] if one.operation in "+×" else [])
    return any(same_number(left, other.left) and same_number(right, other.right) for left, right in pairs)


def _all(text: str) -> Iterator[WrittenSum]:
    for chain in _chains(_tokens(_without_latex(text))):
        parsed = [parse_sum(segment) for segment in chain]
        for place, (own, after) in enumerate(zip(parsed, (*parsed[1:], None), strict=True)):
            if own is None or not own.operations:
                continue
            equated = place > 0 or after is not None
            for operation in own.operations[:-1]:
                yield _written(operation, None, equated=equated)
            yield _written(own.operations[-1], _stated(own, after), equated=equated)


def _stated(own: ParsedSum, after: ParsedSum | None) -> float | None:
    """The result that stands behind a sum's equals sign. ``12 * 3 = 36 / 4 = 9`` goes on with the result."""
    goes_on = after is not None and after.operations and same_number(after.operations[0].left, own.value)
    return own.value if goes_on else after and after.value


def _written(operation: Operation, stated: float | None, *, equated: bool) -> WrittenSum:
    return WrittenSum(operation.sign, operation.left, operation.right, operation.value, stated, equated)


# ------------------------------------------------------------------ from a text to chains of sums

_LATEX: tuple[tuple[re.Pattern[str], str], ...] = (
    *((re.compile(r"\\[dt]?frac\s?\{([^{}]{1,60})\}\s?\{([^{}]{1,60})\}"), r"((\1) / (\2))"),) * 2,
    (re.compile(r"\\(?:text|mathrm|mathbf|boxed)\s?\{([^{}]{0,60})\}"), r" \1 "),
    (re.compile(r"\\(?:times|cdot)\b"), "×"),
    (re.compile(r"\\div\b"), "÷"),
    (re.compile(r"\\(?:left|right|quad|,|;|!|\(|\)|\[|\])"), " "),
    (re.compile(r"\\\\\s{0,3}"), "\n"),
    (re.compile(r"&"), " "),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\^\s?\{\s?(\d{1,2})\s?\}"), r"^\1"),
    (re.compile(r"(?i)\b(?:rs|usd|inr)\b\s?\.?(?=\s?\d)|\\?[$£€₹]"), " "),
    (re.compile(r"(?<=\d)\s?\*\*\s?(?=\d)"), "^"),
    (re.compile(r"\*\*"), " "),
    (re.compile("[−–—]"), "-"),
    (re.compile(r"²"), "^2"),
    (re.compile(r"³"), "^3"),
)
"""LaTeX, currencies, bold print and other signs, taken away or put into plain ones. A fraction may hold another."""
_TOKEN = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3}){1,4}(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)|(?P<sign>[-+×÷/*·^()=%])|"
    r"(?P<word>[^\W\d_]+)|(?P<line>\n)|(?P<other>\S)"
)
_SIGNS = {"*": "×", "·": "×", "/": "÷"}
_SAID = {"times": "×", "plus": "+", "minus": "-", "equals": "=", "is": "=", "gives": "="}
_SAID_BY = {"multiplied": "×", "divided": "÷"}
_UNIT_LETTERS = frozenset("mslghLK")
"""Single letters that name units; others are variables, which no number stands for."""


class _Token(NamedTuple):
    kind: str
    text: str


def _without_latex(text: str) -> str:
    for pattern, plain in _LATEX:
        text = pattern.sub(plain, text)
    return text


def _tokens(text: str) -> list[_Token]:
    return [_Token(match.lastgroup or "other", match[0]) for match in _TOKEN.finditer(text)]


def _chains(tokens: Sequence[_Token]) -> Iterator[list[list[str]]]:
    """Runs of sums with equals signs between: for each sum its numbers and signs; a number with ``%`` behind it keeps that."""
    reader = _Reader()
    for place, token in enumerate(tokens):
        after = tokens[place + 1] if place + 1 < len(tokens) else _Token("line", "\n")
        if chain := reader.take(token, after):
            yield chain
    yield reader.close()


class _Reader:
    """Reads token after token into a chain. ``units`` counts the words since the last number."""

    def __init__(self) -> None:
        self.chain: list[list[str]] = [[]]
        self.units = 0

    def close(self) -> list[list[str]]:
        """The chain so far; another begins."""
        chain, self.chain, self.units = self.chain, [[]], 0
        return chain

    def take(self, token: _Token, after: _Token) -> list[list[str]]:
        """Takes a token; the chain that ends with it, if one does."""
        if token.kind in ("number", "sign") and token.text != "=" and len(self.chain[-1]) > MOST_TOKENS:
            return []  # too long to be read as a sum
        if token.kind == "number":
            return self._number(token.text)
        if token.kind == "sign":
            return self._sign(_SIGNS.get(token.text, token.text), after)
        if token.kind == "word":
            return self._word(token.text, after)
        return [] if token.kind == "line" and after.text == "=" else self.close()

    @property
    def _last(self) -> str:
        return self.chain[-1][-1] if self.chain[-1] else ""

    @property
    def _ends_in_value(self) -> bool:
        return self._last[:1].isdigit() or self._last[:1] == "." or self._last == ")"

    @property
    def _ends_in_share(self) -> bool:
        """Whether "of" is a product here: ``20% of 50``, ``3/4 of 60``; not ``12 crates of 30``."""
        fraction = self.chain[-1][-2:-1] == ["÷"] or self._last == ")" or "." in self._last
        return not self.units and (fraction or self._last.endswith("%"))

    def _number(self, text: str) -> list[list[str]]:
        ended = self.close() if self._ends_in_value and (self.units or self._last != ")") else []
        self.chain[-1].append(text.replace(",", ""))
        self.units = 0
        return ended

    def _sign(self, sign: str, after: _Token) -> list[list[str]]:
        if sign == "%":
            if self._ends_in_value and not self.units and self._last != ")":
                self.chain[-1][-1] += "%"
            return []
        if sign == "=":
            self.chain.append([])
        elif sign == "÷" and after.kind == "word" and self._ends_in_value:
            self.units = max(self.units, 1)  # km/h, or $5/day
            return []
        elif sign == ")" and self.chain[-1].count("(") <= self.chain[-1].count(")"):
            return [] if self._ends_in_value and not self.units else self.close()
        elif sign == "(" and self.units:
            ended = self.close()
            self.chain[-1].append(sign)
            return ended
        else:
            self.chain[-1].append(sign)
        self.units = 0
        return []

    def _word(self, word: str, after: _Token) -> list[list[str]]:
        if self._ends_in_value:
            low = word.lower()
            follows = after.kind == "number" or after.text == "("
            sign = _SAID.get(low) or ("×" if follows and (low == "x" or (low == "of" and self._ends_in_share)) else "")
            sign = sign or (_SAID_BY[low] if low in _SAID_BY and after.text == "by" else "")
            if sign:
                return self._sign(sign, _Token("number", "") if low in _SAID_BY else after)
            if (len(word) > 1 or word in _UNIT_LETTERS) and self.units < MOST_UNITS:
                self.units += 1
                return []
        elif self._last in ("×", "÷") and word == "by":
            return []
        elif not self.chain[-1] and len(self.chain) == 1:
            return []
        if len(word) == 1 and self.chain[-1]:
            self.chain[-1] = []  # 2x: what stands here is no number
        return self.close()
