"""Arithmetic expressions ("sums") in a language model's running text, and the values that a calculator shows for them.

    The total is 12 + 15 + 9 =         36        12% of 250 =        30
    1/6 + 1/8 =                        7/24      $2.50 × 4 =         $10
    100 / 7 =                          14.2857   5 km × (3 + 4) =    35

Broader than ``studentsim.arithmetic``, which reads the sums in the built-in solutions: prose before the sum, thousands commas, ``%``,
money, a few units, ``x``, ``^``, LaTeX's signs. As exact (fractions of whole numbers, no ``eval``), and stricter: an ambiguous sum, or
one with anything but arithmetic in it, has no value here.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

from studentsim.arithmetic import MAX_DIGITS, MAX_EXPRESSION_CHARS
from studentsim.student.huggingface.sum_grammar import SumToken, evaluate_sum

ROUNDED_DECIMAL_PLACES = 4
"""Decimal places of a number without a finite decimal expansion."""
MAX_EXACT_DECIMAL_PLACES = 6
"""Finite decimals are shown in full up to so many places."""
MAX_ROUNDING_ERROR = Fraction(1, 100)
"""A value that rounding would change by a larger share of itself is not shown."""
MAX_DENOMINATOR = 9999

_NOTATION_REPLACEMENTS = (
    (re.compile(r"\\(?:times|cdot)(?![a-zA-Z])"), "×"), (re.compile(r"\\div(?![a-zA-Z])"), "÷"),
    (re.compile(r"\\([$%])"), r"\1"), (re.compile(r"\\(?:left|right)(?=[()])|\\[(\[,;]"), " "),
    (re.compile("²"), "^2"), (re.compile("³"), "^3"), (re.compile("\u00a0"), " "),
)  # fmt: skip
"""LaTeX's and typographic notation, and the plain notation that replaces it."""
_LINE_LABEL_PATTERN = re.compile(r"\s*(?:[*•]\s+)?(?:\(?(?:\d{1,2}|[a-zA-Z])\)|\d{1,2}\.(?=\s)|(?<=[*•]\s))\s*")
"""A label before the sum on its line: ``2. 3 + 4 =``, ``b) 3 + 4 =``."""
_TOKEN_PATTERN = re.compile(
    r"(?P<number>\.?\d(?:[\d.,]*\d)?)"
    r"|(?P<rate>(?:km|m|miles?|cm)/(?:hr?|hours?|s|sec|min)\b)"
    r"|(?P<money>[$€£₹]|\b[Rr]s\b\.?)"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)"
    r"|(?P<sign>\*\*|[-+−–*×·⋅/÷^()%:])"
    r"|(?P<other>\S)"
)
_OPERATOR_ALIASES = {"−": "-", "–": "-", "*": "×", "·": "×", "⋅": "×", "**": "^", "x": "×", "X": "×", "of": "×"}
_NUMBER_PATTERN = re.compile(r"(?:[1-9]\d{0,2}(?:,\d{3})+|0|[1-9]\d*)?(?:\.\d+)?")
"""Neither ``1,23`` (a decimal comma?) nor ``05`` (a date?)."""
_UNIT_NAMES = {
    name: canonical
    for canonical, names in {
        "km": "km kilometers kilometres", "cm": "cm", "mm": "mm", "meter": "meter meters metre metres", "mile": "mile miles",
        "foot": "foot feet ft", "inch": "inch inches", "kg": "kg", "gram": "gram grams", "liter": "liter liters litre litres",
        "hour": "hour hours hr hrs", "minute": "minute minutes min mins", "second": "second seconds sec",
        "day": "day days", "week": "week weeks", "month": "month months", "year": "year years",
        "mph": "mph", "kmph": "kmph kmh", "dollar": "dollar dollars", "cent": "cent cents", "rupee": "rupee rupees",
    }.items()
    for name in names.split()
}  # fmt: skip
"""Units that may follow a number. No single letters (algebra) and no number words (a dozen)."""
_BLOCKING_WORDS = frozenset(
    "of root sqrt minus plus times by over per negative half twice thrice double triple square squared squares cube cubed log ln exp "
    "sin cos tan mod less than from factorial percent into ratio".split()
)
"""After these words a sum is only a part of a larger expression."""
_ALLOWED_BEFORE_SUM = frozenset(".,;?:\"'“”[`→⇒∴>")


def complete_equation(text: str, *, is_truncated: bool = False) -> str | None:
    """The calculator's text after a text that ends in ``=`` or ``= ``; None where no complete sum ends there. Never raises.

    It begins with a space where the sum has one before its ``=``. Only the last ``MAX_EXPRESSION_CHARS`` characters of the last line are
    read. ``is_truncated``: ``text`` is the end of a longer text.

    >>> [complete_equation(text) for text in ("So it is 12 + 15 + 9 =", "3x4=", "2x + 3 =", "5 ÷ 0 = ")]
    [' 36', '12', None, None]
    """
    _, newline, line = text[-MAX_EXPRESSION_CHARS - 2 :].rpartition("\n")
    is_truncated = len(line) > MAX_EXPRESSION_CHARS or (is_truncated and not newline)
    body = line.rstrip(" ")
    blanks = len(line) - len(body)
    if not body.endswith("=") or blanks > 1:
        return None
    value = evaluate_trailing_sum(body[:-1], is_truncated=is_truncated)
    space = " " if not blanks and body[-2:-1].isspace() else ""
    return None if value is None else space + value


def evaluate_trailing_sum(text: str, *, is_truncated: bool = False) -> str | None:
    """The value, as shown, of the sum that a line ends with; None where there is none. ``is_truncated``: the line began earlier.

    >>> [evaluate_trailing_sum(text) for text in ("Anna pays $5 + $3", "1/2 + 1/3", "20% + 30%", "the root of 9 + 16")]
    ['$8', '5/6', '50%', None]
    """
    _, equals, text = text.rpartition("=")
    for pattern, replacement in _NOTATION_REPLACEMENTS:
        text = pattern.sub(replacement, text)
    if not equals and not is_truncated and (label := _LINE_LABEL_PATTERN.match(text)):
        text = text[label.end() :]
    tokens = _tokenize(text)
    start = _find_sum_start(tokens)
    if (is_truncated and not equals and start <= 1) or not _can_start_sum(tokens, start):
        return None
    result = evaluate_sum(tokens[start:])
    if not result:
        return None
    number = format_calculator_value(result.value * (100 if result.is_percent else 1), as_fraction=result.is_fraction)
    if not number:
        return None
    if result.currency:
        return f"-{result.currency}{number[1:]}" if number[0] == "-" else result.currency + number
    return number + ("%" if result.is_percent else "")


def format_calculator_value(value: Fraction, *, as_fraction: bool = False) -> str | None:
    """A number as the calculator shows it: whole, in lowest terms, in full up to six decimal places, or rounded half up to four.

    None where it has too many digits, or is so small that rounding would distort it.

    >>> [format_calculator_value(Fraction(*value)) for value in ((2, 3), (1, 8), (1, 10**7))]
    ['0.6667', '0.125', None]
    >>> format_calculator_value(Fraction(2, 6), as_fraction=True)
    '1/3'
    """
    if abs(value) >= 10**MAX_DIGITS:
        return None
    if value.denominator == 1:
        return str(value.numerator)
    if as_fraction and abs(value) < 1 and value.denominator <= MAX_DENOMINATOR:
        return f"{value.numerator}/{value.denominator}"
    places = (
        MAX_EXACT_DECIMAL_PLACES if (value * 10**MAX_EXACT_DECIMAL_PLACES).denominator == 1 else ROUNDED_DECIMAL_PLACES
    )
    with localcontext() as context:
        context.prec = 60
        quotient = Decimal(value.numerator) / Decimal(value.denominator)
        rounded = quotient.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    if abs(Fraction(rounded) - value) > MAX_ROUNDING_ERROR * abs(value):
        return None
    return f"{rounded:f}".rstrip("0").rstrip(".")


def _tokenize(text: str) -> list[SumToken]:
    tokens: list[SumToken] = []
    end = 0
    for match in _TOKEN_PATTERN.finditer(text):
        no_space_before = bool(tokens) and match.start() == end
        end = match.end()
        has_space_after = not no_space_before and text[end : end + 1].isspace()
        tokens.append(_classify_token(str(match.lastgroup), match[0], no_space_before, has_space_after, tokens))
    return tokens


def _classify_token(
    kind: str, text: str, no_space_before: bool, has_space_after: bool, preceding: list[SumToken]
) -> SumToken:
    """The grammar's token for a match of ``_TOKEN_PATTERN``, given the tokens before it."""
    previous_kind = preceding[-1].kind if preceding else ""
    if kind == "number":
        return _parse_number(text, no_space_before)
    if kind == "other":
        return SumToken("other", text, no_space_before)
    if kind == "money":
        return SumToken("money", text.rstrip(".").capitalize(), no_space_before)
    if kind == "sign":
        if text == ":" and not (has_space_after and previous_kind == "number"):
            return SumToken("other", text, no_space_before)
        return SumToken(_OPERATOR_ALIASES.get(text, text), text, no_space_before)
    if kind == "rate":
        return SumToken("unit" if previous_kind in ("number", ")") else "word", text, no_space_before)
    name = text.lower()
    if text in ("x", "X") and previous_kind in ("number", ")", "%", "unit"):
        return SumToken("×", text, no_space_before)
    if name == "of" and (previous_kind == "%" or [t.kind for t in preceding[-3:]] == ["number", "/", "number"]):
        return SumToken("×", text, no_space_before)
    if name == "percent" and previous_kind == "number":
        return SumToken("%", text, no_space_before)
    if name in _UNIT_NAMES and previous_kind in ("number", ")"):
        return SumToken("unit", _UNIT_NAMES[name], no_space_before)
    return SumToken("word", name, no_space_before)


def _parse_number(text: str, no_space_before: bool) -> SumToken:
    digits = text.replace(",", "")
    is_valid = (
        text.isascii()
        and _NUMBER_PATTERN.fullmatch(text)
        and len(digits.partition(".")[0]) <= MAX_DIGITS
        and len(digits) <= 2 * MAX_DIGITS
    )
    return SumToken("number", text, no_space_before, Fraction(digits) if is_valid else None)


def _find_sum_start(tokens: list[SumToken]) -> int:
    """The index of the first token of the sum at the end: after the last token that is not arithmetic."""
    start = len(tokens)
    while start and tokens[start - 1].kind not in ("word", "other"):
        start -= 1
    # "Total : 3 + 4" and "(that is (3 + 4)": the colon and the first bracket only introduce the sum.
    if start < len(tokens) and tokens[start].kind == ":":
        start += 1
    unclosed_brackets = sum(t.kind == "(" for t in tokens[start:]) - sum(t.kind == ")" for t in tokens[start:])
    return start + 1 if unclosed_brackets == 1 and tokens[start].kind == "(" else start


def _can_start_sum(tokens: list[SumToken], start: int) -> bool:
    """Whether the token before the sum leaves its value unchanged."""
    if start >= len(tokens):
        return False
    before, first = tokens[start - 1] if start else None, tokens[start]
    if before is None or before.kind in (":", "("):
        return True
    if first.kind == "-":
        return False  # "Cost - 3 + 4": a dash, or something less
    if before.kind == "word":
        is_harmless = before.text not in _BLOCKING_WORDS and (len(before.text) > 1 or before.text in ("a", "i"))
        return is_harmless and not first.no_space_before
    if before.text == ":" and first.no_space_before and start > 1 and tokens[start - 2].kind == "number":
        return False  # a time of day
    return before.text in _ALLOWED_BEFORE_SUM and (not first.no_space_before or before.text in ':"“[`')
