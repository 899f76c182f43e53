"""MathQA's formulas: worked out by its own operations alone, and compared with the options as they are written."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from studentsim.datasets import formula_check
from studentsim.datasets.adapter import build_question_from_row
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.formula import OPERATIONS, evaluate_formula, evaluate_linear_formula, extract_numbers
from studentsim.datasets.formula_check import compare_formula_to_key, parse_number_with_decimals
from studentsim.datasets.published.mathqa import DATASET

DEV = Path(__file__).parents[2] / "shared" / "data" / "mathqa_dev.json"


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("subtract(multiply(3, 8), add(5, 9))", 10), ("power(5, 4)", 625), ("divide(1,200, const_60)", 20),
        ("multiply(const_2.0, const_0_25)", 0.5), ("circle_area(2)", 4 * math.pi), ("log(8)", 3), ("choose(5, 2)", 10),
        ("permutation(4, 2)", 12), ("factorial(5)", 120), ("reminder(17, 5)", 2), ("lcm(4, 6)", 12), ("gcd(12, 18)", 6),
        ("p_after_gain(20, 50)", 60), ("original_price_before_loss(20, 40)", 50), ("quadrilateral_area(11, 18, 20)", 209),
        ("triangle_area_three_edges(3, 4, 5)", 6), ("surface_cylinder(2, 3)", 20 * math.pi), ("stream_speed(19, 9)", 5),
        ("negate(-5)", 5), ("cube_edge_by_volume(27)", 3), ("7", 7), (" floor( 2.7 ) ", 2),
    ],
)  # fmt: skip
def test_formulas_are_worked_out(formula, value):
    assert evaluate_formula(formula) == pytest.approx(value)


@pytest.mark.parametrize(
    "formula",
    [
        "", "add(1, 2", "add(1, 2))", "add(1)", "add(1, 2, 3)", "add(1 2)", "frobnicate(1)", "__import__(os)", "9**9**9",
        "divide(1, 0)", "sqrt(-1)", "log(0)", "power(9, power(9, 9))", "factorial(1000000)", "factorial(-1)", "factorial(2.5)",
        "choose(1000, 500)x", "multiply(17,3, 2)", "const_x", "n0", "#0", "add(n0, 1)", "inf", "nan", "power(-8, 0.5)",
        "add(" * 60 + "1" + ", 1)" * 60, "add(1, 2)" * 500, "(1)", "add()", ",", "add(,)", "permutation(2, 1e400)",
        "factorial(171)", "gcd(2.5, 5)",
    ],
)  # fmt: skip
def test_what_is_no_sound_formula_has_no_value(formula):
    assert evaluate_formula(formula) is None


@given(st.text(alphabet="add,sqrt()n0#1 .-const_2power", max_size=60))
@example("nan")
@example("const_inf")
def test_no_text_makes_the_evaluator_fail(text):
    for value in (evaluate_formula(text), evaluate_linear_formula(text, [1.0, 2.0])):
        assert value is None or math.isfinite(value)


@given(st.sampled_from(sorted(OPERATIONS)), st.lists(st.integers(-2000, 2000), min_size=1, max_size=3))
def test_every_operation_gives_a_number_or_nothing(name, numbers):
    value = evaluate_formula(f"{name}({', '.join(map(str, numbers))})")
    assert value is None or math.isfinite(value)


def test_linear_formulas_are_chains_over_the_problem_s_numbers():
    assert evaluate_linear_formula("add(n2,n3)|multiply(n0,n1)|subtract(#1,#0)|", [3, 8, 5, 9]) == 10
    assert (
        evaluate_linear_formula("add(n0,n1)|", [3]) is None and evaluate_linear_formula("subtract(#1,n0)|", [3]) is None
    )
    assert evaluate_linear_formula("", [3]) is None and evaluate_linear_formula("add(n0,n0)|)", [3]) is None
    assert extract_numbers("of 3 numbers , 1,000 and 2.5 and .5") == [3, 1000, 2.5, 0.5]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("$ 600", 600), ("rs . 1,250", 1250), ("31 / 36", 31 / 36), ("- 1 / 2", -0.5), ("– 4", -4), ("33 1 / 3 %", 100 / 3),
        ("209 cm 2", 209), ("553.1 sq cm", 553.1), ("4 π", 4 * math.pi), ("3 : 4", 0.75), (". 09", 0.09), ("1 , 000", 1000),
        ("500 .", 500), ("12.5 %", 12.5), ("-2 1 / 2", -2.5), ("none of these", None), ("5 or 6", None), ("10 ^ 20", None),
        ("2 √ 3", None), ("16 : 00", None), ("", None), ("1 / 0", None), ("2 hr 24 mins", None), ("2 π - 4", None),
        ("9" * 400, None),
    ],
)  # fmt: skip
def test_the_number_an_option_shows(text, number):
    found = parse_number_with_decimals(text)
    assert (found and found[0]) == (number and pytest.approx(number))


OPTIONS = "a ) 10 , b ) 12.5 % , c ) 9 , d ) 10.4 , e ) none"


@pytest.mark.parametrize(
    ("formula", "correct", "outcome"),
    [
        ("add(4, 6)", "a", "key"), ("divide(100, 8)", "b", "key"), ("multiply(5, 2.5)", "a", "other"),
        ("add(4, 5)", "a", "other"), ("divide(52, 5)", "a", "key"), ("divide(52, 5)", "d", "key"),
        ("add(4, 16)", "a", "none"), ("add(4, 4.6)", "c", "none"), ("divide(1, 0)", "a", "unknown"),
        ("add(4, 6)", "e", "unknown"),
    ],
)  # fmt: skip
def test_an_annotation_leads_to_the_key_to_another_option_or_to_none(formula, correct, outcome):
    values = {
        "Problem": "what is it ?", "Rationale": "", "options": OPTIONS, "correct": correct, "category": "general",
        "annotated_formula": formula, "linear_formula": "",
    }  # fmt: skip
    found, why = compare_formula_to_key(values, build_question_from_row(DATASET, RawRow(1, values)))
    assert found == outcome and why


def test_the_linear_formula_stands_in_where_the_annotated_one_has_no_value():
    values = {
        "Problem": "what is 4 and 6 ?", "Rationale": "", "options": OPTIONS, "correct": "a", "category": "general",
        "annotated_formula": "", "linear_formula": "add(n0,n1)|",
    }  # fmt: skip
    assert compare_formula_to_key(values, build_question_from_row(DATASET, RawRow(1, values)))[0] == "key"
    assert formula_check.has_formula_annotation(values) and not formula_check.has_formula_annotation(
        {**values, "linear_formula": " "}
    )


@pytest.mark.skipif(not DEV.exists(), reason="MathQA's dev file is not here")
def test_both_forms_of_the_dev_file_agree():
    rows = json.loads(DEV.read_text(encoding="utf-8"))
    pairs = [
        (
            evaluate_formula(row["annotated_formula"]),
            evaluate_linear_formula(row["linear_formula"], extract_numbers(row["Problem"])),
        )
        for row in rows
    ]
    both = [(a, b) for a, b in pairs if a is not None and b is not None]
    assert len(both) > 4350 and sum(a == pytest.approx(b) for a, b in both) / len(both) > 0.99
    assert sum(a is None for a, _ in pairs) < 40
