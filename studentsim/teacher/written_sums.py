"""Extracts the operations that a working writes: ``12 * 3 = 36``, ``$5 per day x 7 days = $35``, ``20% of 50``.

Python evaluates nothing of the text. Patterns look ahead a bounded distance, and texts, expressions and numbers are bounded in
length, so that a hostile text takes time in proportion to its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from studentsim.teacher.sum_parser import MAX_EXPRESSION_TOKENS, ArithmeticOperation, ParsedExpression, parse_arithmetic

MAX_TEXT_CHARS = 8_000
"""Characters of a text that are searched, from its end."""
MAX_OPERATIONS = 60
"""Operations of a text that are returned, the first ones."""
MAX_UNIT_WORDS = 3
"""Most words between a number and the sign after it: ``12 red apples * 3``."""


@dataclass(frozen=True)
class WrittenOperation:
    """One operation on two numbers; ``stated_result`` is the result that the working writes, None if it writes none."""

    operator: str
    left: float
    right: float
    value: float
    """The correct result."""
    stated_result: float | None = None
    has_equals_sign: bool = False
    """Whether an equals sign precedes or follows it: ``2 - 3 days`` may be no operation at all."""

    @property
    def result(self) -> float:
        """The result that the working continues with: the stated one, or the correct one."""
        return self.value if self.stated_result is None else self.stated_result


def extract_operations(text: str) -> list[WrittenOperation]:
    """The operations of a text in order, each once; of a chain of equations (``a = b = c``) those of every link.

    >>> [(s.left, s.operator, s.right, s.stated_result) for s in extract_operations("12 apples * 3 = 36 apples, so 36 + 5 = 40.")]
    [(12.0, '×', 3.0, 36.0), (36.0, '+', 5.0, 40.0)]
    """
    operations: list[WrittenOperation] = []
    for operation in islice(_iter_operations(text[-MAX_TEXT_CHARS:]), MAX_OPERATIONS):
        if not any(operations_match(operation, earlier) for earlier in operations):
            operations.append(operation)
    return operations


def numbers_match(one: float, other: float) -> bool:
    """Whether two numbers are equal; within 0.5 % if one of them is no whole number.

    >>> numbers_match(0.2778, 5 / 18), numbers_match(200, 201)
    (True, False)
    """
    if one == int(one) and other == int(other):
        return one == other
    return abs(one - other) <= max(1e-9, 0.005 * max(abs(one), abs(other)))


def operations_match(one: WrittenOperation, other: WrittenOperation) -> bool:
    """Whether two operations are the same on the same numbers; those of ``+`` and ``×`` in any order."""
    if one.operator != other.operator:
        return False
    pairs = [(one.left, one.right)] + ([(one.right, one.left)] if one.operator in "+×" else [])
    return any(numbers_match(left, other.left) and numbers_match(right, other.right) for left, right in pairs)


def _iter_operations(text: str) -> Iterator[WrittenOperation]:
    for chain in _iter_equation_chains(_tokenize(_normalize_notation(text))):
        parsed = [parse_arithmetic(segment) for segment in chain]
        for index, (expression, next_expression) in enumerate(zip(parsed, (*parsed[1:], None), strict=True)):
            if expression is None or not expression.operations:
                continue
            has_equals_sign = index > 0 or next_expression is not None
            for operation in expression.operations[:-1]:
                yield _to_written_operation(operation, None, has_equals_sign=has_equals_sign)
            yield _to_written_operation(
                expression.operations[-1],
                _find_stated_result(expression, next_expression),
                has_equals_sign=has_equals_sign,
            )


def _find_stated_result(expression: ParsedExpression, next_expression: ParsedExpression | None) -> float | None:
    """The result after an expression's equals sign; ``12 * 3 = 36 / 4 = 9`` continues with it."""
    continues = (
        next_expression is not None
        and next_expression.operations
        and numbers_match(next_expression.operations[0].left, expression.value)
    )
    return expression.value if continues else next_expression and next_expression.value


def _to_written_operation(
    operation: ArithmeticOperation, stated_result: float | None, *, has_equals_sign: bool
) -> WrittenOperation:
    return WrittenOperation(
        operation.operator, operation.left, operation.right, operation.value, stated_result, has_equals_sign
    )


# ------------------------------------------------------------------ from a text to chains of equations

_NOTATION_REPLACEMENTS: tuple[tuple[re.Pattern[str], str], ...] = (
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
"""Removes or simplifies LaTeX, currencies, bold print and other signs; fractions twice, since one may hold another."""
_TOKEN = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3}){1,4}(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)|(?P<sign>[-+×÷/*·^()=%])|"
    r"(?P<word>[^\W\d_]+)|(?P<line>\n)|(?P<other>\S)"
)
_OPERATOR_BY_SYMBOL = {"*": "×", "·": "×", "/": "÷"}
_OPERATOR_BY_WORD = {"times": "×", "plus": "+", "minus": "-", "equals": "=", "is": "=", "gives": "="}
_OPERATOR_BY_WORD_BEFORE_BY = {"multiplied": "×", "divided": "÷"}
_UNIT_LETTERS = frozenset("mslghLK")
"""Single letters that name units; others are variables."""


class _Token(NamedTuple):
    kind: str
    text: str


def _normalize_notation(text: str) -> str:
    for pattern, replacement in _NOTATION_REPLACEMENTS:
        text = pattern.sub(replacement, text)
    return text


def _tokenize(text: str) -> list[_Token]:
    return [_Token(match.lastgroup or "other", match[0]) for match in _TOKEN.finditer(text)]


def _iter_equation_chains(tokens: Sequence[_Token]) -> Iterator[list[list[str]]]:
    """Chains of expressions joined by equals signs, each expression a list of numbers and signs; ``20%`` is one token."""
    reader = _EquationChainReader()
    for index, token in enumerate(tokens):
        next_token = tokens[index + 1] if index + 1 < len(tokens) else _Token("line", "\n")
        if chain := reader.read_token(token, next_token):
            yield chain
    yield reader.close_chain()


class _EquationChainReader:
    """Collects tokens into a chain; ``unit_word_count`` counts the words since the last number."""

    def __init__(self) -> None:
        self.chain: list[list[str]] = [[]]
        self.unit_word_count = 0

    def close_chain(self) -> list[list[str]]:
        """Return the chain so far and begin another."""
        chain, self.chain, self.unit_word_count = self.chain, [[]], 0
        return chain

    def read_token(self, token: _Token, next_token: _Token) -> list[list[str]]:
        """Add a token; returns the chain that ends with it, else an empty list."""
        if token.kind in ("number", "sign") and token.text != "=" and len(self.chain[-1]) > MAX_EXPRESSION_TOKENS:
            return []  # too long to be parsed
        if token.kind == "number":
            return self._read_number(token.text)
        if token.kind == "sign":
            return self._read_operator(_OPERATOR_BY_SYMBOL.get(token.text, token.text), next_token)
        if token.kind == "word":
            return self._read_word(token.text, next_token)
        return [] if token.kind == "line" and next_token.text == "=" else self.close_chain()

    @property
    def _last_token(self) -> str:
        return self.chain[-1][-1] if self.chain[-1] else ""

    @property
    def _ends_with_value(self) -> bool:
        return self._last_token[:1].isdigit() or self._last_token[:1] == "." or self._last_token == ")"

    @property
    def _ends_with_fraction_or_percent(self) -> bool:
        """Whether "of" means a product here: ``20% of 50``, ``3/4 of 60``; not ``12 crates of 30``."""
        fraction = self.chain[-1][-2:-1] == ["÷"] or self._last_token == ")" or "." in self._last_token
        return not self.unit_word_count and (fraction or self._last_token.endswith("%"))

    def _read_number(self, text: str) -> list[list[str]]:
        ended = (
            self.close_chain() if self._ends_with_value and (self.unit_word_count or self._last_token != ")") else []
        )
        self.chain[-1].append(text.replace(",", ""))
        self.unit_word_count = 0
        return ended

    def _read_operator(self, operator: str, next_token: _Token) -> list[list[str]]:
        if operator == "%":
            if self._ends_with_value and not self.unit_word_count and self._last_token != ")":
                self.chain[-1][-1] += "%"
            return []
        if operator == "=":
            self.chain.append([])
        elif operator == "÷" and next_token.kind == "word" and self._ends_with_value:
            self.unit_word_count = max(self.unit_word_count, 1)  # km/h, or $5/day
            return []
        elif operator == ")" and self.chain[-1].count("(") <= self.chain[-1].count(")"):
            return [] if self._ends_with_value and not self.unit_word_count else self.close_chain()
        elif operator == "(" and self.unit_word_count:
            ended = self.close_chain()
            self.chain[-1].append(operator)
            return ended
        else:
            self.chain[-1].append(operator)
        self.unit_word_count = 0
        return []

    def _read_word(self, word: str, next_token: _Token) -> list[list[str]]:
        if self._ends_with_value:
            lower_word = word.lower()
            precedes_value = next_token.kind == "number" or next_token.text == "("
            is_product = lower_word == "x" or (lower_word == "of" and self._ends_with_fraction_or_percent)
            operator = _OPERATOR_BY_WORD.get(lower_word) or ("×" if precedes_value and is_product else "")
            if next_token.text == "by":
                operator = operator or _OPERATOR_BY_WORD_BEFORE_BY.get(lower_word, "")
            if operator:
                return self._read_operator(
                    operator, _Token("number", "") if lower_word in _OPERATOR_BY_WORD_BEFORE_BY else next_token
                )
            if (len(word) > 1 or word in _UNIT_LETTERS) and self.unit_word_count < MAX_UNIT_WORDS:
                self.unit_word_count += 1
                return []
        elif self._last_token in ("×", "÷") and word == "by":
            return []
        elif not self.chain[-1] and len(self.chain) == 1:
            return []
        if len(word) == 1 and self.chain[-1]:
            self.chain[-1] = []  # 2x is no number
        return self.close_chain()
