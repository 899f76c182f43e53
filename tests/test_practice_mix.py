"""The category mix of lessons, and the exams' mistakes beside it: in queries, export, report and sentences."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import casts
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_runs import as_lines, crashed_run, put, turn_of, turn_zero, whole_run

from studentsim.analysis import mix_table
from studentsim.config import RunConfig
from studentsim.datasets.bank import Bank
from studentsim.events import EpochFinished, Event, ExamFinished, RunEnded, RunStarted, TrainingStep, TurnStarted
from studentsim.narration import mix_summary
from studentsim.reporting import html, mix, training_figures
from studentsim.simulation import Components, simulate
from studentsim.store import practice_mix, queries, tables
from studentsim.store.database import DATABASE_FILE_NAME, Database
from studentsim.store.export import export_run
from studentsim.store.ingest import sync_journals
from studentsim.student.testing import FakeStudent
from studentsim.teacher.teacher import Teacher
from studentsim.types import CATEGORIES, Question  # fmt: skip

NASTY = '=HYPERLINK("http://x")<b>&'


def rows_of(config: RunConfig, events: Iterable[Event]) -> tuple[list[dict], list[dict]]:
    told = [event.to_json() for event in events]
    lessons, exams = ([e for e in told if e["type"] == kind] for kind in ("TurnStarted", "ExamFinished"))
    found = practice_mix.build_practice_mix_rows("r", config.model_dump(mode="json"), lessons, exams)
    return found, practice_mix.build_exam_mix_rows("r", exams)


def exam(turn: int, wrong: dict[str, int], next_mix: dict[str, int], asked: int = 40) -> ExamFinished:
    questions = dict.fromkeys(wrong, asked)
    right = sum(questions.values()) - sum(wrong.values())
    return ExamFinished(turn, right, sum(questions.values()), 0, 0.1, 0.9, wrong, questions, next_mix, None, 1.0)


PLAN = {"general": 8, "physics": 12, "gain": 11, "geometry": 9}
EVEN = {"general": 10, "physics": 10, "gain": 10, "geometry": 10}
LED = [
    exam(0, EVEN, EVEN), TurnStarted(1, (), EVEN), TurnStarted(2, (), EVEN),
    exam(4, {"general": 11, "physics": 17, "gain": 16, "geometry": 14}, PLAN),
    TurnStarted(5, (), PLAN), TurnStarted(6, (), PLAN | {"general": 18, "physics": 2}),
]  # fmt: skip


# ------------------------------------------------------------------ what a run says is what it does


@pytest.mark.parametrize("strategy", ["category", "log-probability+category"])
@pytest.mark.parametrize("rule", ["largest-remainder", "paper"])
def test_the_next_lessons_hold_the_mix_that_the_exam_asked_for(strategy, rule):
    config = casts.config(strategy=strategy, mix_rule=rule, turns=3, questions_per_turn=13)
    lessons, _ = rows_of(config, simulate(config, casts.fake(config)))
    assert len(lessons) == 3 * len(CATEGORIES)
    assert all(row["practised"] == row["planned"] and row["follows_mistakes"] for row in lessons)
    assert [row["exam_turn"] for row in lessons[:: len(CATEGORIES)]] == [0, 0, 2]
    assert not mix_summary.describe_mix_departures(config, lessons)


@pytest.mark.parametrize(
    "chosen",
    [{"strategy": s} for s in ("random", "fixed", "none", "log-probability")]
    + [{"strategy": "category", "mix": {"gain": 50.0, "geometry": 50.0}}],
)
def test_where_the_choosing_heeds_no_exam_nothing_is_planned_and_no_cause_is_claimed(chosen):
    config = casts.config(turns=2, **chosen)
    lessons, exams = rows_of(config, simulate(config, casts.fake(config)))
    assert {row["planned"] for row in lessons} == {None} and not any(row["follows_mistakes"] for row in lessons)
    assert all(row["wrong"] is not None for row in lessons)  # the mistakes stand beside it all the same
    said = mix_summary.describe_mix_with_caveat(config)
    assert "did not lead to them" in said and ("by hand" in said) == ("mix" in chosen)
    assert mix_summary.describe_mix_cause(config, lessons) == "" == mix_summary.describe_mix_departures(config, lessons)
    assert not any(line.kind == "next" for line in mix_table.build_mix_table(lessons, exams).lines)


def test_a_pool_that_cannot_give_what_was_planned_is_told_with_both_numbers():
    config = casts.config(categories=("gain", "geometry"), turns=2)
    lessons, exams = rows_of(config, simulate(config, casts.fake(config)))
    outside = [row for row in lessons if row["category"] not in config.categories]
    assert {row["practised"] for row in outside} == {0} and sum(row["planned"] for row in outside) > 0
    found = mix_table.build_mix_table(lessons, exams)
    assert found.has_departures and any("0 (planned " in cell for line in found.lines for cell in line.cells)
    said = mix_summary.describe_mix_departures(config, lessons)
    assert (
        "in 2 lessons" in said
        and "leave out “averages, ages, ratios”, physics, “sequences, counting, percent”, probability" in said
    )


def test_a_pool_that_is_nearly_used_up_gives_what_was_asked_least_and_says_so():
    config = casts.config(turns=8, questions_per_turn=60, exam_every=1)
    lessons, _ = rows_of(config, simulate(config, casts.fake(config)))
    apart = [row for row in lessons if row["practised"] != row["planned"]]
    assert (
        apart
        and "the pool had no more of them, or others had been asked less often"
        in mix_summary.describe_mix_departures(config, lessons)
    )


# ------------------------------------------------------------------ sentences and the table


def test_the_sentence_names_the_mistakes_and_the_questions_they_led_to():
    config = RunConfig()
    lessons, _ = rows_of(config, LED)
    assert mix_summary.describe_mix_cause(config, lessons) == (
        "17 of 58 mistakes in the exam after lesson 4 were in physics, so 12 of the next 40 questions were."
    )
    ten = [row | {"practised": 10 if row["category"] == "physics" else row["practised"]} for row in lessons]
    assert mix_summary.describe_mix_cause(config, ten).endswith(
        "so 12 of the next 38 questions were planned to be; 10 were."
    )
    assert mix_summary.describe_mix_cause(config, []) == ""


def test_the_sentence_of_an_exam_without_mistakes_claims_none():
    mixed = {"general": 2, "physics": 2}
    events = [exam(0, {"general": 0, "physics": 0}, mixed), TurnStarted(1, (), mixed)]
    lessons, _ = rows_of(RunConfig(), events)
    assert mix_summary.describe_mix_cause(RunConfig(), lessons) == (
        "Nothing was wrong in the exam before any lesson, so all categories counted alike: 2 of the next 4 questions were in general."
    )


def test_lessons_alike_share_a_line_and_the_last_exam_says_what_would_come():
    lessons, exams = rows_of(RunConfig(), LED)
    found = mix_table.build_mix_table(lessons, exams)
    assert [(line.title, line.kind) for line in found.lines] == [
        ("exam before any lesson", "exam"), ("lessons 1 and 2", "practised"), ("exam after lesson 4", "exam"),
        ("lesson 5", "practised"), ("lesson 6", "practised"),
    ]  # fmt: skip
    assert found.lines[2].cells == ("11 of 40", "17 of 40", "16 of 40", "14 of 40")
    assert found.lines[4].cells == ("18 (planned 8)", "2 (planned 12)", "11", "9") and found.has_departures
    lessons, exams = rows_of(RunConfig(), [*LED, exam(6, {"general": 4, "physics": 0}, {"general": 40, "physics": 0})])
    last = mix_table.build_mix_table(lessons, exams).lines[-1]
    assert (last.title, last.cells) == ("would come next", ("40", "0", "0", "0"))


@settings(max_examples=30)
@given(
    st.lists(st.dictionaries(st.text(max_size=30), st.integers(0, 50), min_size=1, max_size=30), min_size=1, max_size=5)
)
def test_any_categories_make_a_table_whose_sums_are_kept(mixes):
    events = [event for turn, m in enumerate(mixes) for event in (exam(turn, m, m, 50), TurnStarted(turn + 1, (), m))]
    lessons, exams = rows_of(RunConfig(), events)
    found = mix_table.build_mix_table(lessons, exams)
    assert len(found.columns) <= mix_table.MAX_CATEGORY_COLUMNS
    sums = [sum(line.counts) for line in found.lines if line.kind == "exam"]
    assert sums == [sum(m.values()) for m in mixes]
    for line in (text := mix_table.format_plain_text(found)):
        assert line.isprintable()
    assert len({len(line) for line in text}) == 1
    ElementTree.fromstring(mix.practice_mix_svg(found))


def test_a_long_run_prints_its_last_lines():
    events = [event for n in range(60) for event in (exam(n, {"a": n % 7}, {"a": 3}), TurnStarted(n + 1, (), {"a": n}))]
    text = mix_table.format_plain_text(mix_table.build_mix_table(*rows_of(RunConfig(), events)))
    assert (
        len(text) == mix_table.MAX_TEXT_LINES + 2
        and "80 earlier lines" in text[-1]
        and "exam after lesson 59" in text[-3]
    )


# ------------------------------------------------------------------ database, export, report


@pytest.fixture
def data(tmp_path: Path) -> Path:
    put(tmp_path, "whole", whole_run())
    put(tmp_path, "crashed", crashed_run(), start=3000)
    put(tmp_path, "zero", [*turn_zero()], start=5000)
    return tmp_path


def opened(folder: Path) -> Database:
    database = Database.open(folder)
    sync_journals(database, folder / "runs")
    return database


def test_the_query_tells_each_lesson_once_and_the_export_the_same(data):
    with opened(data) as database:
        frame = queries.fetch_practice_mix(database, ["crashed", "whole", "zero", "nobody"])
        assert list(frame.columns) == list(practice_mix.PRACTICE_MIX_COLUMNS)
        assert list(dict.fromkeys(frame.run_id)) == ["crashed", "whole"]
        for run_id in ("crashed", "whole"):
            own = frame[frame.run_id == run_id]
            assert list(own.turn) == [1, 1, 2, 2, 3, 3] and list(own.category[:2]) == ["general", "gain"]
            assert list(own.practised) == [2, 1] * 3 and list(own.share[:2]) == pytest.approx([2 / 3, 1 / 3])
            assert list(own.exam_turn) == [0, 0, 0, 0, 2, 2] and list(own.all_wrong) == [3, 3, 3, 3, 1, 1]
            assert list(own.planned[:2]) == [1, 2] and list(own.wrong[:2]) == [1, 2] and list(own.asked[:2]) == [2, 2]
            export_run(data, run_id, data / f"out-{run_id}")
            for kept in (
                pd.read_parquet(data / f"out-{run_id}" / "practice_mix.parquet"),
                pd.read_csv(data / f"out-{run_id}" / "practice_mix.csv"),
            ):
                assert json.loads(kept.to_json(orient="records")) == json.loads(own.to_json(orient="records"))
        exams = queries.fetch_next_mix(database, ["whole", "zero"])
        assert list(exams.columns) == list(practice_mix.EXAM_MIX_COLUMNS) and list(exams.next_mix[:2]) == [1, 2]
        assert list(zip(exams.run_id, exams.turn, strict=True))[::2] == [("whole", 0), ("whole", 2), ("zero", 0)]
        assert queries.fetch_practice_mix(database, []).empty and queries.fetch_next_mix(database, ["nobody"]).empty


def test_a_category_cannot_reach_a_spreadsheet_as_a_formula_or_a_report_as_markup(tmp_path):
    events = [event for event in whole_run() if not isinstance(event, ExamFinished | TurnStarted)]
    events[4:4] = [exam(0, {NASTY: 3}, {NASTY: 3}, 4), TurnStarted(1, (), {NASTY: 3})]
    put(tmp_path, "r1", sorted(events, key=lambda e: (e.turn, not isinstance(e, RunStarted))))
    export_run(tmp_path, "r1", tmp_path / "out")
    assert list(pd.read_csv(tmp_path / "out" / "practice_mix.csv").category) == ["'" + NASTY]
    assert list(pd.read_parquet(tmp_path / "out" / "practice_mix.parquet").category) == [NASTY]
    with opened(tmp_path) as database:
        text = html.build_report_html(database, "r1")
    assert "<b>" not in text and "=HYPERLINK(&quot;http://x&quot;)&lt;b&gt;&amp;" in text


def test_the_report_tells_the_mix_with_its_reason_and_has_the_figures_in_its_appendix(tmp_path):
    config = casts.config(turns=3)
    events = [RunStarted(0, "r1", config.model_dump(mode="json"), {}), *simulate(config, casts.fake(config))]
    put(tmp_path, "r1", [*events, RunEnded(3, "finished", 3.0)])
    with opened(tmp_path) as database:
        text = html.build_report_html(database, "r1")
        lessons = queries.fetch_practice_mix(database, ["r1"]).to_dict("records")
    shown = words(text)
    assert mix_summary.describe_mix_cause(config, lessons) in shown and ", so " in shown
    assert (
        shown.index("which mistakes it followed")
        < shown.index("How it was simulated")
        < shown.index("The training's figures")
    )
    appendix = shown[shown.index("The training's figures") :]
    for head in ("training loss", "validation loss", *training_figures.FIGURE_LABELS.values()):
        assert head in appendix, head
    last = next(e for e in reversed(events) if type(e).__name__ == "EpochFinished")
    assert f"{last.training.loss:.4f}" in appendix and f"{last.validation.loss:.4f}" in appendix


def words(text: str) -> str:
    parts: list[str] = []
    reader = HTMLParser()
    reader.handle_data = parts.append  # type: ignore[method-assign]
    reader.feed(text)
    return " ".join("".join(parts).split())


def test_an_old_run_s_appendix_says_that_the_figures_were_not_recorded():
    empty = pd.DataFrame({"turn": pd.Series(dtype=int), "epoch": pd.Series(dtype=int)})
    said = training_figures.training_figures_html(RunConfig(), empty, [1, 2, 3])
    assert "Not recorded by this run for lessons 1 to 3" in said and "<table" not in said and "0.0000" not in said
    assert "never trained" in training_figures.training_figures_html(RunConfig.make(strategy="none"), empty, [])
    assert training_figures.training_figures_html(RunConfig(), empty, []) == ""


# ------------------------------------------------------------------ epochs in the store


def test_epochs_are_stored_queried_and_exported(data):
    with opened(data) as database:
        for run_id in ("whole", "crashed"):
            frame = queries.fetch_epochs(database, run_id)
            assert list(frame.turn) == [1, 2, 3] and list(frame.epoch) == [1, 1, 1]
            assert list(frame.training_rewards_margins) == [3.5, 5.5, 7.5] and list(frame.validation_loss[:1]) == [0.69]
            assert list(frame.training_logits_chosen) == [2.75, 3.75, 4.75]
        assert list(queries.fetch_training_steps(database, "whole").logits_rejected) == [2.0, 2.5, 3.0, 3.5, 4.0, 4.5]
        assert list(queries.fetch_validations(database, "whole").logits_chosen) == [2.0, 3.0, 4.0]
    export_run(data, "whole", data / "out")
    kept = pd.read_csv(data / "out" / "epochs.csv")
    assert list(kept.columns) == list(tables.TABLE_COLUMNS["epochs"]) and list(kept.validation_logits_chosen) == [
        2.0,
        3.0,
        4.0,
    ]


def test_an_epoch_nobody_looked_after_and_a_training_that_diverged_are_null(tmp_path):
    (line,) = [e for e in as_lines(list(turn_of(1))) if e["type"] == "EpochFinished"]
    line |= {"validation": None, "training": line["training"] | {"loss": float("nan")}}
    (row,) = tables.build_event_rows("r", [line])["epochs"]
    assert row["validation_loss"] is None is row["training_loss"] and row["training_logits_chosen"] == 2.75


def test_rehearsal_is_stored_queried_and_exported_where_there_was_some(tmp_path):
    def rehearsed(event):
        if isinstance(event, TrainingStep):
            return replace(event, metrics=replace(event.metrics, rehearsal=0.5 if event.step == 1 else None))
        if isinstance(event, EpochFinished):
            return replace(event, training=replace(event.training, rehearsal=0.5))
        return event

    put(tmp_path, "on", [rehearsed(event) for event in whole_run(2, run_id="on")])
    put(tmp_path, "off", whole_run(2, run_id="off"))
    with opened(tmp_path) as database:
        steps, epochs = queries.fetch_training_steps(database, "on"), queries.fetch_epochs(database, "on")
        assert list(steps.rehearsal.fillna(-1)) == [0.5, -1, 0.5, -1] and list(epochs.training_rehearsal) == [0.5, 0.5]
        assert queries.fetch_training_steps(database, "off").rehearsal.isna().all()
        assert queries.fetch_epochs(database, "off").training_rehearsal.isna().all()
    export_run(tmp_path, "on", tmp_path / "out")
    assert list(pd.read_csv(tmp_path / "out" / "training_steps.csv").rehearsal.fillna(-1)) == [0.5, -1, 0.5, -1]


def test_what_version_0_1_left_takes_the_new_columns_and_tells_its_mix_but_no_epochs(tmp_path):
    with tarfile.open(Path(__file__).parent / "fixtures" / "data-0.1.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    with opened(tmp_path / "data") as database:
        assert (tmp_path / "data" / f"{DATABASE_FILE_NAME}.version-3").exists()
        for run_id in queries.fetch_runs(database).run_id:
            steps, epochs = queries.fetch_training_steps(database, run_id), queries.fetch_epochs(database, run_id)
            assert epochs.empty and "training_loss" in epochs
            assert steps.logits_chosen.isna().all() and steps.loss.notna().all() and len(steps)
            lessons = queries.fetch_practice_mix(database, [run_id])
            assert (lessons.groupby("turn").share.sum() - 1).abs().max() < 1e-9 and lessons.exam_turn.notna().all()
            assert "Not recorded by this run for lesson" in html.build_report_html(database, run_id)


# ------------------------------------------------------------------ a bank of more categories than a page is wide


def test_a_bank_of_many_categories_has_its_smallest_summed_up():
    bank = casts.bank()

    def spread(questions: Iterable[Question]) -> list[Question]:
        return [replace(q, category=f"topic {n % 13:02}") for n, q in enumerate(questions)]

    wide = Bank.from_questions("wide", [*spread(bank.study), *spread(bank.exam), *spread(bank.validation)])
    config = casts.config(turns=2, questions_per_turn=26)
    student = FakeStudent()
    events = list(simulate(config, Components(wide, student, Teacher(config.teacher), student)))
    lessons, exams = rows_of(config, events)
    found = mix_table.build_mix_table(lessons, exams)
    assert len(found.columns) == mix_table.MAX_CATEGORY_COLUMNS and found.columns[-1] == mix_table.OTHERS_COLUMN
    assert {sum(line.counts) for line in found.lines if line.kind != "exam"} == {26}
