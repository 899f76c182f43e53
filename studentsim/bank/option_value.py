r"""What an option is worth: its number, exactly, and its unit. ``1 / 3`` and ``2 / 6``, ``Rs. 50`` and ``Rs.50`` are one answer twice.

Only a text with a single number is worth one. Where its place in the text or what stands around it differs (``5 cm`` and ``5 m``,
``x - 5`` and ``- 5 x``), two options are not the same, and where something is computed (``√``, ``^``, ``+``), nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

MAX_LENGTH = 120
"""Longest text looked at, in characters."""

Value = tuple[Fraction, str]
"""A number, and what stands around it; ``#`` is where the number stood."""

_FRACTION = re.compile(r"\\[dt]?frac\s?\{(-?\d{1,12})\}\s?\{(\d{1,12})\}")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{2,3})*,\d{3}(?![\d,])")
_SIGN = re.compile(r"(?:^|(?<=[=:($]))\s?[-−–]\s?(?=[\d.])")
_BARE_POINT = re.compile(r"(?<![\w.])\.(?=\d)|(?:^|(?<=[-$(]))\. (?=\d)")
_STRAY_POINT = re.compile(r"(?:^|[^\sA-Za-z])\s?\.\s?#")
_NUMBER = re.compile(
    r"(?:(?P<whole>-?\d{1,12}) )?(?<![\d/])(?P<top>-?\d{1,12}) ?/ ?(?P<bottom>\d{1,12})(?![\d.])"
    r"|(?P<number>-?\d{1,15}(?:\.\d{1,12})?)"
)
_COMPUTED = re.compile(r"[/^√*×÷+!\\{}_|~]|\b(?:sqrt|log|root|pi|e)\b|[²³⁰-⁹₀-₉½⅓¼¾π]")
_WHOLE = re.compile(r"[^\d.,/\\{]*+(\d{1,15})[^\d.,/\\{]*+")
_PLURAL = re.compile(r"\b([^\W\d_]{3,})s\b")


@lru_cache(maxsize=8192)
def option_value(text: str) -> Value | None:
    r"""The number an option shows and its unit; None where it is not one number.

    >>> option_value("1 / 3") == option_value("2 / 6"), option_value("0.5") == option_value("1/2")
    (True, True)
    >>> option_value("Rs. 1,250") == option_value("Rs.1250"), option_value("50 %") == option_value("1/2")
    (True, False)
    >>> option_value("2 1/2 hours") == option_value("2.5 hour"), option_value(r"$\frac{2}{4}$") == option_value("0.5")
    (True, True)
    >>> option_value(". 9") == option_value(".90"), option_value(". 9") == option_value(". 09")
    (True, False)
    >>> option_value("5 mW") == option_value("5 MW"), option_value("x - 5") == option_value("- 5 x"), option_value("3 : 4")
    (False, False, None)
    """
    if len(text) > MAX_LENGTH or not any(c.isdigit() for c in text):
        return None
    text = _tidied(text)
    found = list(_NUMBER.finditer(text))
    if len(found) != 1:
        return None
    match = found[0]
    around = text[: match.start()] + "#" + text[match.end() :]
    if _COMPUTED.search(around) or _STRAY_POINT.search(around) or any(c.isdigit() for c in around):
        return None
    if match["number"]:
        value = Fraction(match["number"])
    elif int(match["bottom"]) == 0:
        return None
    else:
        part = Fraction(int(match["top"]), int(match["bottom"]))
        whole = int(match["whole"] or 0)
        if match["whole"] and part < 0:
            return None
        value = whole - part if (match["whole"] or "").startswith("-") else whole + part
    unit = _PLURAL.sub(r"\1", around)
    return value, re.sub(r"[\s.]+", "", unit)


def _tidied(text: str) -> str:
    """One way of writing for signs, thousands and LaTeX's fractions."""
    text = " ".join(text.replace("−", "-").replace("–", "-").split())
    if text.startswith("$") and text.endswith("$") and len(text) > 2:
        text = text[1:-1].strip()
    text = text.replace(r"\%", "%").replace(r"\$", "$").replace(r",\!", ",").replace("{,}", ",")
    text = _FRACTION.sub(r" \1/\2", text).strip()
    text = _GROUPED.sub(lambda match: match[0].replace(",", ""), text)
    text = re.sub(r"(?<=\d) , (?=\d{3}\b)", "", text)  # MathQA's "1 , 250"
    text = _SIGN.sub("-", text)
    return _BARE_POINT.sub("0.", text)


def worth_the_same(right: str, others: Sequence[str]) -> list[int]:
    """Which options of another text, however they are written, are worth what the right one is: their places, from 0.

    >>> worth_the_same("12 km", ["12.0 km", "13 km", "12 m"]), worth_the_same("about half", ["about half"])
    ([0], [])
    """
    if not any(c.isdigit() for c in right):
        return []
    # Nearly all options have one whole number each: where these differ, nothing else needs to be looked at.
    whole = _WHOLE.fullmatch(right)
    number = int(whole[1]) if whole else None
    found = []
    for place, text in enumerate(others):
        if text == right:  # the right option itself, or its text again
            continue
        other = _WHOLE.fullmatch(text) if whole else None
        if (other is None or int(other[1]) == number) and _equal(right, text):
            found.append(place)
    return found


def _equal(one: str, other: str) -> bool:
    value = option_value(one)
    return value is not None and value == option_value(other)
