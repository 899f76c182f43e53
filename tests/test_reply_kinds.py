"""The kind of a reply, by what stands in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from written_replies import LONG, answer, question, write

from studentsim.grader.reply_kinds import ReplyKind, classify_reply, sort_reply_kinds
from studentsim.types import Option

ASKED = replace(
    question(0), options=tuple(Option(c, t) for c, t in zip("abcde", ("2200", "980", "1100", "12", "1/2"), strict=True))
)


@pytest.mark.parametrize("kind", list(ReplyKind))
def test_a_reply_of_each_kind_is_told_as_such(kind: ReplyKind):
    _, ticked, other, *_ = ASKED.options
    text, ended = write(kind, ASKED, ticked, other)
    found = answer(ASKED, text, ended=ended)
    assert classify_reply(found) is kind
    assert found.letter == (None if kind in (ReplyKind.UNANSWERED, ReplyKind.TRUNCATED) else ticked.letter)
    assert kind.title


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("B) 980", ReplyKind.LETTER_AND_VALUE),
        ("The answer is (b) 980.", ReplyKind.LETTER_AND_VALUE),
        ("a)", ReplyKind.LETTER_ONLY),
        ("Answer: 980", ReplyKind.VALUE_ONLY),
        ("Answer: 0.5", ReplyKind.VALUE_ONLY),
        ("a) 980", ReplyKind.LETTER_VALUE_MISMATCH),
        ("a) 980\n\nThe answer is a) 980.", ReplyKind.LETTER_VALUE_MISMATCH),
        ("b) 980\nBecause 900 + 80 = 980.", ReplyKind.ANSWER_THEN_EXPLANATION),
        ("980\n\nBecause 900 + 80 = 980.", ReplyKind.ANSWER_THEN_EXPLANATION),
        ("a) 2200\n\nThe answer is b) 980", ReplyKind.CHANGED_ANSWER),
        ("900 + 80 = 980\nAnswer: 980", ReplyKind.WORKING_THEN_ANSWER),
        ("A train goes 900 and then 80 km, which makes 980 in all, so that the correct option is b) 980", ReplyKind.WORKING_THEN_ANSWER),
        ("a) 2200\nb) 980\nc) 1100", ReplyKind.UNANSWERED),
        ("", ReplyKind.UNANSWERED),
    ],
)  # fmt: skip
def test_replies_as_small_models_write_them(text: str, kind: ReplyKind):
    assert classify_reply(answer(ASKED, text)) is kind


def test_a_reply_that_was_cut_off_is_one_whatever_it_ticked():
    found = answer(ASKED, f"The answer is b) 980.\n{LONG}", ended=False)
    assert found.letter == "b" and classify_reply(found) is ReplyKind.TRUNCATED


def test_journals_that_do_not_tell_which_option_the_value_shows_are_read_anew():
    agree, disagree = answer(ASKED, "b) 980"), answer(ASKED, "a) 980")
    assert (agree.value_letter, disagree.value_letter) == ("b", "b")
    kinds = [classify_reply(replace(a, value_letter=None, ended=None)) for a in (agree, disagree)]
    assert kinds == [ReplyKind.LETTER_AND_VALUE, ReplyKind.LETTER_VALUE_MISMATCH]


def test_kinds_are_told_in_one_order():
    assert sort_reply_kinds([ReplyKind.TRUNCATED, ReplyKind.LETTER_ONLY, ReplyKind.TRUNCATED]) == [
        ReplyKind.LETTER_ONLY,
        ReplyKind.TRUNCATED,
    ]
