"""A short text as normalised tokens, so that texts that look different are compared by their meaning.

    2 1/2      2.5      \\frac{5}{2}           one number, exactly (a Fraction)
    2√3        2 sqrt 3                       number, sign, number
    3 hrs 20 min        3 hours 20 minutes    number, unit, number, unit

Fractions, powers with small exponents and multipliers (thousands, millions) are evaluated here, sums and products in
``quantities``; differences are not, since ``10 - 12`` is as often a range. Linear time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from studentsim.student.answer_parsing import factorials, units
from studentsim.student.answer_parsing.lexer import Token, TokenKey, lex

MAX_TEXT_CHARS = 400
"""Characters of a statement or an option that are tokenized."""
MAX_EXPONENT = 64

_DEGREE_UNITS = {"c": "°c", "celsius": "°c", "°c": "°c", "f": "°f", "fahrenheit": "°f", "°f": "°f"}
_MULTIPLIERS = {"hundred": 100, "thousand": 1000, "lakh": 10**5, "lac": 10**5, "million": 10**6, "crore": 10**7, "billion": 10**9,
              "trillion": 10**12}  # fmt: skip
FILLER_WORDS = frozenset("and the exactly about approximately roughly around only just nearly almost approx".split())


@lru_cache(maxsize=1024)
def tokenize(text: str) -> tuple[Token, ...]:
    """The normalised tokens of a text.

    >>> [t.key for t in tokenize("Rs. 1,20,000/-")], [t.text for t in tokenize("3 hours 20 mins")]
    (['₹', Fraction(120000, 1)], ['3', 'h', '20', 'min'])
    """
    text = re.sub(r"(?i)\bsquare root of\b|\bsqrt\b", "√", factorials.expand_factorials(text[:MAX_TEXT_CHARS]))
    text = re.sub(r"(?i)\bper cent\b", "%", re.sub(r"(?i)(?<=\d)\s?([ap])(?: ?\. ?|\s?)m\b(?: ?\.)?", r" \1m", text))
    text = re.sub(r"(?i)\band a half\b", "and 1/2", text)
    text = re.sub(r"(?<=\d)\s?/-|(?<=\d)/=", "", text)
    tokens = lex(text)
    for transform in (
        _attach_minus_signs,
        _evaluate_powers,
        _combine_fractions,
        _apply_multipliers,
        _normalize_units,
        _drop_punctuation,
    ):
        tokens = transform(tokens)
    return tuple(tokens)


def token_key(tokens: Sequence[Token]) -> TokenKey:
    """What two texts are compared by: their tokens' keys without filler words."""
    significant = tuple(t.key for t in tokens if t.text not in FILLER_WORDS)
    return significant or tuple(t.key for t in tokens)


def _attach_minus_signs(tokens: list[Token]) -> list[Token]:
    """Negate a number after a minus at the beginning, after a sign, or after a word and a space."""
    out: list[Token] = []
    n = 0
    while n < len(tokens):
        token = tokens[n]
        after = tokens[n + 1] if n + 1 < len(tokens) else None
        if token.text == "-" and after and after.value is not None and after.value >= 0:
            before = out[-1] if out else None
            starts_expression = before is None or (before.is_sign and before.text not in (")", "]", "π", "%", "-"))
            follows_word = (
                before is not None
                and before.value is None
                and not before.is_sign
                and not token.is_adjacent
                and after.is_adjacent
            )
            follows_currency = (
                before is not None
                and before.text in units.CANONICAL_UNITS
                and units.canonical_unit(before.text) in units.CURRENCIES
            )
            if starts_expression or follows_word or follows_currency:
                out.append(Token("-" + after.text, -after.value, token.is_adjacent))
                n += 2
                continue
        if (
            token.text in "$£€₹"
            and token.text
            and out
            and out[-1].text == "-"
            and after
            and after.value is not None
            and len(out) == 1
        ):
            out[:] = [token, Token("-" + after.text, -after.value, True)]  # -$5
            n += 2
            continue
        out.append(token)
        n += 1
    return out


def _evaluate_powers(tokens: list[Token]) -> list[Token]:
    """``2^3``: one number, for small bases and exponents; a power of a power is left as it is."""
    out: list[Token] = []
    n = 0
    while n < len(tokens):
        token = tokens[n]
        if token.text == "^" and n + 1 < len(tokens) and out and (base := out[-1].value) is not None:
            exponent = tokens[n + 1].value
            follows = tokens[n + 2].text if n + 2 < len(tokens) else ""
            is_tower = follows in ("^", "/") or (len(out) > 1 and out[-2].text in ("√", "^"))
            if exponent is not None and exponent.denominator == 1 and abs(exponent) <= MAX_EXPONENT and not is_tower:
                if 0 < base <= 10**6:
                    out[-1] = Token(f"{out[-1].text}^{exponent}", base ** int(exponent), out[-1].is_adjacent)
                    n += 2
                    continue
        out.append(token)
        n += 1
    return out


def _combine_fractions(tokens: list[Token]) -> list[Token]:
    """``1/2``, and ``2 1/2`` or ``2 and 1/2``: one number."""
    out: list[Token] = []
    n = 0
    while n < len(tokens):
        numerator, denominator = tokens[n], tokens[n + 2] if n + 2 < len(tokens) else None
        is_chained = (out and out[-1].text in ("/", "^", "√")) or (
            n + 3 < len(tokens) and tokens[n + 3].text in ("/", "^")
        )
        if (
            numerator.value is None
            or denominator is None
            or tokens[n + 1].text != "/"
            or not denominator.value
            or is_chained
        ):
            out.append(numerator)
            n += 1
            continue
        value = numerator.value / denominator.value
        whole_offset = 2 if len(out) > 1 and out[-1].text == "and" else 1
        whole = out[-whole_offset] if len(out) >= whole_offset else None
        is_mixed = (
            whole is not None and whole.value is not None and whole.value.denominator == 1 and "." not in whole.text
        )
        if (
            is_mixed
            and not numerator.is_adjacent
            and 0 < value < 1
            and "^" not in whole.text
            and (len(out) == whole_offset or out[-whole_offset - 1].text != "√")
        ):
            negative = whole.value < 0 or whole.text.startswith("-")
            out[-whole_offset:] = [
                Token("mixed", whole.value - value if negative else whole.value + value, whole.is_adjacent)
            ]
        else:
            out.append(Token("fraction", value, numerator.is_adjacent))
        n += 3
    return out


def _apply_multipliers(tokens: list[Token]) -> list[Token]:
    """``5k`` and ``2 million``: one number."""
    out: list[Token] = []
    for token in tokens:
        if token.text == "k" and token.is_adjacent and out and out[-1].value is not None:
            out[-1] = Token(out[-1].text + "k", out[-1].value * 1000, out[-1].is_adjacent)
        elif token.text in _MULTIPLIERS and out and out[-1].value is not None:
            out[-1] = Token(out[-1].text + token.text, out[-1].value * _MULTIPLIERS[token.text], out[-1].is_adjacent)
        else:
            out.append(token)
    return out


def _normalize_units(tokens: list[Token]) -> list[Token]:
    """Replace units by their canonical names: ``sq. cm``, ``cm2`` and ``cm^2``; ``km per hour`` and ``km/h``."""
    out: list[Token] = []
    n = 0
    while n < len(tokens):
        token = tokens[n]
        follows = tokens[n + 1] if n + 1 < len(tokens) else None
        name = None if token.value is not None else _find_unit(token, out, follows is None)
        before = out[-1].text.lower() if out else ""
        degrees = _DEGREE_UNITS.get(token.text.lower()) if before == "°" and token.value is None else None
        if degrees:
            out[-1] = Token(degrees, None, out[-1].is_adjacent)
            n += 1
            continue
        if name and before in ("square", "sq", "cubic", "cu"):
            out.pop()
            name += "^2" if before.startswith("sq") else "^3"
        elif (
            name
            and (name in units.COMPOUNDABLE_UNITS or before in ("per", "/"))
            and follows
            and follows.text == "^"
            and n + 2 < len(tokens)
            and tokens[n + 2].value in (2, 3)
        ):
            name += f"^{tokens[n + 2].value}"
            n += 2
        elif name and follows and follows.value in (2, 3) and follows.is_adjacent and name in units.COMPOUNDABLE_UNITS:
            name += f"^{follows.value}"
            n += 1
        if name and before in ("per", "/") and len(out) > 1 and out[-2].text in units.COMPOUNDABLE_UNITS:
            out[-2:] = [Token(f"{out[-2].text}/{name}", None, out[-2].is_adjacent)]
        else:
            out.append(Token(name, None, token.is_adjacent) if name else token)
        n += 1
    return out


def _find_unit(token: Token, preceding: list[Token], is_last: bool) -> str | None:
    """The canonical unit of a token; None where it is none, or ambiguous and not after a number."""
    name = units.canonical_unit(token.text)
    if name is None or token.text not in units.AMBIGUOUS_UNITS:
        return name
    follows_number = bool(preceding) and preceding[-1].value is not None
    follows_unit_prefix = bool(preceding) and preceding[-1].text.lower() in ("per", "/", "square", "sq", "cubic", "cu")
    return name if (follows_number or follows_unit_prefix) and (token.text != "in" or is_last) else None


def _drop_punctuation(tokens: list[Token]) -> list[Token]:
    """Drop commas unless between numbers, hyphens between words, and brackets around a single token or around words."""
    out: list[Token] = []
    for n, token in enumerate(tokens):
        before, after = tokens[n - 1] if n else None, tokens[n + 1] if n + 1 < len(tokens) else None
        between_numbers = bool(before and after) and (_is_numeric(before) and _is_numeric(after))
        between_words = bool(before and after) and not (
            before.value is not None or before.is_sign or after.value is not None or after.is_sign
        )
        if (
            token.text in (",", ":")
            and token.is_sign
            and not between_numbers
            and not (token.text == ":" and before and after)
        ):
            continue
        if token.text == "-" and token.is_sign and between_words and token.is_adjacent:
            continue
        if token.text == "^" and before and before.value is None and not before.is_sign and after:
            continue  # 1s^2 is 1s2, and OH^- is OH-
        if token.text == "to" and before and after and before.value is not None and after.value is not None:
            token = Token(":", None, False, True)
        out.append(token)
    return _drop_brackets(out)


def _is_numeric(token: Token) -> bool:
    return token.value is not None or token.is_sign or units.is_known_unit(token.text)


def _drop_brackets(tokens: list[Token]) -> list[Token]:
    opened: list[int] = []  # indices of the brackets that are open
    contains_sign: list[bool] = []  # of each of them, whether a comma or another sign is inside
    dropped: set[int] = set()
    for n, token in enumerate(tokens):
        if token.text in ("(", "[", "{") and token.is_sign:
            opened.append(n)
            contains_sign.append(False)
        elif token.text in (")", "]", "}") and token.is_sign:
            if not opened:
                dropped.add(n)
                continue
            begin, has_signs = opened.pop(), contains_sign.pop()
            spans_all = begin == 0 and n == len(tokens) - 1 and tokens[1:2] and not any(t.text == "," for t in tokens)
            if not has_signs or spans_all or n - begin <= 2:
                dropped |= {begin, n}
            if contains_sign:
                contains_sign[-1] = contains_sign[-1] or has_signs
        elif contains_sign and token.is_sign:
            contains_sign[-1] = True
    dropped |= set(opened)
    return [t for n, t in enumerate(tokens) if n not in dropped]
