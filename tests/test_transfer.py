"""The transfer matrix: its figures and intervals, the runs behind it, what is kept, the command, and how it is shown."""

from __future__ import annotations

import csv
import gc
import hashlib
import io
import json
import logging
import math
import os
import sys
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree

import fakes
import garbage
import pytest
from hypothesis import given
from hypothesis import strategies as some

from studentsim import cli
from studentsim.analysis import transfer_summary
from studentsim.cli import runner
from studentsim.cli.transfer import format_matrix_lines, make_printable, save_recorded_matrix
from studentsim.config import RunConfig
from studentsim.datasets.registry import open_bank
from studentsim.errors import ConfigError, DataFolderError, StoreError
from studentsim.events import AnswerRecorded, ExamFinished
from studentsim.reporting import transfer
from studentsim.simulation import Components, simulate
from studentsim.student.testing import FakeStudent
from studentsim.teacher.teacher import Teacher
from studentsim.transfer import study
from studentsim.transfer.matrix import (
    CategoryResult,
    GainEstimate,
    PairedGain,
    PairedOutcome,
    TransferMatrix,
    average_estimates,
    build_transfer_matrix,
    load_bundled_matrices,
)
from studentsim.types import CATEGORIES
from studentsim.ui import charts

TINY = {"turns": 2, "questions_per_turn": 12, "exam_size": 60, "validation": 6}


@pytest.fixture(autouse=True)
def no_garbage_hunts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hunting through all that a test process has loaded takes its time, and one test asks for it."""
    if "given_back" not in request.node.name:
        monkeypatch.setattr(study, "_release_model", lambda: None)


class Counted:
    """A ``build_components`` that counts how often a student was made; after ``most`` somebody presses Ctrl-C."""

    def __init__(self, most: int = 99) -> None:
        self.configs: list[RunConfig] = []
        self.most = most

    def __call__(self, config: RunConfig) -> Components:
        if len(self.configs) == self.most:
            raise KeyboardInterrupt
        self.configs.append(config)
        return fakes.build_fake_components(FakeStudent())


def settings(**changed: object) -> dict[str, RunConfig]:
    return study.build_category_configs(fakes.config(**{**TINY, **changed}), CATEGORIES)


def practise(load: Callable, data: Path | None = None, **changed: object) -> list[CategoryResult]:
    work = study.run_each_category(settings(**changed), build_components=load, data_folder=data)
    return [told for told in work if isinstance(told, CategoryResult)]


def invented(moved: Mapping[tuple[str, str], tuple[int, int]], questions: int = 20) -> TransferMatrix:
    """A matrix of these categories in which of ``questions`` so many were right only before and only after."""
    names = tuple(dict.fromkeys(p for p, _ in moved))

    def cell(practised: str) -> CategoryResult:
        marked = []
        for examined in names:
            lost, won = moved[practised, examined]
            for i in range(questions):
                right = (i < lost, lost <= i < lost + won)
                marked.append(PairedOutcome(f"{examined}-{i:02d}", examined, right[0], right[1]))
        return CategoryResult(practised, tuple(marked), 1.5)

    return build_transfer_matrix([cell(name) for name in names], config=fakes.config(**TINY).model_dump(mode="json"))


TWO = {("a", "a"): (0, 12), ("a", "b"): (2, 3), ("b", "a"): (1, 0), ("b", "b"): (1, 15)}


# ------------------------------------------------------------------ figures


def test_a_gain_is_bonett_and_prices_interval_of_paired_proportions():
    gain = PairedGain(100, 20, 4, 50)
    assert (gain.correct_before, gain.correct_after) == (24, 70)
    p, q = 51 / 102, 5 / 102  # one half added to each of the four counts, as they put it: (n12 + 1) / (n + 2)
    half = 1.959964 * math.sqrt((p + q - (p - q) ** 2) / 102)
    assert gain.estimate.points == 46
    assert gain.estimate.ci_low == pytest.approx(100 * (p - q - half), abs=1e-4)
    assert gain.estimate.ci_high == pytest.approx(100 * (p - q + half), abs=1e-4)


@given(
    some.lists(some.tuples(some.integers(0, 30), some.integers(0, 30), some.integers(0, 30)), min_size=2, max_size=6)
)
def test_the_interval_of_a_mean_holds_it_and_is_narrower_than_the_widest_part(counts: list[tuple[int, int, int]]):
    parts = [PairedGain(90, *c).estimate for c in counts]
    mean = average_estimates(parts)
    assert mean.ci_low <= mean.points <= mean.ci_high
    assert mean.ci_high - mean.ci_low < max(p.ci_high - p.ci_low for p in parts)
    alike = average_estimates([GainEstimate(5, 1, 9)] * 4)
    assert (alike.ci_low, alike.ci_high) == pytest.approx((3, 7))


def test_a_matrix_counts_what_each_practice_did_for_each_category():
    found = invented(TWO)
    assert found.gains["a", "a"] == PairedGain(20, 0, 0, 12) and found.gains["a", "b"] == PairedGain(20, 0, 2, 3)
    assert found.own_gain("a").points == 60 and found.own_gain("b").points == 70 and found.diagonal_mean.points == 65
    assert found.mean_gain_of_others("a").points == 5 and found.mean_gain_of_others("b").points == -5
    assert found.off_diagonal_mean.points == 0 and found.off_diagonal_mean.ci_low < 0 < found.off_diagonal_mean.ci_high
    assert found.largest_off_diagonal_pair == ("a", "b") and found.seconds == 3


def test_the_mean_off_the_diagonal_goes_by_question_since_rows_share_theirs():
    """Two rows that move the very same questions know no more than one of them: the width falls with the columns alone."""
    three = {(p, e): (0, 6) if p != e else (0, 0) for p in "abc" for e in "abc"}
    both, one = (
        invented(three).off_diagonal_mean,
        invented({key: three[key] for key in three if "c" not in key}).off_diagonal_mean,
    )
    p, q = (6 + 1) / 22, 1 / 22  # with two rows that is Bonett and Price's interval of each column, put together
    half = 100 * 1.959964 * math.sqrt((p + q - (p - q) ** 2) / 22 / 3)
    assert (both.ci_high - both.ci_low) / 2 == pytest.approx(
        half, abs=1e-3
    ) and both.ci_high - both.ci_low < one.ci_high - one.ci_low
    nothing = invented({(p, e): (0, 0) for p in "ab" for e in "ab"}).off_diagonal_mean
    assert nothing.points == 0 and nothing.ci_low < -5 and nothing.ci_high > 5


def test_cells_of_different_exams_make_no_matrix():
    cells = [
        CategoryResult("a", (PairedOutcome("q", "a", True, True), PairedOutcome("r", "b", True, True)), 1),
        CategoryResult("b", (), 1),
    ]
    with pytest.raises(StoreError, match="asked other questions"):
        build_transfer_matrix(cells, config={})
    with pytest.raises(StoreError, match="asks nothing in b"):
        build_transfer_matrix(
            [CategoryResult(name, (PairedOutcome("q", "a", True, True),), 1) for name in "ab"], config={}
        )


def test_a_matrix_is_the_same_after_json_and_anything_else_is_refused():
    found = invented(TWO)
    told = json.loads(json.dumps(found.to_json()))
    again = TransferMatrix.from_json(told)
    assert again.gains == found.gains and again.categories == found.categories and again.config == found.config
    assert again.off_diagonal_mean.points == found.off_diagonal_mean.points and again.own_gain("a") == found.own_gain(
        "a"
    )
    broken = [{}, {**told, "format": 99}, {**told, "rows": told["rows"][:1]}, {**told, "others": None}, [told]]
    worse = json.loads(json.dumps(told))
    worse["rows"][0]["gains"]["a"]["both"] = 99
    for bad in (*broken, worse):
        with pytest.raises(StoreError, match="no transfer matrix"):
            TransferMatrix.from_json(bad)


# ------------------------------------------------------------------ the runs


def test_each_category_is_practised_alone_from_the_same_start_and_gains():
    load = Counted()
    cells = practise(load)
    assert [cell.practised_category for cell in cells] == list(CATEGORIES)
    for config, category in zip(load.configs, CATEGORIES, strict=True):
        assert config.mix == {category: 100.0} and config.strategy == "random" and config.exam_turns() == (0, 2)
        assert {c.seed for c in load.configs} == {0} == {c.exam_seed for c in load.configs}
    found = build_transfer_matrix(cells, config={})
    assert len({cell.outcomes[0].question_id for cell in cells}) == 1
    before = [[(m.question_id, m.was_correct_before) for m in cell.outcomes] for cell in cells]
    assert all(start == before[0] for start in before)
    for practised in CATEGORIES:  # this fake learns a category by its pairs alone
        assert found.own_gain(practised).points > 0
        assert {found.gains[practised, other].estimate.points for other in CATEGORIES if other != practised} == {0}


def test_a_cell_is_what_a_run_of_those_settings_finds():
    (config, *_), (cell, *_) = settings().values(), practise(Counted())
    exams = [e for e in simulate(config, fakes.build_fake_components(FakeStudent())) if isinstance(e, ExamFinished)]
    assert [sum(m.was_correct_before for m in cell.outcomes), sum(m.was_correct_after for m in cell.outcomes)] == [
        e.correct for e in exams
    ]


def test_a_finished_cells_student_is_given_back_before_the_next_is_made(monkeypatch):
    """A model of the hub may take all the memory there is; ``build_components`` freezes what it loads out of the garbage hunts."""
    monkeypatch.setattr(gc, "unfreeze", garbage.unfreeze)
    made: list[weakref.ref] = []

    def load(config: RunConfig) -> Components:
        assert all(student() is None for student in made)
        student = FakeStudent()
        student.itself = student  # as models have it: no count of references frees it
        made.append(weakref.ref(student))
        cast = fakes.build_fake_components(student)
        gc.freeze()
        return cast

    assert len(practise(load)) == len(made) == 6


def test_two_to_fourteen_categories_make_a_matrix_and_no_other_number():
    base = fakes.config(**TINY)
    assert len(study.build_category_configs(base, [f"c{i}" for i in range(14)])) == 14
    for names in ([], ["one"], [f"c{i}" for i in range(15)]):
        with pytest.raises(ConfigError, match="2 to 14 categories"):
            study.build_category_configs(base, names)
    with pytest.raises(ConfigError, match="named twice"):
        study.build_category_configs(base, ["a", "b", "a"])


def test_steps_tell_lesson_by_lesson_how_far_it_is_and_the_time_left_falls_to_nothing(monkeypatch):
    now = iter(range(10**6))
    monkeypatch.setattr("time.monotonic", lambda: float(next(now)))
    steps = [
        s
        for s in study.run_each_category(settings(), build_components=Counted())
        if isinstance(s, study.TransferProgress)
    ]
    assert [(s.category_number, s.turn) for s in steps] == [(c, t) for c in range(1, 7) for t in (0, 0, 1, 2)]
    left = [s.seconds_left for s in steps]
    assert left[:2] == [None, None] and all(value is not None for value in left[2:])
    assert left[-1] == 0 and all(a >= b - 1e-6 for a, b in zip(left[2:], left[3:], strict=False))


# ------------------------------------------------------------------ what is kept


def test_what_was_finished_before_ctrl_c_is_kept_and_the_rest_is_done_next_time(tmp_path: Path):
    load = Counted(most=2)
    done = []
    with pytest.raises(KeyboardInterrupt):
        done.extend(practise(load, tmp_path))
    assert len(list((tmp_path / study.CACHE_FOLDER_NAME).glob("*.json"))) == 2
    load.most = 99
    again = practise(load, tmp_path)
    assert len(load.configs) == 6 and [c.mix for c in load.configs] == [{c: 100.0} for c in CATEGORIES]
    assert [c.outcomes for c in again] == [c.outcomes for c in practise(Counted())]
    kept = [s for s in study.run_each_category(settings(), build_components=Counted(most=0), data_folder=tmp_path)]
    assert [s.turn for s in kept if isinstance(s, study.TransferProgress)] == [TINY["turns"]] * 6


def test_the_key_names_all_that_decides_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    config = settings()["physics"]
    key = study.compute_cache_key(config)
    assert (
        study.compute_cache_key(config.model_copy(update={"name": "mine"}))
        == key
        == study.compute_cache_key(settings()["physics"])
    )
    others = [
        settings(seed=1)["physics"],
        settings(exam_size=61)["physics"],
        settings()["gain"],
        settings(student="careless")["physics"],
    ]
    dpo = config.dpo.model_copy(update={"learning_rate": 1e-4})
    others.append(config.model_copy(update={"dpo": dpo}))
    table = tmp_path / "bank.csv"
    for text in ("one", "another"):
        table.write_text(text)
        os.utime(table, (len(text), len(text)))
        others.append(config.model_copy(update={"bank": str(table)}))
        others[-1] = study.compute_cache_key(others[-1])
    keys = [other if isinstance(other, str) else study.compute_cache_key(other) for other in others]
    assert len({key, *keys}) == 1 + len(keys)
    monkeypatch.setattr(study, "RESULTS_VERSION", study.RESULTS_VERSION + 1)
    assert study.compute_cache_key(config) != key


def test_results_of_another_version_are_made_anew_and_this_versions_are_these():
    """Whoever changes what a run of the same settings gives must raise ``RESULTS_VERSION`` and note the digest anew."""
    results = [(c.practised_category, c.outcomes) for c in practise(Counted())]
    digest = hashlib.sha256(repr(results).encode()).hexdigest()[:16]
    assert (study.RESULTS_VERSION, digest) == (1, "c889172c485e81a3")


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", "a letter", "another key", "\0"])
def test_a_damaged_file_is_noticed_and_made_anew(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture):
    whole = practise(Counted(), tmp_path)
    path = tmp_path / study.CACHE_FOLDER_NAME / f"{study.compute_cache_key(settings()['gain'])}.json"
    text = path.read_text()
    changed = {"a letter": text.replace("1]", "0]", 1), "another key": text.replace(path.stem, "0" * 24)}
    path.write_text(changed.get(damage, damage))
    load = Counted()
    with caplog.at_level(logging.WARNING):
        again = practise(load, tmp_path)
    assert [c.mix for c in load.configs] == [{"gain": 100.0}] and "gain is practised anew" in caplog.text
    assert [c.outcomes for c in again] == [c.outcomes for c in whole] and json.loads(path.read_text())


def test_a_folder_that_cannot_be_written_is_said_before_any_work(tmp_path: Path):
    (tmp_path / "file").touch()
    load = Counted()
    with pytest.raises(DataFolderError):
        practise(load, tmp_path / "file")
    assert load.configs == []


# ------------------------------------------------------------------ the command


@pytest.fixture
def say(monkeypatch, capsys, tmp_path):
    """Runs the command in this process with a fake student; stdout, stderr and exit status."""
    monkeypatch.setattr(runner, "components_builder", Counted())
    short = ["--turns", "2", "--questions-per-turn", "12", "--exam-size", "60", "--data", tmp_path / "data"]

    def run(*arguments: object) -> tuple[str, str, int]:
        monkeypatch.setattr(sys, "argv", ["studentsim", "transfer", *map(str, [*short, *arguments])])
        with pytest.raises(SystemExit) as ended:
            cli.main()
            sys.exit(0)
        out, err = capsys.readouterr()
        return out, err, ended.value.code or 0

    return run


def test_the_command_prints_the_table_and_the_verdicts_and_writes_what_was_asked_for(say, tmp_path):
    files = [tmp_path / name for name in ("m.json", "m.csv", "m.svg", "m.html")]
    out, err, status = say("--seed", 3, "--json", files[0], "--csv", files[1], "--picture", files[2])
    assert status == 0 and err.count("\n") == 6
    assert "12 questions in one category alone" in out and "seed 3" in out
    told = json.loads(files[0].read_text())
    found = TransferMatrix.from_json(told)
    assert found.config["seed"] == 3 and found.categories == CATEGORIES
    for practised in CATEGORIES:
        assert f"Practising {practised} moved {practised} by +" in out
        row = next(line for line in out.splitlines() if line.startswith(f"{practised} "))
        assert (
            f"[{transfer_summary.format_points(found.own_gain(practised).points)}]" in row.split()
            and row.split().count("0") == 5
        )
    rows = list(csv.DictReader(files[1].open()))
    assert len(rows) == 36 and float(rows[0]["points"]) == round(found.own_gain("general").points, 2)
    say("--seed", 3, "--picture", files[3])
    assert len(runner.components_builder.configs) == 6  # the second time all cells were kept
    assert (
        transfer_summary.describe_transfer(found, transfer_summary.inline_category_namer(found)).replace("&", "&amp;")
        in files[3].read_text()
    )


def test_some_categories_alone_make_a_smaller_matrix(say, tmp_path):
    out, _, status = say("--categories", "gain, physics", "--json", tmp_path / "m.json")
    assert status == 0 and TransferMatrix.from_json(json.loads((tmp_path / "m.json").read_text())).categories == (
        "gain",
        "physics",
    )
    assert "Practising gain moved gain by" in out and "and physics by 0" in out


@pytest.mark.parametrize(
    "arguments, why",
    [
        (["--student", "nobody"], "There is no student 'nobody'"),
        (["--categories", "gain"], "2 to 14 categories"),
        (["--categories", "gain,astrology"], "There is no category 'astrology'"),
        (["--turns", "0"], "turns is '0'"),
        (["--questions-per-turn", "5000"], "5000"),
        (["--exam-size", "99999"], "exam"),
        (["--picture", "m.png"], "cannot be saved as 'm.png'"),
        (["--json", "no/such/folder/m.json"], "no such folder"),
        (["--model", "no/such-model-at-all"], "no/such-model-at-all"),
        (["--bank", "no-such-bank"], "no-such-bank"),
        (["--learning-rate", "nan"], "learning_rate"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_words_before_any_work(say, arguments: list[str], why: str):
    out, err, status = say(*arguments)
    assert status == 2 and out == "" and err.startswith("Error: ") and why in err and err.count("\n") == 1
    assert runner.components_builder.configs == []


def test_ctrl_c_keeps_what_is_done_and_says_so(say):
    runner.components_builder.most = 4
    out, err, status = say()
    assert status == 130 and out == "" and "4 of 6 categories are done and kept" in err
    runner.components_builder.most = 99
    assert say()[2] == 0 and len(runner.components_builder.configs) == 6


def test_a_terminals_table_is_aligned_whatever_the_categories_are_called():
    names = ("a", "a category with a long name")
    found = invented({(p, e): (0, 12) if p == e else (3, 0) for p in names for e in names})
    head, *rows = format_matrix_lines(found)[2:7]
    assert {len(row) for row in (head, *rows)} == {len(head)}
    assert "[+60]" in rows[0] and "\N{MINUS SIGN}15" in rows[0]


def test_a_terminal_that_knows_few_signs_still_shows_every_gain_with_its_own(say, monkeypatch):
    names = ("a", "Физика")
    text = "\n".join(
        format_matrix_lines(invented({(p, e): (0, 12) if p == e else (3, 0) for p in names for e in names}))
    )
    for encoding in ("cp1252", "ascii"):
        told = make_printable(text, encoding)
        assert told.encode(encoding) and "-15" in told and "[+60]" in told and "??????" in told
    assert make_printable(text, "utf-8") == text
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(transfer_summary, "METHOD_NOTE", "\N{MINUS SIGN}")
    monkeypatch.setattr(sys, "stdout", narrow)
    assert say("--categories", "gain,physics")[2] == 0
    narrow.flush()
    assert narrow.buffer.getvalue().decode("ascii").endswith("-\n")


def own_questions(folder: Path, categories: tuple[str, ...] = ("general", "gain", "other")) -> Path:
    """A file of questions as MathQA has them, of these categories in turn."""
    rows = [
        {
            "Problem": f"a farmer has {n} sheep and buys {n + 7} more . how many sheep has he ?",
            "Rationale": f"{n} + {n + 7} = {2 * n + 7} . answer : c",
            "options": f"a ) {2 * n} , b ) {2 * n + 6} , c ) {2 * n + 7} , d ) {2 * n + 8} , e ) {7 * n}",
            "correct": "c",
            "category": categories[n % len(categories)],
        }
        for n in range(10, 130)
    ]
    path = folder / "own.json"
    path.write_text(json.dumps(rows))
    return path


def test_questions_of_ones_own_have_the_categories_that_they_name(say, tmp_path, monkeypatch):
    def load(config: RunConfig) -> Components:
        student = FakeStudent()
        return Components(open_bank(config.bank), student, Teacher(), student)

    monkeypatch.setattr(runner, "components_builder", load)
    path, found = own_questions(tmp_path), tmp_path / "m.json"
    out, err, status = say("--bank", path, "--questions-per-turn", 8, "--exam-size", 15, "--json", found)
    assert status == 0, err
    assert set(TransferMatrix.from_json(json.loads(found.read_text())).categories) == {"general", "gain", "other"}
    out, err, status = say("--bank", path, "--questions-per-turn", 8, "--exam-size", 2)
    assert status == 2 and "The exam asks nothing in" in err
    out, err, status = say("--bank", own_questions(tmp_path, ("gain",)))
    assert status == 2 and "2 to 14 categories" in err


def test_a_student_may_be_a_table_of_ones_own(say, tmp_path):
    table, found = tmp_path / "mine.toml", tmp_path / "m.json"
    table.write_text('title = "My <pupil>"\n[categories]\ngeneral = 80\nphysics = 15\n')
    out, err, status = say("--student", table, "--categories", "general,physics", "--json", found)
    assert status == 0 and out.startswith("My <pupil>; 2 lessons of 12 questions"), err
    levels = {config.student_table.categories["physics"] for config in runner.components_builder.configs}
    assert levels == {15} and TransferMatrix.from_json(json.loads(found.read_text())).config["student"] == "mine"
    table.write_text("no table")
    out, err, status = say("--student", table)
    assert status == 2 and out == "" and "mine.toml" in err


@pytest.mark.long
def test_a_model_of_the_hub_makes_a_matrix_as_well(say, tmp_path, monkeypatch):
    import hubs

    monkeypatch.setattr(runner, "components_builder", None)
    model, found = hubs.save(tmp_path, "gemma"), tmp_path / "m.json"
    arguments = [
        "--questions-per-turn",
        4,
        "--exam-size",
        6,
        "--max-new-tokens",
        8,
        "--exam-mode",
        "scored",
        "--json",
        found,
    ]
    out, err, status = say("--model", model, "--bank", hubs.mathqa(tmp_path), *arguments)
    assert status == 0, err
    matrix = TransferMatrix.from_json(json.loads(found.read_text()))
    assert matrix.categories == ("general", "gain") and matrix.config["model_loading"]["revision"]


# ------------------------------------------------------------------ what comes with the product


def test_a_kept_matrix_takes_the_place_of_one_of_its_settings_only(tmp_path: Path, caplog):
    path = tmp_path / "transfer.json"
    assert load_bundled_matrices(path) == ()
    one = invented(TWO)

    def made(seed: int, strength: float, **settings: object) -> TransferMatrix:
        dpo = {**one.config["dpo"], "rehearsal": strength}
        config = {**one.config, "seed": seed, "dpo": dpo, **settings}
        return TransferMatrix.from_json({**one.to_json(), "config": config})

    for seed, strength in ((2, 0.3), (1, 0.3), (1, 0.0), (2, 0.3)):
        save_recorded_matrix(made(seed, strength), path)
    save_recorded_matrix(
        made(1, 0.3, weights="0123456789abcdef"), path
    )  # of a student made anew: it takes the old one's place
    save_recorded_matrix(made(1, 0.3, student="careless"), path)
    found = [
        (m.config["seed"], transfer_summary.rehearsal_strength(m), m.config["student"], m.config["weights"])
        for m in load_bundled_matrices(path)
    ]
    now = one.config["weights"]
    assert found == [
        (2, 0.3, "balanced", now), (1, 0.3, "balanced", "0123456789abcdef"), (1, 0.0, "balanced", now), (1, 0.3, "careless", now)
    ]  # fmt: skip
    path.write_text(path.read_text()[:-9])
    assert load_bundled_matrices(path) == () and "are left out" in caplog.text


def test_what_ships_is_whole_small_and_says_what_the_product_claims():
    """Where it ships at all; the first one is drawn on Help."""
    from studentsim.transfer.matrix import BUNDLED_MATRICES_PATH

    shipped = load_bundled_matrices()
    assert BUNDLED_MATRICES_PATH.exists() == bool(shipped)
    if shipped:
        assert BUNDLED_MATRICES_PATH.stat().st_size < 150_000
        assert shipped[0].categories == CATEGORIES and transfer_summary.rehearsal_strength(shipped[0]) > 0
        assert shipped[0].diagonal_mean.ci_low > shipped[0].off_diagonal_mean.ci_high


# ------------------------------------------------------------------ how it is shown


def test_signs_are_never_lost_and_nothing_is_minus_zero():
    assert [transfer_summary.format_points(x) for x in (51.6, -3.2, 0.4, -0.4)] == ["+52", "\N{MINUS SIGN}3", "0", "0"]
    assert transfer_summary.format_estimate_bounds(GainEstimate(3, -4.4, 10.2)) == "\N{MINUS SIGN}4 to 10"


def test_the_verdict_and_the_summary_are_the_matrix_in_words():
    found = invented(TWO)
    assert (
        transfer_summary.describe_category_transfer(found, "a")
        == "Practising a moved a by +60 points (30 to 79) and b by +5 (\N{MINUS SIGN}19 to 28)."
    )
    summary = transfer_summary.describe_transfer(found)
    assert (
        "On the mean of the two, a category moved by +65 points" in summary and "in b while a was practised" in summary
    )
    three = invented({(p, e): (0, 12) if p == e else (0, 1) for p in "abc" for e in "abc"})
    assert "and the other two by +5 " in transfer_summary.describe_category_transfer(three, "a")


def test_the_picture_has_a_cell_for_each_pair_with_its_sign_and_a_frame_around_what_was_practised():
    found = invented(TWO)
    (trace,) = charts.transfer_figure(transfer_summary.transfer_frame(found), categories=found.categories).data
    cells = dict(zip(zip(trace.base, trace.x, strict=True), trace.text, strict=True))
    assert sorted(cells.values()) == sorted(["<b>+60</b>", "+5", "\N{MINUS SIGN}5", "<b>+70</b>"])
    assert list(trace.marker.line.width) == [2, 0, 0, 2]
    assert list(trace.customdata[1]) == ["a", "b", 2, 3, 20, "+5", "\N{MINUS SIGN}19", "+28"]
    assert len(set(trace.marker.color)) >= 3


def test_a_category_cannot_smuggle_markup_into_a_picture_or_a_page(tmp_path: Path):
    loud = "<b>loud</b>"
    found = invented({(p, e): (1, 9) for p in (loud, "b") for e in (loud, "b")})
    figure = charts.transfer_figure(transfer_summary.transfer_frame(found), categories=found.categories)
    assert loud not in json.dumps(figure.to_plotly_json(), default=str)
    for text in (transfer.standalone_matrix_svg(found), transfer.matrix_page_html(found)):
        assert loud not in text and "<script" not in text


def test_the_svg_stands_alone_and_tells_itself_to_those_who_do_not_see_it():
    found = invented(TWO)
    root = ElementTree.fromstring(transfer.standalone_matrix_svg(found).encode())
    assert root.tag == "{http://www.w3.org/2000/svg}svg" and transfer_summary.describe_category_transfer(
        found, "b"
    ).rstrip(".") in root.get("aria-label")
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"+60", "+5", "\N{MINUS SIGN}5", "+70", "practised", "examined"} <= set(texts)
    assert sum(node.get("stroke-width") == "2" for node in root.iter("{http://www.w3.org/2000/svg}rect")) == 2


def test_answers_of_practice_count_for_nothing():
    (cell, *_) = practise(Counted())
    exam = {
        e.question_id
        for e in simulate(settings()["general"], fakes.fake(settings()["general"]))
        if isinstance(e, AnswerRecorded) and e.phase == "exam"
    }
    assert {m.question_id for m in cell.outcomes} == exam and len(cell.outcomes) == TINY["exam_size"]


def test_rehearsal_is_an_option_and_what_it_was_is_said(say, tmp_path):
    found = tmp_path / "m.json"
    for options, strength in (
        ([], RunConfig().dpo.rehearsal),
        (["--rehearsal", 0], 0),
        (["--rehearsal", 0.7], 0.7),
    ):
        out, err, status = say("--categories", "gain,physics", "--json", found, *options)
        assert status == 0 and f"rehearsal {strength:g}, learning rate 0.001;" in out, err
        assert transfer_summary.rehearsal_strength(TransferMatrix.from_json(json.loads(found.read_text()))) == strength
    assert len(runner.components_builder.configs) == 6  # another strength, another run
