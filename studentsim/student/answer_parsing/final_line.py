"""Parses an answer that ends in an ``Answer:`` line: the option is chosen by its letter, else by its value."""

from __future__ import annotations

import re

from studentsim.arithmetic import parse_number
from studentsim.types import Question

_ANSWER_LINE = re.compile(r"(?im)^\s*answer\s*[:=]\s*(.+?)\s*$")
_LETTER_ANSWER = re.compile(r"(?i)^\(?([a-j])\)?(?:[).:]\s*(.*))?$")


def parse_answer(text: str, question: Question) -> tuple[str | None, str | None]:
    """The chosen letter and the value written, either None where there is none.

    The last ``Answer:`` line counts. A value that no option shows leaves the question unanswered. Values are compared as numbers:
    0.5 is 1/2, 3,000 is 3000.
    """
    answer_lines = _ANSWER_LINE.findall(text)
    if not answer_lines:
        return None, None
    answer_text = answer_lines[-1]
    letter = _LETTER_ANSWER.match(answer_text)
    if letter and question.option(letter[1].lower()):
        return letter[1].lower(), letter[2] or None
    value = parse_number(answer_text)
    for option in question.options:
        if option.text.strip() == answer_text or (value is not None and parse_number(option.text) == value):
            return option.letter, answer_text
    return None, answer_text
