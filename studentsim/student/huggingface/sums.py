"""Sums as a language model writes them in running text, and what a calculator shows for them.

    The total is 12 + 15 + 9 =         36        12% of 250 =        30
    1/6 + 1/8 =                        7/24      $2.50 × 4 =         $10
    100 / 7 =                          14.2857   5 km × (3 + 4) =    35

Broader than ``studentsim.arithmetic``, whose sums the product itself writes: prose before the sum, thousands commas, ``%``,
money, a few units, ``x``, ``^``, LaTeX's signs. Exact in the same way (fractions of whole numbers, nothing is evaluated),
and stricter where a reader could doubt: a sum that could mean two things, or is not arithmetic alone, has no value here.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

from studentsim.arithmetic import MAX_DIGITS, MAX_LENGTH
from studentsim.student.huggingface.sum_grammar import Token, evaluate

PLACES = 4
"""Decimal places of a number that does not end."""
EXACT_PLACES = 6
"""Decimal places up to which a number that ends is shown whole."""
TOLERANCE = Fraction(1, 100)
"""A value that rounding would change by more than this share is not shown at all."""
MAX_DENOMINATOR = 9999

_WRITTEN = (
    (re.compile(r"\\(?:times|cdot)(?![a-zA-Z])"), "×"), (re.compile(r"\\div(?![a-zA-Z])"), "÷"),
    (re.compile(r"\\([$%])"), r"\1"), (re.compile(r"\\(?:left|right)(?=[()])|\\[(\[,;]"), " "),
    (re.compile("²"), "^2"), (re.compile("³"), "^3"), (re.compile("\u00a0"), " "),
)  # fmt: skip
"""LaTeX's and typesetters' ways of writing, and ours."""
_LABEL = re.compile(r"\s*(?:[*•]\s+)?(?:\(?(?:\d{1,2}|[a-zA-Z])\)|\d{1,2}\.(?=\s)|(?<=[*•]\s))\s*")
"""What numbers or letters a line, not part of the sum: ``2. 3 + 4 =``, ``b) 3 + 4 =``."""
_TOKEN = re.compile(
    r"(?P<number>\.?\d(?:[\d.,]*\d)?)"
    r"|(?P<rate>(?:km|m|miles?|cm)/(?:hr?|hours?|s|sec|min)\b)"
    r"|(?P<money>[$€£₹]|\b[Rr]s\b\.?)"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)"
    r"|(?P<sign>\*\*|[-+−–*×·⋅/÷^()%:])"
    r"|(?P<other>\S)"
)
_SIGNS = {"−": "-", "–": "-", "*": "×", "·": "×", "⋅": "×", "**": "^", "x": "×", "X": "×", "of": "×"}
_NUMBER = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?")
_UNITS = {
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
"""Units that may stand behind a number. No single letters (they are algebra) and no words that count (a dozen)."""
_CHANGES_WHAT_FOLLOWS = frozenset(
    "of root sqrt minus plus times by over per negative half twice thrice double triple square squared squares cube cubed log ln exp "
    "sin cos tan mod less than from factorial percent into ratio".split()
)
"""Words after which a sum is only a part of something else."""
_MAY_PRECEDE = frozenset(".,;?:\"'“”[`→⇒∴>")


def result_after(text: str) -> str | None:
    """What the calculator writes behind a text that ends in ``=``, or ``=`` and a blank; None where no closed sum ends there.

    The blank before the value is in it where the sum is written with blanks. Looks at the last line alone, and of that at
    ``MAX_LENGTH`` characters. Never raises.

    >>> result_after("So it is 12 + 15 + 9 ="), result_after("3x4="), result_after("2x + 3 ="), result_after("5 ÷ 0 = ")
    (' 36', '12', None, None)
    """
    line = text[-MAX_LENGTH - 2 :].rpartition("\n")[2]
    cut = len(line) > MAX_LENGTH
    body = line.rstrip(" ")
    blanks = len(line) - len(body)
    if not body.endswith("=") or blanks > 1:
        return None
    shown = value_of(body[:-1], cut=cut)
    lead = " " if not blanks and body[-2:-1].isspace() else ""
    return None if shown is None else lead + shown


def value_of(text: str, *, cut: bool = False) -> str | None:
    """The value of the sum that a line ends with, as it is shown; None where there is none. ``cut``: the line began earlier.

    >>> value_of("Anna pays $5 + $3"), value_of("1/2 + 1/3"), value_of("20% + 30%"), value_of("the root of 9 + 16")
    ('$8', '5/6', '50%', None)
    """
    before, equals, text = text.rpartition("=")
    for written, ours in _WRITTEN:
        text = written.sub(ours, text)
    if not equals and not cut and (label := _LABEL.match(text)):
        text = text[label.end() :]
    tokens = _tokens(text)
    start = _start(tokens)
    if (cut and not equals and start == 0) or not _may_begin(tokens, start):
        return None
    found = evaluate(tokens[start:])
    number = found and show(found.value * (100 if found.percent else 1), as_fraction=found.fraction)
    if not found or not number:
        return None
    if found.money:
        return f"-{found.money}{number[1:]}" if number[0] == "-" else found.money + number
    return number + ("%" if found.percent else "")


def show(value: Fraction, *, as_fraction: bool = False) -> str | None:
    """A number as the calculator shows it: whole, in lowest terms, whole to six places, or rounded half up to four.

    None where it has too many digits, or is so small that four places would not tell it.

    >>> show(Fraction(2, 3)), show(Fraction(1, 8)), show(Fraction(2, 6), as_fraction=True), show(Fraction(1, 10**7))
    ('0.6667', '0.125', '1/3', None)
    """
    if abs(value) >= 10**MAX_DIGITS:
        return None
    if value.denominator == 1:
        return str(value.numerator)
    if as_fraction and abs(value) < 1 and value.denominator <= MAX_DENOMINATOR:
        return f"{value.numerator}/{value.denominator}"
    places = EXACT_PLACES if (value * 10**EXACT_PLACES).denominator == 1 else PLACES
    with localcontext() as context:
        context.prec = 60
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        rounded = exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    if abs(Fraction(rounded) - value) > TOLERANCE * abs(value):
        return None
    return f"{rounded:f}".rstrip("0").rstrip(".")


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    end = 0
    for match in _TOKEN.finditer(text):
        tight = bool(found) and match.start() == end
        end = match.end()
        spaced = not tight and text[end : end + 1].isspace()
        found.append(_token(str(match.lastgroup), match[0], tight, spaced, found))
    return found


def _token(kind: str, text: str, tight: bool, spaced: bool, before: list[Token]) -> Token:
    """A piece of a line as the grammar sees it, by what stands before it."""
    last = before[-1].kind if before else ""
    if kind == "number":
        return _number(text, tight)
    if kind == "other":
        return Token("other", text, tight)
    if kind == "money":
        return Token("money", text.rstrip(".").capitalize(), tight)
    if kind == "sign":
        if text == ":" and not (spaced and last == "number"):
            return Token("other", text, tight)
        return Token(_SIGNS.get(text, text), text, tight)
    if kind == "rate":
        return Token("unit" if last in ("number", ")") else "word", text, tight)
    name = text.lower()
    if text in ("x", "X") and last in ("number", ")", "%", "unit"):
        return Token("×", text, tight)
    if name == "of" and (last == "%" or [t.kind for t in before[-3:]] == ["number", "/", "number"]):
        return Token("×", text, tight)
    if name == "percent" and last == "number":
        return Token("%", text, tight)
    if name in _UNITS and last in ("number", ")"):
        return Token("unit", _UNITS[name], tight)
    return Token("word", name, tight)


def _number(text: str, tight: bool) -> Token:
    plain = text.replace(",", "")
    sound = (
        text.isascii()
        and _NUMBER.fullmatch(text)
        and len(plain.partition(".")[0]) <= MAX_DIGITS
        and len(plain) <= 2 * MAX_DIGITS
    )
    return Token("number", text, tight, Fraction(plain) if sound else None)


def _start(tokens: list[Token]) -> int:
    """Where the sum at the end begins: behind the last thing that is no arithmetic."""
    start = len(tokens)
    while start and tokens[start - 1].kind not in ("word", "other"):
        start -= 1
    # "Total : 3 + 4" and "(that is (3 + 4)": what only introduces the sum.
    if start < len(tokens) and tokens[start].kind == ":":
        start += 1
    opened = sum(t.kind == "(" for t in tokens[start:]) - sum(t.kind == ")" for t in tokens[start:])
    return start + 1 if opened == 1 and tokens[start].kind == "(" else start


def _may_begin(tokens: list[Token], start: int) -> bool:
    """Whether what stands before the sum leaves it what it is."""
    if start >= len(tokens):
        return False
    before, first = tokens[start - 1] if start else None, tokens[start]
    if before is None or before.kind in (":", "("):
        return True
    if first.kind == "-":
        return False  # "Cost - 3 + 4": a dash, or something less
    if before.kind == "word":
        known = before.text not in _CHANGES_WHAT_FOLLOWS and (len(before.text) > 1 or before.text in ("a", "i"))
        return known and not first.tight
    if before.text == ":" and first.tight and start > 1 and tokens[start - 2].kind == "number":
        return False  # a time of day
    return before.text in _MAY_PRECEDE and (not first.tight or before.text in ':"“[`')
