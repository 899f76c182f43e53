"""Several files or sets in one bank: each recognised and dealt alone, with its topic; and P3's topics of MMLU."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from studentsim.config import RunConfig
from studentsim.datasets import mmlu
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.registry import (
    build_bank_report,
    has_hub_dataset,
    load_dataset_rows,
    load_questions,
    open_bank,
)
from studentsim.datasets.resolve import load_bank_rows, split_source_names
from studentsim.errors import BankError, ConfigError
from studentsim.practice import answer_event
from studentsim.runs import preflight
from studentsim.store.tables import build_event_rows
from studentsim.types import Answer, Grade, Question

SHARED = Path(__file__).parents[2] / "shared" / "data"


def sums(tmp_path: Path, name: str = "sums.jsonl", start: int = 0, count: int = 60) -> Path:
    """Rows of GSM8K."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"question": f"How much is {n} and 3?", "answer": f"#### {n + 3}"} for n in range(start, start + count)]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def quiz(tmp_path: Path, name: str = "fractions.csv", count: int = 60) -> Path:
    """A plain table."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"What is half of {2 * n}?,{n},{n + 1},{n + 2},{n + 4},A" for n in range(count)]
    path.write_text("\n".join(["question,a,b,c,d,answer", *rows]))
    return path


def science(tmp_path: Path, name: str = "science.jsonl") -> Path:
    """Rows of MMLU, of a subject of P3's and of another."""
    path = tmp_path / name
    rows = [
        {"question": f"Which is {s} {n}?", "choices": ["w", "x", "y", "z"], "answer": n % 4, "subject": s}
        for s in ("college_physics", "philosophy") for n in range(20)
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def questions(bank) -> list[Question]:
    return [*bank.study, *bank.validation, *bank.exam]


# ------------------------------------------------------------------ P3's topics


def test_p3_asks_23_subjects_in_five_topics():
    assert {topic: len(subjects) for topic, subjects in mmlu.P3_SUBJECTS_BY_TOPIC.items()} == {
        "math": 6, "natural sciences": 11, "computer science": 4, "engineering": 1, "other": 1,
    }  # fmt: skip
    assert len(set(mmlu.P3_SUBJECTS)) == 23 and len(set(mmlu.P3_SUBJECTS) - set(mmlu.STEM_SUBJECTS)) == 5
    rows = [RawRow(n, {"subject": name}) for n, name in enumerate((*mmlu.P3_SUBJECTS, "philosophy"), start=1)]
    assert len(mmlu.filter_rows_by_subject(rows, "p3")) == 23
    assert [row.number for row in mmlu.filter_rows_by_subject(rows, "p3,philosophy")][-1] == 24


def test_a_question_of_mmlu_bears_p3_s_topic_whatever_file_it_comes_from(tmp_path: Path):
    found = Counter(q.topic for q in load_questions(science(tmp_path)))
    assert found == {"natural sciences": 20, None: 20}
    csv = tmp_path / "logical_fallacies_test.csv"
    csv.write_text("Which?,w,x,y,z,A\n")
    assert [q.topic for q in load_questions(csv)] == ["other"]
    report = build_bank_report(str(tmp_path / "science.jsonl"))
    assert report.topics == {"natural sciences": 20} and json.loads(json.dumps(report.to_json()))["topics"]


def test_the_topic_goes_into_the_journal_the_tables_and_the_export(tmp_path: Path):
    (question, *_) = load_questions(science(tmp_path))
    event = answer_event(1, "study", question, Answer(question.id, "t", "a", None, -1.0, 1.0), Grade(True))
    assert event.topic == "natural sciences"
    line = {**event.to_json(), "seq": 3, "timestamp": 1.0}
    assert build_event_rows("run", [line])["answers"][0]["topic"] == "natural sciences"
    del line["topic"]  # a journal of before
    assert build_event_rows("run", [line])["answers"][0]["topic"] is None


# ------------------------------------------------------------------ several in one


def test_joined_files_are_each_recognised_and_named_by_their_topic(tmp_path: Path):
    source = f"{quiz(tmp_path)} | {sums(tmp_path)} | {science(tmp_path)}"
    bank = open_bank(source)
    assert Counter(q.topic for q in questions(bank)) == {
        "fractions": 60,
        "sums": 60,
        "natural sciences": 20,
        "science": 20,
    }
    assert {q.bank for q in questions(bank)} == {"plain", "gsm8k", "mmlu"}
    assert set(bank.categories) == {"fractions", "word problems", "college physics", "philosophy"}
    report = build_bank_report(source)
    assert report.set == "plain | gsm8k | mmlu" and report.title == "a plain table, GSM8K and MMLU"
    assert [(one["part"], one["set"]) for one in report.recognised] == [
        ("fractions", "plain"), ("sums", "gsm8k"), ("science", "mmlu"),
    ]  # fmt: skip
    assert sum(report.topics.values()) == report.questions == 160


def test_a_file_s_questions_are_in_the_same_splits_alone_and_among_others(tmp_path: Path):
    parts = [quiz(tmp_path), sums(tmp_path), science(tmp_path)]
    together = {q.id: q for q in questions(open_bank(" | ".join(map(str, parts))))}
    for part in parts:
        for question in questions(open_bank(str(part))):
            other = together.pop(question.id)
            assert (other.split, other.options, other.category) == (question.split, question.options, question.category)
    assert not together


def test_ids_are_unique_and_no_text_is_practised_that_is_examined(tmp_path: Path):
    one, two = sums(tmp_path, "a/sums.jsonl"), sums(tmp_path, "b/sums.jsonl", start=30)
    bank = open_bank(f"{one} | {two}")
    found = questions(bank)
    assert len(found) == 120 == len({q.id for q in found})
    assert Counter(q.topic for q in found) == {"a/sums": 60, "b/sums": 60}, "names that are alike are told apart"
    assert not {q.problem for q in bank.study} & {q.problem for q in bank.exam}
    report = build_bank_report(f"{one} | {two}")
    assert report.issue_counts["doubled question"] == 30 and {d.part for d in report.doubts} == {"b/sums"}
    assert len(questions(open_bank(f"{one} | {two}", drop_invalid=True))) == 90


def test_a_folder_of_files_of_different_sets_is_read_file_by_file(tmp_path: Path):
    folder = tmp_path / "folder"
    quiz(folder), sums(folder)
    science(folder)
    bank = open_bank(str(folder))
    assert {q.bank for q in questions(bank)} == {"plain", "gsm8k", "mmlu"} and len(questions(bank)) == 160
    assert Counter(q.topic for q in questions(bank)) == {
        "a plain table": 60,
        "GSM8K": 60,
        "natural sciences": 20,
        "MMLU": 20,
    }
    with pytest.raises(BankError, match="several sets"):
        load_dataset_rows(str(folder))
    (folder / "about.json").write_text('{"made": "today"}')
    with pytest.raises(BankError, match="Row 1 of about.json: the file is of no known set"):
        open_bank(str(folder))
    report = build_bank_report(str(folder))
    assert [(d.part, d.kind) for d in report.doubts] == [("about.json", "unreadable")] and report.questions == 160
    assert "no known set" not in report.title


def test_tables_of_one_folder_may_say_what_is_right_in_different_ways(tmp_path: Path):
    rows = [(f"What is half of {2 * n}?", n, n + 1, n + 2, n + 4) for n in range(8)]
    for name, keys in {"letters": "ABCD", "numbers": "1234", "zero": "0123"}.items():
        lines = [
            ",".join(map(str, (*row[:1], *row[1:][-k:], *row[1:][:-k], keys[k]))) for row in rows for k in range(1, 4)
        ]
        lines.append(",".join(map(str, ("And?", 70, 71, 72, 73, keys[0]))))
        (tmp_path / f"{name}.csv").write_text("\n".join(["question,a,b,c,d,answer", *lines]))
    found = load_questions(tmp_path)
    assert len(found) == 75 and {q.category for q in found} == {"letters", "numbers", "zero"}
    assert all(
        q.correct_option.text == "70"
        if q.problem == "And?"
        else 2 * int(q.correct_option.text) == int(q.problem.split()[-1][:-1])
        for q in found
    )


def test_one_set_in_a_folder_has_no_topics_of_its_own(tmp_path: Path):
    sums(tmp_path, "one.jsonl"), sums(tmp_path, "two.jsonl", start=100)
    assert {q.topic for q in load_questions(tmp_path)} == {None} and build_bank_report(str(tmp_path)).topics == {}


def test_a_path_that_is_there_is_never_taken_apart(tmp_path: Path):
    path = sums(tmp_path, "this | that.jsonl")
    assert split_source_names(str(path)) == (str(path),) and len(load_questions(path)) == 60
    assert split_source_names("gsm8k | mmlu:p3 | ") == ("gsm8k", "mmlu:p3") and split_source_names("a|b") == ("a|b",)
    assert (
        has_hub_dataset("gsm8k | x.csv") and has_hub_dataset("x.csv | mmlu:p3") and not has_hub_dataset("x.csv | y.csv")
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{} | nowhere.csv", "'nowhere.csv' cannot be read"),
        ("{} | curriculum", "curriculum cannot be joined"),
        ("{0} | {0}", "twice"),
        (" | ".join(["{}"] + [f"{n}.csv" for n in range(40)]), "joins 41 parts"),
    ],
)
def test_parts_that_cannot_be_joined_are_refused(tmp_path: Path, source: str, message: str):
    with pytest.raises(BankError, match=message):
        load_bank_rows(source.format(sums(tmp_path)))


def test_a_run_takes_a_joined_bank_and_the_name_of_its_set(tmp_path: Path):
    source = f"{quiz(tmp_path)} | {sums(tmp_path)}"
    config = RunConfig.make(bank=source, questions_per_turn=20, exam_size=10)
    preflight.check_run_config(config)
    assert preflight.load_run_outline(config).categories == ("fractions", "word problems")
    forced = RunConfig.make(bank=str(sums(tmp_path)), bank_set="mmlu", questions_per_turn=5, exam_size=5)
    with pytest.raises(BankError, match="Row 1: 'choices' is missing"):
        preflight.check_run_config(forced)
    with pytest.raises(ConfigError, match="climbs"):
        RunConfig.make(bank=f"{sums(tmp_path)} | ../x.csv")
    assert RunConfig.from_json('{"bank": "gsm8k"}').bank_set == ""


def test_a_corrected_part_is_read_anew(tmp_path: Path):
    source = f"{quiz(tmp_path)} | {sums(tmp_path)}"
    before = open_bank(source)
    assert open_bank(source) is before
    sums(tmp_path, count=50)
    assert len(questions(open_bank(source))) == 110


@pytest.mark.skipif(not SHARED.is_dir(), reason="the released files are not here")
def test_the_released_files_are_one_bank_with_their_topics():
    names = ("aqua_dev.json", "gsm8k_test.jsonl", "mmlu_stem_test.jsonl")
    source = " | ".join(str(SHARED / name) for name in names)
    report = build_bank_report(source)
    assert report.questions == 254 + 1319 + 3018 and report.set == "aqua_rat | gsm8k | mmlu"
    assert report.topics == {
        "natural sciences": 1397, "gsm8k_test": 1319, "math": 1064, "computer science": 412, "aqua_dev": 254, "engineering": 145,
    }  # fmt: skip
    assert {one["certainty"] for one in report.recognised} == {"sure"}


def test_files_beside_a_set_of_the_hub_are_found_by_paths_from_here(monkeypatch, tmp_path: Path):
    sums(tmp_path)
    monkeypatch.chdir(tmp_path)
    preflight._check_questions_in_subprocess(
        RunConfig.make(bank="sums.jsonl", questions_per_turn=5, exam_size=5)
    )  # as for "sums.jsonl | math_qa"
