"""Which label an answer gets: what the key says of the option that the text ticks.

The letter that a text names decides, whatever value stands beside it; without a letter, the value. The last ``Answer:`` line
counts. Two different letters on that line tick nothing: unanswered is wrong.
"""

from __future__ import annotations

import re

from studentsim.records import Answer, Question
from studentsim.student.parsing import read_answer
from studentsim.teacher.key import KeyTeacher
from studentsim.teacher.prompt import CORRECT, WRONG

_MARKED = re.compile(r"(?i)(?<![\w])\(?([a-j])\)")
_OR = re.compile(r"(?i)^\W*(?:or|and|,|/|&)\W*([a-j])\b\W*$")


def is_right(question: Question, text: str) -> bool:
    """Whether the key calls this text right."""
    letter, value = read_answer(text, question)
    if letter is not None and value is not None and _another_letter(letter, value, question):
        letter = None
    return KeyTeacher().mark(question, Answer(question.id, text, letter, value, 0.0, 0.0)).right


def label(question: Question, text: str) -> str:
    """The marker's target: ``Correct`` or ``Wrong``."""
    return CORRECT if is_right(question, text) else WRONG


def _another_letter(letter: str, value: str, question: Question) -> bool:
    """Whether what follows the first letter (``d`` in ``d) 5 or a) 6``) names another option's letter as well."""
    only = _OR.match(value)
    named = {found.lower() for found in _MARKED.findall(value)} | ({only[1].lower()} if only else set())
    return any(other != letter and question.option(other) for other in named)
