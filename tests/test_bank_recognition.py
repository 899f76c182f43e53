"""Which set a file is of: the forms that files come in, what is told of them, and what is refused in words."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from question_rows import load_questions
from typer.testing import CliRunner

from studentsim.cli import app
from studentsim.datasets import detection_text
from studentsim.datasets.detection import recognize_dataset
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.registry import build_bank_report, open_bank
from studentsim.datasets.specs import RECOGNIZABLE_DATASETS
from studentsim.errors import BankError
from studentsim.types import Question

BANKS = Path(__file__).parent / "fixtures" / "banks"
CASES = Path(__file__).parents[2] / "shared" / "cases"

ASKED = (
    ("Which of these is a prime, and odd?", ("4", "7", "9", "15"), 1),
    ("How much is 3 times 5?", ("8", "12", "15", "18"), 2),
    ("How much is 1 and 1?", ("2", "3", "4", "5"), 0),
    ("How much is 2 and 3?", ("2", "3", "4", "5"), 3),
)
RIGHT = ["7", "15", "2", "5"]


def saved(tmp_path: Path, content: object, name: str) -> Path:
    path = tmp_path / name
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif name.endswith(".jsonl"):
        path.write_text("\n".join(map(json.dumps, content)), encoding="utf-8")
    else:
        path.write_text(json.dumps(content), encoding="utf-8")
    return path


def table(heading: str, *rows: tuple[object, ...]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heading.split(","))
    writer.writerows(rows)
    return out.getvalue()


def rights(questions: tuple[Question, ...]) -> list[str]:
    return [question.correct_option.text for question in questions]


# ------------------------------------------------------------------ published forms


def test_math_500_has_subjects_and_numbers_for_levels(tmp_path: Path):
    rows = [
        {"problem": f"What is ${n}+{n}$?", "solution": rf"It is $\boxed{{{2 * n}}}$.", "answer": str(2 * n),
         "subject": "Number Theory", "level": 1 + n % 5, "unique_id": f"test/{n}"}
        for n in range(11, 17)
    ]  # fmt: skip
    questions = load_questions(saved(tmp_path, rows, "test.jsonl"))
    assert rights(questions) == [str(2 * n) for n in range(11, 17)]
    assert {q.category for q in questions} == {"number theory"} and {q.bank for q in questions} == {"math"}
    assert [q.difficulty for q in questions] == [1, 2, 3, 3, 1, 1]
    texts = [{**row, "level": f"{row['level']}"} for row in rows]
    assert [q.difficulty for q in load_questions(saved(tmp_path, texts, "texts.jsonl"))] == [1, 2, 3, 3, 1, 1]


def test_mathqa_of_the_harness_has_small_letters_and_a_type(tmp_path: Path):
    rows = [
        {"problem": f"what is {n} + 5 ?", "rationale": "answer : b", "correct": "b", "type": "gain",
         "options": f"a ) {n} , b ) {n + 5} , c ) 1 , 5 , d ) {n + 7} , e ) none", "annotated_formula": f"add({n}, 5)",
         "linear_formula": "add(n0,n1)|"}
        for n in range(20, 24)
    ]  # fmt: skip
    path = saved(tmp_path, rows, "mathqa.jsonl")
    report = build_bank_report(str(path))
    assert (report.set, report.questions, report.categories) == ("math_qa", 4, {"gain": 4})
    assert report.annotation == {"key": 4} and rights(load_questions(path)) == ["25", "26", "27", "28"]
    assert load_questions(path)[0].options[2].text == "1 , 5"


def test_mmlu_pro_has_up_to_ten_options_and_a_category(tmp_path: Path):
    rows = [
        {"question_id": n, "question": f"What is {n} plus {n}?", "options": [str(2 * n - 3 + i) for i in range(10)],
         "answer": "D", "answer_index": 3, "cot_content": "A: Let's add.", "category": "math", "src": "x"}
        for n in range(30, 34)
    ]  # fmt: skip
    questions = load_questions(saved(tmp_path, rows, "pro.jsonl"))
    assert rights(questions) == ["60", "62", "64", "66"] and len(questions[0].options) == 10
    assert questions[0].rationale == "Let's add." and {q.category for q in questions} == {"math"}
    assert {q.bank for q in questions} == {"mmlu_pro"}
    torn = [*rows, {**rows[0], "answer": "E"}]
    with pytest.raises(BankError, match="Row 5: 'answer' is 'e', but 'answer_index' is 3"):
        load_questions(saved(tmp_path, torn, "torn.jsonl"))


@pytest.mark.parametrize("other", [{"other": {"solution": "So."}}, {"other": None, "explanation": "So."}])
def test_agieval_has_labels_and_sometimes_a_passage(tmp_path: Path, other: dict[str, Any]):
    rows = [
        {"passage": None, "question": q, "options": [f"({x}){t}" for x, t in zip("ABCD", o, strict=True)], "label": "ABCD"[k], **other}
        for q, o, k in ASKED
    ]  # fmt: skip
    rows[0]["passage"] = "Ann counts."
    questions = load_questions(saved(tmp_path, rows, "sat-math.jsonl"))
    assert rights(questions) == RIGHT and {q.bank for q in questions} == {"agieval"}
    assert (
        questions[0].problem == "Ann counts.\nWhich of these is a prime, and odd?" and questions[0].rationale == "So."
    )
    assert {q.category for q in questions} == {"sat-math"}


def test_asdiv_gets_options_near_its_number_and_skips_answers_that_are_none(tmp_path: Path):
    rows = [
        {"body": "Ann has 7 red and 2 green apples.", "question": "How many apples has she?", "answer": "9 (apples)",
         "formula": "7+2=9", "solution_type": "Addition"},
        {"body": "", "question": "What share is red?", "answer": "7:2 (ratio)", "formula": "", "solution_type": "Ratio"},
        {"body": "Tom.", "question": "How much?", "answer": "1,250", "formula": "x", "solution_type": "TVQ-Final"},
    ]  # fmt: skip
    path = saved(tmp_path, rows, "asdiv.jsonl")
    report = build_bank_report(str(path))
    assert (report.set, report.rows, report.questions, report.without_question) == ("asdiv", 3, 2, 1)
    apples, money = load_questions(path)
    assert (
        apples.problem == "Ann has 7 red and 2 green apples. How many apples has she?"
        and apples.correct_option.text == "9"
    )
    assert all(abs(int(o.text) - 9) <= 10 for o in apples.options) and apples.rationale == "7+2=9"
    assert (money.correct_option.text, apples.category, money.category) == ("1,250", "addition", "tvq-final")


# ------------------------------------------------------------------ tables


def forms() -> dict[str, tuple[str, object]]:
    """Name of the file and its content, of tables that ask the same four questions."""
    plain = [(q, *o, "abcd"[k]) for q, o, k in ASKED]
    rows = [{"question": q, "options": list(o), "answer": o[k]} for q, o, k in ASKED]
    return {
        "a teacher's": ("t.csv", table("question,a,b,c,d,answer", *plain)),
        "capitals": ("t.csv", table("QUESTION,A,B,C,D,ANSWER", *((*row[:5], row[5].upper()) for row in plain))),
        "option a": ("t.csv", table("Question,Option A,Option B,Option C,Option D,Correct answer", *plain)),
        "key": ("t.csv", table("Prompt,A,B,C,D,Key", *plain)),
        "choice1": ("t.csv", table("question,choice1,choice2,choice3,choice4,answer", *((q, *o, k + 1) for q, o, k in ASKED[:3]))),
        "choice0": ("t.csv", table("question,choice0,choice1,choice2,choice3,answer", *((q, *o, k) for q, o, k in ASKED[:2]))),
        "from 0": ("t.csv", table("question,a,b,c,d,answer", *((q, *o, k) for q, o, k in ASKED))),
        "from 1": ("t.csv", table("question,a,b,c,d,answer", *((q, *o, k + 1) for q, o, k in ASKED))),
        "correct_index": ("t.csv", table("question,a,b,c,d,correct_index", *((q, *o, k) for q, o, k in ASKED[:2]))),
        "text": ("t.csv", table("question,a,b,c,d,correct_answer", *((q, *o, o[k]) for q, o, k in ASKED))),
        "letters in the cells": ("t.csv", table("question,a,b,c,d,answer", *(
            (q, *(f"{x}) {t}" for x, t in zip("abcd", o, strict=True)), f"({'ABCD'[k]})") for q, o, k in ASKED))),
        "option b": ("t.csv", table("question,a,b,c,d,answer", *((q, *o, f"Option {'ABCD'[k]}") for q, o, k in ASKED))),
        "blank columns": ("t.csv", "\ufeff" + table("question,a,b,c,d,answer,,", *((*row, "", "") for row in plain)) + ",,,,,,,\r\n\r\n"),
        "a fifth, blank": ("t.csv", table("question,a,b,c,d,e,answer", *((*row[:5], "", row[5]) for row in plain))),
        "numbered lines": ("t.csv", table(",question,a,b,c,d,answer", *((n, *row) for n, row in enumerate(plain)))),
        "list as JSON": ("t.csv", table("question,options,answer", *((q, json.dumps(o), "abcd"[k]) for q, o, k in ASKED))),
        "list of Python": ("t.csv", table("question,options,answer", *((q, str(list(o)), "abcd"[k]) for q, o, k in ASKED))),
        "list of numpy": ("t.csv", table("question,choices,answer", *((q, "['" + "' '".join(o) + "']", k) for q, o, k in ASKED))),
        "list with bars": ("t.csv", table("question,options,answer", *((q, " | ".join(o), "abcd"[k]) for q, o, k in ASKED))),
        "wrapped": ("t.json", json.dumps({"version": 2, "questions": rows}, indent=1)),
        "wrapped on a line": ("t.json", json.dumps({"data": rows})),
        "the hub's viewer": ("t.json", json.dumps({"features": [], "rows": [{"row_idx": 1, "row": row} for row in rows]})),
        "by letter": ("t.jsonl", [
            {"question": q, "options": dict(zip("ABCD", o, strict=True)), "answer_idx": "ABCD"[k], "answer": o[k]} for q, o, k in ASKED
        ]),
        "by object": ("t.jsonl", [
            {"question": q, "options": [{"label": x, "text": t} for x, t in zip("ABCD", o, strict=True)], "answer": "ABCD"[k]}
            for q, o, k in ASKED
        ]),
        "by id": ("t.json", {f"q{n}": row for n, row in enumerate(rows)}),
        "sep=": ("t.csv", "sep=,\n" + table("question,a,b,c,d,answer", *plain)),
        "numbers": ("t.jsonl", [{"question": q, "options": [int(t) for t in o], "correct": int(o[k])} for q, o, k in ASKED[:2]]),
        "opa": ("t.jsonl", [{"question": q, **{f"op{x}": t for x, t in zip("abcd", o, strict=True)}, "cop": k} for q, o, k in ASKED]),
        "gold": ("t.jsonl", [{"query": q, "choices": list(o), "gold": [k]} for q, o, k in ASKED[:2]]),
    }  # fmt: skip


@pytest.mark.parametrize("form", list(forms()))
def test_a_table_is_read_in_every_form(tmp_path: Path, form: str):
    name, content = forms()[form]
    questions = load_questions(saved(tmp_path, content, name))
    assert rights(questions) == RIGHT[: len(questions)] and len(questions) >= 2
    assert [tuple(o.text for o in q.options) for q in questions] == [o for _, o, _ in ASKED[: len(questions)]]
    assert {q.bank for q in questions} == {"plain"} and len({q.id for q in questions}) == len(questions)


def test_a_table_keeps_its_further_columns_and_else_is_called_as_its_file(tmp_path: Path):
    rows = [(n, q, *o, "abcd"[k], "Fractions", "Number", "Since so.", "hard") for n, (q, o, k) in enumerate(ASKED)]
    path = saved(tmp_path, table("id,question,a,b,c,d,answer,category,topic,explanation,difficulty", *rows), "x.csv")
    one = load_questions(path)[0]
    assert (one.category, one.topic, one.rationale, one.difficulty) == ("fractions", "number", "Since so.", 3)
    assert build_bank_report(str(path)).topics == {"number": 4}
    bare = saved(tmp_path, forms()["a teacher's"][1], "Year_5, sums=all.csv")
    assert {q.category for q in load_questions(bare)} == {"year 5 sums all"}
    mmlu = saved(tmp_path, forms()["choice0"][1], "astronomy_test.csv")
    assert {(q.category, q.topic) for q in load_questions(mmlu)} == {("astronomy", "natural sciences")}


def test_wrong_answers_in_columns_of_their_own_are_options_in_an_order_by_chance(tmp_path: Path):
    rows = [(f"How much is {n} and 1?", n + 1, n, n + 2, n + 3) for n in range(30)]
    for heading in (
        "question,correct answer,wrong answer 1,wrong answer 2,wrong answer 3",
        "question,answer,wrong1,wrong2,wrong3",
    ):
        questions = load_questions(saved(tmp_path, table(heading, *rows), "t.csv"))
        assert rights(questions) == [str(n + 1) for n in range(30)] and {q.correct for q in questions} == set("abcd")
    trivia = [{"question": q, "correct_answer": o[0], "incorrect_answers": list(o[1:])} for q, o, _ in ASKED]
    assert rights(load_questions(saved(tmp_path, {"results": trivia}, "t.json"))) == [o[0] for _, o, _ in ASKED]


@pytest.mark.parametrize(
    ("heading", "rows", "why"),
    [
        ("question,a,b,c,d,answer", [(q, *o, k + 1) for q, o, k in ASKED[:2]], "from 0 or from 1"),
        ("question,a,b,c,d,answer", [("Which?", "B", "A", "D", "C", "A"), ("Which one?", "D", "C", "B", "A", "C")], "these differ"),
        ("question,a,b,c,d,answer", [*[(f"{n}?", *"2413", "2") for n in range(9)], ("?", *"2567", "4")], "these differ"),
        ("question,choice0,choice1,choice2,answer", [*[(f"{n}?", *"xyz", "3") for n in range(9)], ("?", *"xyz", "0")], "from 1"),
        ("question,a,b,c,d,answer", [("Which?", "2", "3", "1", "4", "1"), ("One?", "4", "3", "2", "1", "4")], "these differ"),
    ],
)  # fmt: skip
def test_a_table_that_can_be_meant_in_two_ways_is_refused(tmp_path: Path, heading: str, rows: list[Any], why: str):
    with pytest.raises(BankError, match=why):
        load_questions(saved(tmp_path, table(heading, *rows), "t.csv"))


def test_a_damaged_row_is_named_by_its_number(tmp_path: Path):
    good = [(q, *o, "abcd"[k]) for q, o, k in ASKED]
    bad = [
        ("", *good[0][1:]),
        (*good[0][:5], "z"),
        (*good[0][:5], ""),
        ("Which?", "1", "", "3", "4", "a"),
        ("Only?", "1", "", "", "", "a"),
    ]
    path = saved(tmp_path, table("question,a,b,c,d,answer", *good, *bad), "t.csv")
    told = {
        doubt.row: (doubt.kind, doubt.why)
        for doubt in build_bank_report(str(path)).doubts
        if doubt.kind in ("unreadable", "key")
    }
    assert told == {
        5: ("unreadable", "'question' is blank"),
        6: ("key", "the right answer is 'z'"),
        7: ("unreadable", "'answer' is blank, so that nothing says which option is right"),
        8: ("unreadable", "option b is blank"),
        9: ("unreadable", "it has 1 options, not 2 to 10"),
    }
    with pytest.raises(BankError, match="Row 5: 'question' is blank"):
        load_questions(path)


def test_a_first_row_that_is_damaged_does_not_hide_the_others(tmp_path: Path):
    rows: list[Any] = [
        {"question": "Which?"},
        *({"question": q, "options": list(o), "answer": "ABCD"[k]} for q, o, k in ASKED),
    ]
    report = build_bank_report(str(saved(tmp_path, rows, "t.jsonl")))
    assert (report.set, report.questions) == ("plain", 4) and [d.row for d in report.doubts] == [1]


def test_what_only_looks_like_a_label_is_kept(tmp_path: Path):
    rows = [("Which is a product?", "A.B", "B+A", "C-B", "D:C", "a"), ("Which?", "A.B", "B.C", "C.D", "D.A", "b")]
    questions = load_questions(saved(tmp_path, table("question,a,b,c,d,answer", *rows), "t.csv"))
    assert rights(questions) == ["A.B", "B.C"]


def test_options_that_bear_the_letters_of_other_places_are_refused(tmp_path: Path):
    rows = [{"question": f"{n}?", "options": ["B)1", "A)2"], "rationale": "", "correct": "A"} for n in range(9)]
    report = build_bank_report(str(saved(tmp_path, rows, "aqua.jsonl")))
    assert (report.set, report.questions) == ("aqua_rat", 0), "a plain table would have read them, with a wrong key"


# ------------------------------------------------------------------ how sure, and what else


def test_how_sure_it_is_and_what_else_it_might_be_is_told(tmp_path: Path):
    rows = [{"question": q, "choices": list(o), "answer": k, "subject": "astronomy"} for q, o, k in ASKED]
    (told,) = build_bank_report(str(saved(tmp_path, rows, "m.jsonl"))).recognised
    assert (told["set"], told["certainty"], told["read"], told["of"]) == ("mmlu", "sure", 4, 4)
    assert told["others"] == [{"set": "plain", "title": "a plain table", "read": 4}]
    assert told["columns"] == ["question", "choices", "answer", "subject"]
    (sentence,) = detection_text.describe_recognitions([told])
    assert (
        sentence == "Recognised as MMLU: all of the first 4 rows can be read. It could also be read as a plain table."
    )
    half = [{**row, "answer": 9} if n % 3 else row for n, row in enumerate(rows * 3)]
    (told,) = build_bank_report(str(saved(tmp_path, half, "half.jsonl"))).recognised
    assert (told["set"], told["certainty"], told["read"]) == ("mmlu", "unsure", 4)
    assert "far from sure" in detection_text.describe_recognitions([told])[0]


def test_nothing_of_a_question_with_options_goes_to_gsm8k(tmp_path: Path):
    rows = [{"question": q, "options": list(o), "answer": f"So it is.\n#### {o[k]}"} for q, o, k in ASKED]
    with pytest.raises(BankError, match="no answer is a letter, a number or the text"):
        load_questions(saved(tmp_path, rows, "t.jsonl"))
    assert {q.bank for q in load_questions(saved(tmp_path, forms()["text"][1], "t.csv"))} == {"plain"}


@pytest.mark.parametrize(
    ("heading", "found"),
    [
        ("question,a,b,c,d", "Question and options found, but no column says which option is right"),
        ("question,answer,points", "Nearest is GSM8K, but of its first row: 'answer' does not end"),
        (
            "question,correct,points",
            "Question and a column that says which is right found, but no columns hold the options",
        ),
        ("option a,option b,correct,x", "no column holds the question"),
    ],
)
def test_what_is_of_no_known_set_says_what_was_found_and_what_is_missing(tmp_path: Path, heading: str, found: str):
    names = heading.split(",")
    path = saved(tmp_path, table(heading, *([f"{n}"] * len(names) for n in range(3))), "t.csv")
    with pytest.raises(BankError) as caught:
        build_bank_report(str(path))
    told = " ".join(str(caught.value).split())
    assert "is of no known set: its first row has the fields " + ", ".join(map(repr, names)) in told
    assert found in told and "a plain table (question, options" in caught.value.remedy


def test_a_set_that_is_named_wins(tmp_path: Path):
    path = str(BANKS / "mmlu.jsonl")
    report = build_bank_report(path, set_name="plain")
    assert report.set == "plain" and report.recognised[0]["certainty"] == "given"
    assert "as you said" in detection_text.describe_recognitions(report.recognised)[0]
    rows = [(f"How much is {n} and 1?", n, n + 1, n + 2, n + 3, "b") for n in range(40)]
    sums = str(saved(tmp_path, table("question,a,b,c,d,answer", *rows), "sums.csv"))
    assert {q.bank for q in open_bank(sums, set_name="plain").study} == {"plain"}
    with pytest.raises(BankError, match="Row 1: 'choices' is missing"):
        open_bank(sums, set_name="mmlu")
    with pytest.raises(BankError, match="There is no set 'quiz'"):
        build_bank_report(path, set_name="quiz")


def test_the_command_tells_what_a_file_was_taken_for(tmp_path: Path):
    path = str(saved(tmp_path, *reversed(forms()["a teacher's"])))
    text = " ".join(CliRunner().invoke(app, ["check-dataset", path]).stdout.split())
    assert "Recognised as a plain table: all of the first 4 rows can be read." in text
    told = json.loads(CliRunner().invoke(app, ["check-dataset", path, "--json"]).stdout)
    assert told["recognised"][0]["set"] == "plain" and told["recognised"][0]["certainty"] == "sure"


POOLS = {
    "small numbers": list("0123456"), "numbers": [str(n) for n in range(1, 99)], "letters": list("ABCDEFGH"),
    "small letters": list("abcdefgh"), "words": ["north", "south", "east", "west", "up", "down"], "mixed": ["A", "1", "2", "b", "0", "no"],
}  # fmt: skip
COLUMNS = {
    "letter": ("abcde", ("answer", "key", "label", "correct_index")), "text": ("12345", ("answer", "correct", "label")),
    "from 0": ("01234", ("answer", "correct_index", "label")), "from 1": ("12345", ("answer", "key", "label")),
}  # fmt: skip
"""For each way of saying what is right: how the options' columns are called, and how the answer's may be."""


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_table_is_never_read_with_a_wrong_key(tmp_path: Path, data: st.DataObject):
    pool, way = data.draw(st.sampled_from(list(POOLS.values()))), data.draw(st.sampled_from(list(COLUMNS)))
    count, size = data.draw(st.sampled_from([1, 2, 3, 8, 30])), data.draw(st.integers(2, 5))
    named, answers = COLUMNS[way]
    marks = named if data.draw(st.booleans()) else "abcde"
    heading = ["question", *(f"option {mark}" for mark in marks[:size]), data.draw(st.sampled_from(answers))]
    rng = Random(data.draw(st.integers(0, 2**32)))
    rows, right = [], []
    for n in range(count):
        options, place = rng.sample(pool, size), rng.randrange(size)
        said = {"letter": "abcde"[place], "text": options[place], "from 0": place, "from 1": place + 1}[way]
        rows.append((f"Which, {n}?", *options, said))
        right.append(options[place])
    try:
        assert rights(load_questions(saved(tmp_path, table(",".join(heading), *rows), "t.csv"))) == right
    except BankError as error:
        assert count < 30 or all(text.isdigit() for text in pool), (
            error
        )  # small numbers may be texts and places alike, ever so often


# ------------------------------------------------------------------ anything at all

NAMES = ["question", "Problem", "problem", "options", "choices", "answer", "correct", "label", "a", "b", "choice0", "choice1",
         "body", "solution", "answerKey", "passage", "rationale", "wrong1", "distractor1", "correct_answer", "answer_index"]  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["A", "b", "1", "0", "a ) 1 , b ) 2", "['a', 'b']", "[[", "(A) x (B) y", r"\boxed{2}", "#### 3", "9 (km)"]
    ),
)
CELLS = st.recursive(
    st.one_of(TEXTS, st.none(), st.booleans(), st.integers(), st.floats()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
ROWS = st.lists(st.one_of(st.dictionaries(st.sampled_from(NAMES), CELLS, max_size=7), CELLS), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(ROWS)
def test_recognition_never_raises(values: list[Any]):
    rows = [RawRow(n, value) for n, value in enumerate(values, start=1)]
    found = recognize_dataset([rows], RECOGNIZABLE_DATASETS)
    assert json.dumps(found.to_json()) and found.readable_rows <= found.sampled_rows
    assert detection_text.describe_recognitions([{"part": "", **found.to_json()}])


@pytest.mark.parametrize(
    "text",
    [" " * 19_000, "(A) " * 4_500, "," * 19_000, "a ) 1 , " * 2_000, "[" * 19_000, "'" * 19_000, r"\boxed{" * 2_500, "9" * 19_000,
     "#" * 19_000, "1," * 9_000, "x" + " " * 18_000 + "y", r"\frac" * 3_000, "1 (" * 6_000],
    ids=range(13),
)  # fmt: skip
def test_hostile_cells_take_no_long_time(text: str):
    rows = [RawRow(n, dict.fromkeys(NAMES, f"{text}x")) for n in range(1, 4)]
    rows += [
        RawRow(4, {"question": text, "answerKey": "A"}),
        RawRow(5, {"question": "q", "options": [text] * 4, "answer": text}),
    ]
    rows += [
        RawRow(6, {"question": "q", "body": "b", "answer": f"1{text}"}),
        RawRow(7, {"problem": text, "solution": text}),
    ]
    began = time.process_time()
    for row in rows:
        recognize_dataset([[row]], RECOGNIZABLE_DATASETS)
    assert time.process_time() - began < 2


def test_only_the_first_rows_are_tried():
    rows = [RawRow(n, {"question": f"{n}?", "answer": f"#### {n}"}) for n in range(1, 20_001)]
    recognize_dataset([rows[:100]], RECOGNIZABLE_DATASETS)
    began = time.process_time()
    assert recognize_dataset([rows], RECOGNIZABLE_DATASETS).sampled_rows == 50
    assert time.process_time() - began < 0.2


# ------------------------------------------------------------------ small inputs that are kept beside the project


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
@pytest.mark.parametrize(
    ("name", "expected", "rows"),
    [
        ("math500_subject.jsonl", "math", 6), ("mathqa_lowercase.jsonl", "math_qa", 6), ("mmlu_pro.jsonl", "mmlu_pro", 4),
        ("mmlu_with_header.csv", "plain", 2), ("right/aqua_forms.jsonl", "aqua_rat", 6), ("right/arc_forms.jsonl", "arc", 4),
        ("right/gsm8k_forms.jsonl", "gsm8k", 8), ("right/math_boxes.jsonl", "math", 15), ("right/mmlu_none.csv", "mmlu", 2),
        ("right/sciq_forms.json", "sciq", 4),
    ],
)  # fmt: skip
def test_the_cases_are_read(name: str, expected: str, rows: int):
    report = build_bank_report(str(CASES / name))
    assert (report.set, report.questions) == (expected, rows)


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
@pytest.mark.parametrize("name", ["mmlu_cp1252.csv", "mmlu_semicolon.csv", "mmlu_utf16.csv"])
def test_what_is_no_utf_8_or_no_commas_is_refused_in_words(name: str):
    with pytest.raises(BankError, match="no UTF-8 text|separated by semicolons"):
        build_bank_report(str(CASES / "right" / name))


# ------------------------------------------------------------------ two keys, options in a line


def test_two_columns_that_say_otherwise_which_option_is_right_are_refused(tmp_path: Path):
    rows = [(problem, *options, "abcd"[place], "abcd"[place - 1]) for problem, options, place in ASKED]
    path = saved(tmp_path, table("question,a,b,c,d,answer,correct", *rows), "two.csv")
    with pytest.raises(BankError, match="'correct' and 'answer' both say which option is right, and differ"):
        load_questions(path)
    rows = [(problem, *options, "abcd"[place], place) for problem, options, place in ASKED]
    path = saved(tmp_path, table("question,a,b,c,d,answer,answer_index", *rows), "alike.csv")
    assert rights(load_questions(path)) == RIGHT


@pytest.mark.parametrize("form", ["{}) {}", "({}) {}", "{}. {}"])
def test_options_in_a_line_with_their_letters_are_read(tmp_path: Path, form: str):
    def in_line(options: tuple[str, ...]) -> str:
        return " ".join(form.format("ABCD"[n], text) for n, text in enumerate(options))

    rows = [{"question_stem": p, "options": in_line(o), "answerKey": "ABCD"[k]} for p, o, k in ASKED]
    questions = load_questions(saved(tmp_path, rows, "line.json"))
    assert rights(questions) == RIGHT
    assert [o.text for o in questions[0].options] == list(ASKED[0][1])


@pytest.mark.parametrize(
    "heading, last",
    [("name,email,phone,city,birthday,group", "A"), ("name,email,phone,city,group", "B"), ("word,meaning,type", "C")],
)
def test_a_table_of_something_else_is_of_no_known_set_and_its_columns_are_named(
    tmp_path: Path, heading: str, last: str
):
    names = heading.split(",")
    rows = [(*(f"{name}{n}" for name in names[:-1]), last) for n in range(5)]
    with pytest.raises(BankError) as caught:
        load_questions(saved(tmp_path, table(heading, *rows), "contacts.csv"))
    assert "of no known set" in caught.value.problem and all(repr(name) in caught.value.problem for name in names)
