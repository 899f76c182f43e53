"""MathQA's annotated formula against its key: does working the formula out lead to the option that is said to be right?

A formula that leads to another option, or to none, does not prove the key wrong: the annotation may be. Either way the row
is doubtful, and a user should be told so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from studentsim import arithmetic
from studentsim.bank.draft import column
from studentsim.bank.formula import evaluate, evaluate_linear, numbers_in
from studentsim.records import Question

KEY, OTHER, NONE, UNKNOWN = "key", "other", "none", "unknown"
"""What an annotation leads to: the keyed option, another one, no option; or it, or the keyed option, has no value."""
SLACK = 0.005
"""Relative difference that counts as rounding: MathQA's constants are short (0.2778 for 5/18)."""


def annotated(values: Mapping[str, Any]) -> bool:
    """Whether a row has an annotation."""
    return any(
        isinstance(values.get(name), str) and values[name].strip() for name in ("annotated_formula", "linear_formula")
    )


def verdict(values: Mapping[str, Any], question: Question) -> tuple[str, str]:
    """What the row's annotation leads to (one of the four above), and a sentence on it."""
    value = _value(values)
    if value is None:
        return UNKNOWN, "the annotation cannot be evaluated"
    key = shown_number(question.right.text)
    if key is None:
        return UNKNOWN, f"the right option is no number: {question.right.text[:40]!r}"
    found = f"the annotation gives {value:.6g}"
    if leads_to(value, question.right.text):
        return KEY, f"{found}, as the right option {question.correct}"
    for option in question.options:
        if leads_to(value, option.text):
            return OTHER, f"{found}, which is option {option.letter}, but the key says {question.correct}"
    return NONE, f"{found}, which is no option; the key says {question.correct}: {question.right.text[:40]!r}"


def leads_to(value: float, option: str) -> bool:
    """Whether a formula's value is the number that an option shows, but for rounding."""
    shown = shown_number(option)
    return shown is not None and _same(value, *shown)


def _value(values: Mapping[str, Any]) -> float | None:
    formula, linear, problem = (column(values, name) for name in ("annotated_formula", "linear_formula", "Problem"))
    value = evaluate(formula) if isinstance(formula, str) else None
    if value is None and isinstance(linear, str) and isinstance(problem, str):
        value = evaluate_linear(linear, numbers_in(problem))
    return value


_MIXED = re.compile(r"(-?\d+) (\d+)/(\d+)")
_RATIO = re.compile(r"(\d+(?:\.\d+)?)\s*:\s*(\d+(?:\.\d+)?)")
_SQUARE_UNITS = re.compile(r"\b(mm|cm|dm|m|km|ft|feet|inch|inches|units?)\s*\^?\s*[23]\b")


def shown_number(text: str) -> tuple[float, int] | None:
    """The number that an option shows, and how many decimals it shows; None where it is not a single number.

    >>> shown_number("rs . 1,250"), shown_number("31 / 36"), shown_number("2 1 / 2 %"), shown_number("24 cm 2"), shown_number("4 π")
    ((1250.0, 0), (0.8611111111111112, 6), (2.5, 6), (24.0, 0), (12.566370614359172, 6))
    >>> shown_number("3 : 4"), shown_number("- 2"), shown_number("5 or 6"), shown_number("none of these")
    ((0.75, 6), (-2.0, 0), None, None)
    """
    text = _tidy(text.strip()[: arithmetic.MAX_LENGTH])
    if match := _RATIO.fullmatch(text):
        return (float(match[1]) / float(match[2]), 6) if float(match[2]) else None
    whole = 0
    if match := _MIXED.search(text):
        whole, text = int(match[1]), text.replace(match[0], f"{match[2]}/{match[3]}", 1)
    value = arithmetic.number(text)
    if value is None:
        return None
    value = Fraction(whole) + (value if whole >= 0 else -value)
    if "π" in text or re.search(r"\bpi\b", text):
        return float(value) * math.pi, 6
    if "√" in text or "^" in text:
        return None
    decimals = re.search(r"\.(\d+)", text)
    return float(value), 6 if "/" in text else len(decimals[1]) if decimals else 0


def _tidy(text: str) -> str:
    """MathQA's spaces taken out of numbers, other signs for minus put right, and the 2 of ``cm 2`` taken away."""
    text = re.sub(r"\s*/\s*", "/", _SQUARE_UNITS.sub(r"\1", text))
    text = re.sub(r"^(\D*?)[-–−]\s*(?=[\d.])", r"\1-", text)
    text = re.sub(r"^(-?)\.\s*(?=\d)", r"\g<1>0.", text)
    return re.sub(r"(\d) , (?=\d{3}\b)", r"\1,", text)


def _same(value: float, shown: float, decimals: int) -> bool:
    """Whether a value is the number shown, but for rounding to what is shown of it, or for short constants.

    A whole number below 10 is not taken for a rounded one: too many values would round to it.
    """
    rounding = 0.0 if decimals == 0 and abs(shown) < 10 else 0.5 * 10.0**-decimals
    return abs(value - shown) <= max(rounding, SLACK * abs(shown), 1e-9)
