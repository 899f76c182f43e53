"""Which kind of reply an answer is (``analysis/reply_kinds.py``), by what it ticked, the value it wrote, and where in its text.

Which option an answer ticks was found when it was given (``student/answer_parsing/``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from studentsim.grader.reply_classification import ReplyKind
from studentsim.grader.student_answer import StudentAnswer
from studentsim.student.answer_parsing.reply import parse_reply_full

MAX_SHORT_REPLY_WORDS = 12
"""Words of a reply of one line that has no working and no explanation, at most."""

_OPENING_LETTER_PATTERN = re.compile(
    r"(?i)\W{0,6}(?:(?:so|the|my|correct|final|right|answer|option|choice|letter|is)\b[\s:*]{0,4}){0,6}"
    r"\(?([a-j])(?:\s?[)\].:]|\s*$)"
)
_FILLER_PATTERN = re.compile(r"(?i)^\W*(?:(?:so|the|my|correct|final|right|answer|option|is)\b[\s:*=]*)*")


def classify_reply(answer: StudentAnswer) -> ReplyKind:
    """The kind of an answer, by what it ticked, the value it wrote, and where in its text."""
    if answer.ended is False:
        return ReplyKind.TRUNCATED
    if answer.letter is None:
        return ReplyKind.UNANSWERED
    value_letter = _find_value_letter(answer)
    if value_letter not in (None, answer.letter):
        return ReplyKind.LETTER_VALUE_MISMATCH
    lines = [line.strip() for line in answer.text.splitlines() if line.strip()]
    if len(lines) > 1 or len(answer.text.split()) > MAX_SHORT_REPLY_WORDS:
        return _classify_long_reply(lines[0], answer)
    if answer.value is None:
        return ReplyKind.LETTER_ONLY
    if not _mentions_option_letter(answer.letter, answer.text):
        return ReplyKind.VALUE_ONLY
    return ReplyKind.LETTER_AND_VALUE if value_letter else ReplyKind.LETTER_OTHER_VALUE


def sort_reply_kinds(kinds: Iterable[str]) -> list[ReplyKind]:
    """The kinds found, in the order in which figures are told."""
    names = set(kinds)
    return [kind for kind in ReplyKind if kind in names]


def _classify_long_reply(first_line: str, answer: StudentAnswer) -> ReplyKind:
    """Of a reply with more than an answer: what its first line says decides."""
    opening = _OPENING_LETTER_PATTERN.match(first_line)
    if opening:
        is_same_letter = opening[1].lower() == answer.letter
        return ReplyKind.ANSWER_THEN_EXPLANATION if is_same_letter else ReplyKind.CHANGED_ANSWER
    opening_value = _FILLER_PATTERN.sub("", first_line).strip(" .*")
    return (
        ReplyKind.ANSWER_THEN_EXPLANATION
        if opening_value and opening_value == answer.value
        else ReplyKind.WORKING_THEN_ANSWER
    )


def _find_value_letter(answer: StudentAnswer) -> str | None:
    """The option that the value beside the letter shows; read anew where the journal does not tell, as those of older versions."""
    if answer.value_letter or not answer.value:
        return answer.value_letter
    parsed = parse_reply_full(answer.text, answer.question, ended=answer.ended)
    return parsed.value_letter if parsed.letter == answer.letter else None


def _mentions_option_letter(letter: str | None, text: str) -> bool:
    """Whether a letter is written as an option's: ``d)``, ``(d)``, ``option d``, or first of all."""
    letter_pattern = rf"(?i)^\W*{letter}\b|(?<!\w)\(?{letter}\s?[)\].:]|\b(?:option|choice|letter|answer|is)\W{{1,3}}{letter}\b(?!['’])"
    return re.search(letter_pattern, text) is not None
