"""Answers by Streamlit's own AppTest, over real journals: every state a run can be in, every filter, good links and bad ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs

import pandas as pd
import pytest
import streamlit as st
from answer_runs import FORMULA, make_answers_run
from journals import NASTY, make_run
from streamlit.testing.v1 import AppTest
from visits import link_labels, text_of, use, visit

from studentsim.labels import formatting
from studentsim.labels.titles import misconception_title
from studentsim.store.queries import UNKNOWN_MISCONCEPTION
from studentsim.ui import data
from studentsim.ui.answers import AnswersView, listing, sentences
from studentsim.ui.answers.counts import AnswerCounts
from studentsim.ui.filtered_list import FilteredList
from studentsim.ui.layout import ANSWERS_PAGE

ANSWERS = "pages/4_Answers.py"


def links(app: AppTest) -> dict[str, dict[str, str]]:
    """Where the page's links to Answers and Questions lead: label to parameters."""
    return {
        link.label: {k: v[0] for k, v in parse_qs(link.proto.query_string).items()} for link in app.get("page_link")
    }


def grid(app: AppTest) -> pd.DataFrame:
    """The list as a table."""
    return app.dataframe[0].value


def read_answers(folder: Path, run_id: str = "study") -> pd.DataFrame:
    lines = (folder / "runs" / run_id / "events.jsonl").read_text().splitlines()
    return pd.DataFrame([e for e in map(json.loads, lines) if e["type"] == "AnswerRecorded"])


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with a run."""
    folder = tmp_path_factory.mktemp("study")
    make_answers_run(folder)
    yield folder
    data.close_engines()


@pytest.fixture
def study(made_once: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That folder in use, for tests that only look."""
    use(made_once, monkeypatch)
    return made_once


# ------------------------------------------------------------------ states of a run


def test_without_runs_it_says_what_to_do(folder: Path):
    app = visit(ANSWERS)
    assert not app.exception and not app.error
    assert "Start a simulation on Home" in link_labels(app)


def test_without_a_link_a_run_is_chosen(folder: Path):
    make_answers_run(folder)
    app = visit(ANSWERS)
    assert links(app)["Balanced beginner: follow the mistakes"] == {"run": "study"}


@pytest.mark.parametrize(
    "state",
    [
        {}, {"status": "paused", "turn": 2}, {"status": "failed", "turn": 2, "until": "training"}, {"status": "cancelled", "turn": 2},
        {"status": "", "turn": 2, "until": "study"}, {"status": "", "turn": 2, "until": "training", "alive": True},
        {"status": "", "turn": -1, "until": "exam", "alive": True},
    ],
)  # fmt: skip
def test_a_run_in_any_state_shows_its_answers(folder: Path, state: dict):
    make_run(folder, "it", **state)
    app = visit(ANSWERS, run="it")
    assert not app.exception and not app.error
    answers = read_answers(folder, "it")
    exams = answers[(answers.phase == "exam") & (answers.turn == state.get("turn", 4))]
    assert len(grid(app)) == (len(exams[~exams.is_correct]) or len(answers))
    assert len(grid(visit(ANSWERS, run="it", all="1"))) == len(answers)
    assert ("Look again" in [b.label for b in app.button]) == bool(state.get("alive"))


def test_a_run_without_answers_says_so(folder: Path):
    make_run(folder, "it", status="", turn=-1, until="loading", alive=True)
    app = visit(ANSWERS, run="it")
    assert not app.exception
    assert app.header[0].value == "This simulation has no answers yet."
    assert not app.dataframe


def test_a_run_with_one_answer_is_told_in_the_singular(folder: Path):
    path = make_answers_run(folder, lessons=0, exam=1, practice=1)
    app = visit(ANSWERS, run="study")
    assert not app.exception and len(grid(app)) == 1
    right = json.loads((path / "events.jsonl").read_text().splitlines()[1])["is_correct"]
    assert app.header[0].value == ("The one answer is right." if right else "1 of 1 answer is wrong.")


@pytest.mark.parametrize("run", ["nobody", "' OR 1=1--", "../../etc/passwd", "x" * 5000, "<b>a</b>", "a\0b"])
def test_a_link_to_no_run_gives_a_friendly_page(folder: Path, run: str):
    make_answers_run(folder)
    app = visit(ANSWERS, run=run)
    assert not app.exception
    assert "There is no run" in app.error[0].value and "Go to Home" in link_labels(app)


# ------------------------------------------------------------------ what it opens on


def test_a_run_opens_on_the_wrong_answers_of_its_last_exam_numbered_from_1(folder: Path):
    make_run(folder, "it")
    answers = read_answers(folder, "it")
    wrong = answers[(answers.phase == "exam") & (answers.turn == 4) & ~answers.is_correct]
    app = visit(ANSWERS, run="it")
    assert grid(app).answer.tolist() == wrong.seq.tolist()
    assert grid(app).row.tolist() == [str(n) for n in range(1, len(wrong) + 1)]
    assert app.header[0].value.startswith(f"{len(wrong)} of 60 exam answers after lesson 4 are wrong")
    shown = {"run": "it", "lesson": "4", "phase": "exam"}
    assert links(app)["Open the first"] == {**shown, "mark": "wrong", "answer": str(wrong.seq.iloc[0])}
    assert links(app)["Remove all filters"] == {"run": "it", "all": "1"}
    app.selectbox(key="answers.category").set_value("gain").run()
    assert app.query_params == {**shown, "mark": "wrong", "category": "gain"}, "a filter is added to what is shown"


def test_where_the_last_exam_went_all_right_all_of_it_is_listed():
    assert AnswersView("it").with_default_filters(4, 0) == AnswersView("it", lesson=4, phase="exam")
    assert AnswersView("it").with_default_filters(None, 0) == AnswersView("it"), "the first exam is still under way"
    for asked in (AnswersView("it", all="1"), AnswersView("it", category="gain"), AnswersView("it", answer=7)):
        assert asked.with_default_filters(4, 9) == asked


def test_a_row_s_button_opens_the_answer_of_that_row_however_the_table_is_sorted(monkeypatch: pytest.MonkeyPatch):
    opened: list[tuple[str, int]] = []
    monkeypatch.setattr(FilteredList, "update", lambda _, *change: opened.append(change))
    monkeypatch.setattr(st, "session_state", {"answers.open": SimpleNamespace(label="3")})
    FilteredList(ANSWERS_PAGE, "answers", "answer", "answer", AnswersView("it"))._open_row([40, 41, 57, 58])
    assert opened == [("answer", 57)]


def test_question_slip_and_mark_come_first_and_fit_a_screen_1280_wide(folder: Path):
    make_run(folder, "it")
    assert list(grid(visit(ANSWERS, run="it")))[:4] == ["row", "mark", "question", "slip"]
    beside_slips, beside_card = 520, 390  # pixels of the list's column
    for opened, room in ((False, beside_slips), (True, beside_card)):
        assert (
            listing.ROW_COLUMN_WIDTH_PX + listing.MARK_COLUMN_WIDTH_PX + sum(listing.TEXT_COLUMN_WIDTHS_PX[opened])
            < room
        )


# ------------------------------------------------------------------ filters and links


@pytest.mark.parametrize(
    "query, expected",
    [
        ({"phase": "exam", "lesson": "4"}, lambda a: (a.phase == "exam") & (a.turn == 4)),
        ({"lesson": "0"}, lambda a: a.turn == 0),
        ({"category": "gain", "mark": "wrong"}, lambda a: (a.category == "gain") & ~a.is_correct),
        ({"skill": "sale-price"}, lambda a: a.skill == "sale-price"),
        ({"slip": "sale-price-discount-only"}, lambda a: a.misconception == "sale-price-discount-only"),
        ({"slip": "unknown"}, lambda a: ~a.is_correct & a.misconception.isna()),
        ({"mark": "unanswered"}, lambda a: a.letter.isna()),
        ({"mark": "wrong"}, lambda a: ~a.is_correct),  # as links of old meant it
        ({"mark": "ticked"}, lambda a: ~a.is_correct & a.letter.notna()),
        ({"mark": "ticked,unanswered"}, lambda a: ~a.is_correct),
        ({"mark": "right,unanswered"}, lambda a: a.is_correct | a.letter.isna()),
        ({"mark": "right,wrong"}, lambda a: a.turn >= 0),
        ({"search": "coat"}, lambda a: a.problem.str.contains("coat")),
    ],
)
def test_a_link_shows_its_view(study: Path, query: dict, expected):
    app = visit(ANSWERS, run="study", **query)
    assert not app.exception and not app.warning
    answers = read_answers(study)
    assert grid(app).answer.tolist() == answers[expected(answers)].seq.tolist()


def test_a_category_is_called_by_what_it_holds(folder: Path):
    make_answers_run(folder)
    app = visit(ANSWERS, run="study", category="gain", answer="5", all="1")
    assert any(
        label.startswith("profit, discount, interest (") for label in app.selectbox(key="answers.category").options
    )
    assert "in “profit, discount, interest”" in app.header[0].value
    assert set(grid(app).category) == {"profit, discount, interest"}
    assert (
        sentences.answers_phrase(AnswersView("it", category="general"), 2, ["general", "algebra"])
        == "answers in general"
    ), "a bank of one's own"


def test_choosing_a_filter_writes_the_link(folder: Path):
    make_answers_run(folder)
    app = visit(ANSWERS, run="study", answer="5")
    app.selectbox(key="answers.category").set_value("gain").run()
    assert app.query_params == {"run": "study", "category": "gain"}
    app.segmented_control(key="answers.mark").set_value(["ticked", "unanswered"]).run()
    app.selectbox(key="answers.lesson").set_value(0).run()
    app.text_input(key="answers.search").set_value("  price ").run()
    assert not app.exception
    assert app.query_params == {
        "run": "study", "category": "gain", "mark": "wrong", "lesson": "0", "search": "price",
    }  # fmt: skip
    answers = read_answers(folder)
    kept = answers[(answers.category == "gain") & ~answers.is_correct & (answers.turn == 0)]
    kept = kept[kept.problem.str.contains("price") | kept.text.str.contains("price")]
    assert grid(app).answer.tolist() == kept.seq.tolist()
    app.selectbox(key="answers.lesson").set_value(None).run()
    assert "lesson" not in app.query_params


def test_right_wrong_and_no_answer_are_three_marks_that_never_overlap(folder: Path):
    make_answers_run(folder)
    answers = read_answers(folder)
    app = visit(ANSWERS, run="study")
    listed = {}
    for kind in ("right", "ticked", "unanswered"):
        app.segmented_control(key="answers.mark").set_value([kind]).run()
        assert app.query_params["mark"] in (kind, [kind])
        listed[kind] = set(grid(app).answer)
    assert sum(map(len, listed.values())) == len(answers) == len(set().union(*listed.values()))
    assert all(listed.values()) and "without an answer" in app.header[0].value
    app.segmented_control(key="answers.mark").set_value([]).run()
    assert app.query_params == {"run": "study", "all": "1"}


def test_a_link_of_old_to_the_wrong_answers_shows_both_kinds_of_them_chosen(folder: Path):
    make_answers_run(folder)
    app = visit(ANSWERS, run="study", mark="wrong")
    assert app.segmented_control(key="answers.mark").value == ["ticked", "unanswered"]
    assert "Listed" not in app.header[0].value


def test_what_the_sentence_names_is_a_link(folder: Path):
    make_answers_run(folder, lessons=0, exam=24)
    row = read_answers(folder).query("misconception.notna()").iloc[0]
    change(folder, lambda e: e | {"is_correct": False, "letter": row.letter, "misconception": row.misconception})
    app = visit(ANSWERS, run="study")
    label = formatting.shorten_label(f"24 × {misconception_title(row.misconception)}")
    assert f"most often “{misconception_title(row.misconception)}”, 24 of 24" in app.header[0].value
    assert links(app)[label] == {"run": "study", "slip": row.misconception, "mark": "wrong"}
    assert label not in links(visit(ANSWERS, run="study", answer=str(row.seq))), "the card is what one came for"


def test_answers_that_no_option_shows_are_named_and_linked_before_any_slip(folder: Path):
    make_answers_run(folder, lessons=0, exam=24)
    change(folder, lambda e: e | {"is_correct": False, "letter": None, "misconception": None})
    app = visit(ANSWERS, run="study")
    assert "most often no option shows its result, 24 of 24" in app.header[0].value
    assert links(app)["24 × no option shows its result"] == {"run": "study", "mark": "unanswered"}


def change(folder: Path, answer: Callable[[dict], dict]) -> None:
    """Every answer of the run's journal made another."""
    path = folder / "runs" / "study" / "events.jsonl"
    events = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(answer(e) if e["type"] == "AnswerRecorded" else e) + "\n" for e in events))


def test_another_category_drops_the_skill_and_the_slip(folder: Path):
    make_answers_run(folder)
    app = visit(ANSWERS, run="study", category="gain", skill="sale-price", slip="sale-price-discount-only")
    app.selectbox(key="answers.category").set_value("general").run()
    assert app.query_params == {"run": "study", "category": "general"}


@pytest.mark.parametrize(
    "name, value", [("lesson", "abc"), ("lesson", "-1"), ("lesson", "9" * 30), ("phase", "nap"), ("mark", "<b>"), ("answer", "x"),
                    ("search", "y" * 5000), ("show", "film"), ("category", "z" * 300), ("lesson", "٣")],
)  # fmt: skip
def test_what_cannot_be_meant_is_left_out_and_said(study: Path, name: str, value: str):
    app = visit(ANSWERS, run="study", **{name: value})
    assert not app.exception and not app.error
    assert sentences.PARAMETER_LABELS.get(name, name) in app.warning[0].value
    assert len(grid(app)) == len(read_answers(study))


@pytest.mark.parametrize("value", ["astrology", "' OR 1=1--", "<script>alert(1)</script>", "*b* $1$"])
def test_a_filter_that_matches_nothing_can_be_removed(study: Path, value: str):
    app = visit(ANSWERS, run="study", category=value, mark="wrong")
    assert not app.exception and not app.dataframe
    assert app.header[0].value == "No answers match."
    found = links(app)
    removing = next(
        to for label, to in found.items() if label.startswith("Remove") and "wrong" not in label and to.get("mark")
    )
    assert removing == {"run": "study", "mark": "wrong"}
    assert found["Look at all answers"] == {"run": "study", "all": "1"}


# ------------------------------------------------------------------ the open card


def wrong_exam_answer(folder: Path) -> pd.Series:
    answers = read_answers(folder)
    return answers[(answers.phase == "exam") & ~answers.is_correct & answers.misconception.notna()].iloc[1]


def test_a_card_tells_the_whole_answer(folder: Path):
    make_answers_run(folder)
    row = wrong_exam_answer(folder)
    app = visit(ANSWERS, run="study", answer=str(row.seq))
    assert not app.exception
    text = text_of(app)
    assert row.problem in text and misconception_title(row.misconception) in text
    assert row.text in [c.value for c in app.code]
    assert f"Marked wrong by the answer key: {row.letter} was ticked, {row.correct} is right." in text
    assert "A right working" in text
    assert (
        "log-probability of what it wrote: -4.25"
        in next(e for e in app.expander if e.label == "Technical view").code[0].value
    )
    assert links(app)["This question in the bank"] == {"question": row.question_id}


def test_the_ways_to_the_answers_beside_stay_within_the_filter(folder: Path):
    make_answers_run(folder)
    answers = read_answers(folder)
    wrong = answers[~answers.is_correct].seq.tolist()
    app = visit(ANSWERS, run="study", mark="wrong", answer=str(wrong[3]))
    found = links(app)
    assert found["Previous"] == {"run": "study", "mark": "wrong", "answer": str(wrong[2])}
    assert found["Next"] == {"run": "study", "mark": "wrong", "answer": str(wrong[4])}
    assert f"4 of {len(wrong)}" in text_of(app)
    app.button(key="answers.close").click().run()
    assert app.query_params == {"run": "study", "mark": "wrong"}


def test_the_history_links_every_attempt(folder: Path):
    make_answers_run(folder)
    answers = read_answers(folder)
    row = wrong_exam_answer(folder)
    same = answers[answers.question_id == row.question_id]
    app = visit(ANSWERS, run="study", answer=str(row.seq))
    others = {to["answer"] for label, to in links(app).items() if label.startswith(("✓", "✗"))}
    assert others == set(same.seq[same.seq != row.seq].astype(str))
    assert f"Asked {len(same)} times in this simulation" in text_of(app)


def test_an_answer_outside_the_filter_is_shown_all_the_same(folder: Path):
    make_answers_run(folder)
    answers = read_answers(folder)
    right = int(answers[answers.is_correct].seq.iloc[2])
    app = visit(ANSWERS, run="study", mark="wrong", answer=str(right))
    assert not app.exception and "not in this list" in text_of(app)


def test_a_card_that_is_not_there_is_said_so(folder: Path):
    make_answers_run(folder)
    app = visit(ANSWERS, run="study", answer="123456789")
    assert not app.exception and "no such answer" in app.info[0].value


@pytest.mark.parametrize("show", ["table", "cards"])
def test_what_was_written_is_shown_literally(folder: Path, show: str):
    make_run(folder, "it", status="", turn=-1, until="exam", alive=True)
    row = read_answers(folder, "it")
    nasty = int(row[row.problem == NASTY].seq.iloc[0])
    assert NASTY in [t.value for t in visit(ANSWERS, run="it", show=show, answer=str(nasty)).text]
    make_answers_run(folder)
    unanswered = int(read_answers(folder).seq.iloc[2])
    app = visit(ANSWERS, run="study", answer=str(unanswered))
    assert FORMULA in [c.value for c in app.code]
    assert "nothing was ticked" in text_of(app)


def of_page(number: str) -> AppTest:
    app = visit(ANSWERS, run="study", show="cards")
    app.query_params["page"] = number
    return app.run()


def test_cards_come_in_pages(folder: Path):
    make_answers_run(folder)
    app = of_page("2")
    assert not app.exception and not app.dataframe
    opened = [to["answer"] for label, to in links(app).items() if label == "Open this answer"]
    assert len([link for link in app.get("page_link") if link.label == "Open this answer"]) == 10 and opened
    assert "11 to 20 of" in text_of(app)
    assert "71 to 80 of" not in text_of(of_page("999")) and "Later" in link_labels(of_page("0"))


def test_many_answers_are_listed_and_counted(folder: Path):
    make_answers_run(folder, lessons=40, practice=100, exam=1000)
    app = visit(ANSWERS, run="study")
    assert not app.exception
    assert len(grid(app)) == 25_000
    assert "of 25,000 answers are wrong" in app.header[0].value


# ------------------------------------------------------------------ words


BASE = AnswerCounts(answers=240, wrong=38, unanswered=2, misconceptions={"speed-no-conversion": 20, "b": 6})


@pytest.mark.parametrize(
    "view, base, expected",
    [
        (
            AnswersView(phase="exam", lesson=20),
            BASE,
            "38 of 240 exam answers after lesson 20 are wrong, 16 of 100 (12 to 21); most often",
        ),
        (AnswersView(phase="exam", lesson=0), BASE, "38 of 240 exam answers before any lesson are wrong"),
        (AnswersView(phase="study", lesson=3), BASE, "38 of 240 practice answers of lesson 3 are wrong;"),
        (AnswersView(category="gain", search="a b"), BASE, "38 of 240 answers in gain that mention “a b” are wrong;"),
        (AnswersView(skill="sale-price"), BASE, "38 of 240 answers on “Price after a discount” are wrong;"),
        (
            AnswersView(phase="exam", lesson=2),
            AnswerCounts(12, 3, 0, {"a": 1}),
            "3 of 12 exam answers after lesson 2 are wrong",
        ),
        (AnswersView(), AnswerCounts(5, 0, 0, {}), "All 5 answers are right."),
        (AnswersView(mark="wrong"), AnswerCounts(5, 0, 0, {}), "All 5 answers are right."),
        (
            AnswersView(),
            AnswerCounts(240, 38, 0, {"a": 12, "b": 11}),
            "38 of 240 answers are wrong; no slip stands out.",
        ),
        (AnswersView(), AnswerCounts(40, 9, 0, {"a": 2}), "9 of 40 answers are wrong."),
        (
            AnswersView(),
            AnswerCounts(240, 38, 14, {"a": 11, "b": 1}),
            "38 of 240 answers are wrong; most often no option shows its result, 14 of 38; the most frequent slip is “a”, 11.",
        ),
        (
            AnswersView(),
            AnswerCounts(240, 38, 14, {"a": 11, "b": 10}),
            "38 of 240 answers are wrong; most often no option shows its result, 14 of 38.",
        ),
        (
            AnswersView(),
            AnswerCounts(240, 38, 11, {"a": 11, "b": 1}),
            "38 of 240 answers are wrong; most often “a”, 11 of 38.",
        ),
    ],
)
def test_the_opening_claims_only_what_the_answers_bear(view: AnswersView, base: AnswerCounts, expected: str):
    assert sentences.describe_view(view, base, base).startswith(expected)


def test_a_slip_s_view_says_how_many_are_listed():
    text = sentences.describe_view(AnswersView(slip="a", mark="wrong"), BASE, AnswerCounts(6, 6, 0, {}))
    assert text.endswith("Listed: the 6 with the slip “a”.") and "most often" not in text
    assert "Listed: the 6 with no known slip." in sentences.describe_view(
        AnswersView(slip=UNKNOWN_MISCONCEPTION), BASE, AnswerCounts(6, 6, 0, {})
    )


@pytest.mark.parametrize(
    "marks, expected",
    [
        ("w", "It was asked once in this simulation."),
        ("wwr", "Asked 3 times in this simulation: wrong at first, right since the exam after 4 lessons."),
        ("www", "Asked 3 times in this simulation: wrong every time."),
        ("rr", "Asked 2 times in this simulation: right every time."),
        ("rwr", "Asked 3 times in this simulation: right, wrong, right."),
        ("rwrwrwr", "Asked 7 times in this simulation: right 4 times, right the last time."),
    ],
)
def test_a_history_is_one_sentence(marks: str, expected: str):
    frame = pd.DataFrame({"mark": ["right" if m == "r" else "wrong" for m in marks]})
    frame = frame.assign(turn=[2 * i for i in range(len(marks))], phase="exam", seq=range(len(marks)), attempt=1)
    assert sentences.describe_history(frame) == expected


def test_a_view_and_its_link_are_the_same():
    view = AnswersView(
        "r", 0, "exam", "gain", "sale-price", "unknown", "wrong", "a & b=c", "q-1", "other", 17, "cards", 2
    )
    assert AnswersView.from_params(view.to_params()) == (view, [])
    assert AnswersView.from_params({}) == (AnswersView(), [])
    assert view.with_changes(lesson=3).answer is None and view.with_changes(answer=4).page == 2
    assert view.without_filters.to_params() == {"run": "r", "show": "cards", "all": "1"}
    assert AnswersView.from_params(view.without_filters.to_params()) == (AnswersView("r", show="cards", all="1"), [])
