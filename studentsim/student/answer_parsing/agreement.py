"""Whether the value that stands beside a letter is that option's, another's, or none's."""

from __future__ import annotations

from studentsim.student.answer_parsing.claims import Reading, begins, behind_equals, reasonless
from studentsim.student.answer_parsing.options import Options, quantity
from studentsim.student.answer_parsing.tokens import read_tokens

WORDS = 4
"""Words that stand around a value at most: ``about 24 km in all``. Where there are more, the text says something else."""


def value_letter(reading: Reading, options: Options) -> str | None:
    """The option that the value beside a reading's letter shows: the letter's own where that is one of them; else the only one.

    None where no letter is named, no value stands beside it, or none or several of the other options show it.
    """
    if reading.letter is None or not reading.value or reasonless(f", {reading.value}") == ",":
        return None
    if begins(reading.letter, reading.value, options):
        return reading.letter
    plainly = reasonless(reading.value)
    for part in dict.fromkeys((reading.value, plainly, behind_equals(plainly, True) or "")):
        if shown := _shown(part, options):
            return reading.letter if reading.letter in shown else shown[0] if len(shown) == 1 else None
    return None


def _shown(value: str, options: Options) -> list[str]:
    """The options that a value is, or that show it."""
    if found := options.whole(value):
        return found
    tokens = read_tokens(value)
    one = quantity(tokens)
    return options.valued(tokens) or [] if one and len(one.words) <= WORDS else []


def alone(value: str | None, options: Options) -> bool:
    """Whether a value is another option's text, or one number with a unit or two words: no sum, no sentence."""
    if not value or len(value) > 2 * options.longest + 60:
        return False
    if options.whole(value):
        return True
    found = quantity(read_tokens(value))
    return found is not None and len(found.words) <= 2 and not {"=", "≈"} & set(map(str, found.core))
