"""Which option an answer ticks: by a letter if the student wrote one, else by the value it ended in."""

from __future__ import annotations

import re

from studentsim.arithmetic import number
from studentsim.records import Question

_ANSWER = re.compile(r"(?im)^\s*answer\s*[:=]\s*(.+?)\s*$")
_LETTER = re.compile(r"(?i)^\(?([a-j])\)?(?:[).:]\s*(.*))?$")


def read_answer(text: str, question: Question) -> tuple[str | None, str | None]:
    """The chosen letter and the value written, either None where there is none.

    The last ``Answer:`` line counts. A pupil ticks the box that shows the number they got; a value that no option shows
    leaves the question unanswered. Values are compared as numbers: 0.5 is 1/2, 3,000 is 3000.
    """
    found = _ANSWER.findall(text)
    if not found:
        return None, None
    said = found[-1]
    letter = _LETTER.match(said)
    if letter and question.option(letter[1].lower()):
        return letter[1].lower(), letter[2] or None
    value = number(said)
    for option in question.options:
        if option.text.strip() == said or (value is not None and number(option.text) == value):
            return option.letter, said
    return None, said
