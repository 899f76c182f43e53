"""Replies of a language model to multiple-choice questions, by kind, as answers for a grader's data."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from studentsim.grader.reply_kinds import ReplyKind
from studentsim.grader.student_answer import StudentAnswer
from studentsim.student.answer_parsing.reply import parse_reply_full
from studentsim.types import Option, Question

LONG = (
    "To answer this we look at what is given, and at what is asked for, one after the other, with care. The sum of the shares is "
    "what both have together, and so the whole is found by adding them, which takes a line or two of sums. Then the parts are put "
    "beside each other, the larger first, so that their difference can be seen at once, and nothing is left over in the end."
)
"""An explanation that names no option; longer than a marker reads of an answer's end."""


def question(number: int, correct: str = "b") -> Question:
    """A question with five values of its own."""
    options = tuple(Option(letter, str(17 * number + 31 * k + 100)) for k, letter in enumerate("abcde"))
    return Question(f"q{number}", "own", "general", f"How much is number {number}?", options, correct, "")


def answer(asked: Question, text: str, *, ended: bool | None = True) -> StudentAnswer:
    """The answer as a run's journal tells it: read by the reader of replies, marked by the key."""
    read = parse_reply_full(text, asked, ended=ended)
    return StudentAnswer(
        asked, text, read.letter == asked.correct, "run", "model", 1, "study",
        letter=read.letter, value=read.value, value_letter=read.value_letter, ended=ended,
    )  # fmt: skip


def write(kind: ReplyKind, asked: Question, ticked: Option, other: Option) -> tuple[str, bool]:
    """A reply of this kind that ticks ``ticked``, and whether it ended."""
    named = f"{ticked.letter}) {ticked.text}"
    return {
        ReplyKind.LETTER_AND_VALUE: (named, True),
        ReplyKind.LETTER_ONLY: (f"({ticked.letter.upper()})", True),
        ReplyKind.VALUE_ONLY: (ticked.text, True),
        ReplyKind.LETTER_VALUE_MISMATCH: (f"{ticked.letter}) {other.text}", True),
        ReplyKind.LETTER_OTHER_VALUE: (f"{ticked.letter}) 7777", True),
        ReplyKind.ANSWER_THEN_EXPLANATION: (f"{named}\n\n{LONG}", True),
        ReplyKind.CHANGED_ANSWER: (f"{other.letter}) {other.text}\n\nThe answer is {named}", True),
        ReplyKind.WORKING_THEN_ANSWER: (f"{LONG}\nSo the answer is {named}.", True),
        ReplyKind.UNANSWERED: ("I do not know.", True),
        ReplyKind.TRUNCATED: (f"{LONG} And then we come to the", False),
    }[kind]


def replies(count: int, right_every: int = 4, seed: int = 0) -> Iterator[StudentAnswer]:
    """Answers of every kind in turn, each to a question of its own; one in ``right_every`` of those that tick is meant to be right."""
    rng = Random(seed)
    kinds = list(ReplyKind)
    for number in range(count):
        asked = question(number, rng.choice("abcde"))
        wrong = [option for option in asked.options if option.letter != asked.correct]
        ticked = asked.correct_option if number // len(kinds) % right_every == 0 else rng.choice(wrong)
        other = rng.choice([option for option in asked.options if option is not ticked])
        text, ended = write(kinds[number % len(kinds)], asked, ticked, other)
        yield answer(asked, text, ended=ended)
