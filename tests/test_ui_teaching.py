"""The teacher on every page: settings, conversation, second tries, errors, doubts, the marker's check; and silence about plain teachers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import fakes
import pandas as pd
import pytest
from fakes import config
from journals import NASTY, make_run, plain_event
from streamlit.testing.v1 import AppTest
from visits import NEW, WATCH, link_labels, text_of, visit

from studentsim.analysis import estimate, grader_evaluation, setting_differences, tries
from studentsim.config import RunConfig
from studentsim.exam import wilson_interval
from studentsim.labels import teacher_settings
from studentsim.narration import grades, teaching_summary
from studentsim.reporting import html
from studentsim.runs.executor import execute
from studentsim.runs.run_dir import create_run
from studentsim.settings import DPOSettings, TeacherSettings
from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.store.ingest import sync_journals
from studentsim.store.journal import read_events
from studentsim.ui.compare import retries
from studentsim.ui.help import grader
from studentsim.ui.watch import race_entries

ANSWERS, WEAKNESSES, COMPARE, HELP = (f"pages/{p}.py" for p in ("4_Answers", "5_Weaknesses", "3_Compare", "7_Help"))
TEACHING = TeacherSettings(attempts=3, error_rate=0.2, challenge_rate=0.3)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, str]:
    """A data folder with one run of a teacher who errs, doubts, and lets the student try again."""
    data = tmp_path_factory.mktemp("data")
    folder = create_run(data, config(questions_per_turn=30, teacher=TEACHING))
    assert execute(folder, build_components=fakes.fake) == "finished"
    return data, folder.run_id


@pytest.fixture
def run(folder: Path, made: tuple[Path, str]) -> str:
    """That run in the app's data folder."""
    data, run_id = made
    shutil.copytree(data / "runs" / run_id, folder / "runs" / run_id)
    return run_id


def practised(folder: Path, run_id: str) -> list[dict]:
    """All practice answers as the journal tells them."""
    told = read_events(folder / "runs" / run_id / "events.jsonl")
    return [e for e in told if e["type"] == "AnswerRecorded" and e["phase"] != "exam"]


def conversation_of(answers: list[dict], one: dict) -> list[dict]:
    return [a for a in answers if (a["turn"], a["question_id"]) == (one["turn"], one["question_id"])]


# ------------------------------------------------------------------ New simulation


def test_the_teacher_that_was_set_up_is_the_one_that_teaches(started: list):
    app = visit(NEW)
    app.segmented_control(key="new.attempts").set_value(3).run()
    app.selectbox(key="new.feedback").set_value("explanation")
    app.selectbox(key="new.chosen_source").set_value("revision-or-working")
    app.number_input(key="new.doubted").set_value(12.5)
    app.number_input(key="new.errors").set_value(20.0).run()
    app.toggle(key="new.cautious").set_value(True).run()
    assert "up to 3 tries at a question, the explanation between; learns from its own" in text_of(app)
    app.button(key="new.start").click().run()
    assert not app.exception and not app.error
    ((given, _),) = started
    assert given == RunConfig(
        teacher=TeacherSettings(
            attempts=3, feedback="explanation", chosen_source="revision-or-working", challenge_rate=0.125, error_rate=0.2
        ),
        dpo=DPOSettings(loss="robust", label_smoothing=0.2),
    )  # fmt: skip


def said_in_the_fold(app: AppTest) -> str:
    (fold,) = [e for e in app.expander if e.label.startswith("The teacher")]
    fields = [*fold.selectbox, *fold.number_input, *fold.toggle, *fold.segmented_control]
    parts = [e.value for e in fold.caption] + [f"{f.label} {f.help}" for f in fields]
    return " ".join(map(str, parts)).lower()


def test_learning_cautiously_follows_the_error_rate_and_dpo_is_named_in_the_technical_view_alone(folder: Path):
    app = visit(NEW)
    assert "Learn more cautiously from an unreliable teacher" not in [t.label for t in app.toggle]
    app.number_input(key="new.errors").set_value(10.0).run()
    app.toggle(key="new.cautious").set_value(True).run()
    app.number_input(key="new.errors").set_value(30.0).run()
    assert app.selectbox(key="new.loss").value == "robust"
    assert app.number_input(key="new.label_smoothing").value == 0.3
    assert "It takes 30 of 100 of the teacher's marks to be wrong." in text_of(app)
    assert "dpo" not in said_in_the_fold(app) and "robust" not in said_in_the_fold(app)
    app.toggle(key="new.teacher.technical").set_value(True).run()
    assert "robust dpo" in said_in_the_fold(app)
    assert "Who writes the hints" not in [t.label for t in app.text_input], "with one try nobody would hear them"
    app.toggle(key="new.cautious").set_value(False).run()
    assert (app.selectbox(key="new.loss").value, app.number_input(key="new.label_smoothing").value) == ("sigmoid", 0)


def test_how_much_of_a_working_is_shown_stands_in_the_technical_view(started: list):
    app = visit(NEW)
    assert "new.chosen_text" not in [s.key for s in app.selectbox]
    app.toggle(key="new.teacher.technical").set_value(True).run()
    app.selectbox(key="new.chosen_text").set_value("short").run()
    assert (
        "shown of a working: its last step and the answer" in [e.label for e in app.expander if "teacher" in e.label][0]
    )
    app.button(key="new.start").click().run()
    assert started[0][0] == RunConfig(teacher=TeacherSettings(chosen_text="short"))


def test_with_one_try_nothing_is_asked_that_needs_two(started: list):
    app = visit(NEW)
    app.segmented_control(key="new.attempts").set_value(2).run()
    app.number_input(key="new.doubted").set_value(50.0)
    app.selectbox(key="new.feedback").set_value("mark")
    app.selectbox(key="new.chosen_source").set_value("revision").run()
    app.segmented_control(key="new.attempts").set_value(1).run()
    assert "What it learns from" not in [s.label for s in app.selectbox] and "Allow two" in text_of(app)
    app.segmented_control(key="new.attempts").set_value(2).run()
    assert (app.selectbox(key="new.chosen_source").value, app.number_input(key="new.doubted").value) == (
        "revision",
        50.0,
    )
    app.segmented_control(key="new.attempts").set_value(1).run()
    app.button(key="new.start").click().run()
    assert started[0][0] == RunConfig()


def test_a_marker_that_is_not_installed_is_refused_at_its_field(started: list, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(grader_evaluation, "is_grader_installed", lambda: False)
    app = visit(NEW)
    app.selectbox(key="new.who").set_value(teacher_settings.MODEL_GRADES).run()
    assert len(app.error) == 1 and "train-grader" in app.error[0].value
    assert app.button(key="new.start").disabled and "*Who marks practice* above" in text_of(app)
    app.selectbox(key="new.who").set_value(teacher_settings.KEY_GRADES).run()
    assert not app.error


@pytest.mark.parametrize(
    "who, decides", [(teacher_settings.KEY_GRADES_MODEL_OBSERVES, "key"), (teacher_settings.MODEL_GRADES, "marker")]
)
def test_the_trained_marker_looks_on_or_decides(started: list, monkeypatch: pytest.MonkeyPatch, who: str, decides: str):
    monkeypatch.setattr(grader_evaluation, "is_grader_installed", lambda: True)
    app = visit(NEW)
    app.selectbox(key="new.who").set_value(who).run()
    app.button(key="new.start").click().run()
    assert started[0][0].teacher == TeacherSettings(grader="embedded", grade_source=decides)


def test_run_again_carries_the_teacher(run: str, started: list):
    app = visit(NEW, like=run)
    assert not app.exception and not app.error
    app.button(key="new.start").click().run()
    assert started[0][0].teacher == TEACHING


def test_the_estimate_knows_that_tries_take_time(made: tuple[Path, str], tmp_path: Path):
    plain, twice, often = (RunConfig(teacher=TeacherSettings(attempts=n)) for n in (1, 2, 5))
    assert estimate.expected_retries(plain) == 0 < estimate.expected_retries(twice) < estimate.expected_retries(often)
    assert estimate.estimate_seconds(plain) < estimate.estimate_seconds(twice) < estimate.estimate_seconds(often)
    data, run_id = made
    with Database.open(tmp_path) as db:
        sync_journals(db, data / "runs")
        lessons, speed = queries.fetch_turns(db, run_id), queries.fetch_recent_timings(db)
    answers = pd.Series([a["turn"] for a in practised(data, run_id)]).value_counts()
    each = [row.seconds_study / answers[row.turn] for row in lessons.itertuples() if row.turn]
    assert speed.study_question == pytest.approx(pd.Series(each).median())


# ------------------------------------------------------------------ Answers


def test_a_card_shows_the_whole_conversation_whichever_try_is_opened(folder: Path, run: str):
    answers = practised(folder, run)
    longest = next(a for a in answers if a["attempt"] == 3)
    all_tries = conversation_of(answers, longest)
    for one in all_tries:
        app = visit(ANSWERS, run=run, answer=str(one["seq"]))
        assert not app.exception
        text = text_of(app)
        assert [c.value for c in app.code[:3]] == [a["text"].strip() for a in all_tries]
        assert all(f"**{title}**" in text for title in ("First try", "Second try", "Third try"))
        assert all(a["feedback"] in [t.value for t in app.text] for a in all_tries[:2])
        assert link_labels(app).count("Open this try") == 2


def told_about(app: AppTest) -> str:
    return " ".join(m.value for m in app.markdown if m.value.startswith(":material/warning:"))


def test_a_mark_that_is_not_the_key_s_is_said_plainly(folder: Path, run: str):
    answers = practised(folder, run)
    for wrong, words in (
        (
            next(a for a in answers if a["assigned_correct"] and not a["is_correct"]),
            "The teacher said right. The key says wrong.",
        ),
        (
            next(a for a in answers if not a["assigned_correct"] and a["is_correct"] and not a["challenged"]),
            "The teacher said wrong. The key says right.",
        ),
        (
            next(a for a in answers if a["challenged"]),
            "called it wrong on purpose, to see whether the student gives way",
        ),
    ):
        assert words in told_about(visit(ANSWERS, run=run, answer=str(wrong["seq"])))


def test_the_teacher_s_words_are_shown_as_they_are(folder: Path, run: str):
    journal = folder / "runs" / run / "events.jsonl"
    lines = [plain_event(line) for line in journal.read_text().splitlines()]
    one = next(e for e in lines if e.get("feedback"))
    one["feedback"] = NASTY
    journal.write_text("".join(json.dumps(e) + "\n" for e in lines))
    app = visit(ANSWERS, run=run, answer=str(one["seq"]))
    assert NASTY in [t.value for t in app.text] and NASTY not in [m.value for m in app.markdown]


def test_second_tries_can_be_asked_for_alone(folder: Path, run: str):
    again = [a for a in practised(folder, run) if a["phase"] == "revision"]
    app = visit(ANSWERS, run=run, phase="revision")
    wrong = sum(not a["is_correct"] for a in again)
    assert app.header[0].value.startswith(f"{wrong} of {len(again)} second tries are wrong")
    assert app.segmented_control(key="answers.phase").options[-1] == "second tries"


def test_a_question_s_history_names_its_tries(folder: Path, run: str):
    again = next(a for a in practised(folder, run) if a["phase"] == "revision")
    app = visit(ANSWERS, run=run, answer=str(again["seq"]))
    assert "second tr" in text_of(app) and any(f"practice {again['turn']}, try 2" in m.value for m in app.markdown)


# ------------------------------------------------------------------ Watch, Weaknesses, Compare, report


def test_watch_tells_of_second_tries_errors_and_flips(folder: Path, run: str):
    app = visit(WATCH, run=run)
    assert not app.exception
    text, answers = text_of(app), practised(folder, run)
    assert {"Do second tries help?", "How often does the teacher err?"} <= {s.value for s in app.subheader}
    firsts = [conversation_of(answers, a) for a in answers if a["attempt"] == 1]
    again = [own for own in firsts if len(own) > 1]
    tried = [own for own in again if not own[0]["is_correct"]]
    mended = sum(own[-1]["is_correct"] for own in tried)
    assert teaching_summary.format_rate(mended, len(tried)) in text
    doubted = [own for own in again if own[0]["is_correct"]]
    assert (
        f"Given up: {teaching_summary.format_rate(sum(not own[-1]['is_correct'] for own in doubted), len(doubted))}"
        in text
    )
    marked = [a for a in answers if not a["challenged"]]
    assert f"The teacher marked {len(marked)} practice answers." in text


def test_a_live_answer_says_which_try_it_was(folder: Path, run: str):
    journal = folder / "runs" / run / "events.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if '"phase": "revision"' in line or '"phase":"revision"' in line)
    journal.write_text("".join(lines[: last + 1]))
    app = visit(WATCH, run=run)
    assert not app.exception and "practice, third try" in text_of(app)
    assert not visit(WATCH, run=run, present="1").exception


def test_weaknesses_tells_what_the_student_mends_itself(folder: Path, run: str):
    app = visit(WEAKNESSES, run=run)
    assert not app.exception
    text = text_of(app)
    assert "Second tries: what does the student mend itself?" in text
    assert "**Does it last?**" in text and teaching_summary.RETRY_CAVEAT in text
    assert "Does it give way to a false “wrong”?" in text
    category = practised(folder, run)[0]["category"]
    inside = visit(WEAKNESSES, run=run, category=category)
    assert not inside.exception and "Does it last?" not in text_of(inside)


def test_compare_sets_second_tries_side_by_side(folder: Path, run: str):
    make_run(folder, "plain")
    app = visit(COMPARE, runs=f"{run},plain")
    assert not app.exception and "Do second tries help?" in text_of(app)
    with Database.open(folder / "again") as db:
        sync_journals(db, folder / "runs")
        found = tries.query_retry_results(db, [run])
        rows = retries.second_tries_frame(found, "Follow the mistakes")
    assert rows.tried.sum() == found.tried and rows.mended.sum() == found.corrected
    assert (rows.doubted.iloc[0], rows.flipped.iloc[0]) == (str(found.challenged), str(found.gave_way))


def test_the_report_tells_the_same_in_short(made: tuple[Path, str], tmp_path: Path):
    data, run_id = made
    with Database.open(tmp_path) as db:
        sync_journals(db, data / "runs")
        found, page = tries.query_retry_results(db, [run_id]), html.build_report_html(db, run_id)
    assert "<h2>Second tries, and the teacher</h2>" in page
    assert teaching_summary.describe_retries(found) in page and "Not as the key does" in page


def test_nothing_of_it_is_said_of_a_plain_teacher(folder: Path):
    make_run(folder, "plain")
    for page, query in ((WATCH, {}), (WEAKNESSES, {}), (ANSWERS, {}), (ANSWERS, {"answer": "20"})):
        app = visit(page, run="plain", **query)
        text = text_of(app).lower()
        assert not app.exception
        assert not any(word in text for word in ("second tr", "teacher")), page
    assert "second tries" not in visit(ANSWERS, run="plain").segmented_control(key="answers.phase").options
    assert "second tr" not in text_of(visit(COMPARE, runs="plain")).lower()
    with Database.open(folder / "again") as db:
        sync_journals(db, folder / "runs")
        assert "Second tries" not in html.build_report_html(db, "plain")


def test_before_anything_was_tried_again_it_says_when_that_begins(folder: Path):
    make_run(folder, "young", turn=0, status="", teacher=TeacherSettings(attempts=2, error_rate=0.1).model_dump())
    for page in (WATCH, WEAKNESSES, COMPARE):
        app = visit(page, **({"runs": "young"} if page == COMPARE else {"run": "young"}))
        assert not app.exception and teaching_summary.NO_RETRIES_NOTE in text_of(app), page
    assert "has not marked any practice answer yet" in text_of(visit(WATCH, run="young"))


# ------------------------------------------------------------------ Help, and the marker's check

FIGURES = {
    "written": {"right_right": 990, "right_wrong": 4, "wrong_right": 6, "wrong_wrong": 1000, "naive": 1800},
    "hard": {
        "two letters": {"right_right": 0, "right_wrong": 0, "wrong_right": 3, "wrong_wrong": 97, "naive": 90},
        "commas": {"right_right": 48, "right_wrong": 2, "wrong_right": 0, "wrong_wrong": 50, "naive": 60},
    },
    "seconds": 4.2,
}


def test_the_marker_s_check_is_told_with_intervals_and_by_kind_of_case(tmp_path: Path):
    (tmp_path / grader_evaluation.EVALUATION_FILE).write_text(json.dumps(FIGURES))
    found = grader_evaluation.load_evaluation(tmp_path)
    assert found is not None
    assert (found.written_answers.agreed, found.written_answers.answers) == (1990, 2000)
    assert (found.hard_cases.agreed, found.hard_cases.answers) == (195, 200)
    assert (found.hard_cases.ci_low, found.hard_cases.ci_high) == pytest.approx(wilson_interval(195, 200))
    said = teaching_summary.describe_grader_evaluation(found)
    assert "2,000 answers" in said and "99.5 of 100" in said and "200 hard cases" in said and "97.5 of 100" in said
    table = grader.case_frame(found)
    assert table.kind.tolist() == ["as written", "two letters", "commas"] and table.wrong_right.tolist() == [6, 3, 0]


CELLS = '"right_right": 1, "right_wrong": 1, "wrong_right": 1, "wrong_wrong": '
HOSTILE = [
    '{"written": {' + CELLS + "1e999}}", '{"written": {' + CELLS + "-9}}", "[" * 100_000,
    '{"written": {' + CELLS + '1}, "weights": "files-of-others"}', '{"written": {' + CELLS + '1}, "hard": [1]}',
]  # fmt: skip
"""``check.json`` may lie beside anybody's marker."""


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"written": 1}', '{"written": {"right_right": "x"}}', "\x00", *HOSTILE], ids=range(11)
)
def test_figures_that_cannot_be_read_are_as_if_there_were_none(tmp_path: Path, text: str):
    (tmp_path / grader_evaluation.EVALUATION_FILE).write_text(text)
    assert (
        grader_evaluation.load_evaluation(tmp_path) is None
        and grader_evaluation.load_evaluation(tmp_path / "nowhere") is None
    )


@pytest.mark.parametrize("installed, command", [(False, "train-grader"), (True, "evaluate-grader")])
def test_help_says_how_to_have_the_figures(
    folder: Path, monkeypatch: pytest.MonkeyPatch, installed: bool, command: str
):
    monkeypatch.setattr(grader_evaluation, "load_evaluation", lambda: None)
    monkeypatch.setattr(grader_evaluation, "is_grader_installed", lambda: installed)
    app = visit(HELP, term="giving-way")
    assert not app.exception and "sycophancy" in text_of(app)
    assert any(command in c.value for c in app.code)


# ------------------------------------------------------------------ words


@pytest.mark.parametrize(
    "row, said",
    [
        ({"is_correct": True, "assigned_correct": True}, []),
        ({"is_correct": True, "assigned_correct": None, "graded_by": "key"}, []),
        ({"is_correct": False, "assigned_correct": True, "graded_by": "embedded", "grader_correct": True}, ["trained marker decided"]),
        ({"is_correct": False, "assigned_correct": True, "graded_by": "key, in error"}, ["on purpose"]),
        ({"is_correct": True, "assigned_correct": False, "challenged": True, "graded_by": "doubt"}, ["gives way"]),
        ({"is_correct": True, "assigned_correct": True, "grader_correct": False, "graded_by": "key"}, ["judged otherwise"]),
    ],
)  # fmt: skip
def test_what_is_said_of_a_mark(row: dict, said: list[str]):
    told = " ".join(grades.describe_grading({"phase": "study", **row}))
    assert bool(told) == bool(said) and all(part in told for part in said)


def test_few_are_told_as_few():
    assert teaching_summary.format_rate(3, 7) == "3 of 7, too few to say more"
    assert teaching_summary.format_rate(7, 12).startswith("7 of 12, which is ")
    assert teaching_summary.format_rate(40, 80).startswith("50 of 100 (")


def retry_results(tried: int, mended: int, doubted: int, flipped: int) -> tries.RetryResults:
    revisions = pd.DataFrame({"tried": [tried], "mended": [mended]})
    doubts = pd.DataFrame({"on_purpose": [True], "challenged": [doubted], "flipped": [flipped]})
    return tries.RetryResults(revisions, doubts, pd.DataFrame())


def test_mending_is_called_more_frequent_than_giving_way_only_where_the_counts_bear_it():
    assert "mend more often" in teaching_summary.compare_feedback_effects(retry_results(100, 70, 50, 5))
    assert "mislead more often" in teaching_summary.compare_feedback_effects(retry_results(100, 10, 50, 40))
    assert "do not show whether" in teaching_summary.compare_feedback_effects(retry_results(20, 9, 8, 2))
    assert teaching_summary.compare_feedback_effects(retry_results(100, 70, 0, 0)) == ""


def test_runs_that_differ_in_their_teacher_are_told_apart():
    plain, other = RunConfig(), RunConfig(teacher=TEACHING)
    assert setting_differences.differing_settings([plain, other]) == [
        "teacher.attempts",
        "teacher.error_rate",
        "teacher.challenge_rate",
    ]
    assert setting_differences.format_setting("teacher.error_rate", other) == "20 of 100"
    assert setting_differences.format_setting("teacher.feedback", plain) == "none: one try alone"
    assert race_entries.entry_names([plain, other]) == ["1 try", "3 tries, hint, 20 of 100 marks wrong"]
