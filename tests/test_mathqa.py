"""MathQA: the traps of its format, its file, and rows that are no good."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from pathlib import Path

import pytest
from question_rows import load_questions, questions_from_rows

from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.published.mathqa import DATASET, parse_options
from studentsim.datasets.splits import assign_split
from studentsim.errors import BankError
from studentsim.types import LETTERS

SMALL = Path(__file__).parent / "fixtures" / "mathqa_small.json"
DEV = Path(__file__).parents[2] / "shared" / "data" / "mathqa_dev.json"
ROWS = json.loads(SMALL.read_text(encoding="utf-8"))


def load_mathqa(path):
    return load_questions(path, "math_qa")


def asked_by(values):
    return questions_from_rows(DATASET, [RawRow(number, row) for number, row in enumerate(values, start=1)])


def texts(question) -> list[str]:
    return [option.text for option in question.options]


def saved(tmp_path, content, name="questions.json") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def changed(**fields) -> list:
    return [ROWS[0], {**ROWS[1], **fields}]


def test_the_traps_of_the_format_are_read_rightly():
    average, circle, two_numbers, balls, train, train_again = load_mathqa(SMALL)
    assert texts(average) == ["8", "10", "14", "24", "none of these"]
    assert texts(circle) == ["2 π", "4", "8 π", "4 π", "16"]
    assert texts(two_numbers) == ["25 , 5", "20 , 10", "15 , 15", "1,000 , 5", "30 , 0"]
    assert texts(train) == ["1 , b's way", "10", "100", "$ 600", "1,000"]
    assert (
        balls.correct == "c"
        and balls.correct_option.letter == "c"
        and balls.options[0].text == balls.correct_option.text
    )
    assert [q.category for q in (average, circle, balls, train)] == ["general", "geometry", "probability", "physics"]
    assert average.rationale == "sum = 3 * 8 = 24 . third = 24 - 14 = 10 . answer : b ."
    assert balls.rationale == '1 of 4 balls is red , "so 1 / 4" . answer : c'
    assert all(o.solution is None and o.misconception is None for o in circle.options)


def test_ids_are_stable_distinct_and_of_the_question_alone():
    questions = load_mathqa(SMALL)
    assert questions[0].id == "mathqa-10aa866069c2"
    assert len({q.id for q in questions}) == len(questions)
    assert [q.id for q in asked_by(ROWS[::-1])] == [q.id for q in questions][::-1]
    twice = asked_by([ROWS[0], ROWS[0], ROWS[0]])
    assert [q.id for q in twice] == [twice[0].id, f"{twice[0].id}-2", f"{twice[0].id}-3"]


def test_equal_problems_fall_to_the_same_split():
    *_, train, train_again = load_mathqa(SMALL)  # they differ in a capital, a space and their options
    assert train.split == train_again.split == assign_split(train.problem)


def test_splits_have_their_shares():
    counts = Counter(assign_split(f"what is {n} + {n} ?") for n in range(4000))
    assert abs(counts["exam"] / 4000 - 0.25) < 0.03 and abs(counts["validation"] / 4000 - 0.05) < 0.015


def test_a_row_a_line_and_a_byte_order_mark_are_read_too(tmp_path):
    expected = load_mathqa(SMALL)
    lines = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS) + "\r\n\r\n"
    assert load_mathqa(saved(tmp_path, lines.encode())) == expected
    assert load_mathqa(saved(tmp_path, b"\xef\xbb\xbf" + SMALL.read_bytes())) == expected
    assert pickle.loads(pickle.dumps(expected)) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a ) 1 , b ) 2 , c ) 3 , d ) 4", "a to e"),
        ("a ) 1 , b ) 2 , c ) 3 , d ) 4 , d ) 5", "a to e"),
        ("b ) 1 , a ) 2 , c ) 3 , d ) 4 , e ) 5", "a to e"),
        ("first a ) 1 , b ) 2 , c ) 3 , d ) 4 , e ) 5", "a to e"),
        ("", "a to e"),
        ("['a ) 1', 'b ) 2'", "no list that can be read"),
        ("[__import__('os').getcwd()]", "no list that can be read"),
        ("[" * 100_000, "no list that can be read"),
        ("[1, 2]", "no list of texts"),
    ],
)
def test_options_that_are_not_a_to_e_are_refused(text, problem):
    with pytest.raises(ValueError, match=problem):
        parse_options(text)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (changed(correct="f"), "Row 2: the right answer is 'f'"),
        (changed(correct=""), "Row 2: 'correct' is blank"),
        (changed(correct=3), "Row 2: 'correct' is 3, not text"),
        (changed(options="a ) 1"), "Row 2: options are not exactly a to e"),
        (changed(options=["a ) 1"]), "Row 2: 'options' is"),
        (changed(category="algebra"), "Row 2: the category is 'algebra'"),
        (changed(Problem="  "), "Row 2: 'Problem' is blank"),
        (changed(Problem="a\0b"), "Row 2: 'Problem' holds a NUL"),
        (changed(Problem="x" * 1_000_000), "Row 2: 'Problem' has 1,000,000 characters"),
        (changed(Problem="\ud800"), "Row 2: 'Problem' holds half a character"),
        (changed(Rationale=None), "Row 2: 'Rationale' is missing"),
        ([ROWS[0], "a question"], "Row 2: it is 'a question'"),
        ([ROWS[0], None], "Row 2: it is None"),
        ([{"question": "?"}], "Row 1: 'Problem' is missing"),
        ([], "not a single row"),
    ],
)
def test_a_bad_row_is_named_with_its_number(tmp_path, rows, problem):
    with pytest.raises(BankError, match=problem) as caught:
        load_mathqa(saved(tmp_path, rows))
    assert caught.value.remedy and len(str(caught.value)) < 500


@pytest.mark.skipif(not DEV.exists(), reason="MathQA's dev file is not here")
def test_the_whole_dev_file_is_read():
    questions = load_mathqa(DEV)
    assert len(questions) == 4475 == len({q.id for q in questions})
    assert all(tuple(o.letter for o in q.options) == LETTERS and all(o.text for o in q.options) for q in questions)
    assert Counter(q.category for q in questions) == {
        "general": 2006, "physics": 1056, "gain": 743, "geometry": 308, "other": 288, "probability": 74,
    }  # fmt: skip
    assert sum(texts(q).count(q.correct_option.text) > 1 for q in questions) == 14
    assert not any(q.rationale.startswith('"') and q.rationale.endswith('"') for q in questions)
    assert min(Counter(q.split for q in questions).values()) > 150
