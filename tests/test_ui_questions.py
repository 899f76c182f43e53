"""Questions by Streamlit's own AppTest, over the real bank, made as the page makes it: by a process of its own, once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.parse import parse_qs

import pandas as pd
import pytest
from answer_runs import make_answers_run
from streamlit.testing.v1 import AppTest
from visits import link_labels, stock, text_of, visit

from studentsim.curriculum.generator import MISCONCEPTIONS, SKILLS, generate_question
from studentsim.datasets import curriculum_coverage, curriculum_lookup
from studentsim.datasets.export import BANK_FILE_VERSION, QUESTION_COLUMNS
from studentsim.datasets.registry import QUESTIONS_PER_SKILL
from studentsim.errors import BankError
from studentsim.student.embedded.profiles import PROFILES
from studentsim.student.embedded.prompt_text import prompt_text
from studentsim.ui.questions import bank, sentences
from studentsim.ui.questions.view import QuestionsView

QUESTIONS = "pages/6_Questions.py"
NAME = f"curriculum-{BANK_FILE_VERSION}.parquet"


@pytest.fixture
def stocked(folder: Path, written_bank: Path) -> Path:
    """A data folder in which the bank's file lies already."""
    return stock(folder, written_bank)


@pytest.fixture(scope="module")
def frame(written_bank: Path) -> pd.DataFrame:
    found = pd.read_parquet(written_bank)
    assert len(found) == 6888 and list(found.columns) == list(QUESTION_COLUMNS)
    return found


def links(app: AppTest) -> dict[str, dict[str, str]]:
    return {
        link.label: {k: v[0] for k, v in parse_qs(link.proto.query_string).items()} for link in app.get("page_link")
    }


# ------------------------------------------------------------------ the page


def test_the_whole_bank_is_told_and_listed(stocked: Path):
    app = visit(QUESTIONS)
    assert not app.exception and not app.error
    assert app.header[0].value.startswith("6,888 questions on 42 skills in 6 categories")
    assert len(app.dataframe[0].value) == 6888
    assert "How hard are the questions of each category?" in text_of(app)


@pytest.mark.parametrize(
    "query, expected",
    [
        ({"category": "physics"}, lambda q: q.category == "physics"),
        ({"skill": "sale-price", "split": "exam"}, lambda q: (q.skill == "sale-price") & (q.split == "exam")),
        ({"difficulty": "3"}, lambda q: q.difficulty == 3),
        ({"split": "validation"}, lambda q: q.split == "validation"),
        ({"search": "BICYCLE"}, lambda q: q.problem.str.contains("bicycle") | q.rationale.str.contains("bicycle")),
        ({"search": "$4"}, lambda q: q.problem.str.contains("$4", regex=False)),
    ],
)
def test_a_link_shows_its_view(stocked: Path, frame: pd.DataFrame, query: dict, expected):
    app = visit(QUESTIONS, **query)
    assert not app.exception and not app.warning
    assert app.dataframe[0].value.question.tolist() == frame[expected(frame)].problem.tolist()


def test_choosing_a_filter_writes_the_link(stocked: Path):
    app = visit(QUESTIONS, question="sale-price-exam-0000")
    app.selectbox(key="questions.skill").set_value("sale-price").run()
    app.segmented_control(key="questions.split").set_value("exam").run()
    app.text_input(key="questions.search").set_value("coat").run()
    assert not app.exception
    assert app.query_params == {"skill": "sale-price", "split": "exam", "search": "coat"}
    app.selectbox(key="questions.category").set_value("gain").run()
    assert app.query_params["skill"] == "sale-price"
    assert QuestionsView(category="gain", skill="sale-price").with_changes(category="physics") == QuestionsView(
        category="physics"
    )


@pytest.mark.parametrize(
    "name, value", [("category", "astrology"), ("skill", "' OR 1=1--"), ("difficulty", "4"), ("split", "<b>"), ("search", "x" * 5000)]
)  # fmt: skip
def test_what_cannot_be_meant_is_left_out_and_said(stocked: Path, name: str, value: str):
    app = visit(QUESTIONS, **{name: value})
    assert not app.exception and not app.error
    assert sentences.FILTER_LABELS.get(name, name) in app.warning[0].value
    assert len(app.dataframe[0].value) == 6888


def test_a_search_without_a_find_can_be_removed(stocked: Path):
    app = visit(QUESTIONS, category="gain", search="(unicorn*$")
    assert not app.exception and app.header[0].value == "No questions match."
    assert {"category": "gain"} in links(app).values() and "Remove profit, discount, interest" in link_labels(app)


# ------------------------------------------------------------------ cards


def test_a_question_shows_what_its_options_stand_for_and_what_the_student_sees(stocked: Path):
    question = generate_question("sale-price", "exam", 3)
    app = visit(QUESTIONS, question=question.id)
    assert not app.exception
    text, codes = text_of(app), [code.value for code in app.code]
    assert question.problem in text and question.rationale in codes
    for option in question.options:
        assert f"{option.letter})  {option.text}" in text
        if option.misconception:
            assert MISCONCEPTIONS[option.misconception].explanation in text and option.solution in codes
    balanced = PROFILES["balanced"]
    level = balanced.level(question.skill, question.category, question.difficulty)
    assert prompt_text(level, "mixed", question.problem) in codes
    assert "No simulation on this computer has asked it yet." in text
    assert links(app)["The skill: Price after a discount"] == {"skill": "sale-price"}


def test_a_question_leads_to_its_answers_in_every_run(stocked: Path):
    path = make_answers_run(stocked, "study")
    answers = [
        e for e in map(json.loads, (path / "events.jsonl").read_text().splitlines()) if e["type"] == "AnswerRecorded"
    ]
    asked = answers[0]["question_id"]
    app = visit(QUESTIONS, question=asked)
    assert not app.exception
    assert links(app)["Balanced beginner: follow the mistakes"] == {"run": "study", "question": asked}


@pytest.mark.parametrize("question", ["nobody", "sale-price-exam-9999", "' OR 1=1--", "<b>-exam-0001", "y" * 190])
def test_a_question_that_is_not_there_is_said_so(stocked: Path, question: str):
    app = visit(QUESTIONS, question=question)
    assert not app.exception and "no question of this name" in app.info[0].value


@pytest.mark.parametrize("skill", list(SKILLS)[::6])
def test_a_skill_has_its_own_card(stocked: Path, skill: str):
    app = visit(QUESTIONS, skill=skill)
    assert not app.exception
    text = text_of(app)
    assert SKILLS[skill].title in text and f"{len(SKILLS[skill].phrasings)} ways of wording" in text
    assert [e.label.rpartition(" (")[0] for e in app.expander] == [
        MISCONCEPTIONS[o.misconception].title for o in generate_question(skill, "study", 0).options if o.misconception
    ]


# ------------------------------------------------------------------ the bank's file


def test_a_damaged_file_is_made_anew_and_old_ones_are_taken_away(
    folder: Path, written_bank: Path, monkeypatch: pytest.MonkeyPatch
):
    makings = []

    def make_it(path: Path) -> pd.DataFrame:
        makings.append(path)
        shutil.copy(written_bank, path)
        return pd.read_parquet(path)

    monkeypatch.setattr(bank, "_export_bank_file", make_it)
    (folder / "bank").mkdir()
    (folder / "bank" / NAME).write_bytes(b"PAR1 not really")
    (folder / "bank" / "curriculum-0123456789ab.parquet").write_bytes(b"old")
    assert not visit(QUESTIONS).exception
    assert [p.name for p in (folder / "bank").iterdir()] == [NAME] and len(makings) == 1
    bank._cached_frame.clear()
    visit(QUESTIONS)
    assert len(makings) == 1


def test_what_fails_in_the_making_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.executable", "/bin/false")
    app = visit(QUESTIONS)
    assert not app.exception
    assert "could not be written out" in app.error[0].value and "Reload" in app.error[0].value
    with pytest.raises(BankError):
        bank._export_bank_file(folder / "x.parquet")


def test_known_questions_are_those_of_the_bank(frame: pd.DataFrame):
    for row in frame.iloc[::997].itertuples():
        question = curriculum_lookup.find_question(row.id, row.problem)
        assert question is not None and (question.rationale, question.correct) == (row.rationale, row.correct)
        assert curriculum_lookup.find_question(row.id, "another text") is None


def test_the_coverage_counts_what_the_bank_holds(frame: pd.DataFrame):
    counted = frame.groupby(["category", "difficulty"]).size()
    for row in curriculum_coverage.category_coverage_frame().itertuples():
        assert counted[row.category, row.difficulty] == row.questions
    skills = curriculum_coverage.skill_coverage_frame().set_index("skill")
    assert frame[frame.split == "study"].groupby("skill").size().to_dict() == skills.study.to_dict()


def test_a_table_of_another_bank_has_another_version():
    """Whoever changes how many questions there are, or the columns, must raise the version: files of the same one are not made anew."""
    assert (BANK_FILE_VERSION, QUESTIONS_PER_SKILL, len(QUESTION_COLUMNS)) == (
        "1-1", {"study": 120, "validation": 4, "exam": 40}, 9,
    )  # fmt: skip
