"""Options that are equal by value, exactly and with their unit; and what only looks like it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studentsim.datasets.option_value import find_equal_value_options, parse_number_with_unit
from studentsim.datasets.registry import build_bank_report, open_bank


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 / 3", "2 / 6"), ("0.5", "1/2"), ("Rs. 50", "Rs.50"), ("1,250", "1250"), ("1,00,000", "100000"), ("2 1/2", "2.5"),
        ("50 %", "50%"), ("- 2", "−2"), ("2.50 km", "2.5km"), (r"$\frac{1}{2}$", "0.5"), (r"\frac{2}{4}", r"\frac{1}{2}"),
        ("x = 4/2", "x = 2"), (".5", "0.5"), (". 9", "0.90"), ("1 , 250", "1250"), (r"\$1,250", "$1250"), ("0.5 hours", "1/2 hour"),
        (r"6\frac{2}{4}", "6.5"), ("rs . 1,200", "rs. 1200"),
    ],
)  # fmt: skip
def test_these_are_worth_the_same(one: str, other: str):
    assert find_equal_value_options(one, [other]) == [0] == find_equal_value_options(other, [one])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("50 %", "0.5"), ("5 cm", "5 m"), ("5 mW", "5 MW"), ("x - 5", "- 5 x"), ("1 billion km", "1 million km"), ("< 5", "> 5"),
        ("√4", "√ 8/2"), ("2^3", "2^6/2"), (". 9", ". 09"), ("3 : 4", "6 : 8"), ("0.333", "1/3"), ("4 π", "8/2 π"),
        ("5 or 6", "6 or 5"), ("1,25", "1.25"), ("-5", "5"), ("H2O", "CO2"), ("1/0", "2/0"), ("π / 2", "π / 4/2"), ("A1", "a1"),
    ],
)  # fmt: skip
def test_these_are_not_said_to_be(one: str, other: str):
    assert find_equal_value_options(one, [other]) == [] == find_equal_value_options(other, [one])


@given(st.integers(-999, 999), st.integers(1, 99), st.integers(1, 9))
def test_a_fraction_is_worth_what_it_is_when_it_is_extended(top: int, bottom: int, by: int):
    assert parse_number_with_unit(f"{top} / {bottom}") == parse_number_with_unit(f"{top * by}/{bottom * by}") != None  # noqa: E711


@given(st.text(max_size=130))
def test_any_text_has_a_value_or_none(text: str):
    parse_number_with_unit(text)


def test_no_text_takes_long():
    began = time.process_time()
    for text in (
        "1" * 5000,
        "1," * 60,
        "- " * 60,
        ". " * 60,
        "1 " * 60,
        "1/" * 60,
        r"\frac{" * 20,
        "," * 120,
        "1" + " " * 118 + "x",
    ):
        find_equal_value_options(f"{text}2", [text])
    assert time.process_time() - began < 0.2


def test_the_right_answer_twice_by_value_is_doubtful_and_left_out(tmp_path: Path):
    rows = [
        {"question": f"What is {n} of 6?", "options": [f"A){n}/6", f"B){2 * n}/12", f"C){n}/7", "D)1/97"], "rationale": "",
         "correct": "A" if n < 3 else "C"}
        for n in range(1, 60)
    ]  # fmt: skip
    path = tmp_path / "aqua.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    report = build_bank_report(str(path))
    assert [(d.row, d.kind, d.why) for d in report.doubts] == [
        (1, "right twice", "options a and b, '1/6' and '2/12', are worth the same"),
        (2, "right twice", "options a and b, '2/6' and '4/12', are worth the same"),
    ]
    assert report.right_by_value == 2 and report.to_json()["by_kind"]["right twice"] == 2
    bank = open_bank(str(path), drop_invalid=True)
    assert len(bank.study) + len(bank.validation) + len(bank.exam) == 57
