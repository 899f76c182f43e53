"""Replies whose letter and value are of two options: what is read, kept, counted and shown."""

from __future__ import annotations

import json
from pathlib import Path

import answer_queries
import pandas as pd
import pytest
from answer_runs import make_answers_run
from journals import plain_event
from reply_cases import parse_reply
from visits import text_of, visit
from weak_runs import make_weak_run

from studentsim.labels.titles import misconception_title
from studentsim.practice import answer_event
from studentsim.reporting import html
from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.store.export import export_run
from studentsim.store.ingest import sync_journals
from studentsim.student.answer_parsing.reply import ParsedReply, parse_reply_full
from studentsim.types import Answer, Grade, Option, Question


def question(*options: str, problem: str = "How many tiles are needed?") -> Question:
    texts = tuple(Option(letter, text) for letter, text in zip("abcdefghij", options, strict=False))
    return Question("q", "math_qa", "general", problem, texts, "b", "")


TILES = question("2200", "980", "120", "45", "none of these")
SECONDS = question("42 seconds", "30 seconds", "40 seconds", "50 seconds", "none of these")
PERCENT = question("10 %", "15 %", "20 %", "25 %", "50 %", problem="What is the percentage increase?")
SIGNED = question("- 4", "4", "- 2", "2", "none")
TWICE = question("1/2", "0.5", "3", "3.0", "4")


# ------------------------------------------------------------------ what is read


@pytest.mark.parametrize(
    "asked, text, letter, shown",
    [
        (TILES, "a) 980", "a", "b"),
        (TILES, "(a) 980\n\nI hope this helps!", "a", "b"),
        (TILES, "**a) 980**", "a", "b"),
        (TILES, "The answer is a) 980.", "a", "b"),
        (TILES, "Answer: (a) 980 because each takes one", "a", "b"),
        (TILES, "The original number is 20 and the answer is e) 120", "e", "c"),
        (TILES, "Answer: a) 8 * 15 = 120", "a", "c"),
        (SECONDS, "d) 40 seconds", "d", "c"),
        (SECONDS, "The answer is d) 40", "d", "c"),
        (PERCENT, "a) 10 %\n\nThe answer is d) 20%. This answer matches:\n\n- The change is 10%.", "d", "c"),
        (SIGNED, "Answer: (b) −4", "b", "a"),
        (SIGNED, "Answer: a) 4", "a", "b"),
        (TILES, "The answer is 980 (a).", "a", "b"),
        (question("s . 600", "s . 480", "s . 500", "s . 540"), "c) s . 540", "c", "d"),
    ],
)
def test_the_letter_counts_and_the_other_option_that_the_value_shows_is_kept(asked, text, letter, shown):
    found = parse_reply_full(text, asked, ended=True)
    assert (found.letter, found.value_letter) == (letter, shown)
    assert parse_reply(text, asked, ended=True) == (found.letter, found.value)


@pytest.mark.parametrize(
    "asked, text, found",
    [
        (TILES, "a) 2200", ParsedReply("a", "2200", "a")),  # its own text copied beside it
        (TILES, "Answer: (a) 2,200 tiles", ParsedReply("a", "2,200 tiles", "a")),
        (TILES, "980", ParsedReply("b", "980", "b")),
        (TILES, "The answer is B.", ParsedReply("b", None, None)),  # no value
        (TILES, "Answer: a) 31", ParsedReply("a", "31", None)),  # no option's
        (TILES, "The answer is option a, which is correct", ParsedReply("a", "which is correct", None)),
        (TWICE, "Answer: e) 0.50", ParsedReply("e", "0.50", None)),  # two options'
        (TWICE, "Answer: a) 0.5", ParsedReply("a", "0.5", "a")),  # two options', the letter's among them
        (SIGNED, "Answer: (a) −4", ParsedReply("a", "-4", "a")),
        (SIGNED, "a) - 4", ParsedReply("a", "- 4", "a")),
        (TILES, "The answer is 31", ParsedReply(None, "31", None)),
        (TILES, "The answer is B, because a) 2200 is too many", ParsedReply("b", "because a) 2200 is too many", None)),
        (TILES, "a: 980", ParsedReply(None, None, None)),  # as good as "Answer: 980"
        (TILES, "", ParsedReply(None, None, None)),
    ],
)
def test_what_agrees_or_cannot_be_known_is_no_disagreement(asked, text, found):
    assert parse_reply_full(text, asked, ended=True) == found


@pytest.mark.parametrize(
    "text",
    ["a) 2200\nb) 980\nc) 120\nd) 980", "c) 45\nd) 980", "8 * 15 = 120\na) 8 * 15 = 120", "a) 980 tiles are sold"],
)
def test_a_list_or_a_step_of_a_working_is_no_tick(text):
    assert parse_reply_full(text, TILES, ended=True).letter is None


def test_a_reply_that_was_cut_off_ticks_nothing_by_its_last_line():
    assert parse_reply_full("a) 980", TILES, ended=False) == ParsedReply(None, None, None)


# ------------------------------------------------------------------ what is kept


def test_the_event_of_an_answer_holds_it():
    answer = Answer("q", "a) 980", "a", "980", -1.0, 2.0, value_letter="b")
    assert answer_event(1, "exam", TILES, answer, Grade(False)).to_json()["value_letter"] == "b"


def with_disagreements(path: Path, **which: int) -> pd.DataFrame:
    """The journal's answers, after the first so many of each phase got a value that is the right option's, and a letter that is not."""
    lines = [plain_event(line) for line in (path / "events.jsonl").read_text().splitlines()]
    left = dict(which)
    for event in reversed(lines):
        if event["type"] == "AnswerRecorded" and left.get(event["phase"], 0):
            left[event["phase"]] -= 1
            wrong = next(o["letter"] for o in event["options"] if o["letter"] != event["correct"])
            right = next(o["text"] for o in event["options"] if o["letter"] == event["correct"])
            event |= {"letter": wrong, "value": right, "value_letter": event["correct"], "is_correct": False}
            event |= {"misconception": None, "text": f"{wrong}) {right}"}
    (path / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return pd.DataFrame([line for line in lines if line["type"] == "AnswerRecorded"])


def test_the_database_and_an_export_hold_it_and_old_journals_none(tmp_path):
    answers = with_disagreements(make_weak_run(tmp_path, "new"), exam=3)
    make_weak_run(tmp_path, "old")
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        kept = answer_queries.fetch_answers(database, "new", limit=1000)
        assert kept.value_letter.notna().sum() == 3
        assert set(kept[kept.value_letter.notna()].seq) == set(
            answers[answers.value_letter.notna()].index.map(answers.seq)
        )
        assert answer_queries.fetch_answers(database, "old", limit=1000).value_letter.isna().all()
        assert not queries.fetch_letter_value_mismatches(database, "old").disagree.any()
        found = queries.fetch_letter_value_mismatches(database, "new")
        assert found[found.disagree > 0][
            ["phase", "turn", "answers", "disagree", "value_right", "letter_right"]
        ].values.tolist() == [["exam", 4, 36, 3, 3, 0]]
    export_run(tmp_path, "new", tmp_path / "out")
    assert pd.read_csv(tmp_path / "out" / "answers.csv").value_letter.notna().sum() == 3


# ------------------------------------------------------------------ what is shown


def test_the_card_says_so_in_plain_words(folder: Path):
    answers = with_disagreements(make_answers_run(folder), exam=2)
    row = answers[answers.value_letter.notna()].iloc[0]
    texts = {o["letter"]: o["text"] for o in row.options}
    app = visit("pages/4_Answers.py", run="study", answer=str(row.seq))
    assert not app.exception
    said = f"It ticked {row.letter}) {texts[row.letter]} but wrote {row.value}, which is {row.correct}). The letter counts."
    assert said in text_of(app).replace("\\", "")
    other = answers[answers.value_letter.isna() & answers.letter.notna()].iloc[0]
    assert "but wrote" not in text_of(visit("pages/4_Answers.py", run="study", answer=str(other.seq)))


def test_these_answers_alone_can_be_listed_and_the_choice_is_there_where_any_are(folder: Path):
    with_disagreements(make_answers_run(folder), exam=2)
    make_answers_run(folder, "none")
    app = visit("pages/4_Answers.py", run="study")
    box = next(box for box in app.checkbox if box.key == "answers.value")
    assert box.label == "Letter and value disagree (2)" and not box.value
    box.check().run()
    assert not app.exception and app.query_params["value"] in ("other", ["other"])
    assert "2 of 2 answers whose letter and value disagree are wrong" in text_of(app)
    assert not [box for box in visit("pages/4_Answers.py", run="none").checkbox if box.key == "answers.value"]
    empty = visit("pages/4_Answers.py", run="none", value="other")
    assert not empty.exception and "Remove letter and value disagree" in text_of(empty) + str(
        [m.label for m in empty.get("page_link")]
    )
    assert "could not be understood" in text_of(visit("pages/4_Answers.py", run="none", value="neither"))


def test_weaknesses_and_the_report_count_it_and_say_what_counts(folder: Path):
    make_weak_run(folder, "plain")
    with_disagreements(make_weak_run(folder), exam=5)
    assert "disagree" not in text_of(visit("pages/5_Weaknesses.py", run="plain"))
    said = "In 5 of the last exam's 36 answers letter and value disagree"
    text = text_of(visit("pages/5_Weaknesses.py", run="weak"))
    assert said in text and "The letter counts. In 5 of these the value is the right option's" in text
    with Database.open(folder) as database:
        sync_journals(database, folder / "runs")
        assert said.replace("'", "&#x27;") in html.build_report_html(database, "weak")


def test_practice_is_counted_where_exams_are_only_scored(folder: Path):
    path = make_weak_run(folder, "study")
    *events, end = [plain_event(line) for line in (path / "events.jsonl").read_text().splitlines()]
    practised = [{**e, "phase": "study"} for e in events if e["type"] == "AnswerRecorded" and e["turn"] == 4][:32]
    wrong = [e for e in practised if not e["is_correct"]]
    for number, event in enumerate(wrong):
        event["misconception"] = ("formula:no-working", "formula:copied-number", None)[min(number, 2)]
    events = [{**event, "seq": seq} for seq, event in enumerate([*events, *practised, end])]
    (path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    with_disagreements(path, study=7)
    text = text_of(visit("pages/5_Weaknesses.py", run="study"))
    assert "In 7 of 32 answers in practice so far letter and value disagree" in text
    assert len(wrong) > 2
    assert f"Of {len(wrong) + 7} wrong answers in practice so far 2 can be sorted by what went wrong: " in text
    assert f"“{misconception_title('formula:no-working')}” 1" in text and "it cannot be known" in text


def test_a_right_letter_beside_a_wrong_value_is_told_as_well(folder: Path):
    path = make_weak_run(folder)
    lines = [plain_event(line) for line in (path / "events.jsonl").read_text().splitlines()]
    event = next(e for e in lines if e["type"] == "AnswerRecorded" and e["turn"] == 4 and e["is_correct"])
    event["value_letter"] = next(o["letter"] for o in event["options"] if o["letter"] != event["correct"])
    (path / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    text = text_of(visit("pages/5_Weaknesses.py", run="weak"))
    assert "In 1 of the last exam's 36 answers letter and value disagree" in text
    assert "In 1 the letter is the right option's, and the answer counts as right." in text and "yet" not in text
