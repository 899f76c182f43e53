"""The question sets beside MathQA: their released formats, options that are made up, and telling one set from another."""

from __future__ import annotations

import json
import pickle
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studentsim.config import RunConfig
from studentsim.datasets import arc, distractors, gsm8k, hendrycks_math, mmlu
from studentsim.datasets.adapter import parse_dataset_row
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.registry import build_bank_report, load_dataset_rows, load_questions, open_bank
from studentsim.datasets.splits import assign_split
from studentsim.errors import BankError, ConfigError
from studentsim.runs import preflight
from studentsim.types import CATEGORIES

BANKS = Path(__file__).parent / "fixtures" / "banks"
SHARED = Path(__file__).parents[2] / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the released files are not here")


def texts(question) -> list[str]:
    return [option.text for option in question.options]


def right(question) -> str:
    return question.correct_option.text


def written(tmp_path, rows, name="questions.jsonl") -> Path:
    path = tmp_path / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


# ------------------------------------------------------------------ each set


def test_aqua_loses_its_letters_but_not_what_looks_like_them():
    trams, shirt, point = load_questions(BANKS / "aqua.jsonl")
    assert texts(trams) == ["20 km", "24 km", "30 km", "36 km", "216 km"] and right(trams) == "30 km"
    assert trams.problem.endswith("ride\ntogether?") and trams.rationale == "12 + 18 = 30\nAnswer C"
    assert texts(point) == ["(1,2)", "(2,1)", "(A) and B)", "", "(0,2)"]
    assert shirt.correct == "b" and {q.category for q in (trams, shirt, point)} == {"word problems"}
    assert {q.bank for q in (trams, shirt, point)} == {"aqua_rat"} and trams.id.startswith("aqua-")


def test_aqua_options_whose_letters_are_out_of_order_are_refused(tmp_path):
    row = {"question": "?", "options": ["B)1", "A)2"], "rationale": "", "correct": "A"}
    with pytest.raises(BankError, match="Row 1: option 1 of 'options' is called 'B'"):
        load_questions(written(tmp_path, [row]))
    unlabelled = {**row, "options": ["1", "2"]}
    assert texts(load_questions(written(tmp_path, [unlabelled]))[0]) == ["1", "2"]


def test_gsm8k_gets_three_values_within_ten_written_as_the_answer_is():
    eggs, barn, cold, apples, rope = load_questions(BANKS / "gsm8k.jsonl")
    for question, value in ((eggs, 18), (barn, 1540), (cold, -5), (apples, 1)):
        numbers = [int(text.replace(",", "")) for text in texts(question)]
        assert len(set(numbers)) == 4 and all(abs(number - value) <= 10 for number in numbers)
        assert int(right(question).replace(",", "")) == value
    assert all(re.fullmatch(r"1,5\d\d", text) for text in texts(barn))
    assert all(int(text) > 0 for text in texts(apples)), "a negative number of apples gives itself away"
    assert right(rope) == "2.5" and all(text.endswith(".5") for text in texts(rope))
    assert eggs.rationale == "Lena gets 3 * 6 = 18 eggs." and barn.rationale.endswith("$1,540.")


def test_made_up_options_depend_on_the_seed_and_the_row_alone():
    path = BANKS / "gsm8k.jsonl"
    once, rows = load_questions(path, seed=3), path.read_text(encoding="utf-8").splitlines()
    assert load_questions(path, seed=3) == once and load_questions(path, seed=4) != once
    assert [q.id for q in load_questions(path, seed=4)] == [q.id for q in once], "the seed does not rename a question"
    draft = parse_dataset_row(gsm8k.DATASET, RawRow(99, json.loads(rows[1])), seed=3)
    assert [text for _, text in draft.options] == texts(once[1])


@pytest.mark.parametrize("answer", ["It is 18.", "#### eighteen", "18 ####", "#### 1e400", "#### NaN", "####"])
def test_gsm8k_without_a_final_number_is_refused(tmp_path, answer):
    with pytest.raises(BankError, match="Row 1: 'answer' does not end in #### and a number"):
        load_questions(written(tmp_path, [{"question": "How many?", "answer": answer}]))


def test_math_moves_one_number_of_the_last_box_and_skips_answers_without_one():
    half, cube = load_questions(BANKS / "math")
    assert right(half) == r"\frac{1}{2}" and (half.category, half.difficulty) == ("algebra", 1)
    top, bottom = zip(*(re.fullmatch(r"\\frac\{(\d+)\}\{(\d+)\}", text).groups() for text in texts(half)), strict=True)
    assert sorted((len(set(top)), len(set(bottom)))) == [1, 4], "the same number is moved in all three"
    assert all(1 <= int(n) <= 7 for n in (*top, *bottom))
    assert right(cube) == r"1,\!000,\!000" and cube.difficulty == 3
    assert all(re.fullmatch(r"(1,\\!000,\\!00[0-5])|(999,\\!99[5-9])", text) for text in texts(cube)), texts(cube)
    report = build_bank_report(str(BANKS / "math"))
    assert (report.rows, report.questions, report.without_question, report.rows_with_issues) == (3, 2, 1, 0)


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        (r"\boxed{\frac{\sqrt{3}}{2}}", r"\frac{\sqrt{3}}{2}"), (r"so $\boxed 5$.", "5"), (r"\fbox{7}", "7"),
        (r"\boxed{1} or \boxed{ 2 }", "2"), (r"$\boxed{[0,\infty)}$", r"[0,\infty)"),
    ],
)  # fmt: skip
def test_the_last_box_is_read_with_its_braces(solution, answer):
    assert hendrycks_math.extract_boxed_answer(solution) == answer


@pytest.mark.parametrize("solution", ["no box", r"\boxed{\frac{1}{2}", r"\boxed{}", r"\boxed"])
def test_a_solution_without_an_answer_is_refused(tmp_path, solution):
    row = {"problem": "?", "level": "Level 1", "type": "Algebra", "solution": solution}
    with pytest.raises(BankError, match="Row 1: .*box"):
        load_questions(written(tmp_path, [row]))


@pytest.mark.parametrize(
    ("answer", "shape"),
    [
        (r"\frac12", r"\\frac\{\d\}\{\d\}"), ("1,234", r"1,2[23]\d"), ("-3", r"-[1-8]"), ("0", "[0-5]"),
        (r"3\sqrt{2}", r"\d\\sqrt\{\d\}"), ("0.25", r"[0-5]\.25"), (r"\$2,500", r"\\\$2,(49|50)\d"),
    ],
)  # fmt: skip
def test_moved_answers_keep_their_form(answer, shape):
    for seed in range(20):
        row = RawRow(1, {"problem": "?", "type": "Algebra", "solution": rf"\boxed{{{answer}}}"})
        options = [text for _, text in parse_dataset_row(hendrycks_math.DATASET, row, seed).options]
        assert len(set(options)) == 4 and all(re.fullmatch(shape, text) for text in options), options


def test_mmlu_is_read_from_rows_and_from_the_csv_without_names():
    algebra, *_, genotype, _, _ = load_questions(BANKS / "mmlu.jsonl")
    assert right(algebra) == "Every field is a ring." and algebra.category == "abstract algebra"
    assert (right(genotype), genotype.correct, genotype.rationale) == ("aa", "c", "")
    largest, sky = load_questions(BANKS / "astronomy_test.csv")
    assert right(largest) == "Jupiter, by far" and {largest.category, sky.category} == {"astronomy"}
    assert texts(sky)[:2] == ['=HYPERLINK("http://x")', "<script>"] and "\n" in sky.problem


def test_arc_is_read_in_its_three_forms():
    ice, mammal = load_questions(BANKS / "arc_easy.jsonl")
    assert texts(ice) == ["salt", "water", "air"] and ice.correct == "b" and ice.category == "easy"
    assert (right(mammal), mammal.correct, len(mammal.options)) == ("bat", "d", 5)
    assert load_questions(BANKS / "arc_hub.jsonl")[0].options == ice.options
    assert load_questions(BANKS / "arc_hub.jsonl")[0].category == "science"
    lamp, butter = load_questions(BANKS / "arc_challenge.csv")
    assert lamp.problem == "Look at plan (A) of a circuit. What lights a lamp?" and right(lamp) == "current"
    assert texts(butter) == ["iron", "butter", "stone"] and butter.correct == "b" and butter.category == "challenge"


def test_sciq_is_shuffled_and_keeps_its_support():
    plants, stone = load_questions(BANKS / "sciq.json")
    assert sorted(texts(plants)) == ["argon", "carbon dioxide", "helium", "neon"] and right(plants) == "carbon dioxide"
    assert plants.rationale == "Leaves take in carbon dioxide." and stone.rationale == ""
    letters = {load_questions(BANKS / "sciq.json", seed=seed)[0].correct for seed in range(20)}
    assert letters == set("abcd")


# ------------------------------------------------------------------ options that are made up


@given(st.decimals(-500, 500, places=1), st.sampled_from([5, 10]), st.integers(0, 2**32))
def test_near_values_are_unequal_within_reach_and_of_the_same_sign(value, reach, seed):
    found = distractors.sample_distractors(value, reach, Random(seed))
    assert len({value, *found}) == 4 and all(abs(n - value) <= reach for n in found)
    assert value < 0 or all(n > 0 for n in found)


def test_the_right_value_is_in_no_place_by_size_more_often_than_in_another():
    ranks = Counter(
        sum(n < 100 for n in distractors.sample_distractors(Decimal(100), 10, Random(seed))) for seed in range(4000)
    )
    assert all(abs(ranks[place] / 4000 - 0.25) < 0.03 for place in range(4)), ranks


# ------------------------------------------------------------------ telling sets apart, and naming them


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("aqua.jsonl", "aqua_rat"), ("gsm8k.jsonl", "gsm8k"), ("math", "math"), ("mmlu.jsonl", "mmlu"),
        ("astronomy_test.csv", "mmlu"), ("arc_easy.jsonl", "arc"), ("arc_hub.jsonl", "arc"), ("arc_challenge.csv", "arc"),
        ("sciq.json", "sciq"), ("../mathqa_small.json", "math_qa"),
    ],
)  # fmt: skip
def test_a_set_is_told_by_its_rows(name, expected):
    bank, rows = load_dataset_rows(str(BANKS / name))
    assert bank.name == expected and not bank.matches_row({}) and rows[0].number == 1
    questions = load_questions(BANKS / name)
    assert pickle.loads(pickle.dumps(questions)) == questions and len({q.id for q in questions}) == len(questions)
    assert all(q.split == assign_split(q.problem) for q in questions)


def test_unknown_rows_are_refused_with_a_list_of_what_is_known(tmp_path):
    with pytest.raises(BankError, match="no known set: its first row has the fields 'frage', 'antwort'") as caught:
        load_questions(written(tmp_path, [{"frage": "?", "antwort": "!"}]))
    for title in ("MathQA", "AQuA-RAT", "GSM8K", "MATH", "MMLU", "ARC", "SciQ"):
        assert title in caught.value.remedy
    with pytest.raises(BankError, match="no set 'arithmetic'"):
        load_questions(BANKS / "aqua.jsonl", "arithmetic")
    with pytest.raises(BankError, match="Row 1: 'options' is missing"):
        load_questions(BANKS / "gsm8k.jsonl", "aqua_rat")


def test_one_category_can_be_given_for_all(tmp_path):
    assert {q.category for q in load_questions(BANKS / "mmlu.jsonl", category="  Science_Class ")} == {"science class"}
    rows = json.loads((BANKS / "../mathqa_small.json").read_text(encoding="utf-8"))
    own = [{k: v for k, v in row.items() if k != "category"} for row in rows]
    with pytest.raises(BankError, match="Row 1: it names no category"):
        load_questions(written(tmp_path, own))
    assert {q.category for q in load_questions(written(tmp_path, own), category="mine")} == {"mine"}
    for bad in ("a,b", "a=b", "x" * 81, "a\nb\x1b[31m"):
        with pytest.raises(BankError, match="category"):
            load_questions(BANKS / "mmlu.jsonl", category=bad)
    with pytest.raises(BankError, match="categories of its own"):
        open_bank("curriculum", category="mine")


def test_a_run_opens_the_bank_as_its_settings_say(tmp_path):
    rows = [{"question": f"How many are {n} and 3?", "answer": f"#### {n + 3}"} for n in range(60)]
    path = written(tmp_path, [*rows, rows[0]])
    config = RunConfig.make(bank=str(path), questions_per_turn=5, exam_size=2, bank_category="sums", drop_invalid=True)
    preflight.check_run_config(config)
    outline = preflight.load_run_outline(config)
    assert outline.categories == ("sums",) and preflight.load_bank_outline(str(path)).categories == ("word problems",)
    whole = open_bank(str(path))
    assert sum(map(len, (whole.study, whole.validation, whole.exam))) == 61
    clean = open_bank(str(path), drop_invalid=True)
    assert sum(map(len, (clean.study, clean.validation, clean.exam))) == 60
    with pytest.raises(ConfigError):
        RunConfig.make(bank_category="x" * 81)


def test_a_corrected_file_is_read_anew(tmp_path):
    rows = [{"question": f"How many are {n} and 3?", "answer": f"#### {n + 3}"} for n in range(40)]
    path = written(tmp_path, rows)
    assert len(open_bank(str(path)).study) + len(open_bank(str(path)).exam) < 40
    before = open_bank(str(path))
    assert open_bank(str(path)) is before
    written(tmp_path, rows[:-1])
    assert open_bank(str(path)) is not before


def test_equal_texts_of_a_set_are_never_in_study_and_in_an_exam():
    questions = load_questions(BANKS / "mmlu.jsonl")
    by_text: dict[str, set[str]] = {}
    for question in questions:
        by_text.setdefault(" ".join(question.problem.lower().split()), set()).add(question.split)
    assert len(by_text) < len(questions) and all(len(splits) == 1 for splits in by_text.values())


def test_subjects_of_mmlu_are_chosen_by_name():
    rows = [RawRow(n, {"subject": name}) for n, name in enumerate((*mmlu.STEM_SUBJECTS, "philosophy"), start=1)]
    assert len(mmlu.filter_rows_by_subject(rows, "stem")) == 18
    assert [row.number for row in mmlu.filter_rows_by_subject(rows, "astronomy, philosophy")] == [2, 19]
    with pytest.raises(BankError, match="no subject 'alchemy'") as caught:
        mmlu.filter_rows_by_subject(rows, "alchemy")
    assert "astronomy" in caught.value.remedy


@pytest.mark.parametrize("answer", ["E", "4", 4, -1, "", None, True, 1.0, [1], "A,B"])
def test_a_key_that_is_no_option_is_refused(tmp_path, answer):
    row = {"question": "?", "choices": ["1", "2", "3", "4"], "answer": answer, "type": "astronomy"}
    with pytest.raises(BankError, match="Row 1: ('answer'|the right answer) is"):
        load_questions(written(tmp_path, [row]))


@pytest.mark.parametrize("choices", [[], ["1"], list("12345678901"), "1234", ["1", 2], [float("nan"), "2"], None])
def test_options_that_are_no_two_to_ten_texts_are_refused(tmp_path, choices):
    row = {"question": "?", "choices": choices, "answer": 0, "type": "astronomy"}
    with pytest.raises(BankError, match="Row 1: ('choices' is|it has \\d+ options)"):
        load_questions(written(tmp_path, [row]), "mmlu")
    ten = {**row, "choices": list("1234567890"), "answer": 9}
    assert load_questions(written(tmp_path, [ten]))[0].correct == "j"


def test_arc_choices_that_are_no_choices_are_refused(tmp_path):
    flat = {"question": "?", "answerKey": "A"}
    for choices in ({"text": ["1", "2"], "label": ["A"]}, ["1", "2"], "1 2", {"text": "1", "label": "A"}, None):
        with pytest.raises(BankError, match="Row 1: '(choices|label|text)'"):
            load_questions(written(tmp_path, [{**flat, "choices": choices}]))
    doubled = {**flat, "choices": {"text": ["1", "2"], "label": ["A", "A"]}}
    with pytest.raises(BankError, match="two of its options are called 'A'"):
        load_questions(written(tmp_path, [doubled]))
    with pytest.raises(BankError, match="holds no options"):
        load_questions(written(tmp_path, [flat]))
    assert arc.DATASET.matches_row(flat)


# ------------------------------------------------------------------ the released files


@needs_shared
@pytest.mark.parametrize(
    ("name", "rows", "bank", "categories"),
    [
        ("mathqa_dev.json", 4475, "math_qa", 6), ("aqua_dev.json", 254, "aqua_rat", 1),
        ("gsm8k_test.jsonl", 1319, "gsm8k", 1), ("mmlu_stem_test.jsonl", 3018, "mmlu", 18),
    ],
)  # fmt: skip
def test_the_released_files_load_whole(name, rows, bank, categories):
    opened = open_bank(str(SHARED / name))
    questions = [*opened.study, *opened.validation, *opened.exam]
    assert len(questions) == rows == len({q.id for q in questions})
    assert {q.bank for q in questions} == {bank} and len(opened.categories) == categories
    asked = {
        split: {" ".join(q.problem.lower().split()) for q in getattr(opened, split)} for split in ("study", "exam")
    }
    assert not asked["study"] & asked["exam"]
    assert bank != "math_qa" or opened.categories == CATEGORIES


@needs_shared
def test_choosing_by_size_scores_no_better_than_guessing_on_gsm8k():
    ranks: Counter[int] = Counter()
    for question in load_questions(SHARED / "gsm8k_test.jsonl"):
        values = sorted(int(text.replace(",", "")) for text in texts(question))
        assert len(set(values)) == 4
        ranks[values.index(int(right(question).replace(",", "")))] += 1
    assert max(ranks.values()) / 1319 < 0.31, ranks
