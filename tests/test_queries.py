"""Every SELECT, on a run whose figures are known."""

from __future__ import annotations

import json

import pytest
from store_runs import CONFIG, answered, crashed_run, put, turn_of, turn_zero, whole_run

from studentsim.errors import UnknownRun
from studentsim.events import RunEnded
from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.store.ingest import sync_journals


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    put(data, "r1", whole_run(), start=1000)
    put(data, "r2", crashed_run(), start=3000)
    put(data, "half", [*turn_zero(), *list(turn_of(1))[:5]], start=2000)
    put(
        data,
        "failed",
        [*turn_zero(), RunEnded(1, "failed", 9.0, "study", "StudentError", "It broke.", "Mend it.")],
        start=500,
    )
    put(data, "queued", [], start=100)
    with Database.open(data) as database:
        sync_journals(database, data / "runs")
        yield database


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    with Database.open(tmp_path_factory.mktemp("empty")) as database:
        yield database


def test_runs_are_listed_newest_first_with_their_exams(db):
    frame = queries.fetch_runs(db)
    assert list(frame["run_id"]) == ["queued", "r2", "half", "r1", "failed"]  # a waiting run's file is new
    r1 = frame.set_index("run_id").loc["r1"]
    assert (r1["first_correct"], r1["last_correct"], r1["last_questions"], r1["last_turn"]) == (1, 3, 4, 2)
    assert (r1["last_ci_low"], r1["last_ci_high"]) == (0.1, 0.9)
    assert list(r1["accuracies"]) == [0.25, 0.75]
    assert (r1["status"], r1["turn"], r1["title"], r1["strategy"]) == ("finished", 3, "small", "category")


def test_one_run_is_a_record(db):
    row = queries.fetch_run(db, "failed")
    assert (row.status, row.stage, row.error, row.message, row.remedy) == (
        "failed",
        "study",
        "StudentError",
        "It broke.",
        "Mend it.",
    )
    assert (row.turn, row.turns_planned, row.seconds) == (0, 3, 9.0)
    assert row.config == json.loads(CONFIG.model_dump_json()) and row.versions == {"torch": "2.13.0"}
    half = queries.fetch_run(db, "half")
    assert (half.status, half.turn, half.stage, half.stage_items) == ("running", 0, "study", 3)
    assert queries.fetch_run(db, "queued").status == "queued"


@pytest.mark.parametrize("run_id", ["", "nobody", "' OR 1=1--", "x" * 10_000, "r1\0"])
def test_an_unknown_run_is_refused_by_name(db, run_id):
    with pytest.raises(UnknownRun, match="There is no run") as caught:
        queries.fetch_run(db, run_id)
    assert len(str(caught.value)) < 300
    assert queries.fetch_last_seq(db, run_id) == -1
    assert queries.fetch_exams(db, run_id).empty and queries.fetch_answers(db, run_id).empty


def test_the_last_seq_is_the_last_event_s(db):
    assert queries.fetch_last_seq(db, "r1") == len(whole_run()) - 1
    assert queries.fetch_last_seq(db, "queued") == -1


def test_exams_have_their_accuracy_and_interval(db):
    frame = queries.fetch_exams(db, "r1")
    assert list(frame["turn"]) == [0, 2] and list(frame["accuracy"]) == [0.25, 0.75]
    assert list(frame["ci_low"]) == [0.1, 0.1] and json.loads(frame["next_mix"][0]) == {"general": 1, "gain": 2}


def test_wrong_answers_by_category_keep_the_order_of_the_bank(db):
    frame = queries.fetch_wrong_by_category(db, "r1")
    assert [tuple(row) for row in frame.itertuples(index=False)] == [
        (0, "general", 1, 2), (0, "gain", 2, 2), (2, "general", 1, 2), (2, "gain", 0, 2),
    ]  # fmt: skip


def test_turns_have_mix_rewards_and_seconds(db):
    frame = queries.fetch_turns(db, "r1").set_index("turn")
    assert list(frame.index) == [0, 1, 2, 3]
    assert json.loads(frame.loc[2, "mix"]) == {"general": 2, "gain": 1}
    assert (frame.loc[2, "pairs"], frame.loc[2, "rewards_margins"], frame.loc[2, "seconds_total"]) == (2, 6.0, 8.0)
    assert frame["loss"].isna()[0] and frame["seconds_study"].isna()[0]
    half = queries.fetch_turns(db, "half").set_index("turn")
    assert list(half["finished"]) == [True, False] and half["correct"].isna()[1]


def test_steps_share_an_axis_with_the_exams(db):
    frame = queries.fetch_training_steps(db, "r1")
    assert list(frame["x"]) == [0.5, 1, 1.5, 2, 2.5, 3]
    assert frame["rewards_margins"][0] == 3.0 and frame["logps_chosen"][0] == -11.5


def test_validations_are_one_a_turn(db):
    frame = queries.fetch_validations(db, "r1")
    assert list(frame["turn"]) == [1, 2, 3] and list(frame["pairs"]) == [4, 4, 4]


def test_the_latest_answers_come_first(db):
    frame = queries.fetch_latest_answers(db, "r1", 4)
    assert list(frame["turn"]) == [3, 3, 3, 2] and list(frame["seq"]) == sorted(frame["seq"], reverse=True)
    assert list(frame["question_id"])[:3] == ["study-2", "study-1", "study-0"]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 17), ({"phase": "exam"}, 8), ({"phase": "exam", "turn": 0}, 4), ({"turn": 2, "outcome": "wrong"}, 3),
        ({"category": "gain", "phase": "exam", "outcome": "right"}, 1), ({"misconception": "off"}, 10), ({"skill": "ages"}, 17),
        ({"search": "HOW OLD? 3"}, 2), ({"search": "3 + 1"}, 2), ({"search": "%"}, 0), ({"question_id": "study-1"}, 3),
        ({"category": "' OR 1=1--"}, 0), ({"category": "", "search": ""}, 17),
    ],
)  # fmt: skip
def test_answers_are_filtered_and_counted_alike(db, filters, count):
    frame = queries.fetch_answers(db, "r1", **filters)
    assert len(frame) == queries.count_answers(db, "r1", **filters) == count
    assert list(frame["seq"]) == sorted(frame["seq"])


def test_answers_come_in_pages_and_whole(db):
    pages = [queries.fetch_answers(db, "r1", limit=5, offset=offset) for offset in range(0, 20, 5)]
    assert [len(page) for page in pages] == [5, 5, 5, 2]
    first = pages[0].iloc[0]
    expected = answered(0, "exam", 0)
    assert (first["problem"], first["text"], first["letter"], first["value"]) == (
        expected.problem, expected.text, expected.letter, expected.value,
    )  # fmt: skip
    assert (bool(first["is_correct"]), first["logprob"], first["milliseconds"], first["p_correct"]) == (
        True,
        -1.5,
        2.5,
        0.25,
    )
    assert json.loads(first["options"]) == list(expected.options)
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        queries.fetch_answers(db, "r1", **{"1=1 OR turn": 3})


def test_what_a_crash_left_half_done_counts_once(db):
    assert queries.count_answers(db, "r1") == queries.count_answers(db, "r2") == 17


def test_slips_are_counted(db):
    frame = queries.fetch_misconceptions(db, "r1")
    assert frame["wrong"].sum() == 10 and set(frame["misconception"]) == {"off"}


def test_speed_is_the_median_of_finished_runs(db, empty):
    speed = queries.fetch_recent_timings(db)
    assert (speed.runs, speed.study_question, speed.exam_question, speed.turn) == (2, 1.0, 1.0, 8.0)
    assert speed.pair == 1.5 and speed.start == 3.0
    assert queries.fetch_recent_timings(db, strategy="category") == speed
    other = queries.fetch_recent_timings(db, strategy="log-probability")  # none of these chose in that way
    assert other.study_question is None and other.exam_question == 1.0
    for nothing in (queries.fetch_recent_timings(empty), queries.fetch_recent_timings(db, "google/gemma-2b-it")):
        assert nothing == queries.RunTimings(0, None, None, None, None, None)


def test_an_empty_database_gives_empty_frames_with_their_columns(db, empty):
    assert queries.fetch_runs(empty).empty
    for query in (
        queries.fetch_exams, queries.fetch_wrong_by_category, queries.fetch_turns, queries.fetch_training_steps,
        queries.fetch_validations, queries.fetch_latest_answers,
        queries.fetch_answers, queries.fetch_misconceptions,
    ):  # fmt: skip
        frame = query(empty, "r1")
        assert frame.empty and list(frame.columns) == list(query(db, "r1").columns), query
