"""The search for settings with which a small model learns: fair cells, disjoint exams, and that it goes on where it was killed."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from random import Random
from typing import get_args

import casts
import hubs
import pytest

from studentsim.datasets.registry import open_bank
from studentsim.datasets.splits import normalize_problem_text
from studentsim.exam import paired_difference_interval
from studentsim.runs.run_dir import RunFolder
from studentsim.settings import TeacherSettings

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))

import search_cells
import search_runs
import small_model_search as driver

PROTOCOL = search_runs.Protocol("embedded", "unused", questions=6, validation=4, searched=12, confirmed=24)
ROUNDS = ((4, 1), (2, 2))


def fake(config, protocol, *, confirming):
    return casts.fake(config)


def work_in(folder: Path, load=fake, within=lambda folder: nullcontext()):
    return partial(_carry_out, folder, load, within)


def _carry_out(folder: Path, load, within, run_id, cell, **settings) -> RunFolder | None:
    return search_runs.carry_out(folder, run_id, cell, PROTOCOL, within=within, load=load, **settings)


def test_each_level_comes_about_equally_often_and_no_cell_twice():
    cells = search_cells.first_cells(36)
    assert len(set(cells)) == len({cell.name for cell in cells}) == 36
    assert set(search_cells.KNOWN) <= set(cells)
    for factor, levels in search_cells.FACTORS.items():
        counts = Counter(getattr(cell, factor) for cell in cells)
        assert set(counts) == set(levels) and max(counts.values()) - min(counts.values()) <= 5
    assert search_cells.first_cells(36) == cells


def test_every_level_is_a_setting_that_a_run_takes_and_a_name_leads_back_to_its_cell():
    assert set(get_args(TeacherSettings.model_fields["chosen_text"].annotation)) == set(search_cells.CHOSEN)
    for cell in search_cells.first_cells(36):
        config = PROTOCOL.config(cell, lessons=3, seed=1, confirming=False)
        learning = config.dpo
        assert (learning.learning_rate, learning.lora_rank, learning.epochs, learning.sft_weight, learning.reference) == (
            cell.rate, cell.rank, cell.passes, cell.sft, cell.reference
        )  # fmt: skip
        assert config.teacher.chosen_text == cell.chosen and config.exam_turns() == (0, 3)
        assert config.bank == ("curriculum" if cell.bank == "curriculum" else "unused")
        assert search_cells.cell_named(cell.name) == cell
    with pytest.raises(ValueError, match="--report"):
        search_cells.cell_named("x")


def test_of_each_bank_the_best_go_on():
    cells = search_cells.first_cells(8)
    results = [{"cell": c.levels(), "gain": n / 100, "heldout_logp": None} for n, c in enumerate(cells)]
    kept = search_cells.goes_on(results, 3)
    for bank, count in (("mathqa", 2), ("curriculum", 1)):
        own = [c for c in cells if c.bank == bank]
        assert [c for c in kept if c.bank == bank] == own[::-1][:count]


def test_the_search_s_exam_and_the_confirmation_s_share_no_problem_and_nobody_studies_either(tmp_path: Path):
    bank = open_bank(str(hubs.mathqa(tmp_path)))
    sizes = {"searched": 12, "confirmed": 16}
    assert len(bank.exam) < 28  # so that questions for study are needed too
    parts = [search_runs.dealt(bank, confirming=confirming, **sizes) for confirming in (False, True)]
    exams = [{normalize_problem_text(q.problem) for q in part.exam} for part in parts]
    assert [len(part.exam) for part in parts] == [len(exam) for exam in exams] == [12, 16]
    assert not exams[0] & exams[1]
    for part in parts:
        others = {normalize_problem_text(q.problem) for q in (*part.study, *part.validation)}
        assert part.study and not others & (exams[0] | exams[1]) and {q.split for q in part.exam} == {"exam"}
    assert parts[0].study == parts[1].study
    with pytest.raises(SystemExit, match="too small"):
        search_runs.dealt(bank, confirming=False, searched=30, confirmed=30)


def test_a_killed_search_goes_on_and_comes_to_the_same(tmp_path: Path, capsys: pytest.CaptureFixture):
    def killed() -> None:
        raise KeyboardInterrupt

    loads = iter([casts.fake, casts.prone("answer", 20, killed)])
    path = tmp_path / "killed" / "results.jsonl"
    with pytest.raises(KeyboardInterrupt):
        work = work_in(tmp_path / "killed", lambda config, protocol, *, confirming: next(loads)(config))
        driver.search(path, work, ROUNDS)
    assert len(search_runs.results_of(path)) == 1
    with path.open("a") as file:
        file.write('{"round": 1, "na')  # killed while it wrote
    assert driver.search(path, work_in(tmp_path / "killed"), ROUNDS)
    whole = tmp_path / "whole" / "results.jsonl"
    assert driver.search(whole, work_in(tmp_path / "whole"), ROUNDS)
    found, wanted = ([{**r, "seconds": 0} for r in search_runs.results_of(p)] for p in (path, whole))
    assert found == wanted and [r["round"] for r in found] == [1, 1, 1, 1, 2, 2]
    assert {r["lessons"] for r in found if r["round"] == 2} == {2}
    loads = iter([])  # nothing is done again
    assert driver.search(path, work, ROUNDS)


def test_a_search_whose_time_is_up_stops_and_goes_on(tmp_path: Path):
    path = tmp_path / "results.jsonl"
    soon = partial(driver.pause_at_deadline, deadline=0.0)
    assert not driver.search(path, work_in(tmp_path, within=soon), ROUNDS)
    assert driver.carry_out_until(tmp_path, PROTOCOL, 0.0, "x", search_cells.KNOWN[0]) is None
    assert driver.search(path, work_in(tmp_path), ROUNDS) and len(search_runs.results_of(path)) == 6


def test_a_confirmation_has_fresh_seeds_and_the_report_tells_all(tmp_path: Path, capsys: pytest.CaptureFixture):
    work, cell = work_in(tmp_path), search_cells.KNOWN[0]
    driver.search(tmp_path / "results.jsonl", work, ROUNDS)
    assert driver.confirm(tmp_path / "confirmed.jsonl", work, cell, seeds=2, lessons=2)
    found = search_runs.results_of(tmp_path / "confirmed.jsonl")
    assert [r["seed"] for r in found] == [101, 102] and {r["questions"] for r in found} == {24}
    text = driver.report(tmp_path)
    assert f"| `{cell.name}` | 2 | 101, 102 | 24 | {found[0]['before']} |" in text
    assert "Round 2: 2 cells, 2 lessons, exam of 12 questions" in text and "| rate | 0.0002 |" in text
    gain = sum(r["gain"] for r in found) / 2
    confirmed, by_size = text.split("\n\n")[-2:]
    assert f"| {100 * gain:+.1f} (" in confirmed.splitlines()[-1]
    assert f"| 102 | 24 | {found[1]['before']} |" in by_size and len(by_size.splitlines()) == 4


def test_a_gain_s_interval_is_paired_and_grows_with_what_seeds_differ_in():
    rng = Random(0)
    before = {str(n): rng.random() < 0.3 for n in range(400)}
    better = [{q: right or rng.random() < 0.1 for q, right in before.items()} for _ in range(3)]
    one = search_runs.gain_interval(before, better[:1])
    gained = sum(better[0][q] and not before[q] for q in before)
    assert one == paired_difference_interval(gained, 0, 400)
    low, high = search_runs.gain_interval(before, better)
    mean = sum(sum(run.values()) - sum(before.values()) for run in better) / 1200
    assert low > 0 and (low + high) / 2 == pytest.approx(mean) and high - low < one[1] - one[0]
    uneven = [better[0], better[1], before]
    wide = search_runs.gain_interval(before, uneven)
    assert wide[1] - wide[0] > 3 * (high - low) and wide[0] < 0


def test_a_gain_s_interval_holds_its_level():
    """Of 200 draws of questions and seeds from a known gain at least nine in ten intervals hold it."""
    rng, held = Random(1), 0
    for _ in range(200):
        shift = [0.06 + rng.gauss(0, 0.02) for _ in range(3)]
        before = {str(n): rng.random() < 0.3 for n in range(150)}
        after = [{q: right or rng.random() < s / 0.7 for q, right in before.items()} for s in shift]
        low, high = search_runs.gain_interval(before, after)
        held += low <= 0.06 <= high
    assert held >= 180


def test_the_first_exam_is_sat_once_and_whoever_has_practised_sits_its_own(monkeypatch):
    monkeypatch.setattr(search_runs, "_FIRST_EXAMS", {})
    exam, practice = hubs.bank().exam, hubs.bank().study[:3]
    sat = []

    def student():
        made = casts.fake(PROTOCOL.config(search_cells.KNOWN[0], lessons=1, seed=1, confirming=False)).student
        inner = made.answer
        made.answer = lambda questions, **how: sat.append(how["seed_key"][0]) or inner(questions, **how)
        search_runs.remember_first_exam(made, ("model", "bank"))
        return made

    one, other = student(), student()
    told = [list(s.answer(exam, seed_key=("exam", 0), with_p_correct=True)) for s in (one, other)]
    assert told[0] == told[1] and sat == ["exam"]
    list(other.answer(practice, seed_key=("study", 1, 1)))
    list(other.answer(exam, seed_key=("exam", 0), with_p_correct=True))
    assert sat == ["exam", "study", "exam"]
