"""Quantities: the one number or expression in a text, and the words around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from studentsim.student.answer_parsing import units
from studentsim.student.answer_parsing.lexer import Token, TokenKey

_EXPRESSION_SIGNS = frozenset("√π:^()[]{},×÷/+-=<>≤≥≠±∓∞")
_NON_NOUN_WORDS = frozenset(
    "in total for per each left altogether when after at as is are by if remaining long old high away wide "
    "tall deep of "
    "the a an and to on with will be it that she he they i we so would more".split()
)
"""Words after a number that are not the noun it counts."""


@dataclass(frozen=True)
class Quantity:
    """One number or expression among words. ``amount``: its value, where ``evaluate_expression`` finds one."""

    expression: TokenKey
    amount: Fraction | None
    words: tuple[str, ...]
    words_before: int
    """The number of words before the number."""

    @property
    def unit(self) -> str | None:
        """The unit: a currency anywhere, else the first unit after the number, else one before it."""
        words = (*self.words[self.words_before :], *self.words[: self.words_before])
        unit_words = [word for word in words if units.is_known_unit(word)]
        return next((word for word in unit_words if word in units.CURRENCIES), unit_words[0] if unit_words else None)

    @property
    def counted_noun(self) -> str | None:
        """The word right after the number, where it may be the noun that is counted."""
        next_words = self.words[self.words_before : self.words_before + 1]
        return next_words[0] if next_words and next_words[0] not in _NON_NOUN_WORDS else None


def parse_quantity(tokens: Sequence[Token]) -> Quantity | None:
    """The one number or expression in a text; None where there is none, or more than one.

    >>> from studentsim.student.answer_parsing.tokens import tokenize
    >>> parse_quantity(tokenize("a total of 24 km")).amount, parse_quantity(tokenize("3 or 4"))
    (Fraction(24, 1), None)
    """
    for before, token in zip(tokens, tokens[1:], strict=False):
        if (
            before.value is not None
            and token.is_adjacent
            and not token.is_sign
            and len(token.text) == 1
            and token.text.isalpha()
            and not units.is_known_unit(token.text)
        ):
            return None  # 24x
    numeric = [n for n, t in enumerate(tokens) if t.value is not None or (t.is_sign and t.text in _EXPRESSION_SIGNS)]
    if not numeric or not any(tokens[n].value is not None or tokens[n].text in "π∞" for n in numeric):
        return None
    begin, end = numeric[0], numeric[-1] + 1
    if len(numeric) != end - begin:
        return None
    expression = [t.key for t in tokens[begin:end]]
    if expression[0] in ("+", ":", ",", "=") and len(expression) > 1 and (begin == 0 or expression[0] != "+"):
        expression = expression[1:]
    outside = (*tokens[:begin], *tokens[end:])
    words = tuple(t.text for t in outside)
    return Quantity(tuple(expression), evaluate_expression(expression), words, begin)


def evaluate_expression(expression: Sequence[Fraction | str]) -> Fraction | None:
    """The value of a number or of sums, products and quotients of numbers; None for any other expression.

    >>> evaluate_expression([Fraction(12), "+", Fraction(12)]), evaluate_expression([Fraction(10), "-", Fraction(2)])
    (Fraction(24, 1), None)
    """
    if len(expression) % 2 == 0 or not all(
        isinstance(part, Fraction) == (n % 2 == 0) for n, part in enumerate(expression)
    ):
        return None
    total, product = Fraction(0), expression[0]
    for sign, number in zip(expression[1::2], expression[2::2], strict=True):
        if sign == "+":
            total, product = total + product, number
        elif sign == "×":
            product *= number
        elif sign in ("÷", "/") and number:
            product /= number
        else:
            return None
        if product.numerator.bit_length() > 2000 or product.denominator.bit_length() > 2000:
            return None
    return total + product
