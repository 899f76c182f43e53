"""The programs that measure a real model and write docs/real-model.md: their arithmetic, and that their checks can fail."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import hubs
import pytest
from journals import make_run

from studentsim.labels.strategy_styles import STRATEGY_STYLES
from studentsim.runs import demo
from studentsim.runs.run_dir import RunFolder
from studentsim.student.huggingface.student import HubStudent

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))
sys.path.insert(0, str(Path(__file__).parent.parent / "docs"))

import gpu
import real_model
import real_model_check
import real_model_figures
import real_model_way

SHORT = {"max_new_tokens": 8}
FOUND = {
    "sizes": {"write": 10, "pairs": 5, "exam": 4, "held_out": 2, "weigh": 3}, "repetitions": 3, "said": "a model",
    "seconds": {
        "now": {"write": 1.0, "turn1": 2.0, "turn2": 3.0, "exam": 0.4, "held_out": 0.2, "weigh": 1.0},
        "0.1's way": {"write": 3.0, "turn1": 4.0, "turn2": 6.0, "exam": 0.8, "held_out": 0.6, "weigh": 1.0},
    },
    "tokens": {"now": 100, "0.1's way": 90}, "peak_bytes": {"now": 1e9, "0.1's way": 2e9},
    "loading": {"now": 5.0, "0.1's way": 5.0}, "same_choices": [4, 4],
}  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A tiny Llama and a file of questions."""
    folder = tmp_path_factory.mktemp("tiny")
    return str(hubs.save(folder, "llama")), str(hubs.mathqa(folder))


def test_a_whole_run_is_extrapolated_from_its_parts():
    # 20 lessons: 40 answers at 0.1 s, 30 pairs at 0.4 s, 8 held-out pairs at 0.1 s; 11 exams of 40 at 0.1 s; loading
    assert real_model.whole_run(FOUND, "now", passes=1, held_out=8) == pytest.approx(5 + 20 * (4 + 12 + 0.8) + 11 * 4)
    assert real_model.whole_run(FOUND, "now", passes=2, held_out=40) == pytest.approx(5 + 20 * (4 + 18 + 4) + 11 * 4)
    text = real_model.report(FOUND)
    assert (
        "| writing, 10 questions | 1.00 s | 3.00 s | 3.00 |" in text
        and "| tokens written a second | 100 | 30 | 3.33 |" in text
    )


def test_a_way_does_each_part_and_its_adapter_is_fresh_again_after_a_turn(model: tuple[str, str]):
    settings = real_model.settings_of(*model, model_loading={"dtype": "float32"}, **SHORT)
    way = real_model_way.Way(settings, fast=True, sizes=real_model.TINY)
    written = way.do("write")
    way.do("take_pairs", rejected=written["rejected"])
    assert [len(way.pairs), written["tokens"] > 0] == [real_model.TINY["pairs"], True]
    before = way.do("exam")["letters"]
    for part in real_model.PARTS:
        assert way.do(part)["seconds"] > 0
    assert way.cast.trainer.dpo.epochs == 2 and way.do("write")["rejected"] == written["rejected"]
    assert way.do("exam")["letters"] == before and way.do("memory")["peak_bytes"] > 1e8


def test_what_a_student_tells_is_held_to_transformers_and_a_small_error_is_found(
    model: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    found = real_model_check.check(*model, ["texts", "logps"], tiny=True, more=SHORT)
    assert found["passed"] and found["texts"]["equal"] == 3 and found["logps, trained adapter"]["moved"] > 0.01
    told = HubStudent.option_logps
    monkeypatch.setattr(
        HubStudent, "option_logps", lambda self, qs: [[x + 0.002 for x in row] for row in told(self, qs)]
    )
    found = real_model_check.check(*model, ["logps"], tiny=True, more=SHORT)
    assert not found["passed"] and found["logps, fresh adapter"]["largest gap"] == pytest.approx(0.002, abs=1e-4)


@pytest.mark.long
def test_both_ways_are_measured_in_processes_of_their_own(model: tuple[str, str]):
    settings = real_model.settings_of(*model, model_loading={"dtype": "bfloat16"}, **SHORT)
    found = real_model.measure(settings, real_model.TINY, 1)
    assert set(found["seconds"]) == set(real_model.WAYS) and all(found["peak_bytes"].values())


# ------------------------------------------------------------------ on a GPU


def test_a_step_that_fails_or_comes_too_late_is_told_and_costs_no_other(tmp_path: Path, capsys: pytest.CaptureFixture):
    out = tmp_path / "gpu.jsonl"
    bench = gpu.Bench(argparse.Namespace(out=out, minutes=8.0))
    bench.step("fails", lambda: 1 / 0)
    bench.step("works", lambda: {"figure": 3})
    bench.args.minutes = 0.5
    bench.step("late", lambda: pytest.fail("it was begun"))
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["step"] for line in lines] == ["fails", "works", "late"]
    assert "ZeroDivisionError" in lines[0]["error"] and lines[1]["figure"] == 3 and "were spent" in lines[2]["left out"]


def test_every_step_finds_what_it_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The models themselves take too long here; what is replaced is looked up first, so that it is there."""
    out, told = tmp_path / "gpu.jsonl", {"seconds": {}}
    for owner, name in ((gpu.Bench, "ours"), (gpu.Bench, "plain"), (gpu, "write_model")):
        monkeypatch.setattr(owner, name, lambda *_, **__: told)
    monkeypatch.setattr("sys.argv", ["gpu.py", "--tiny", "--device", "cpu", "--study", "--out", str(out)])
    gpu.main()
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(lines) == 1 + 3 * len(gpu.SHAPES) + len(gpu.VARIANTS) and not any("error" in line for line in lines)


@pytest.mark.long
def test_a_turn_of_small_models_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out = tmp_path / "gpu.jsonl"
    monkeypatch.setattr("sys.argv", ["gpu.py", "--tiny", "--device", "cpu", "--out", str(out)])
    gpu.main()
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert not any("error" in line for line in lines) and all(
        line["seconds"] for line in lines if "ours" in line["step"]
    )


# ------------------------------------------------------------------ docs/real-model.md


def test_the_page_s_parts_are_exchanged_and_others_stay():
    page = "a\n<!-- one -->\nold\n<!-- /one -->\nb\n<!-- two -->\nkept\n<!-- /two -->\n"
    new = real_model_figures.with_part(page, "one", "fresh")
    assert new == page.replace("old", "fresh") and real_model_figures.with_part(new, "one", "fresh") == new
    with pytest.raises(ValueError, match="no part 'three'"):
        real_model_figures.with_part(page, "three", "x")
    own = real_model_figures.PAGE.read_text()
    for name in ("speed", "check", "study", "paper", "search", "gpu"):
        real_model_figures.with_part(own, name, "x")
    assert real_model_figures.with_part(own, "paper", real_model_figures.paper()) == own, (
        "python docs/real_model_figures.py"
    )


def test_the_page_tells_of_the_recorded_study_what_its_journals_say():
    own = real_model_figures.PAGE.read_text()
    assert real_model_figures.with_part(own, "study", real_model_figures.study()) == own, (
        "python docs/real_model_figures.py"
    )


def test_the_study_s_figures_are_those_of_its_journals(tmp_path: Path):
    assert real_model_figures.study(tmp_path) == ""
    names = {strategy: look.name for strategy, look in STRATEGY_STYLES.items()}
    exams = {}
    seeds = {"random": 2, "category": 2, "none": 2}
    for config in demo.SMOLLM2_STUDY.build_configs(
        names, seeds_by_strategy=seeds, bank="dev.json", turns=2, questions_per_turn=8, exam_size=60, exam_every=1
    ):
        folder = RunFolder(make_run(tmp_path, demo.SMOLLM2_STUDY.run_id_for(config), **config.model_dump()))
        demo.pack_run(folder, tmp_path)
        events = [json.loads(line) for line in folder.journal_path.read_text().splitlines()]
        exams.setdefault(config.strategy, []).append([e["correct"] for e in events if e["type"] == "ExamFinished"])
    text = real_model_figures.study(tmp_path)
    assert "6 runs" in text and "exams of 60 questions" in text
    for strategy, found in exams.items():
        last = 100 * sum(own[-1] for own in found) / (60 * len(found))
        (line,) = [x for x in text.splitlines() if x.startswith(f"| {STRATEGY_STYLES[strategy].name} | 2 |")]
        assert line.split("|")[5].strip().startswith(f"{last:.1f} (")
    assert text.count(f"| {STRATEGY_STYLES['random'].name} |") >= 3  # against each of the other ways, and its own line


def test_the_measurements_are_told_as_tables(tmp_path: Path):
    check = {
        "texts": {"equal": 100, "of": 100, "passed": True},
        "choices": {"equal": 290, "of": 300, "passed": False},
        "passed": False,
    }
    (tmp_path / "check.json").write_text(json.dumps(check))
    told = real_model_figures.agreement(tmp_path / "check.json")
    assert "| texts | 100 of 100 equal | held |" in told and "| choices | 290 of 300 equal | not held |" in told
    lines = [
        {"step": "machine", "device": "a GPU", "questions": 40, "tokens": 200, "pairs": 31},
        {"step": "ours", "seconds": {"DPO": 4.2}, "tokens a second": 999.0, "peak GB": 3.1},
        {"step": "late", "left out": "470 s were spent"},
    ]
    (tmp_path / "gpu.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = real_model_figures.gpu(tmp_path / "gpu.jsonl")
    assert "a GPU: 40 questions" in told and "| ours | DPO 4.20 | 999 | 3.10 |" in told and "| late | left out" in told
    (tmp_path / "speed.json").write_text(json.dumps(FOUND))
    assert "a model. Medians of 3" in real_model_figures.speed(tmp_path / "speed.json")
