r"""An option's value: its exact number and its unit. ``1 / 3`` equals ``2 / 6``, and ``Rs. 50`` equals ``Rs.50``.

Only a text with a single number has a value. Options are different if the number's position or the text around it differs
(``5 cm`` and ``5 m``, ``x - 5`` and ``- 5 x``). A text with an unevaluated operation (``√``, ``^``, ``+``) has no value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

MAX_OPTION_CHARS = 120
"""Longest text that is parsed, in characters."""

NumberWithUnit = tuple[Fraction, str]
"""A number, and the text around it with ``#`` in the number's position."""

_LATEX_FRACTION = re.compile(r"\\[dt]?frac\s?\{(-?\d{1,12})\}\s?\{(\d{1,12})\}")
_GROUPED_NUMBER = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{2,3})*,\d{3}(?![\d,])")
_MINUS_SIGN = re.compile(r"(?:^|(?<=[=:($]))\s?[-−–]\s?(?=[\d.])")
_LEADING_DECIMAL_POINT = re.compile(r"(?<![\w.])\.(?=\d)|(?:^|(?<=[-$(]))\. (?=\d)")
_STRAY_DECIMAL_POINT = re.compile(r"(?:^|[^\sA-Za-z])\s?\.\s?#")
_NUMBER = re.compile(
    r"(?:(?P<whole>-?\d{1,12}) )?(?<![\d/])(?P<top>-?\d{1,12}) ?/ ?(?P<bottom>\d{1,12})(?![\d.])"
    r"|(?P<number>-?\d{1,15}(?:\.\d{1,12})?)"
)
_UNEVALUATED_MATH = re.compile(r"[/^√*×÷+!\\{}_|~]|\b(?:sqrt|log|root|pi|e)\b|[²³⁰-⁹₀-₉½⅓¼¾π]")
_SINGLE_WHOLE_NUMBER = re.compile(r"[^\d.,/\\{]*+(\d{1,15})[^\d.,/\\{]*+")
_PLURAL_UNIT = re.compile(r"\b([^\W\d_]{3,})s\b")


@lru_cache(maxsize=8192)
def parse_number_with_unit(text: str) -> NumberWithUnit | None:
    r"""The number in an option's text and its unit; None if it is not a single number.

    >>> parse = parse_number_with_unit
    >>> parse("1 / 3") == parse("2 / 6"), parse("0.5") == parse("1/2"), parse("50 %") == parse("1/2")
    (True, True, False)
    >>> parse("Rs. 1,250") == parse("Rs.1250"), parse("2 1/2 hours") == parse("2.5 hour"), parse(r"$\frac{2}{4}$") == parse("0.5")
    (True, True, True)
    >>> parse(". 9") == parse(".90"), parse(". 9") == parse(". 09")
    (True, False)
    >>> parse("5 mW") == parse("5 MW"), parse("x - 5") == parse("- 5 x"), parse("3 : 4")
    (False, False, None)
    """
    if len(text) > MAX_OPTION_CHARS or not any(c.isdigit() for c in text):
        return None
    text = _normalize_option_number(text)
    matches = list(_NUMBER.finditer(text))
    if len(matches) != 1:
        return None
    match = matches[0]
    surrounding_text = text[: match.start()] + "#" + text[match.end() :]
    if (
        _UNEVALUATED_MATH.search(surrounding_text)
        or _STRAY_DECIMAL_POINT.search(surrounding_text)
        or any(c.isdigit() for c in surrounding_text)
    ):
        return None
    if match["number"]:
        value = Fraction(match["number"])
    elif int(match["bottom"]) == 0:
        return None
    else:
        fraction = Fraction(int(match["top"]), int(match["bottom"]))
        whole = int(match["whole"] or 0)
        if match["whole"] and fraction < 0:
            return None
        value = whole - fraction if (match["whole"] or "").startswith("-") else whole + fraction
    unit = _PLURAL_UNIT.sub(r"\1", surrounding_text)
    return value, re.sub(r"[\s.]+", "", unit)


def _normalize_option_number(text: str) -> str:
    """Normalise minus signs, thousands separators and LaTeX fractions."""
    text = " ".join(text.replace("−", "-").replace("–", "-").split())
    if text.startswith("$") and text.endswith("$") and len(text) > 2:
        text = text[1:-1].strip()
    text = text.replace(r"\%", "%").replace(r"\$", "$").replace(r",\!", ",").replace("{,}", ",")
    text = _LATEX_FRACTION.sub(r" \1/\2", text).strip()
    text = _GROUPED_NUMBER.sub(lambda match: match[0].replace(",", ""), text)
    text = re.sub(r"(?<=\d) , (?=\d{3}\b)", "", text)  # MathQA's "1 , 250"
    text = _MINUS_SIGN.sub("-", text)
    return _LEADING_DECIMAL_POINT.sub("0.", text)


def find_equal_value_options(correct: str, others: Sequence[str]) -> list[int]:
    """Indexes (from 0) of the options that have another text than the correct one, but the same value.

    >>> find_equal_value_options("12 km", ["12.0 km", "13 km", "12 m"]), find_equal_value_options("about half", ["about half"])
    ([0], [])
    """
    if not any(c.isdigit() for c in correct):
        return []
    # Nearly all options have one whole number each; if these differ, nothing else needs to be compared.
    correct_match = _SINGLE_WHOLE_NUMBER.fullmatch(correct)
    number = int(correct_match[1]) if correct_match else None
    equal_indexes = []
    for index, text in enumerate(others):
        if text == correct:  # the correct option itself, or its text again
            continue
        other_match = _SINGLE_WHOLE_NUMBER.fullmatch(text) if correct_match else None
        if (other_match is None or int(other_match[1]) == number) and _have_equal_value(correct, text):
            equal_indexes.append(index)
    return equal_indexes


def _have_equal_value(one: str, other: str) -> bool:
    value = parse_number_with_unit(one)
    return value is not None and value == parse_number_with_unit(other)
