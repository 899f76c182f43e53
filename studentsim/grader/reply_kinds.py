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

Every answer is of one kind (``classify_reply`` in reply_classification.py).
"""

from __future__ import annotations

from enum import StrEnum


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
