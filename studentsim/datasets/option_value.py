r"""What an option is worth: its number, exactly, and its unit. ``1 / 3`` and ``2 / 6``, ``Rs. 50`` and ``Rs.50`` are one answer twice.

Only a text with a single number is worth one. Where its place in the text or what stands around it differs (``5 cm`` and ``5 m``,
``x - 5`` and ``- 5 x``), two options are not the same, and where something is computed (``√``, ``^``, ``+``), nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

MAX_OPTION_CHARS = 120
"""Longest text looked at, in characters."""

NumberWithUnit = tuple[Fraction, str]
"""A number, and what stands around it; ``#`` is where the number stood."""

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
    r"""The number an option shows and its unit; None where it is not one number.

    >>> parse_number_with_unit("1 / 3") == parse_number_with_unit("2 / 6"), parse_number_with_unit("0.5") == parse_number_with_unit("1/2")
    (True, True)
    >>> parse_number_with_unit("Rs. 1,250") == parse_number_with_unit("Rs.1250"), parse_number_with_unit("50 %") == parse_number_with_unit("1/2")
    (True, False)
    >>> parse_number_with_unit("2 1/2 hours") == parse_number_with_unit("2.5 hour"), parse_number_with_unit(r"$\frac{2}{4}$") == parse_number_with_unit("0.5")
    (True, True)
    >>> parse_number_with_unit(". 9") == parse_number_with_unit(".90"), parse_number_with_unit(". 9") == parse_number_with_unit(". 09")
    (True, False)
    >>> parse_number_with_unit("5 mW") == parse_number_with_unit("5 MW"), parse_number_with_unit("x - 5") == parse_number_with_unit("- 5 x"), parse_number_with_unit("3 : 4")
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
    """One way of writing for signs, thousands and LaTeX's fractions."""
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
    """Which options of another text, however they are written, are worth what the right one is: their places, from 0.

    >>> find_equal_value_options("12 km", ["12.0 km", "13 km", "12 m"]), find_equal_value_options("about half", ["about half"])
    ([0], [])
    """
    if not any(c.isdigit() for c in correct):
        return []
    # Nearly all options have one whole number each: where these differ, nothing else needs to be looked at.
    correct_match = _SINGLE_WHOLE_NUMBER.fullmatch(correct)
    number = int(correct_match[1]) if correct_match else None
    equal_indexes = []
    for index, text in enumerate(others):
        if text == correct:  # the right option itself, or its text again
            continue
        other_match = _SINGLE_WHOLE_NUMBER.fullmatch(text) if correct_match else None
        if (other_match is None or int(other_match[1]) == number) and _have_equal_value(correct, text):
            equal_indexes.append(index)
    return equal_indexes


def _have_equal_value(one: str, other: str) -> bool:
    value = parse_number_with_unit(one)
    return value is not None and value == parse_number_with_unit(other)
