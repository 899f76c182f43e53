"""Sets of the hub, with a stand-in for ``datasets``: what is asked for, which part is for what, and a hub out of reach."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from question_rows import load_dataset_rows, questions_from_rows

from studentsim.datasets import specs
from studentsim.datasets.adapter import HubDataset
from studentsim.datasets.hub import load_hub_rows
from studentsim.datasets.published import mathqa
from studentsim.datasets.registry import build_bank_report
from studentsim.errors import BankError

FIXTURES = Path(__file__).parent / "fixtures"
ROWS = json.loads((FIXTURES / "mathqa_small.json").read_text(encoding="utf-8"))


class FakeDatasets:
    """Stands for the package ``datasets``: gives what it was made with, and remembers what it was asked."""

    def __init__(self, found):
        self.found, self.asked = found, []

    def load_dataset(self, name, *config, **options):
        self.asked.append((name, *config, options))
        if isinstance(self.found, Exception):
            raise self.found
        return self.found[config[0]] if config and config[0] in self.found else self.found


@pytest.fixture
def hub(monkeypatch):
    def with_rows(found) -> FakeDatasets:
        fake = FakeDatasets(found)
        monkeypatch.setitem(sys.modules, "datasets", fake)
        return fake

    return with_rows


def opened(source: str):
    bank, rows = load_dataset_rows(source)
    return questions_from_rows(bank, rows)


def jsonl(name: str) -> list[dict]:
    return [json.loads(line) for line in (FIXTURES / "banks" / name).read_text(encoding="utf-8").splitlines()]


def sums(numbers) -> list[dict]:
    return [{"question": f"How many are {n} and 3?", "answer": f"#### {n + 3}"} for n in numbers]


def test_the_hub_s_own_splits_are_kept_apart(hub):
    exam_problem_again = {**ROWS[4], "options": ROWS[0]["options"]}
    fake = hub({"train": [*ROWS[:2], exam_problem_again], "validation": ROWS[2:4], "test": ROWS[4:]})
    questions = opened("math_qa")
    assert Counter(q.split for q in questions) == {"study": 2, "validation": 2, "exam": 2}
    asked = {" ".join(q.problem.lower().split()) for q in questions if q.split == "exam"}
    assert not any(" ".join(q.problem.lower().split()) in asked for q in questions if q.split != "exam")
    assert fake.asked == [("allenai/math_qa", {"revision": "refs/convert/parquet"})]  # and never trust_remote_code


def test_held_out_pairs_come_from_study_where_a_set_has_no_part_for_them(hub):
    fake = hub({"train": sums(range(200)), "test": sums(range(150, 250))})
    questions = opened("gsm8k")
    splits = Counter(q.split for q in questions)
    assert splits["exam"] == 100 and 2 <= splits["validation"] <= 20 and sum(splits.values()) == 250
    assert fake.asked == [("openai/gsm8k", "main", {"revision": None})]


def test_mmlu_is_dealt_by_text_and_its_auxiliary_part_is_left_alone(hub):
    rows = [{**row, "subject": row.get("type") or row["subject"]} for row in jsonl("mmlu.jsonl")]
    stray = [{**rows[0], "subject": "", "question": "from another set?"}]
    hub({"auxiliary_train": stray, "test": rows[:3], "validation": rows[3:5], "dev": rows[5:]})
    questions = opened("mmlu")
    assert len(questions) == 6 and "from another set?" not in {q.problem for q in questions}
    assert {q.category for q in opened("mmlu:astronomy")} == {"astronomy"}
    with pytest.raises(BankError, match="no subject 'alchemy'"):
        load_dataset_rows("mmlu:alchemy")
    doubt = build_bank_report("mmlu").doubts[-1]
    assert (doubt.kind, doubt.part, doubt.row) == ("contradiction", "all dev", 1)


def test_every_configuration_of_a_set_is_asked_for(hub):
    part = {"train": jsonl("arc_hub.jsonl"), "validation": [], "test": []}
    fake = hub({"ARC-Easy": part, "ARC-Challenge": part})
    assert {q.category for q in opened("arc_easy")} == {"easy"}
    assert {q.category for q in opened("arc_challenge")} == {"challenge"}
    assert [asked[1] for asked in fake.asked] == ["ARC-Easy", "ARC-Challenge"]
    algebra = {"problem": "?", "level": "Level 1", "type": "Algebra", "solution": r"\boxed{3}"}
    math = hub({"train": [algebra], "test": []})
    assert len(opened("math")) == 7 and len(math.asked) == 7


def test_a_hub_that_cannot_be_reached_is_said(hub, monkeypatch):
    hub(ConnectionError("offline mode is enabled"))
    for source in (bank.name for bank in specs.HUB_DATASETS):
        with pytest.raises(BankError, match="ConnectionError: offline") as caught:
            load_dataset_rows(source)
        assert "give their path" in caught.value.remedy
    hub({})
    with pytest.raises(BankError, match="has no part train"):
        load_dataset_rows("sciq")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(BankError, match="not installed"):
        load_dataset_rows("math_qa")


def test_datasets_itself_reads_a_local_folder(tmp_path, monkeypatch):
    pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / "local"
    folder.mkdir()
    for name, rows in (("train", ROWS[:2]), ("validation", ROWS[2:4]), ("test", ROWS[4:])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    here = replace(mathqa.DATASET, hub=HubDataset(str(folder)))
    questions = questions_from_rows(here, load_hub_rows(here))
    assert len(questions) == 6 and Counter(q.split for q in questions) == {"study": 2, "validation": 2, "exam": 2}
