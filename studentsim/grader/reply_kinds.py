"""The kinds of reply: language models answer in many forms, and a grader may read some of them worse than others.

| kind | example, if the chosen option is b) 980 |
|---|---|
| letter and value | b) 980 |
| letter alone | (B) |
| value alone | 980 |
| letter and value disagree | a) 980: the letter counts |
| letter with no option's value | b) 975 |
| answer, then explanation | b) 980, then lines of reasons |
| another letter first | a) 2200, and further down: The answer is b) |
| working, then answer | lines of working, then: so the answer is b) 980 |
| nothing chosen | I do not know. |
| cut off | it reached the limit of tokens, whatever it chose |

Every answer is of one kind (``classify_reply``). The option that it chose was parsed when it was given
(``student/answer_parsing/``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from studentsim.grader.student_answer import StudentAnswer
from studentsim.student.answer_parsing.reply import parse_reply_full

MAX_SHORT_REPLY_WORDS = 12
"""Most words of a one-line reply without working and explanation."""

_OPENING_LETTER_PATTERN = re.compile(
    r"(?i)\W{0,6}(?:(?:so|the|my|correct|final|right|answer|option|choice|letter|is)\b[\s:*]{0,4}){0,6}"
    r"\(?([a-j])(?:\s?[)\].:]|\s*$)"
)
_FILLER_PATTERN = re.compile(r"(?i)^\W*(?:(?:so|the|my|correct|final|right|answer|option|is)\b[\s:*=]*)*")


class ReplyKind(StrEnum):
    """A form of reply; the values are stored in files."""

    LETTER_AND_VALUE = "letter_and_value"
    LETTER_ONLY = "letter_only"
    VALUE_ONLY = "value_only"
    LETTER_VALUE_MISMATCH = "letter_value_mismatch"
    LETTER_OTHER_VALUE = "letter_other_value"
    ANSWER_THEN_EXPLANATION = "answer_then_explanation"
    CHANGED_ANSWER = "changed_answer"
    WORKING_THEN_ANSWER = "working_then_answer"
    UNANSWERED = "unanswered"
    TRUNCATED = "truncated"

    @property
    def title(self) -> str:
        """The kind's name as shown to users."""
        return REPLY_KIND_TITLES[self]


REPLY_KIND_TITLES = {
    ReplyKind.LETTER_AND_VALUE: "letter and value agree",
    ReplyKind.LETTER_ONLY: "bare letter",
    ReplyKind.VALUE_ONLY: "value alone",
    ReplyKind.LETTER_VALUE_MISMATCH: "letter and value disagree",
    ReplyKind.LETTER_OTHER_VALUE: "letter, no option's value",
    ReplyKind.ANSWER_THEN_EXPLANATION: "answer, then explanation",
    ReplyKind.CHANGED_ANSWER: "another letter first",
    ReplyKind.WORKING_THEN_ANSWER: "working, then answer",
    ReplyKind.UNANSWERED: "nothing ticked",
    ReplyKind.TRUNCATED: "cut off",
}


def classify_reply(answer: StudentAnswer) -> ReplyKind:
    """The kind of an answer, by the option it chose, the value it wrote, and their positions in its text."""
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
    """The distinct kinds among these, in display order."""
    names = set(kinds)
    return [kind for kind in ReplyKind if kind in names]


def _classify_long_reply(first_line: str, answer: StudentAnswer) -> ReplyKind:
    """The kind of a reply that has more than an answer, by its first line."""
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
    """The letter of the option that the answer's value shows; parsed again if an older version's journal lacks it."""
    if answer.value_letter or not answer.value:
        return answer.value_letter
    parsed = parse_reply_full(answer.text, answer.question, ended=answer.ended)
    return parsed.value_letter if parsed.letter == answer.letter else None


def _mentions_option_letter(letter: str | None, text: str) -> bool:
    """Whether a text names an option by its letter: ``d)``, ``(d)``, ``option d``, or at its start."""
    letter_pattern = rf"(?i)^\W*{letter}\b|(?<!\w)\(?{letter}\s?[)\].:]|\b(?:option|choice|letter|answer|is)\W{{1,3}}{letter}\b(?!['’])"
    return re.search(letter_pattern, text) is not None
