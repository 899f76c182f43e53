"""What a way of choosing looked at: kept in journal, database and export, and told by command line, report and pages."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from journals import make_run
from store_runs import as_lines, put, turn_of, turn_zero, whole_run
from visits import WATCH, text_of, visit

from studentsim.analysis import selection_lookups
from studentsim.analysis.selection_lookups import LessonSelectionStats
from studentsim.cli import runner
from studentsim.events import RunEnded, RunResumed, TurnStarted
from studentsim.exam import wilson_interval
from studentsim.reporting import html
from studentsim.runs.run_dir import RunFolder
from studentsim.store import journal, queries
from studentsim.store.database import Database
from studentsim.store.export import export_run
from studentsim.store.ingest import sync_journals

COMPARE = "pages/3_Compare.py"
LOOKED = {"study-0": 0.125, "study-1": 0.75, "study-2": 0.25, "other-0": 0.75, "other-1": 0.625}
"""Two of five pass at 0.5; of the three chosen, two."""
NEARLY_ALL = [0.25] * 96 + [0.75] * 4
HARDLY_ANY = [0.25] + [0.75] * 99


def looking(events: list, measure: str = "confidence", figures: dict[str, float] = LOOKED) -> list:
    """The events with these figures looked at before each lesson but the second."""
    seen = {1: (figures, measure), 3: (figures, measure)} if figures else {}
    return [
        replace(e, confidences=told[0], score_kind=told[1])
        if isinstance(e, TurnStarted) and (told := seen.get(e.turn, ({}, "")))
        else e
        for e in events
    ]


def blind(events: list) -> list:
    """The events of a way of choosing that does not look."""
    return looking(events, figures={})


def opened(data: Path) -> Database:
    database = Database.open(data)
    sync_journals(database, data / "runs")
    return database


def lesson(passed: int | None, looked: int, *, chosen: int = 40, kept: int | None = None) -> LessonSelectionStats:
    return LessonSelectionStats(1, "confidence", looked, chosen, passed, chosen if kept is None else kept, 0.5, 0.5)


# ------------------------------------------------------------------ stored


def test_every_figure_is_a_row_with_its_lesson_and_whether_it_was_chosen(tmp_path):
    put(tmp_path, "r1", looking(whole_run()))
    with opened(tmp_path) as db:
        frame = queries.fetch_selection_scores(db, "r1")
        assert list(frame.turn) == [1] * 5 + [3] * 5 and set(frame.measure) == {"confidence"}
        first = frame[frame.turn == 1]
        assert dict(zip(first.question_id, first.figure, strict=True)) == LOOKED and list(first.figure) == sorted(
            first.figure
        )
        assert set(first.question_id[first.chosen]) == {"study-0", "study-1", "study-2"}


def test_the_share_that_passes_is_told_of_each_lesson_by_the_runs_own_threshold(tmp_path):
    put(tmp_path, "r1", looking(whole_run()))
    put(tmp_path, "r2", looking(whole_run(run_id="r2"), "p_correct"))
    put(tmp_path, "plain", blind(whole_run(run_id="plain")))
    with opened(tmp_path) as db:
        rows = queries.fetch_selection_score_summary(db, {"r1": 0.5, "plain": 0.5, "r2": 0.5}).to_dict("records")
        assert [(r["run_id"], r["turn"]) for r in rows] == [("r1", 1), ("r1", 3), ("r2", 1), ("r2", 3)]
        assert rows[0] == {
            "run_id": "r1", "turn": 1, "measure": "confidence", "looked_at": 5, "chosen": 3, "passed": 2,
            "chosen_passed": 2, "share": 0.4, "mean": 0.5, "mean_chosen": 0.375,
        }  # fmt: skip
        assert pd.isna(rows[2]["passed"]) and rows[2]["mean_chosen"] == 0.375  # P(right) is not the rule's figure
        assert list(queries.fetch_selection_score_summary(db, {"r1": 0.7}).passed) == [3, 3]
        assert (
            queries.fetch_selection_score_summary(db, {"plain": 0.5}).empty
            and queries.fetch_selection_score_summary(db, {}).empty
        )


def test_journal_and_database_tell_the_same(tmp_path):
    events = looking(whole_run())
    put(tmp_path, "r1", events)
    told = [
        selection_lookups.selection_stats_from_event(e, 0.5) for e in as_lines(events) if e["type"] == "TurnStarted"
    ]
    with opened(tmp_path) as db:
        assert selection_lookups.selection_stats_from_frame(queries.fetch_selection_score_summary(db, {"r1": 0.5})) == [
            found for found in told if found
        ]


def test_what_a_resumed_run_did_over_again_counts_once(tmp_path):
    half = looking([*turn_zero(), *turn_of(1)])
    again = looking([*list(turn_of(3))[:4], RunResumed(1), *turn_of(3), RunEnded(3, "finished", 9.0)])
    put(tmp_path, "r1", [*half, *again])
    with opened(tmp_path) as db:
        assert list(queries.fetch_selection_score_summary(db, {"r1": 0.5}).looked_at) == [5, 5]
        assert len(queries.fetch_selection_scores(db, "r1")) == 10


def test_the_figures_are_exported(tmp_path):
    put(tmp_path, "r1", looking(whole_run()))
    export_run(tmp_path, "r1", tmp_path / "out")
    frame = pd.read_csv(tmp_path / "out" / "lookups.csv")
    assert list(frame.columns) == ["run_id", "seq", "turn", "timestamp", "question_id", "measure", "figure", "chosen"]
    assert len(frame) == 10 and frame.figure.sum() == 2 * sum(LOOKED.values())


def test_a_journal_of_before_opens_and_tells_of_no_lookups(tmp_path):
    path = put(tmp_path, "r1", blind(whole_run()))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:  # as 0.1 wrote it
        line.pop("confidences", None), line.pop("score_kind", None)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [
        selection_lookups.selection_stats_from_event(e, 0.5)
        for e in journal.effective_events(lines)
        if e["type"] == "TurnStarted"
    ] == [None] * 3
    with opened(tmp_path) as db:
        assert len(queries.fetch_turns(db, "r1")) == 4 and queries.fetch_selection_scores(db, "r1").empty
    export_run(tmp_path, "r1", tmp_path / "out")
    assert pd.read_parquet(tmp_path / "out" / "lookups.parquet").empty


def test_a_database_of_version_3_gets_the_table_and_keeps_its_rows(tmp_path):
    put(tmp_path, "r1", blind(whole_run()))
    with opened(tmp_path) as db:
        db.run_transaction(
            lambda cursor: (cursor.execute("DROP TABLE lookups"), cursor.execute("UPDATE meta SET version = 3"))
        )
    put(tmp_path, "r2", looking(whole_run(run_id="r2")))
    with opened(tmp_path) as db:
        assert len(queries.fetch_turns(db, "r1")) == 4 and len(queries.fetch_selection_scores(db, "r2")) == 10


# ------------------------------------------------------------------ told


def test_a_rule_that_nearly_all_pass_is_said_to_choose_almost_at_random():
    said = selection_lookups.describe_selection_stats([lesson(48, 50), lesson(48, 50)])
    low, high = (round(100 * bound) for bound in wilson_interval(96, 100))
    assert said == (
        f"96 of 100 questions looked at pass the rule ({low} to {high}), so this way chooses almost at random here."
    )
    assert selection_lookups.selection_warning([lesson(96, 100)])


def test_a_rule_that_hardly_any_pass_is_said_to_be_made_up():
    said = selection_lookups.describe_selection_stats([lesson(3, 320, kept=3)])
    assert said.startswith(
        "Only 1 of 100 questions looked at pass the rule (0 to 3), so nearly all of those chosen (37 of 40)"
    )
    assert said.endswith(" were made up with the least sure.")
    assert "so 12 of the 40 chosen were" in selection_lookups.describe_selection_stats(
        [lesson(28, 320, kept=28)]
    )  # nine of a hundred pass, and fill most of the lesson
    assert "so all of those chosen" in selection_lookups.describe_selection_stats([lesson(0, 320, kept=0)])
    assert "made up" not in selection_lookups.describe_selection_stats([lesson(20, 320, chosen=20)])
    assert selection_lookups.selection_warning([lesson(3, 320, kept=3)])


def test_few_questions_are_counted_and_bring_their_interval():
    said = selection_lookups.describe_selection_stats([lesson(16, 16, chosen=8)])
    assert said == (
        "16 of 16 questions looked at pass the rule, which is 81 to 100 of 100, so this way chooses almost at random here."
    )


@pytest.mark.parametrize("passed, warned", [(9, True), (10, False), (50, False), (90, False), (91, True)])
def test_a_warning_is_given_above_90_and_below_10_of_100(passed: int, warned: bool):
    assert bool(selection_lookups.selection_warning([lesson(passed, 100, kept=min(passed, 40))])) == warned


def test_lessons_in_which_the_rule_hardly_chose_are_counted_where_the_whole_is_mixed():
    some = [lesson(96, 100), lesson(50, 100), lesson(40, 100), lesson(5, 100, kept=5)]
    assert selection_lookups.selection_warning(some) == selection_lookups.describe_selection_stats(some)
    assert (
        "In 1 of 4 lessons more than 90 of 100 pass: there it chooses almost at random."
        in selection_lookups.describe_selection_stats(some)
    )
    assert "In 1 of 4 lessons fewer than 10 of 100 pass" in selection_lookups.describe_selection_stats(some)
    assert not selection_lookups.selection_warning(
        some[1:3]
    ) and "lesson" not in selection_lookups.describe_selection_stats(some[1:3])


def test_of_likely_wrong_the_figures_of_the_chosen_and_of_all_are_told_and_nothing_is_warned_of():
    found = selection_lookups.selection_stats_from_event(
        {"turn": 1, "question_ids": ["a"], "confidences": {"a": 0.1, "b": 0.7}, "score_kind": "p_correct"}, 0.5
    )
    assert found and found.passed is found.pass_rate is None
    assert "P(right) is 0.10 for these and 0.40 for all" in selection_lookups.describe_selection_stats([found])
    assert (
        selection_lookups.selection_warning([found])
        == selection_lookups.selection_warning([])
        == selection_lookups.describe_selection_stats([])
        == ""
    )


def test_the_command_line_tells_of_each_lesson_and_of_the_whole(tmp_path):
    make_run(tmp_path, "sure", strategy="log-probability", figures=NEARLY_ALL)
    make_run(tmp_path, "plain", strategy="random")
    found = runner.build_run_result(RunFolder(tmp_path / "runs" / "sure"))
    assert [(t["looked_at"], t["looked_by"], t["passed"]) for t in found["turns"]] == [(100, "confidence", 96)] * 4
    assert found["choosing"].endswith("almost at random here.")
    plain = runner.build_run_result(RunFolder(tmp_path / "runs" / "plain"))
    assert [(t["looked_at"], t["looked_by"], t["passed"]) for t in plain["turns"]] == [(0, "", None)] * 4
    assert plain["choosing"] == ""


def test_the_report_tells_the_rule_and_each_lessons_share(tmp_path):
    make_run(tmp_path, "sure", strategy="log-probability", figures=HARDLY_ANY, threshold=0.6)
    make_run(tmp_path, "wrong", strategy="likely-wrong", figures=[0.05] * 8 + [0.5] * 24)
    make_run(tmp_path, "plain", strategy="random")
    with opened(tmp_path) as db:
        told = html.build_report_html(db, "sure")
        assert "How the practice questions were chosen" in told and "stays below 0.6" in told
        assert "Only 1 of 100 questions looked at pass the rule" in told and told.count(">100<") >= 4
        assert "P(right) is 0.05 for these and 0.39 for all" in html.build_report_html(db, "wrong")
        assert "How the practice questions were chosen" not in html.build_report_html(db, "plain")


def test_watch_and_compare_say_that_a_way_hardly_chooses(folder: Path):
    make_run(folder, "sure", strategy="log-probability", figures=NEARLY_ALL)
    make_run(folder, "wrong", strategy="likely-wrong", figures=[0.05] * 8 + [0.5] * 24)
    make_run(folder, "plain", strategy="random")
    app = visit(WATCH, run="sure")
    assert ["almost at random" in w.value for w in app.warning] == [True] and not app.exception
    assert "likeliest answer to it stays below 0.5" in text_of(app)
    app = visit(WATCH, run="wrong")
    assert "P(right) is 0.05 for these" in text_of(app) and not app.warning
    assert "looked at" not in text_of(visit(WATCH, run="plain"))
    app = visit(COMPARE, runs="sure,wrong,plain")
    assert "Where it is unsure: 96 of 100 questions looked at pass the rule" in text_of(app) and not app.exception
    assert text_of(app).count("looked at") == 1
