"""Whether the value beside a letter is that option's, another option's or none's."""

from __future__ import annotations

from studentsim.student.answer_parsing.claims import (
    ResolvedAnswer,
    starts_with_option,
    strip_justification,
    text_after_equals,
)
from studentsim.student.answer_parsing.options import ParsedOptions
from studentsim.student.answer_parsing.quantities import parse_quantity
from studentsim.student.answer_parsing.tokens import tokenize

MAX_WORDS_AROUND_VALUE = 4
"""A value with more words around it is none: ``about 24 km in all`` has four."""


def find_value_letter(resolved: ResolvedAnswer, options: ParsedOptions) -> str | None:
    """The option that the value beside a letter shows: the letter's own if it is one of them, else the only one.

    None where there is no letter, no value beside it, or not exactly one other option that shows it.
    """
    if resolved.letter is None or not resolved.value or strip_justification(f", {resolved.value}") == ",":
        return None
    if starts_with_option(resolved.letter, resolved.value, options):
        return resolved.letter
    stripped = strip_justification(resolved.value)
    for part in dict.fromkeys((resolved.value, stripped, text_after_equals(stripped, True) or "")):
        if letters := _matching_letters(part, options):
            return resolved.letter if resolved.letter in letters else letters[0] if len(letters) == 1 else None
    return None


def _matching_letters(value: str, options: ParsedOptions) -> list[str]:
    """Letters of the options whose text the value is, or that show it."""
    if letters := options.match_whole(value):
        return letters
    tokens = tokenize(value)
    quantity = parse_quantity(tokens)
    if quantity is None or len(quantity.words) > MAX_WORDS_AROUND_VALUE:
        return []
    return options.match_value(tokens) or []


def is_lone_value(value: str | None, options: ParsedOptions) -> bool:
    """Whether a value is an option's text, or one number with at most two words; an equation or a sentence is not."""
    if not value or len(value) > 2 * options.longest_option_chars + 60:
        return False
    if options.match_whole(value):
        return True
    quantity = parse_quantity(tokenize(value))
    return quantity is not None and len(quantity.words) <= 2 and not {"=", "≈"} & set(map(str, quantity.expression))
