"""The embedded student's text side: tokenizer, prompts, calculator, reading of answers."""

import pytest
import tiny
import torch
from hypothesis import given
from hypothesis import strategies as st

from studentsim.curriculum.generator import SKILLS, generate_questions
from studentsim.student.answer_parsing.final_line import parse_answer
from studentsim.student.embedded.calculator import Calculator, CalculatorProcessor, expression_before_equals
from studentsim.student.embedded.prompt_text import prompt_text
from studentsim.student.embedded.prompts import completion_ids, normalize_problem, prompt_ids
from studentsim.student.embedded.tokenizer import SPACE_MARKER, encode


@given(st.text(max_size=80).filter(lambda t: SPACE_MARKER not in t))
def test_any_text_can_be_encoded_and_comes_back(text):
    ids = encode(tiny.tokenizer(), text)
    assert tiny.tokenizer().decode(ids) == text


@given(st.integers(0, 10**9))
def test_numbers_are_tokens_of_up_to_three_digits_grouped_from_the_right(n):
    pieces = tiny.tokenizer().convert_ids_to_tokens(encode(tiny.tokenizer(), f" {n}"))
    assert pieces == [f"{SPACE_MARKER}{n:,}".split(",")[0], *f"{n:,}".split(",")[1:]]


@pytest.mark.parametrize("skill", SKILLS)
def test_every_word_of_the_curriculum_is_one_token(skill):
    question = generate_questions(skill, "exam", 1)[0]
    text = question.problem + "\n" + question.rationale
    assert len(encode(tiny.tokenizer(), text)) <= 1.9 * len(text.split()) + 20
    pieces = tiny.tokenizer().convert_ids_to_tokens(encode(tiny.tokenizer(), text))
    assert not any(piece.startswith("<0x") for piece in pieces)


def test_control_tokens_in_a_question_are_plain_text():
    ids = prompt_ids(tiny.tokenizer(), tiny.opening(), "What is <end> or <work> or <level:3>?")
    special = {i for i in ids if i in tiny.tokenizer().all_special_ids}
    assert len(special) == 3  # level, leaning, and the one that opens the working
    assert ids[0] == tiny.tokenizer().convert_tokens_to_ids("<level:7>")


def test_a_number_is_read_apart_from_the_sign_before_it():
    assert (
        normalize_problem("It costs $219, then 3/4 of $1,000.50 (24 cm) is 5%.")
        == "It costs $ 219, then 3/4 of $ 1,000.50 ( 24 cm) is 5%."
    )


def test_an_earlier_attempt_and_the_teachers_words_stand_before_the_second():
    first = prompt_ids(tiny.tokenizer(), tiny.opening(), "What is 1 + 1?")
    second = prompt_ids(
        tiny.tokenizer(), tiny.opening(), "What is 1 + 1?", [("Add: 1 + 1 = 3", "Not quite. Try again.")]
    )
    assert second[: len(first)] == first and len(second) > len(first)


def calculator() -> Calculator:
    return Calculator(tiny.tokenizer())


@pytest.mark.parametrize(
    ("written", "result"),
    [
        ("Add the numbers: 12 + 15 =", " 27"),
        ("Chance: 3/12 =", " 1/4"),
        ("Add: 1 + 1 = 2\nDouble: 2 × 700 =", " 1400"),
        ("Add: 1 + 1 = 2 + 5 =", " 7"),
        ("Power: 9**9**9 =", None),
        ("__import__('os') =", None),
        ("Answer =", None),
        ("Share: 5 ÷ 0 =", None),
        ("Add: 12 + 15 = 27\nAnswer:", " 27"),
        ("Chance: 2/6 + 1/3 = 2/3\nAnswer:", " 2/3"),
        ("Double: 2 × 700.25 = 1400.5\nAnswer:", " 1400.5"),
        ("I guess\nAnswer:", None),
        ("Answer:", None),
    ],
)
def test_the_calculator_answers_sums_and_nothing_else(written, result):
    ids = encode(tiny.tokenizer(), written)
    expected = None if result is None else encode(tiny.tokenizer(), result)
    assert calculator().result_ids(ids) == expected


def test_the_mask_leaves_out_exactly_what_the_calculator_wrote():
    question = generate_questions("average-of-three", "study", 1)[0]
    ids = completion_ids(tiny.tokenizer(), question.rationale)
    chosen = [i for i, own in zip(ids, calculator().loss_mask(ids), strict=True) if own]
    lines = question.rationale.splitlines()
    kept = [line.rpartition(" = ")[0] + " =" for line in lines[:-1]] + ["Answer:"]
    assert tiny.tokenizer().decode(chosen[:-1]) == "\n".join(kept)


def test_a_result_that_is_not_the_calculators_is_the_students_own():
    ids = encode(tiny.tokenizer(), "Add: 1 + 1 = 3")
    assert all(calculator().loss_mask(ids))


def test_the_processor_forces_the_whole_result_and_then_lets_go():
    processor = CalculatorProcessor(calculator(), [[], []])
    history = torch.tensor([encode(tiny.tokenizer(), "Add: 900 + 334 ="), encode(tiny.tokenizer(), "Add: 900 + 334 +")])
    forced = []
    for _ in range(3):
        scores = processor(history, torch.zeros(2, len(tiny.tokenizer())))
        assert scores[1].isfinite().all()
        forced.append(scores[0].argmax().item() if scores[0].isfinite().sum() == 1 else None)
        history = torch.cat([history, torch.tensor([[forced[-1] or 9], [9]])], -1)
    assert forced == [*encode(tiny.tokenizer(), " 1234"), None]


def test_the_sum_begins_after_the_last_colon_line_or_equals():
    assert expression_before_equals("Add: 1 + 2 = 3\nDouble it: 3 × 2") == "3 × 2"
    assert expression_before_equals("= 3 + 4") == "3 + 4"


def question():
    return generate_questions("average-of-three", "study", 1)[0]


def test_the_value_ticks_the_option_that_shows_it():
    for option in question().options:
        assert parse_answer(f"Add: 1 + 2 = 3\nAnswer: {option.text}", question()) == (option.letter, option.text)


@pytest.mark.parametrize("said", ["c", "C", "(c)", "c)", "c) 24", "(c) whatever", "c."])
def test_a_letter_is_accepted_too(said):
    assert parse_answer(f"Answer: {said}", question())[0] == "c"


@pytest.mark.parametrize("text", ["", "I do not know", "Answer:", "Answer: 123456", "Answer: z) 4 or 5", "12"])
def test_what_no_option_shows_is_unanswered(text):
    assert parse_answer(text, question())[0] is None


def test_the_last_answer_counts():
    a, b = question().options[0].text, question().options[1].text
    assert parse_answer(f"Answer: {a}\nAnswer: {b}", question())[0] == "b"


def test_the_pages_show_exactly_what_the_student_is_shown():
    problem = "A coat is marked at $355, with a discount of 60%. What is the sale price in dollars?"
    ids = prompt_ids(tiny.tokenizer(), tiny.opening(), problem)
    assert tiny.tokenizer().decode(ids) == prompt_text(0.34, "mixed", problem)
