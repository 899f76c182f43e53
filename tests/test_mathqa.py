"""MathQA: its traps, its file, its data set on the hub, and files that are no good."""

from __future__ import annotations

import json
import pickle
import sys
from collections import Counter
from pathlib import Path

import pytest

from studentsim.bank import mathqa
from studentsim.bank.mathqa import load_math_qa_from_hub, load_mathqa, options_of, questions_of, split_of
from studentsim.errors import BankError
from studentsim.records import LETTERS

SMALL = Path(__file__).parent / "fixtures" / "mathqa_small.json"
DEV = Path(__file__).parents[2] / "shared" / "data" / "mathqa_dev.json"
ROWS = json.loads(SMALL.read_text(encoding="utf-8"))


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
    assert balls.correct == "c" and balls.right.letter == "c" and balls.options[0].text == balls.right.text
    assert [q.category for q in (average, circle, balls, train)] == ["general", "geometry", "probability", "physics"]
    assert average.rationale == "sum = 3 * 8 = 24 . third = 24 - 14 = 10 . answer : b ."
    assert balls.rationale == '1 of 4 balls is red , "so 1 / 4" . answer : c'
    assert all(o.working is None and o.misconception is None for o in circle.options)


def test_ids_are_stable_distinct_and_of_the_question_alone():
    questions = load_mathqa(SMALL)
    assert questions[0].id == "mathqa-10aa866069c2"
    assert len({q.id for q in questions}) == len(questions)
    assert [q.id for q in questions_of(ROWS[::-1])] == [q.id for q in questions][::-1]
    twice = questions_of([ROWS[0], ROWS[0], ROWS[0]])
    assert [q.id for q in twice] == [twice[0].id, f"{twice[0].id}-2", f"{twice[0].id}-3"]


def test_equal_problems_fall_to_the_same_split():
    *_, train, train_again = load_mathqa(SMALL)  # they differ in a capital, a space and their options
    assert train.split == train_again.split == split_of(train.problem)
    assert {q.split for q in load_mathqa(SMALL, split="exam")} == {"exam"}


def test_splits_have_their_shares():
    counts = Counter(split_of(f"what is {n} + {n} ?") for n in range(4000))
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
        options_of(text)


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


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"Problem;Rationale\n", "is no JSON: line 1"),
        (b'[\n{"Problem": "x"},\n{"Problem": }]', "is no JSON: line 3"),
        (b'{"Problem": "x"}\n\n{"Problem"', "is no JSON: line 3"),
        (b"3", "holds no list"),
        (b"[" * 200_000, "nested too deeply|is no JSON"),
        (json.dumps(ROWS).encode("utf-16"), "no UTF-8"),
        ("café".encode("latin-1"), "no UTF-8"),
        (b"\x89PNG\r\n\x1a\n", "no UTF-8"),
        (b'["\0"]', "NUL"),
    ],
)
def test_a_file_that_is_no_such_json_is_refused(tmp_path, content, problem):
    with pytest.raises(BankError, match=problem) as caught:
        load_mathqa(saved(tmp_path, content))
    assert caught.value.remedy


def test_a_missing_or_huge_file_and_too_many_rows_are_refused(tmp_path, monkeypatch):
    for path in (tmp_path / "nowhere.json", tmp_path):
        with pytest.raises(BankError, match="cannot be read"):
            load_mathqa(path)
    monkeypatch.setattr(mathqa, "MAX_ROWS", 5)
    with pytest.raises(BankError, match="more than 5 rows"):
        load_mathqa(SMALL)
    monkeypatch.setattr(mathqa, "MAX_BYTES", 100)
    with pytest.raises(BankError, match="MB, more than"):
        load_mathqa(SMALL)


@pytest.mark.skipif(not DEV.exists(), reason="MathQA's dev file is not here")
def test_the_whole_dev_file_is_read():
    questions = load_mathqa(DEV)
    assert len(questions) == 4475 == len({q.id for q in questions})
    assert all(tuple(o.letter for o in q.options) == LETTERS and all(o.text for o in q.options) for q in questions)
    assert Counter(q.category for q in questions) == {
        "general": 2006, "physics": 1056, "gain": 743, "geometry": 308, "other": 288, "probability": 74,
    }  # fmt: skip
    assert sum(texts(q).count(q.right.text) > 1 for q in questions) == 14
    assert not any(q.rationale.startswith('"') and q.rationale.endswith('"') for q in questions)
    assert min(Counter(q.split for q in questions).values()) > 150


# -------------------------------------------------------------------- the hub


class FakeDatasets:
    """Stands for the package ``datasets``: gives what it was made with, and remembers what it was asked."""

    def __init__(self, found):
        self.found, self.asked = found, []

    def load_dataset(self, name, **options):
        self.asked.append((name, options))
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def test_the_hub_s_own_splits_are_kept_apart(monkeypatch):
    exam_problem_again = {**ROWS[4], "options": ROWS[0]["options"]}
    hub = FakeDatasets({"train": [*ROWS[:2], exam_problem_again], "validation": ROWS[2:4], "test": ROWS[4:]})
    monkeypatch.setitem(sys.modules, "datasets", hub)
    questions = load_math_qa_from_hub()
    assert Counter(q.split for q in questions) == {"study": 2, "validation": 2, "exam": 2}
    asked = {" ".join(q.problem.lower().split()) for q in questions if q.split == "exam"}
    assert not any(" ".join(q.problem.lower().split()) in asked for q in questions if q.split != "exam")
    load_math_qa_from_hub("math_qa", revision="abc")
    load_math_qa_from_hub("someone/else")
    assert hub.asked == [
        ("allenai/math_qa", {"revision": "refs/convert/parquet"}),
        ("allenai/math_qa", {"revision": "abc"}),
        ("someone/else", {"revision": None}),
    ]  # and never trust_remote_code


def test_a_hub_that_cannot_be_reached_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", FakeDatasets(ConnectionError("offline mode is enabled")))
    with pytest.raises(BankError, match="ConnectionError: offline") as caught:
        load_math_qa_from_hub()
    assert "give its path" in caught.value.remedy
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(BankError, match="not installed"):
        load_math_qa_from_hub()


def test_datasets_itself_reads_a_local_folder(tmp_path, monkeypatch):
    pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / "local"
    folder.mkdir()
    for name, rows in (("train", ROWS[:2]), ("validation", ROWS[2:4]), ("test", ROWS[4:])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    questions = load_math_qa_from_hub(str(folder))
    assert sorted(q.id for q in questions) == sorted(q.id for q in load_mathqa(SMALL))
    assert Counter(q.split for q in questions) == {"study": 2, "validation": 2, "exam": 2}
