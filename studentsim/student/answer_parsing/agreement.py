"""Whether the value that stands beside a letter is that option's, another's, or none's."""

from __future__ import annotations

from studentsim.student.answer_parsing.claims import (
    ResolvedAnswer,
    starts_with_option,
    strip_justification,
    text_after_equals,
)
from studentsim.student.answer_parsing.options import ParsedOptions, parse_quantity
from studentsim.student.answer_parsing.tokens import tokenize

MAX_WORDS_AROUND_VALUE = 4
"""Words that stand around a value at most: ``about 24 km in all``. Where there are more, the text says something else."""


def find_value_letter(resolved: ResolvedAnswer, options: ParsedOptions) -> str | None:
    """The option that the value beside a reading's letter shows: the letter's own where that is one of them; else the only one.

    None where no letter is named, no value stands beside it, or none or several of the other options show it.
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
    """The options that a value is, or that show it."""
    if letters := options.match_whole(value):
        return letters
    tokens = tokenize(value)
    value_quantity = parse_quantity(tokens)
    return (
        options.match_value(tokens) or []
        if value_quantity and len(value_quantity.words) <= MAX_WORDS_AROUND_VALUE
        else []
    )


def is_lone_value(value: str | None, options: ParsedOptions) -> bool:
    """Whether a value is another option's text, or one number with a unit or two words: no sum, no sentence."""
    if not value or len(value) > 2 * options.longest_option_chars + 60:
        return False
    if options.match_whole(value):
        return True
    value_quantity = parse_quantity(tokenize(value))
    return (
        value_quantity is not None
        and len(value_quantity.words) <= 2
        and not {"=", "≈"} & set(map(str, value_quantity.expression))
    )
