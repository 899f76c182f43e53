"""Checks MathQA's annotated formula against its answer key: is the formula's value the keyed option?

A formula that leads to another option, or to none, does not prove the key wrong; the annotation may be wrong. Either way the row is
doubtful.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from studentsim import arithmetic
from studentsim.datasets.adapter import get_field
from studentsim.datasets.formula import evaluate_formula, evaluate_linear_formula, extract_numbers
from studentsim.types import Question

MATCHES_KEY, MATCHES_OTHER_OPTION, MATCHES_NO_OPTION, NOT_COMPARABLE = "key", "other", "none", "unknown"
"""What an annotation's value matches: the keyed option, another one, or none; or it, or the keyed option, has no value."""
RELATIVE_TOLERANCE = 0.005
"""Relative difference that counts as rounding: MathQA's constants have few digits (0.2778 for 5/18)."""


def has_formula_annotation(values: Mapping[str, Any]) -> bool:
    """Whether a row has an annotation."""
    return any(
        isinstance(values.get(name), str) and values[name].strip() for name in ("annotated_formula", "linear_formula")
    )


def compare_formula_to_key(values: Mapping[str, Any], question: Question) -> tuple[str, str]:
    """(outcome, reason): one of the four constants above, and a sentence on it for users."""
    value = _evaluate_annotation(values)
    if value is None:
        return NOT_COMPARABLE, "the annotation cannot be evaluated"
    key_number = parse_number_with_decimals(question.correct_option.text)
    if key_number is None:
        return NOT_COMPARABLE, f"the right option is no number: {question.correct_option.text[:40]!r}"
    finding = f"the annotation gives {value:.6g}"
    if value_matches_option(value, question.correct_option.text):
        return MATCHES_KEY, f"{finding}, as the right option {question.correct}"
    for option in question.options:
        if value_matches_option(value, option.text):
            return (
                MATCHES_OTHER_OPTION,
                f"{finding}, which is option {option.letter}, but the key says {question.correct}",
            )
    return (
        MATCHES_NO_OPTION,
        f"{finding}, which is no option; the key says {question.correct}: {question.correct_option.text[:40]!r}",
    )


def value_matches_option(value: float, option_text: str) -> bool:
    """Whether a formula's value equals the number in an option's text, up to rounding."""
    shown = parse_number_with_decimals(option_text)
    return shown is not None and _equals_up_to_rounding(value, *shown)


def _evaluate_annotation(values: Mapping[str, Any]) -> float | None:
    formula, linear, problem = (get_field(values, name) for name in ("annotated_formula", "linear_formula", "Problem"))
    value = evaluate_formula(formula) if isinstance(formula, str) else None
    if value is None and isinstance(linear, str) and isinstance(problem, str):
        value = evaluate_linear_formula(linear, extract_numbers(problem))
    return value


_MIXED_NUMBER = re.compile(r"(-?\d+) (\d+)/(\d+)")
_RATIO = re.compile(r"(\d+(?:\.\d+)?)\s*:\s*(\d+(?:\.\d+)?)")
_AREA_OR_VOLUME_UNITS = re.compile(r"\b(mm|cm|dm|m|km|ft|feet|inch|inches|units?)\s*\^?\s*[23]\b")


def parse_number_with_decimals(text: str) -> tuple[float, int] | None:
    """The number in an option's text and its number of decimals (6 for fractions and π); None if it is not a single number.

    >>> [parse_number_with_decimals(text) for text in ("rs . 1,250", "31 / 36", "2 1 / 2 %", "24 cm 2", "4 π")]
    [(1250.0, 0), (0.8611111111111112, 6), (2.5, 6), (24.0, 0), (12.566370614359172, 6)]
    >>> [parse_number_with_decimals(text) for text in ("3 : 4", "- 2", "5 or 6", "none of these")]
    [(0.75, 6), (-2.0, 0), None, None]
    """
    text = _normalize_number_text(text.strip()[: arithmetic.MAX_EXPRESSION_CHARS])
    if match := _RATIO.fullmatch(text):
        return (float(match[1]) / float(match[2]), 6) if float(match[2]) else None
    whole_part = 0
    if match := _MIXED_NUMBER.search(text):
        whole_part, text = int(match[1]), text.replace(match[0], f"{match[2]}/{match[3]}", 1)
    value = arithmetic.parse_number(text)
    if value is None:
        return None
    value = Fraction(whole_part) + (value if whole_part >= 0 else -value)
    if "π" in text or re.search(r"\bpi\b", text):
        return float(value) * math.pi, 6
    if "√" in text or "^" in text:
        return None
    decimals = re.search(r"\.(\d+)", text)
    return float(value), 6 if "/" in text else len(decimals[1]) if decimals else 0


def _normalize_number_text(text: str) -> str:
    """Remove MathQA's spaces inside numbers and the 2 of ``cm 2``; replace other minus signs by "-"."""
    text = re.sub(r"\s*/\s*", "/", _AREA_OR_VOLUME_UNITS.sub(r"\1", text))
    text = re.sub(r"^(\D*?)[-–−]\s*(?=[\d.])", r"\1-", text)
    text = re.sub(r"^(-?)\.\s*(?=\d)", r"\g<1>0.", text)
    return re.sub(r"(\d) , (?=\d{3}\b)", r"\1,", text)


def _equals_up_to_rounding(value: float, shown: float, decimals: int) -> bool:
    """Whether ``value`` rounds to the shown number, or is within ``RELATIVE_TOLERANCE`` of it.

    A whole number below 10 does not count as rounded: too many values would round to it.
    """
    rounding = 0.0 if decimals == 0 and abs(shown) < 10 else 0.5 * 10.0**-decimals
    return abs(value - shown) <= max(rounding, RELATIVE_TOLERANCE * abs(shown), 1e-9)
