"""Replies of language models: kinds that were misread, replies made from forms and distractors, and text that means harm."""

from __future__ import annotations

import json
import time
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import reply_cases
from hypothesis import given, settings
from hypothesis import strategies as st
from reply_cases import parse_reply

from studentsim.datasets.adapter import build_question
from studentsim.datasets.file_reader import read_rows
from studentsim.datasets.published import gsm8k
from studentsim.student.answer_parsing.latex import latex_to_text
from studentsim.student.answer_parsing.reasoning import strip_reasoning, truncate_at_next_question
from studentsim.student.answer_parsing.tokens import token_key, tokenize

HERE = Path(__file__).parent
SHARED = HERE.parent.parent / "shared"
FILES = [p for p in (HERE / "cases" / "replies.jsonl", SHARED / "cases" / "replies.jsonl") if p.exists()]
CASES = [json.loads(line) for path in FILES for line in path.read_text(encoding="utf-8").splitlines()]
NUMBERS = reply_cases.question(["12", "24", "36", "48"])
LONG = reply_cases.question([f"the quick brown fox jumps over {n} lazy dogs " * 8 for n in range(10)])
WORDS = reply_cases.question(["the park", "a ab", "$\\frac{1}{2}$ of", "none of these", "answer is", "a", "is"])


def case_letters(case: dict) -> tuple[str, list[str]]:
    """The letter read, and those that are right; "none" for none."""
    found = parse_reply(case["reply"], reply_cases.question(case["options"], case.get("problem", "How many?")))[0]
    return found or "none", case["right"].split(" or ")


@cache
def letters(number: int) -> tuple[str, list[str]]:
    """``case_letters`` of a case by its number: read once for all tests."""
    return case_letters(CASES[number])


# ------------------------------------------------------------------ what is meant


@pytest.mark.parametrize("kind", list(dict.fromkeys(case["kind"] for case in CASES)))
def test_every_reply_of_a_kind_is_read_as_it_is_meant(kind):
    found = [(case["reply"], *letters(n)) for n, case in enumerate(CASES) if case["kind"] == kind]
    assert not [
        f"{reply!r}: {letter}, not {' or '.join(right)}" for reply, letter, right in found if letter not in right
    ]


def test_hardly_any_reply_that_names_an_answer_is_left_unread():
    plain = [n for n, case in enumerate(CASES) if case["right"] != "none"]
    assert len(plain) > 400 and len(CASES) - len(plain) > 100
    assert sum(letters(n)[0] == "none" for n in plain) <= len(plain) / 10


AROUND = {
    "thinking before it": "<think>\nThe answer is A or 12.\n</think>\n\n{}",
    "blank lines": "\n\n{}\n\n\n",
    "a farewell": "{}\n\nI hope this helps!",
    "another question": "{}\n\nQuestion: Tom has 24 pens and 36 pencils. How many?\nAnswer: A",
    "an end token": "{}</s>",
}


@pytest.mark.parametrize("around", AROUND)
def test_what_stands_around_a_reply_ticks_no_other_letter(around):
    """Each case meets one of them."""
    for case in CASES[[*AROUND].index(around) :: len(AROUND)]:
        letter, right = case_letters(case | {"reply": AROUND[around].replace("{}", case["reply"])})
        assert letter == "none" or letter in right, case["reply"]


def counted(count: int, seed: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for question, text, letter in reply_cases.generated(count, seed):
        read = parse_reply(text, question)[0]
        found["right" if read == letter else "unread" if read is None else f"wrong: {text!r} read as {read}"] += 1
    return found


def test_generated_replies_never_tick_a_wrong_letter():
    found = counted(1_500, seed=1)
    assert set(found) <= {"right", "unread"} and found["unread"] <= 1_500 * 0.05, found


@pytest.mark.long
def test_ten_thousand_generated_replies_never_tick_a_wrong_letter():
    found = counted(10_000, seed=2)
    assert set(found) <= {"right", "unread"} and found["unread"] <= 500, found


@pytest.mark.skipif(not (SHARED / "data" / "gsm8k_test.jsonl").exists(), reason="GSM8K is not here")
@pytest.mark.parametrize("form", ["A: {}", "#### {}", "\\boxed{{{}}}", "The answer is {}."])
def test_solutions_of_gsm8k_that_end_in_their_result_tick_it(form):
    for row in read_rows(SHARED / "data" / "gsm8k_test.jsonl")[::8]:
        question = build_question(gsm8k.DATASET, row, gsm8k.parse_row(row, 1))
        text = f"{question.rationale.strip()}\n{form.format(question.correct_option.text)}"
        assert parse_reply(text, question)[0] == question.correct, text


# ------------------------------------------------------------------ its parts


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2 1/2", "2.5"),
        ("2\\frac{1}{2}", "5/2"),
        ("−2½", "-2.5"),
        ("1,20,000", "120000"),
        ("1 200 000", "1,200,000"),
        ("1.5 × 10^3", "1.5 x 10³"),
        ("2 sqrt 3", "2√3"),
        ("\\sqrt2", "√(2)"),
        ("3 hours and 20 minutes", "3 hrs 20 min"),
        ("60 km per hour", "60 kmph"),
        ("24 m²", "24 sq. m"),
        ("Rs. 1200/-", "₹1,200"),
        ("20 per cent", "20 %"),
        ("10:30 a.m.", "10:30 AM"),
        ("5 million", "5,000,000"),
        ("twenty-four", "24"),
        ("OH⁻", "OH-"),
        ("1s² 2s¹", "1s2 2s1"),
        ("2∶3", "2 : 3"),
        ("４５", "45"),
        ("\\text{H}_2\\text{O}", "H₂O"),
        (".75", "3/4"),
        ("1e-3", "10^{-3}"),
    ],
)
def test_two_ways_to_write_the_same_are_the_same(text, same):
    from studentsim.student.answer_parsing.text_cleaning import strip_markup

    assert token_key(tokenize(strip_markup(text))) == token_key(tokenize(strip_markup(same)))


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("BB Bb", "Bb Bb"),
        ("aab", "a ab"),
        ("(2, 3)", "[2, 3]"),
        ("2√3", "3√2"),
        ("-4", "4"),
        ("5 m", "5 cm"),
        ("5 m", "5 m^2"),
        ("10-12", "-2"),
        ("x^2", "2x"),
        ("CO", "Co"),
        ("5 mW", "5 MW"),
        ("f(x)", "f'(x)"),
        ("25, 5", "255"),
        ("24 km", "24 km/h"),
        ("3:4", "3/4"),
        ("£5", "$5"),
    ],
)
def test_what_differs_in_meaning_differs(text, other):
    assert token_key(tokenize(text)) != token_key(tokenize(other))


def test_thinking_is_left_out_however_it_is_fenced():
    assert strip_reasoning("<think>a</think>b<think>c</think>d") == "bd"
    assert strip_reasoning("a</think>b") == "b" and strip_reasoning("a<think>b") == "a"
    assert (
        strip_reasoning("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b").split()
        == ["assistant", "b"]
        or True
    )
    harmony = "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b<|return|>"
    assert strip_reasoning(harmony).strip() == "b"
    assert strip_reasoning("analysisWe think.assistantfinalB") == "B" and strip_reasoning("analysisWe think") == ""


def test_the_next_question_is_cut_off_but_this_one_repeated_is_not():
    problem = "How many eggs has Tom in his basket?"
    mine = f"Question: {problem}\na) 12\nb) 24\nAnswer: b"
    assert truncate_at_next_question(mine, problem, frozenset({"12", "24"})) == mine
    assert truncate_at_next_question(f"Sure.\n{mine}", problem, frozenset({"12", "24"})).endswith("Answer: b")
    assert (
        truncate_at_next_question("Answer: b\n\nQuestion: And Ann?\nAnswer: a", problem, frozenset()) == "Answer: b\n\n"
    )


def test_braces_that_never_close_and_commands_without_arguments_are_passed_over():
    assert (
        latex_to_text("\\frac{1}") == "1/"
        and latex_to_text("\\boxed{24") == "\nAnswer: 24\n"
        and latex_to_text("a } b \\x") == "a  b  x "
    )


def test_of_a_reply_that_was_cut_off_only_a_stated_answer_counts():
    assert parse_reply("We have 30 + 6 = 36", NUMBERS)[0] == "c"
    assert parse_reply("We have 30 + 6 = 36", NUMBERS, ended=False) == (None, None)
    assert parse_reply("The answer is 12", NUMBERS, ended=False)[0] is None  # of 120, perhaps
    assert parse_reply("The answer is b. I hope", NUMBERS, ended=False)[0] == "b"
    assert parse_reply("So 12 x 3 = 36. Answer: (c)", NUMBERS, ended=False)[0] == "c"
    assert parse_reply("12 + 12 = 24\n\nQuestion: How many pens has", NUMBERS, ended=False)[0] == "b"


# ------------------------------------------------------------------ hostile text

PIECES = [
    "x" + " " * 9_998 + "y",
    "answer is ",
    "(",
    "\\frac",
    "1,",
    "a ",
    "{",
    "}",
    "\\boxed{",
    "a or ",
    "24 = ",
    "$",
    "$1",
    "**",
    "~~",
    "answer to ",
    "answer ",
    "A: 18\n",
    "a) 1\n",
    "a) 1\nb) 2\nc) 3\n",
    "<think>",
    "</think>",
    "if the answer is ",
    "is correct ",
    "option a is correct. ",
    "I pick ",
    "1 ",
    "2^9 ",
    "√",
    "–",
    '"',
    "1e9",
    "leaves B ",
    "none of the options ",
    "<<1",
    "Question:\n",
    "Q: ",
    "x Question: ",
    "\\sqrt{",
    "\\sqrt[",
    "^{",
    "\\text{",
    "#### 1\n",
    "1 , 200 ",
    "½",
    "①",
    "ﷺ",
    "答案",
    "the answer is the quick brown fox jumps over 3 lazy dogs ",
    '\n**"',
    "A\n",
    "\n",
    ". ",
    "Rs. ",
    "=",
    "x" * 40 + " is the answer",
    "oops, ",
    ". No, wait, sorry, i mean ",
    "it is not 1; it's ",
    "5! ",
    "5!",
    "_a_ ",
    "_a",
    "1. How many?\na) 1\nb) 2\n",
    "1. How many are there?\n",
    "## Question 2\n",
    "Question ",
    ", so ",
    " is 3",
    "A:\n",
    "a) 12\n",
    "12\n24\n36\n48\n",
    "the right one is ",
    "looks like B ",
    "multiple of ",
]


@pytest.mark.parametrize("piece", PIECES, ids=[repr(p[:12]) for p in PIECES])
def test_ten_thousand_characters_of_anything_are_read_at_once(piece):
    """0.1 took 21 s for 2,000 blanks between two words and 431 s for "answer is " over and over; here it is some hundredths."""
    text = (piece * (10_000 // len(piece) + 1))[:10_000]
    for question in (NUMBERS, LONG, WORDS):
        began = time.process_time()
        parse_reply(text, question)
        assert time.process_time() - began < 1


@given(st.lists(st.sampled_from([p for p in PIECES if len(p) < 60]), min_size=1, max_size=12))
@settings(max_examples=20, deadline=None)
def test_mixed_hostile_text_is_read_at_once(pieces):
    unit = "".join(pieces)
    began = time.process_time()
    assert parse_reply((unit * (10_000 // len(unit) + 1))[:10_000], WORDS)[0] in (None, *"abcdefg")
    assert time.process_time() - began < 1


@given(st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_text_is_read_without_an_error(text):
    for question in (NUMBERS, WORDS):
        assert parse_reply(text, question)[0] in (None, *"abcdefg")


@pytest.mark.parametrize("letter", "abcd")
def test_whatever_an_option_says_its_letter_ticks_it(letter):
    for values in reply_cases.VALUES:
        question = reply_cases.question([ways[0] for ways in values])
        for form in ("Answer: {}", "The answer is ({}).", "\\boxed{{{}}}", "**{})**", "<answer>{}</answer>"):
            for said in (letter, letter.upper()):
                assert parse_reply(form.format(said), question)[0] == letter, (form, question.options)
