"""The report on a bank: what it counts, which rows it doubts and why, and that the switch leaves out just these."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from studentsim.cli import app
from studentsim.curriculum.generator import SKILLS
from studentsim.datasets import registry
from studentsim.datasets.option_sizes import CorrectRankCounts, count_correct_option_ranks, format_size_rank
from studentsim.datasets.registry import build_bank_report, load_questions, open_bank
from studentsim.datasets.validation import ISSUE_KINDS
from studentsim.datasets.validation_text import print_report
from studentsim.errors import BankError
from studentsim.types import Option, Question

FIXTURES = Path(__file__).parent / "fixtures"
BANKS = FIXTURES / "banks"
ROOT = FIXTURES.parents[1]
SHARED = Path(__file__).parents[2] / "shared" / "data"

SUM = {
    "Problem": "what is 4 + 6 ?", "Rationale": "10", "options": "a ) 10 , b ) 12 , c ) 9 , d ) 8 , e ) 46", "correct": "a",
    "annotated_formula": "add(4, 6)", "linear_formula": "add(n0,n1)|", "category": "general",
}  # fmt: skip
DOUBTED = [
    (1, None, SUM),
    (2, "unreadable", {**SUM, "options": "a ) 10"}),
    (3, "key", {**SUM, "correct": "f"}),
    (4, "right twice", {**SUM, "Problem": "4 plus 6 ?", "options": "a ) 10 , b ) 12 , c ) 10 , d ) 8 , e ) 46"}),
    (5, "doubled options", {**SUM, "Problem": "6 and 4 ?", "options": "a ) 10 , b ) 12 , c ) 9 , d ) 12 , e ) 46"}),
    (6, "doubled question", {**SUM, "Problem": "What is  4 + 6 ?"}),
    (7, "annotation other", {**SUM, "Problem": "what is 6 + 6 ?", "annotated_formula": "add(6, 6)"}),
    (8, "annotation none", {**SUM, "Problem": "what is 7 + 6 ?", "annotated_formula": "add(7, 6)"}),
    (9, "contradiction", {**SUM, "Problem": "which ?", "annotated_formula": "", "linear_formula": ""}),
    (10, "contradiction", {**SUM, "Problem": "which ?", "correct": "b", "annotated_formula": "", "linear_formula": ""}),
    (11, "unreadable", "a question"),
    (12, None, {**SUM, "Problem": "ten ?", "annotated_formula": "frob(1)", "linear_formula": "frob(1)|"}),
    (13, None, {**SUM, "Problem": "what is 4 + 6 ?", "options": "a ) 10 , b ) 1 , c ) 2 , d ) 3 , e ) 4"}),
]


@pytest.fixture
def doubted(tmp_path) -> str:
    path = tmp_path / "doubted.json"
    path.write_text(json.dumps([row for *_, row in DOUBTED]))
    return str(path)


def test_each_kind_of_doubt_is_found_at_its_row_and_nowhere_else(doubted):
    report = build_bank_report(doubted)
    assert [(doubt.row, doubt.kind) for doubt in report.doubts] == [(n, kind) for n, kind, _ in DOUBTED if kind]
    assert set(report.issue_counts) == set(ISSUE_KINDS) and report.issue_counts["contradiction"] == 2
    assert all(report.issue_counts[kind] for kind in ISSUE_KINDS) and report.rows_with_issues == 10
    why = {doubt.row: doubt.why for doubt in report.doubts}
    assert "a to e" in why[2] and "'f'" in why[3] and "a and c" in why[4] and "b and d" in why[5]
    assert why[6] == "the same as row 1" and "option b" in why[7] and "gives 13" in why[8] and "row 10" in why[9]


def test_where_the_right_option_stands_by_size_is_told_of_numbers_of_one_unit():
    def asked(*options: str, correct: int = 0) -> Question:
        letters = tuple(Option(letter, text) for letter, text in zip("abcde", options, strict=False))
        return Question("q", "bank", "general", "How many?", letters, "abcde"[correct], "")

    told = [asked("5 km", "7 km", "1.5 km"), asked("1/2", "0.25", "2", correct=2), asked("30", "4", "200", correct=1)]
    assert count_correct_option_ranks(told) == CorrectRankCounts(3, (1, 1, 1))
    untold = [asked("5 km", "7 m", "9 km"), asked("none", "1", "2"), asked("1/2", "0.5", "2"), asked("3 + 4", "1", "2")]
    assert count_correct_option_ranks(untold) is None
    assert count_correct_option_ranks([*told, asked("1", "2"), *untold]) == CorrectRankCounts(3, (1, 1, 1))
    assert [format_size_rank(place, 4) for place in range(4)] == [
        "smallest",
        "second smallest",
        "second largest",
        "largest",
    ]


def test_the_report_counts_what_the_bank_holds(doubted):
    report = build_bank_report(doubted)
    assert (report.set, report.rows, report.questions, report.without_question) == ("math_qa", 13, 10, 0)
    assert report.categories == {"general": 10} and report.option_counts == {5: 10}
    assert sum(report.splits.values()) == 10 and report.same_text == 5
    assert [(one.letter, one.right) for one in report.letters] == list(zip("abcde", (9, 1, 0, 0, 0), strict=True))
    assert report.letters[0].accuracy == 0.9
    # smallest first, of the rows whose five options differ: 8, 9, 10, 12, 46 with 10 right six times, with 12 once, and 0 to 4 with 10
    assert report.sizes == CorrectRankCounts(8, (0, 0, 6, 1, 1))
    assert report.annotation == {"key": 5, "other": 1, "none": 1, "unknown": 1}
    assert pickle.loads(pickle.dumps(report)) == report
    told = json.loads(json.dumps(report.to_json()))
    assert told["doubtful_rows"] == 10 and told["doubts"][0]["row"] == 2 and told["letters"][0]["accuracy"] == 0.9


def test_the_switch_leaves_out_just_the_doubtful_rows(tmp_path):
    clean = [{**SUM, "Problem": f"what is {n} + 6 ?", "annotated_formula": "add(4, 6)"} for n in range(100, 160)]
    path = tmp_path / "mixed.json"
    path.write_text(json.dumps([*(row for *_, row in DOUBTED), *clean]))
    with pytest.raises(BankError, match="Row 2: .*leave out all that is doubtful"):
        open_bank(str(path))
    bank = open_bank(str(path), drop_invalid=True)
    kept = Counter(q.problem for split in (bank.study, bank.validation, bank.exam) for q in split)
    expected = [row["Problem"] for _, kind, row in DOUBTED if not kind] + [row["Problem"] for row in clean]
    assert kept == Counter(expected)


def test_genotypes_that_differ_in_capitals_are_different_options():
    report = build_bank_report(str(BANKS / "mmlu.jsonl"))
    assert [(d.row, d.kind) for d in report.doubts] == [
        (2, "contradiction"), (3, "right twice"), (5, "contradiction"), (6, "contradiction"),
    ]  # fmt: skip
    assert report.annotation is None and report.same_text == 4


def test_sciq_s_distractor_that_is_the_answer_is_found():
    assert [(d.row, d.kind) for d in build_bank_report(str(BANKS / "sciq.json")).doubts] == [(2, "right twice")]


def test_a_bank_with_nothing_to_ask_is_reported_too(tmp_path):
    path = tmp_path / "none.json"
    path.write_text(json.dumps([{**SUM, "correct": "x"}]))
    report = build_bank_report(str(path))
    assert (report.questions, report.letters, report.splits) == (0, (), {}) and report.issue_counts["key"] == 1
    with pytest.raises(BankError, match="no question for the split"):
        open_bank(str(path), drop_invalid=True)


def test_the_built_in_curriculum_has_nothing_doubtful(monkeypatch):
    monkeypatch.setattr(registry, "QUESTIONS_PER_SKILL", {"study": 6, "validation": 2, "exam": 2})
    report = build_bank_report("curriculum")
    assert report.doubts == () and report.questions == report.rows == 10 * len(SKILLS) and len(report.categories) == 6
    assert report.splits == {"study": 6 * len(SKILLS), "validation": 2 * len(SKILLS), "exam": 2 * len(SKILLS)}


# ------------------------------------------------------------------ the command


def test_the_command_tells_it_readably_and_as_json(doubted):
    told = CliRunner().invoke(app, ["check-dataset", doubted, "--json"])
    assert told.exit_code == 0 and json.loads(told.stdout)["by_kind"]["contradiction"] == 2
    text = CliRunner().invoke(app, ["check-dataset", doubted]).stdout
    assert "13 rows, 10 questions that can be asked" in text and "The right answer is not among the options: 1" in text
    assert "row 7: the annotation gives 12, which is option b, but the key says a" in " ".join(text.split())


def test_the_command_lists_a_few_rows_of_a_kind_or_all(tmp_path):
    path = tmp_path / "many.json"
    path.write_text(json.dumps([{**SUM, "correct": "x"}] * 25))
    few = CliRunner().invoke(app, ["check-dataset", str(path)]).stdout
    assert "row 10:" in few and "row 11:" not in few and "and 15 more" in few
    assert "row 25:" in CliRunner().invoke(app, ["check-dataset", str(path), "--all"]).stdout


def test_the_command_takes_the_set_and_a_category():
    path = str(BANKS / "gsm8k.jsonl")
    told = CliRunner().invoke(app, ["check-dataset", path, "--set", "gsm8k", "--category", "Sums", "--json"])
    assert json.loads(told.stdout)["categories"] == {"sums": 5}
    forced = json.loads(CliRunner().invoke(app, ["check-dataset", path, "--set", "aqua_rat", "--json"]).stdout)
    assert forced["by_kind"]["unreadable"] == 5


def test_text_out_of_a_file_reaches_the_terminal_without_its_codes(tmp_path):
    path = tmp_path / "codes.json"
    path.write_text(json.dumps([{**SUM, "Problem": "\x1b[31m[bold]red\u202e", "correct": "\x1b]0;x\x07"}]))
    out = io.StringIO()
    print_report(build_bank_report(str(path)), Console(file=out, width=200))
    assert "\x1b" not in out.getvalue() and "\u202e" not in out.getvalue() and "[bold]red" in out.getvalue()


def test_a_report_needs_neither_torch_nor_datasets(doubted):
    program = (
        "import sys; from studentsim.datasets.registry import build_bank_report; build_bank_report(sys.argv[1]);"
        "print([m for m in ('torch', 'datasets', 'transformers', 'duckdb', 'streamlit') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, doubted], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


# ------------------------------------------------------------------ the released files


@pytest.mark.skipif(not SHARED.is_dir(), reason="the released files are not here")
def test_what_is_known_of_mathqa_s_dev_file_is_told():
    report = build_bank_report(str(SHARED / "mathqa_dev.json"))
    assert (report.rows, report.questions) == (4475, 4475)
    assert (report.issue_counts["right twice"], report.right_by_value) == (17, 3), "14 of them word for word"
    assert [(one["set"], one["certainty"], one["read"]) for one in report.recognised] == [("math_qa", "sure", 50)]
    assert max(one.accuracy for one in report.letters) == pytest.approx(0.220, abs=0.001)
    share = {key: count / 4475 for key, count in report.annotation.items()}
    assert 0.55 < share["key"] < 0.70 and 0.03 < share["other"] < 0.06 and 0.25 < share["none"] < 0.35
    assert sum(report.annotation.values()) == 4475


@pytest.mark.skipif(not SHARED.is_dir(), reason="the released files are not here")
@pytest.mark.parametrize(
    ("name", "doubtful"), [("aqua_dev.json", 1), ("gsm8k_test.jsonl", 0), ("mmlu_stem_test.jsonl", 16)]
)
def test_the_other_released_files_are_nearly_free_of_doubts(name, doubtful):
    report = build_bank_report(str(SHARED / name))
    assert report.rows_with_issues == doubtful and report.questions == report.rows == len(load_questions(SHARED / name))
