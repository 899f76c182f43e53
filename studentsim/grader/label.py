"""Labels an answer's text by the key.

The option is chosen by the letter on the last ``Answer:`` line, whatever value follows it, or by the value if there is no letter.
Two different letters on that line choose none: unanswered is wrong.
"""

from __future__ import annotations

import re

from studentsim.grader.prompt import CORRECT, WRONG
from studentsim.student.answer_parsing.final_line import parse_answer
from studentsim.teacher.answer_key import AnswerKeyGrader
from studentsim.types import Answer, Question

_LETTER_PATTERN = re.compile(r"(?i)(?<![\w])\(?([a-j])\)")
_JOINED_LETTER_PATTERN = re.compile(r"(?i)^\W*(?:or|and|,|/|&)\W*([a-j])\b\W*$")


def is_correct_by_key(question: Question, text: str) -> bool:
    """Whether a text is correct by the key."""
    letter, value = parse_answer(text, question)
    if letter is not None and value is not None and _names_another_letter(letter, value, question):
        letter = None
    return AnswerKeyGrader().grade(question, Answer(question.id, text, letter, value, 0.0, 0.0)).is_correct


def label_by_key(question: Question, text: str) -> str:
    """The grader's target: ``Correct`` or ``Wrong``."""
    return CORRECT if is_correct_by_key(question, text) else WRONG


def _names_another_letter(letter: str, value: str, question: Question) -> bool:
    """Whether the text after the first letter (``d`` in ``d) 5 or a) 6``) names another option's letter."""
    joined_letter = _JOINED_LETTER_PATTERN.match(value)
    named_letters = {other.lower() for other in _LETTER_PATTERN.findall(value)} | (
        {joined_letter[1].lower()} if joined_letter else set()
    )
    return any(other != letter and question.option(other) for other in named_letters)
