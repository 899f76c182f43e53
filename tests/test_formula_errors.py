"""Wrong answers sorted by the question's annotated formula: each kind, what cannot be known, hostile text, and what pages make of it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import plain_event
from question_rows import load_questions
from visits import link_labels, text_of, visit
from weak_runs import make_weak_run

from studentsim.datasets.formula import OPERATIONS
from studentsim.labels.titles import misconception_title
from studentsim.reporting import html
from studentsim.settings import TeacherSettings
from studentsim.store.database import Database
from studentsim.store.ingest import sync_journals
from studentsim.teacher.answer_key import AnswerKeyGrader
from studentsim.teacher.formula_errors import (
    COPIED_NUMBER,
    FORMULA_ERRORS,
    NO_WORKING,
    OTHER_OPERATION,
    STEP_LEFT_OUT,
    WRONG_NUMBERS,
    classify_formula_error,
)
from studentsim.teacher.teacher import Teacher
from studentsim.teacher.written_sums import extract_operations
from studentsim.types import Answer, Option, Question

SMALL = Path(__file__).parent / "fixtures" / "mathqa_small.json"


def question(problem: str, formula: str | None, *options: str, correct: str = "a", **other) -> Question:
    texts = tuple(Option(letter, text) for letter, text in zip("abcde", options, strict=False))
    return Question("q", "math_qa", "general", problem, texts, correct, "", formula=formula, **other)


CRATES = question(
    "A shop sells 12 crates of 30 eggs and 45 single eggs . How many eggs is that ?",
    "add(multiply(12, 30), 45)", "405", "360", "87", "315", "45",
)  # fmt: skip
INTEREST = question(
    "What is the simple interest on $ 600 at 20 % for 3 years ?",
    "multiply(multiply(600, divide(20, const_100)), 3)", "$ 360", "$ 120", "$ 200", "$ 36", "$ 600",
)  # fmt: skip
SPEED = question("A train covers 480 km in 6 hours . Its speed ?", "speed(480, 6)", "80", "2880", "474", "60", "480")
ROOT = question("The area of a square is 64 . Its side ?", "sqrt(64)", "8", "16", "32", "64", "4096")


def answer(text: str, letter: str | None = "b", value: str | None = None, ended: bool | None = True) -> Answer:
    return Answer("q", text, letter, value, -1.0, 1.0, ended=ended)


# ------------------------------------------------------------------ each kind


@pytest.mark.parametrize(
    "asked, text, kind",
    [
        # right operations, wrong numbers
        (CRATES, "12 * 20 = 240\n240 + 45 = 285\nAnswer: (d)", WRONG_NUMBERS),
        (CRATES, "12 × 30 = 350 eggs, and 350 + 45 = 395. Answer: (b)", WRONG_NUMBERS),  # worked out wrongly
        (CRATES, "12 * 30 = 360, 360 + 45 = 395. So b) 360", WRONG_NUMBERS),
        (CRATES, "\\[ 12 \\times 45 = 540 \\] \\[ 540 + 30 = 570 \\] The answer is b", WRONG_NUMBERS),
        (SPEED, "The speed is 6 / 480 = 0.0125 km/h, so b", WRONG_NUMBERS),  # the wrong way round
        (INTEREST, "20% of 500 = 100, 100 x 3 = $300. Answer: (b)", WRONG_NUMBERS),
        # a step left out
        (CRATES, "12 crates * 30 eggs = 360 eggs. Answer: (b) 360", STEP_LEFT_OUT),
        (CRATES, "12 + 45 = 57, so the answer is c", STEP_LEFT_OUT),
        (INTEREST, "20% of 600 = $120. Answer: (b)", STEP_LEFT_OUT),
        (INTEREST, "We need 20/100 of 600 = 120 dollars. Answer: b", STEP_LEFT_OUT),
        (INTEREST, "600 × 3 = 1800. Answer: (c)", STEP_LEFT_OUT),
        # another operation
        (CRATES, "12 + 30 = 42\n42 + 45 = 87\nAnswer: (c)", OTHER_OPERATION),
        (CRATES, "12 times 30 is 360 and 360 - 45 = 315. Answer: (d)", OTHER_OPERATION),
        (SPEED, "480 * 6 = 2,880 km/h. The answer is b) 2880", OTHER_OPERATION),
        (SPEED, "$480 - 6 = 474$, so the answer is c", OTHER_OPERATION),
        # a number copied
        (
            SPEED,
            "The train covers that distance in one go, which is why its speed is this. Answer: e) 480",
            COPIED_NUMBER,
        ),
        (
            CRATES,
            "There are many crates of eggs in the shop, and the rest stand beside them. Answer: (e) 45",
            COPIED_NUMBER,
        ),
        (ROOT, "A square has an area, and its side is as long as the area is large, so it is d) 64", COPIED_NUMBER),
        # no working
        (CRATES, "b) 360", NO_WORKING),
        (CRATES, "The correct answer is: **d) 315**", NO_WORKING),
        (SPEED, "B", NO_WORKING),
        (SPEED, "The answer is e) 480", NO_WORKING),
        (ROOT, "b) 16", NO_WORKING),
    ],
)
def test_each_kind_is_told_where_formula_and_working_tell_it(asked, text, kind):
    value = next((o.text for o in asked.options if text.rstrip("*").endswith(f") {o.text}")), None)
    letter = next((o.letter for o in asked.options if o.text == value), "b")
    assert classify_formula_error(asked, answer(text, letter, value)) == kind


@pytest.mark.parametrize(
    "asked, given",
    [
        (CRATES, answer("12 * 30 = 360\n360 + 45 = 405\nAnswer: (b)")),  # the working is right, what was ticked is not
        (CRATES, answer("45 + 30 * 12 = 405. Answer: (b)")),
        (INTEREST, answer("600 * 20 / 100 = 120. Answer: (b)")),  # in another order than the formula
        (CRATES, answer("45 - 30 = 15 and 15 / 12 = 1.25. Answer: (b)")),  # other operations on other ways
        (CRATES, answer("12 * 31 = 372, 372 - 45 = 327. Answer: (b)")),  # two errors
        (
            CRATES,
            answer("It has 12 - 30 eggs in 45 crates, so it must be this one of all of them: b"),
        ),  # no equals sign
        (CRATES, answer("We have crates with eggs and single eggs, and we look at what is asked for. Answer: (b)")),
        (CRATES, answer("12 * 30 = 360. Answer: (b)", ended=False)),  # it was cut off: another step may have come
        (CRATES, answer("Answer: b) 360", ended=None)),  # a scored exam: nothing was written
        (CRATES, answer("12 * 30 = 360", None)),  # nothing ticked
        (CRATES, answer("12 * 30 = 360", "a")),  # right
        (
            SPEED,
            answer("They went for some hours over the land and through it, and so its speed is b) 6", "b", "6"),
        ),  # too small
        (SPEED, answer("480 / 6 = 80. Answer: e) 480", "e", "480")),
        (ROOT, answer("64 / 2 = 32. Answer: (c)", "c")),  # no sum shows a root
        (replace(CRATES, formula=None), answer("b) 360")),
        (replace(CRATES, formula="add(12, 30)"), answer("b) 360")),  # the annotation does not lead to the key
        (replace(CRATES, formula="import os"), answer("b) 360")),
        (replace(CRATES, correct="e"), answer("b) 360")),
    ],
)
def test_what_cannot_be_known_is_not_guessed(asked, given):
    assert classify_formula_error(asked, given) is None


def test_a_fraction_or_sum_of_the_question_is_no_working():
    asked = question("3 / 4 + 1 / 4 of 60 is what ?", "multiply(60, const_1)", "60", "3 / 4", "15", "1 / 4")
    assert classify_formula_error(asked, answer("b) 3 / 4")) == NO_WORKING


def test_percentages_are_read_as_they_are_written():
    for text in ("600 * 20% = 120", "600 × 0.2 = 120", "20% of $600 = $120", "20/100 = 0.2 and 600 * 0.2 = 120"):
        assert classify_formula_error(INTEREST, answer(f"{text}. Answer: (b)")) == STEP_LEFT_OUT, text


def test_shapes_are_sums_too():
    garden = question(
        "A garden is 12 m by 7 m . Its fence ?", "rectangle_perimeter(12, 7)", "38 m", "19 m", "84 m", "26 m"
    )
    assert classify_formula_error(garden, answer("12 + 7 = 19 m. Answer: (b)")) == STEP_LEFT_OUT
    assert classify_formula_error(garden, answer("12 × 7 = 84, 2 × 84 = 168. Answer: (c)")) == OTHER_OPERATION


# ------------------------------------------------------------------ the sums of a working


@pytest.mark.parametrize(
    "text, sums",
    [
        ("$5 per day x 7 days = $35", [(5, "×", 7, 35)]),
        ("\\frac{20}{100} \\times 50 = 10", [(20, "÷", 100, None), (0.2, "×", 50, 10)]),
        ("45 km/hr = 45 * 5/18 m/s = 12.5 m/s", [(45, "×", 5, None), (225, "÷", 18, 12.5)]),
        ("Rs. 600 × 3 = Rs. 1,800", [(600, "×", 3, 1800)]),
        ("36 divided by 4 equals 9", [(36, "÷", 4, 9)]),
        ("(500 m) ÷ (12.5 m/s) = 40 s", [(500, "÷", 12.5, 40)]),
        ("12 × 3 = 36 ÷ 4 = 9", [(12, "×", 3, 36), (36, "÷", 4, 9)]),
        ("3 + 4 × 2 = 11", [(4, "×", 2, None), (3, "+", 8, 11)]),
        ("5^2 = 25 and 5^{2} = 25", [(5, "^", 2, 25)]),
        ("2x + 3 = 9, y = 2 * x + 3", []),
        ("9^9^9^9 = 1, 7 / 0 = 1, 2 ^ 99 = 1", []),
        ("a 5 - digit number", []),
    ],
)
def test_sums_are_read_as_people_write_them(text, sums):
    assert [(s.left, s.operator, s.right, s.stated_result) for s in extract_operations(text)] == sums


# ------------------------------------------------------------------ never raises, never takes long

SIGNS = st.sampled_from(
    [*"0123456789+-*/×÷^()=%$.,: \nxabc", "12", " of ", "\\frac{", "}{", "\\times", "Answer: (b)", "−", "½", "٣"]
)
FORMULAS = st.recursive(
    st.sampled_from(["12", "30", "const_100", "const_pi", "0", "-3", "1,000"]),
    lambda inner: st.builds(
        lambda name, *parts: f"{name}({', '.join(parts)})", st.sampled_from(sorted(OPERATIONS)), inner, inner
    ),
    max_leaves=24,
)


@settings(max_examples=150, deadline=None)
@given(text=st.one_of(st.lists(SIGNS, max_size=120).map("".join), st.text(max_size=200)), formula=FORMULAS)
def test_no_text_and_no_formula_makes_it_raise(text, formula):
    extract_operations(text)
    asked = [CRATES, INTEREST, replace(CRATES, formula=formula), replace(SPEED, formula=text)]
    for one in asked:
        assert classify_formula_error(one, answer(text, "b", text)) in {None, *FORMULA_ERRORS}


@pytest.mark.parametrize(
    "piece",
    [
        "(",
        ")",
        "1",
        "1,",
        "12 * 3 = ",
        "12 apples and pears ",
        "\\frac{1}{2}",
        "\\frac{",
        "1%",
        "-",
        "^",
        "=",
        "x ",
        "\n",
        "12*3=36\n",
    ],
)
def test_a_hostile_text_takes_no_longer_than_others(piece):
    began = time.process_time()
    classify_formula_error(CRATES, answer(piece * (200_000 // len(piece)), "b", piece * 1000))
    assert time.process_time() - began < 1.0


# ------------------------------------------------------------------ the mark


def test_a_mark_carries_it_where_the_key_names_none():
    given = answer("12 * 30 = 360. Answer: (b)")
    mark = AnswerKeyGrader().grade(CRATES, given)
    assert (mark.is_correct, mark.misconception) == (False, STEP_LEFT_OUT)
    assert (
        Teacher(TeacherSettings()).grade_exam_answer(CRATES, given)
        == Teacher(TeacherSettings()).grade_practice_answers([(CRATES, given)], seed_key=("x",))[0]
        == mark
    )
    own = replace(CRATES, options=tuple(replace(o, misconception="its-own") for o in CRATES.options))
    assert AnswerKeyGrader().grade(own, given).misconception == "its-own"
    assert AnswerKeyGrader().grade(CRATES, answer("Answer: (a)", "a")).misconception is None


def test_mathqas_questions_hold_their_formula_and_others_none():
    rows = json.loads(SMALL.read_text(encoding="utf-8"))
    asked = load_questions(SMALL, "math_qa")
    assert [q.formula for q in asked] == [row.get("annotated_formula") or None for row in rows]
    assert any(q.formula for q in asked)


# ------------------------------------------------------------------ what pages make of it


def sorted_run(folder: Path, run_id: str = "weak") -> list[dict]:
    """A run on questions without skills whose wrong answers were sorted: in general one kind, in physics two."""
    asked = [
        replace(CRATES, id=f"{category}-{n}", category=category, problem=f"{n} {CRATES.problem}")
        for category in ("general", "physics")
        for n in range(12)
    ]
    path = make_weak_run(folder, run_id, asked=asked, letter=lambda turn, number, q: "a" if number < 6 else "b")
    lines = [plain_event(line) for line in (path / "events.jsonl").read_text().splitlines()]
    for event in lines:
        if event["type"] == "AnswerRecorded" and not event["is_correct"]:
            copied = event["category"] == "physics" and int(event["question_id"].rpartition("-")[2]) % 2
            event["misconception"] = STEP_LEFT_OUT if copied else NO_WORKING
    (path / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return [line for line in lines if line["type"] == "AnswerRecorded" and line["turn"] == 4]


def test_weaknesses_sorts_them_with_titles_and_a_sentence_each(folder: Path):
    answers = sorted_run(folder)
    counts = {kind: sum(a["misconception"] == kind for a in answers) for kind in (NO_WORKING, STEP_LEFT_OUT)}
    assert min(counts.values()) > 1
    app = visit("pages/5_Weaknesses.py", run="weak")
    assert not app.exception and not app.error
    text = text_of(app)
    wrong = sum(counts.values())
    assert f"Of the last exam's {wrong} wrong answers, {wrong} can be sorted by what went wrong: " in text
    assert (
        f"“{misconception_title(NO_WORKING)}” {counts[NO_WORKING]}, “{misconception_title(STEP_LEFT_OUT)}” {counts[STEP_LEFT_OUT]}."
        in text
    )
    assert "that invite it, exam" not in text and f"{misconception_title(NO_WORKING)}" in text
    opened = visit("pages/5_Weaknesses.py", run="weak", category="physics", slip=STEP_LEFT_OUT)
    assert not opened.exception and not opened.error
    assert FORMULA_ERRORS[STEP_LEFT_OUT].explanation in text_of(opened)
    assert FORMULA_ERRORS[STEP_LEFT_OUT].hint in text_of(opened)
    assert f"Read {counts[STEP_LEFT_OUT]} such answers" in link_labels(opened)
    with Database.open(folder) as database:
        sync_journals(database, folder / "runs")
        report = html.build_report_html(database, "weak")
    assert misconception_title(NO_WORKING) in report and FORMULA_ERRORS[NO_WORKING].explanation in report


def test_the_card_and_the_list_of_answers_tell_the_kind(folder: Path):
    answers = sorted_run(folder)
    one = next(a for a in answers if a["misconception"] == STEP_LEFT_OUT)
    app = visit("pages/4_Answers.py", run="weak", answer=str(one["seq"]), slip=STEP_LEFT_OUT)
    assert not app.exception and not app.warning
    text = text_of(app)
    assert (
        f"**The slip: {misconception_title(STEP_LEFT_OUT)}**" in text
        and FORMULA_ERRORS[STEP_LEFT_OUT].explanation in text
    )
    assert set(app.dataframe[0].value.answer) >= {a["seq"] for a in answers if a["misconception"] == STEP_LEFT_OUT}


def test_every_kind_has_words_for_a_teacher():
    for kind in FORMULA_ERRORS.values():
        assert kind.title == kind.title.strip() and kind.title[0].islower() and not kind.title.endswith(".")
        assert kind.explanation.endswith(".") and kind.explanation.count(".") == 1 and kind.hint.endswith("?")
