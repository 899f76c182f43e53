"""What a teacher did, out of a real run's journal: counted by the database and, anew, from the events."""

from collections import Counter

import casts
import pandas as pd
import pytest
from casts import config

from studentsim.events import AnswerRecorded
from studentsim.runs.executor import execute
from studentsim.runs.run_dir import create_run
from studentsim.settings import TeacherSettings
from studentsim.store import ingest, queries
from studentsim.store.database import Database, build_database
from studentsim.store.export import export_run

TEACHING = TeacherSettings(attempts=3, error_rate=0.2, challenge_rate=0.3)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A data folder with one run of a teacher who errs, doubts and lets the student try again; and its events."""
    data, events = tmp_path_factory.mktemp("data"), []
    folder = create_run(data, config(questions_per_turn=30, teacher=TEACHING))
    assert execute(folder, build_components=casts.fake, on_event=events.append) == "finished"
    return data, folder.run_id, [e for e in events if isinstance(e, AnswerRecorded)]


@pytest.fixture(scope="module")
def db(run):
    with Database.open(run[0]) as database:
        ingest.sync_journals(database, run[0] / "runs")
        yield database


def lessons(answers):
    """Each lesson's attempts at each question, in order."""
    found: dict[tuple[int, str], list[AnswerRecorded]] = {}
    for answer in answers:
        if answer.phase != "exam":
            found.setdefault((answer.turn, answer.question_id), []).append(answer)
    return list(found.values())


def test_every_attempt_and_what_was_said_is_in_the_database(run, db):
    _, run_id, answers = run
    rows = queries.fetch_answers(db, run_id, limit=10_000).to_dict("records")
    assert len(rows) == len(answers)
    for row, answer in zip(rows, answers, strict=True):
        for field in ("attempt", "phase", "is_correct", "graded_by", "feedback", "feedback_level", "challenged"):
            assert (None if pd.isna(row[field]) else row[field]) == getattr(answer, field)
        said = None if pd.isna(row["assigned_correct"]) else bool(row["assigned_correct"])
        assert said == answer.assigned_correct


def test_errors_are_counted_and_doubts_are_not_errors(run, db):
    _, run_id, answers = run
    marks = queries.fetch_grading_errors(db, run_id)
    practised = [a for a in answers if a.phase != "exam" and not a.challenged]
    assert marks["answers"].sum() == len(practised)
    assert marks["false_right"].sum() == sum(a.assigned_correct and not a.is_correct for a in practised) > 0
    assert marks["false_wrong"].sum() == sum(a.is_correct and not a.assigned_correct for a in practised) > 0
    assert marks["marker_answers"].sum() == 0


def test_second_tries_are_counted_by_what_was_said_and_by_slip(run, db):
    _, run_id, answers = run
    tried = [own for own in lessons(answers) if len(own) > 1 and not own[0].is_correct]
    found = queries.fetch_revisions(db, [run_id])
    assert found["tried"].sum() == len(tried) > 0
    assert found["mended"].sum() == sum(own[-1].is_correct for own in tried)
    by_slip = found.groupby("misconception", dropna=False)["tried"].sum()
    expected = Counter(own[0].misconception for own in tried)
    assert {None if pd.isna(slip) else slip: n for slip, n in by_slip.items()} == expected
    assert set(found["feedback_level"]) == {"hint"}


def test_who_gives_way_to_a_false_wrong_is_counted_on_purpose_and_in_error(run, db):
    _, run_id, answers = run
    doubted = [own for own in lessons(answers) if len(own) > 1 and own[0].is_correct]
    found = queries.fetch_challenges(db, [run_id])
    for on_purpose in (True, False):
        rows = found[found["on_purpose"] == on_purpose]
        mine = [own for own in doubted if own[0].challenged == on_purpose]
        assert rows["challenged"].sum() == len(mine) > 0
        assert rows["flipped"].sum() == sum(not own[-1].is_correct for own in mine)


def test_what_lasts_is_looked_for_in_the_next_exam(run, db):
    _, run_id, answers = run
    found = queries.fetch_retention(db, [run_id])
    tried: dict[tuple[int, str], list[bool]] = {}
    for own in lessons(answers):
        if len(own) > 1 and not own[0].is_correct:
            exam = own[0].turn + own[0].turn % 2  # exams after 2 and 4
            tried.setdefault((exam, own[0].skill), []).append(own[-1].is_correct)
    exam_answers = [a for a in answers if a.phase == "exam"]
    expected = Counter()
    for (exam, skill), ended in tried.items():
        asked = [a for a in exam_answers if (a.turn, a.skill) == (exam, skill)]
        mended = 2 * sum(ended) >= len(ended)
        expected[mended, "questions"] += len(asked)
        expected[mended, "correct"] += sum(a.is_correct for a in asked)
    for row in found.itertuples():
        assert (row.questions, row.correct) == (
            expected[row.mended, "questions"],
            expected[row.mended, "correct"],
        )
    assert found["questions"].sum() == expected[True, "questions"] + expected[False, "questions"] > 0


def test_export_and_rebuild_know_it_all(run, db, tmp_path):
    data, run_id, answers = run
    export_run(data, run_id, tmp_path / "out")
    frame = pd.read_parquet(tmp_path / "out" / "answers.parquet")
    assert len(frame) == len(answers) and [None if pd.isna(x) else x for x in frame["feedback"]] == [
        a.feedback for a in answers
    ]
    assert build_database(tmp_path / "anew.duckdb", data / "runs") == 1
    with Database(tmp_path / "anew.duckdb", data / "runs") as anew:
        pd.testing.assert_frame_equal(queries.fetch_revisions(anew, [run_id]), queries.fetch_revisions(db, [run_id]))


def test_a_run_paused_between_two_attempts_ends_as_if_it_had_not_been(run, tmp_path):
    """The half lesson is done again: every attempt, word and mark as in the run that nobody stopped."""
    _, _, answers = run

    again = create_run(tmp_path, config(questions_per_turn=30, teacher=TEACHING))

    def pausing(event):
        if isinstance(event, AnswerRecorded) and event.turn == 2 and event.phase == "revision":
            again.write_request("pause")

    assert execute(again, build_components=casts.fake, on_event=pausing) == "paused"
    events = []
    again.clear_request()
    assert execute(again, build_components=casts.fake, on_event=events.append) == "finished"
    late = [a for a in answers if a.turn >= 2]
    plain = [e for e in events if isinstance(e, AnswerRecorded)]
    assert [(a.question_id, a.attempt, a.text, a.feedback, a.assigned_correct, a.challenged) for a in plain] == [
        (a.question_id, a.attempt, a.text, a.feedback, a.assigned_correct, a.challenged) for a in late
    ]
