"""What language models write, and which option it ticks: a table of real-looking replies, and laws that hold for any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reply_cases import parse_reply

from studentsim.curriculum.generator import generate_questions
from studentsim.student.answer_parsing.final_line import parse_answer
from studentsim.student.answer_parsing.text_cleaning import clean_text, comparison_key
from studentsim.types import Option, Question


def question(*texts: str) -> Question:
    options = tuple(Option(letter, text) for letter, text in zip("abcde", texts, strict=False))
    return Question("q", "math_qa", "general", "How many?", options, "c", "", split="study")


NUMBERS = question("18", "20", "24", "30", "36")
MONEY = question("rs . 500", "rs . 1 , 200", "rs . 550", "$ 24", "none of these")
WORDS = question("the park", "the old park", "twice as many", "3 : 4", "25 , 5")
UNITS = question("24 m", "24 km", "1 / 2", "0.75", "4 π")
FIVES = question("5", "10", "15", "1", "2")

CASES = [
    # --- a letter, in every dress
    (NUMBERS, "**Answer: (c)**", "c"),
    (NUMBERS, "option c", "c"),
    (NUMBERS, "Option C.", "c"),
    (NUMBERS, "The correct answer is c) 24", "c"),
    (NUMBERS, "The correct answer is **c) 24**.", "c"),
    (NUMBERS, "The answer is (C).", "c"),
    (NUMBERS, "The answer is C", "c"),
    (NUMBERS, "the answer is c because 12 + 12 = 24", "c"),
    (NUMBERS, "Answer: c", "c"),
    (NUMBERS, "Answer:\nc", "c"),
    (NUMBERS, "ANSWER: [C]", "c"),
    (NUMBERS, "Ans: (c)", "c"),
    (NUMBERS, "Ans. c", "c"),
    (NUMBERS, "answer : c .", "c"),
    (NUMBERS, "Answer - C", "c"),
    (NUMBERS, "Answer (C)", "c"),
    (NUMBERS, "c", "c"),
    (NUMBERS, "C.", "c"),
    (NUMBERS, "(c)", "c"),
    (NUMBERS, "c) 24", "c"),
    (NUMBERS, "c. 24", "c"),
    (NUMBERS, "C: 24", "c"),
    (NUMBERS, "**(c) 24**", "c"),
    (NUMBERS, "c) 24\n\nThe three numbers add up to 72, and 72 / 3 = 24.", "c"),
    (NUMBERS, "So option C is right.", "c"),
    (NUMBERS, "Therefore, the correct option is (c) 24.", "c"),
    (NUMBERS, "Hence, option (c) is correct.", "c"),
    (NUMBERS, "(c) 24 is the correct answer.", "c"),
    (NUMBERS, "The right choice would be c.", "c"),
    (NUMBERS, "I would choose option C.", "c"),
    (NUMBERS, "I'll go with c) 24.", "c"),
    (NUMBERS, "I pick (b).", "b"),
    (NUMBERS, "This matches option c.", "c"),
    (NUMBERS, "72 / 3 = 24, which corresponds to option (c).", "c"),
    (NUMBERS, "The final answer is: $\\boxed{c}$", "c"),
    (NUMBERS, "\\boxed{\\text{(C)}}", "c"),
    (NUMBERS, "\\boxed{C) 24}", "c"),
    (NUMBERS, "Sure, here is the answer:\n\nThe answer is **c) 24**.\n\nExplanation: we add and divide.", "c"),
    (NUMBERS, "The answer to the multiple-choice question is **c**.", "c"),
    (NUMBERS, "### Answer: C", "c"),
    (NUMBERS, "> Correct answer: c", "c"),
    (NUMBERS, "The correct answer is A.", "a"),
    (NUMBERS, "The answer is a) 18.", "a"),
    (NUMBERS, "The answer is a 18", "a"),
    (NUMBERS, "Answer: e) 36 km", "e"),
    (NUMBERS, "The answer is D, since 6 × 5 = 30.", "d"),
    (NUMBERS, "<think>Maybe the answer is a? No.</think>\nThe answer is d.", "d"),
    (NUMBERS, "a) 18\nb) 20\nc) 24\nd) 30\ne) 36\nThe answer is d.", "d"),
    (NUMBERS, "Option a is incorrect. Option b is correct.", "b"),
    (NUMBERS, "The answer is not a. The answer is e.", "e"),
    (NUMBERS, "The answer is b. Wait, let me check: 72 / 3 = 24. So the answer is c.", "c"),
    (NUMBERS, "I am not sure, but I think the answer is c.", "c"),
    # --- letter and value disagree: marking goes by letter
    (NUMBERS, "Answer: c) 30", "c"),
    # --- a value
    (NUMBERS, "24", "c"),
    (NUMBERS, "24.", "c"),
    (NUMBERS, "**24**", "c"),
    (NUMBERS, "24.0", "c"),
    (NUMBERS, "\\boxed{24}", "c"),
    (NUMBERS, "Adding gives 72.\n\n$$\\boxed{24}$$", "c"),
    (NUMBERS, "The average is \\(\\boxed{24}\\).", "c"),
    (NUMBERS, "The answer is 24.", "c"),
    (NUMBERS, "The answer is 24 because 72 / 3 = 24.", "c"),
    (NUMBERS, "Answer: 72 ÷ 3 = 24", "c"),
    (NUMBERS, "Add: 30 + 42 = 72\nShare: 72 ÷ 3 = 24\nAnswer: 24", "c"),
    (NUMBERS, "We have 30 + 42 = 72\nand so 72 / 3 = 24", "c"),
    (NUMBERS, "24 is the correct answer.", "c"),
    (NUMBERS, "$24", "c"),
    (NUMBERS, "The result is approximately 24", "c"),
    (MONEY, "The answer is Rs. 1,200.", "b"),
    (MONEY, "rs . 500", "a"),
    (MONEY, "Rs 550", "c"),
    (MONEY, "The answer is \\$24.", "d"),
    (MONEY, "The answer is 1200 rupees.", "b"),
    (UNITS, "\\frac{1}{2}", "c"),
    (UNITS, "The probability is \\boxed{\\dfrac{1}{2}}", "c"),
    (UNITS, "The answer is 0.5.", "c"),
    (UNITS, "Answer: 3/4", "d"),
    (UNITS, "The answer is 24 km.", "b"),
    (UNITS, "\\boxed{4\\pi}", "e"),
    (UNITS, "Answer: 4 pi", "e"),
    # --- an option's text
    (MONEY, "None of these", "e"),
    (MONEY, "The correct answer is none of these.", "e"),
    (WORDS, "The answer is twice as many.", "c"),
    (WORDS, "The answer is the park.", "a"),
    (WORDS, "The answer is the old park.", "b"),
    (WORDS, "The ratio is therefore 3 : 4\nAnswer: 3:4", "d"),
    (WORDS, "Answer: 25, 5", "e"),
    # --- unanswered: two letters
    (NUMBERS, "The answer is a or c.", None),
    (NUMBERS, "The answer is either (a) or (c).", None),
    (NUMBERS, "a) or c)", None),
    (NUMBERS, "Answer: b) 20 and c) 24", None),
    (NUMBERS, "Both b and d are correct.", None),
    (NUMBERS, "Answer: a/c", None),
    # --- unanswered: a refusal, nothing, or what no option shows
    (NUMBERS, "", None),
    (NUMBERS, "   \n", None),
    (NUMBERS, "I cannot answer this question.", None),
    (FIVES, "I'm sorry, there is not enough information to answer. There were 5", None),
    (FIVES, "As an AI I do not know. = 10", None),
    (NUMBERS, "The answer is 25.", None),
    (NUMBERS, "Answer: f", None),
    (NUMBERS, "\\boxed{123456}", None),
    (UNITS, "The answer is 24.", None),
    (NUMBERS, "The answer is a number between 18 and 20.", None),
    (NUMBERS, "Let me think step by step. First we add all three numbers together and then", None),
    (NUMBERS, "a) 18\nb) 20\nc) 24\nd) 30\ne) 36", None),
    (NUMBERS, "<think>The answer is c", None),
    (NUMBERS, "The answer is not c.", None),
    (NUMBERS, "A train travels 24 km, then another 30 km, and it goes on for a long while after that.", None),
]


@pytest.mark.parametrize(
    ("question", "reply", "letter"), CASES, ids=[f"{n}: {r[:30]!r}" for n, (_, r, _) in enumerate(CASES)]
)
def test_the_reply_ticks_the_option_it_means(question, reply, letter):
    assert parse_reply(reply, question)[0] == letter


def test_the_table_is_long_enough():
    assert len(CASES) >= 80 and sum(letter is None for *_, letter in CASES) >= 15


@given(
    st.sampled_from("abcde"),
    st.sampled_from(["Answer: {})", "The answer is ({}).", "Option {}", "\\boxed{{{}}}", "**{})**"]),
)
def test_every_letter_is_read_in_every_dress(letter, dress):
    for said in (letter, letter.upper()):
        assert parse_reply(dress.format(said), NUMBERS)[0] == letter


@given(st.text(max_size=300))
def test_any_text_at_all_is_read_without_an_error_and_ticks_an_option_or_nothing(text):
    for q in (NUMBERS, WORDS, MONEY):
        assert parse_reply(text, q)[0] in (None, *"abcde")


@given(st.text(alphabet="(*a)b.c 2=4\\boxed{}:answer is\n", max_size=120))
def test_scraps_of_answers_are_read_without_an_error(text):
    assert parse_reply(text, NUMBERS)[0] in (None, *"abcde")


@pytest.mark.parametrize(
    "text", ["(" * 20_000, "the answer is " * 5_000, "a or " * 8_000, "\\boxed{" * 5_000, "24 = " * 10_000]
)
@pytest.mark.timeout(20)
def test_long_nonsense_takes_no_long_time(text):
    parse_reply(text, NUMBERS)


def test_the_embedded_students_own_answers_tick_the_same_option_either_way():
    for skill in ("average-of-three", "profit-percent", "chance-of-one-kind"):
        for q in generate_questions(skill, "study", 20):
            for option in q.options:
                text = option.solution or f"Answer: {option.text}"
                assert parse_reply(text, q)[0] == parse_answer(text, q)[0] == option.letter


def test_the_value_is_told_beside_the_letter():
    assert parse_reply("The answer is c) 24.", NUMBERS) == ("c", "24")
    assert parse_reply("Answer: 25", NUMBERS) == (None, "25")


def test_markdown_and_latex_come_off():
    assert clean_text("**x** = $\\frac{3}{4}$, `y`") == "x = 3/4, y"
    assert comparison_key(" Rs. 1,200 . ") == "1200" and comparison_key("None of these.") == "noneofthese"
