"""What is refused before a run is made: each with its field, its value and a remedy, and nothing half-saved."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from studentsim.config import RunConfig
from studentsim.curriculum.generator import SKILLS
from studentsim.datasets.registry import QUESTIONS_PER_SKILL, open_bank
from studentsim.errors import BankError, ConfigError, StudentError
from studentsim.runs import preflight
from studentsim.student.embedded import weight_versions


@pytest.fixture(autouse=True)
def weights(tmp_path, monkeypatch):
    """The embedded student's weights are there, whatever the state of this checkout."""
    (tmp_path / weight_versions.WEIGHTS_FILENAME).touch()
    monkeypatch.setattr(weight_versions, "SHIPPED_WEIGHTS_DIR", tmp_path)


STUDY, EXAM = QUESTIONS_PER_SKILL["study"], QUESTIONS_PER_SKILL["exam"] * len(SKILLS)
NAN, INFINITE = float("nan"), float("inf")

BAD = [
    # settings, the field that is named, a word of the message
    ({"mix": {"general": 50.0}}, "mix", "100"),
    ({"mix": {"general": 150.0, "gain": -50.0}}, "mix", "-50"),
    ({"mix": {"general": NAN, "gain": 100.0}}, "mix", "nan"),
    ({"mix": {"general": INFINITE}}, "mix", "inf"),
    ({"mix": {}}, "mix", "100"),
    ({"mix": {"history": 100.0}}, "mix", "history"),
    ({"mix": {"geometry": 100.0}, "categories": ("gain",)}, "mix", "no such question"),
    ({"mix": {"geometry": 50.0, "gain": 50.0}, "categories": ("gain",)}, "mix", "geometry"),
    ({"mix": {"gain": 100.0}, "questions_per_turn": 1000, "categories": ("gain", "other")}, "mix", "1000"),
    ({"categories": ("history",)}, "categories", "history"),
    ({"skills": ("flying",)}, "skills", "flying"),
    ({"skills": ("average-of-three",), "categories": ("geometry",)}, "skills", "at once"),
    ({"skills": ("average-of-three",), "questions_per_turn": STUDY + 1}, "questions_per_turn", f"holds {STUDY}"),
    ({"turns": 0}, "turns", "0"),
    ({"turns": -1}, "turns", "-1"),
    ({"turns": 10**9}, "turns", "1000"),
    ({"questions_per_turn": 0}, "questions_per_turn", "0"),
    ({"exam_size": 5000}, "exam_size", "5000"),
    ({"exam_size": 10**9}, "exam_size", "1000"),
    ({"exam_every": 0}, "exam_every", "0"),
    ({"strategy": "telepathy"}, "strategy", "telepathy"),
    ({"student": "genius"}, "student", "genius"),
    ({"model": "nonsense"}, "model", "nonsense"),
    ({"model": "../secret"}, "model", ".."),
    ({"model": "models/../../etc"}, "model", ".."),
    ({"model": "/no/such/folder"}, "model", "config.json"),
    ({"model": "a b/c"}, "model", "a b/c"),
    ({"model": " "}, "model", "blank"),
    ({"name": "a\u202eb"}, "name", "control characters"),
    ({"name": "a\nb"}, "name", "line ends"),
    ({"name": "x" * 300}, "name", "80"),
    ({"seed": "seven"}, "seed", "seven"),
    ({"seed": 1.5}, "seed", "1.5"),
    ({"seed": -1}, "seed", "-1"),
    ({"seed": True}, "seed", "True"),
    ({"dpo": {"beta": 0.0}}, "dpo.beta", "0.0"),
    ({"dpo": {"learning_rate": NAN}}, "dpo.learning_rate", "nan"),
    ({"nonsense": 1}, "nonsense", "nonsense"),
]


@pytest.mark.parametrize(("settings", "field", "words"), BAD, ids=[str(s)[:60] for s, *_ in BAD])
def test_a_bad_setting_is_refused_at_its_field(settings, field, words):
    with pytest.raises(ConfigError) as caught:
        preflight.check_run_config(RunConfig.make(**settings))
    assert caught.value.field == field and words in str(caught.value)
    assert caught.value.remedy and len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"name": "   "},  # blank: the title is made from student and strategy
        {"mix": {"general": 20.0, "physics": 80.0, "gain": 0.0}},
        {"categories": ("gain", "geometry"), "mix": {"gain": 100.0, "general": 0.0}},
        {"skills": ("average-of-three",), "questions_per_turn": STUDY},
        {"exam_size": EXAM},
        {"student": "struggling", "strategy": "none"},
    ],
)
def test_good_settings_pass(settings):
    preflight.check_run_config(RunConfig.make(**settings))


def test_the_papers_own_protocol_passes():
    preflight.check_run_config(RunConfig.paper())


def test_the_outline_of_the_built_in_bank_is_that_of_the_bank_itself():
    outline, bank = preflight.load_bank_outline("curriculum"), open_bank("curriculum")
    assert outline.categories == bank.categories and outline.exam == len(bank.exam)
    assert sum(outline.study.values()) == len(bank.study)
    for (category, skill, difficulty), count in outline.study.items():
        assert len(bank.filter_study_questions((category,), (skill,), (difficulty,))) == count


def test_missing_weights_are_refused_with_the_command_that_makes_them(monkeypatch):
    monkeypatch.setattr(weight_versions, "SHIPPED_WEIGHTS_DIR", Path("/no/such/folder"))
    with pytest.raises(StudentError, match="pretrain"):
        preflight.check_run_config(RunConfig())


def test_a_bank_file_that_is_not_there_is_refused():
    with pytest.raises(BankError):
        preflight.check_run_config(RunConfig.make(bank="/no/such/file.json"))


def test_a_model_that_is_neither_here_nor_can_be_had_is_refused(monkeypatch):
    """Fault 19: empty cache, no network; tests/test_hub_preflight.py has the rest."""
    with pytest.raises(ConfigError, match="not on this computer, and the hub cannot be reached") as caught:
        preflight.check_run_config(RunConfig.make(model="someone/some-model"))
    assert caught.value.field == "model"


def test_the_check_in_a_process_of_its_own_finds_the_same(monkeypatch):
    root = Path(__file__).parents[1]

    def apart(text: str):
        command = [sys.executable, "-m", "studentsim.runs.preflight"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=root)
        return json.loads(done.stdout)

    assert apart(RunConfig().model_dump_json()) is None
    found = apart(RunConfig(exam_size=5000).model_dump_json())
    assert found["field"] == "exam_size" and str(EXAM) in found["remedy"]


def test_what_the_process_finds_is_raised_here(monkeypatch):
    def answer(found: str, stderr: str = ""):
        done = subprocess.CompletedProcess([], 0, stdout=found, stderr=stderr)
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)

    config = RunConfig.make(bank="math_qa")
    answer("null\n")
    preflight.check_run_config(config)
    answer('{"problem": "Too many.", "remedy": "Fewer.", "field": "exam"}')
    with pytest.raises(ConfigError, match="Too many"):
        preflight.check_run_config(config)
    answer('{"problem": "No network.", "remedy": "Connect.", "field": ""}')
    with pytest.raises(BankError, match="No network"):
        preflight.check_run_config(config)
    answer("", "Traceback … KeyError")
    with pytest.raises(BankError, match="cannot be read"):
        preflight.check_run_config(config)
