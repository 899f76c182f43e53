"""Weaknesses in every state a run can be in, and by every link, run by Streamlit's own AppTest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from journals import make_run
from streamlit.testing.v1 import AppTest
from visits import link_labels, text_of, visit
from weak_runs import GAIN, PHYSICS, PROBABILITY, make_weak_run, plain, questions, slip

from studentsim.analysis.misconception_status import sort_by_frequency
from studentsim.analysis.weakness_selection import WeaknessesSelection
from studentsim.curriculum.generator import SKILLS
from studentsim.narration.weaknesses_summary import find_wrong_answer_causes
from studentsim.types import Question
from studentsim.ui import data
from studentsim.ui.weaknesses.data import load_view
from studentsim.ui.weaknesses.trends import MAX_MISCONCEPTIONS_DRAWN

WEAKNESSES = "pages/5_Weaknesses.py"
HOSTILE = "<script>alert('x')</script> costs $5 and $6 *now*, `code`, :red[red] \u202eabc"


def links(app: AppTest) -> dict[str, str]:
    """Each link's label with where it leads."""
    return {link.label: f"{link.page}?{link.query_string}" for link in (e.proto for e in app.get("page_link"))}


def test_without_a_run_one_is_chosen_and_without_any_the_way_home_is_shown(folder: Path):
    assert "Start a simulation on Home" in link_labels(visit(WEAKNESSES))
    make_weak_run(folder)
    app = visit(WEAKNESSES)
    assert not app.exception and not app.error
    assert "Balanced beginner: follow the mistakes" in link_labels(app)


def test_a_finished_run_opens_with_its_weakest_category_and_the_slip_there(folder: Path):
    make_weak_run(folder)
    app = visit(WEAKNESSES, run="weak")
    assert not app.exception and not app.error
    assert app.header[0].value.startswith(
        "After 4 lessons this student answers 25 of 36 never-practised questions rightly"
    )
    assert "weakest in probability, 3 of 12" in app.header[0].value
    text = text_of(app)
    for said in (
        "Which categories are still weak?",
        "What to practise next?",
        "**1. Practise probability**",
        "3 answer sheets",
    ):
        assert said in text
    assert "probability: 3 of 12" in link_labels(app)


STATES = {
    "finished": ({}, "After 4 lessons"),
    "paused": ({"status": "paused", "turns": (0, 2), "strategy": "random"}, "After 2 lessons"),
    "failed": ({"status": "failed", "turns": (0, 2)}, "After 2 lessons"),
    "interrupted in an exam": ({"status": "", "turns": (0, 2), "half": 7}, "After 2 lessons"),
    "after its first exam": ({"status": "", "turns": (0,)}, "Before any lesson this student answers"),
    "one answer": ({"status": "", "turns": (), "half": 1}, "There is no exam result yet"),
    "one question in its exam": ({"asked": questions(each=1)[:1]}, "this student answers"),
    "all right": ({"letter": lambda turn, number, q: q.correct}, "this student answers 36 of 36"),
    "all unanswered": ({"letter": lambda turn, number, q: None}, "this student answers 0 of 36"),
}


@pytest.mark.parametrize("state", list(STATES))
def test_every_state_has_its_page(folder: Path, state: str):
    settings, says = STATES[state]
    make_weak_run(folder, **settings)
    app = visit(WEAKNESSES, run="weak")
    assert not app.exception and not app.error
    assert says in text_of(app)


def test_a_run_at_work_and_one_that_waits_have_theirs(folder: Path):
    make_run(folder, "live", status="", turn=2, until="training", alive=True)
    make_run(folder, "first", status="", turn=-1, until="exam", alive=True)
    assert "After 2 lessons" in text_of(visit(WEAKNESSES, run="live"))
    assert "There is no exam result yet" in text_of(visit(WEAKNESSES, run="first"))


def test_each_step_down_is_a_link_and_so_is_each_step_back(folder: Path):
    make_weak_run(folder)
    assert links(visit(WEAKNESSES, run="weak"))["probability: 3 of 12"].endswith("run=weak&category=probability")
    category = visit(WEAKNESSES, run="weak", category="probability")
    assert category.header[0].value.startswith("Probability: 3 of 12 right")
    title = SKILLS[PROBABILITY].title
    assert links(category)[f"{title}: 3 of 12"].endswith(f"category=probability&skill={PROBABILITY}")
    assert links(category)["All categories"].endswith("?run=weak")
    skill = visit(WEAKNESSES, run="weak", category="probability", skill=PROBABILITY)
    assert not skill.exception and not skill.error
    there = links(skill)
    assert there["Read the 9 wrong answers after 4 lessons"].endswith(
        f"run=weak&lesson=4&phase=exam&mark=wrong&category=probability&skill={PROBABILITY}"
    )
    assert there["Read 9 such answers"].endswith("&slip=one-kind-compared-with-the-others")
    assert there["Probability"].endswith("run=weak&category=probability")


def test_the_slips_that_the_first_sentence_and_the_advice_name_are_links_to_their_answers(folder: Path):
    make_weak_run(folder)
    app = visit(WEAKNESSES, run="weak")
    named = "9 × gave the odds instead of the chance"
    labels = [link.label for link in app.get("page_link")]
    assert labels.count(named) == 2, "under the sentence, and under the advice"
    assert links(app)[named].endswith(
        "run=weak&lesson=4&phase=exam&mark=wrong&category=probability&slip=one-kind-compared-with-the-others"
    )


def test_what_no_option_showed_is_a_link_where_the_first_sentence_names_it(folder: Path):
    make_weak_run(folder, letter=lambda turn, number, q: None if q.skill == PROBABILITY else q.correct)
    app = visit(WEAKNESSES, run="weak")
    assert "it most often gives a result that no option shows, 12 of 12 wrong answers." in app.header[0].value
    assert links(app)["12 × no option shows the result"].endswith("phase=exam&mark=unanswered&category=probability")


def test_the_lesson_of_a_link_decides_whose_answers_are_read(folder: Path):
    make_weak_run(folder)
    app = visit(WEAKNESSES, run="weak", skill=GAIN, lesson="0")
    assert "Read the 9 wrong answers before any lesson" in link_labels(app)
    app.selectbox(key=f"weaknesses.lesson.weak.{GAIN}.0").set_value(2).run()
    assert app.query_params["lesson"] in ("2", ["2"])
    assert "Read the 5 wrong answers after 2 lessons" in link_labels(app)


def test_a_slip_opens_with_what_goes_wrong_and_what_to_ask(folder: Path):
    make_weak_run(folder)
    app = visit(WEAKNESSES, run="weak", slip="one-kind-compared-with-the-others")
    assert not app.exception
    text = text_of(app)
    assert "the one you opened" in text and "compares it with everything there is" in text and "To ask a pupil:" in text


def test_the_most_frequent_slips_are_those_that_the_first_sentence_names():
    """Of many slips those of the last exam come first, whatever was made more often at the beginning."""
    rows = [(f"early {i}", 5 - i % 3, 0) for i in range(8)] + [("late b", 1, 3), ("late a", 1, 3), ("late c", 1, 2)]
    frame = pd.DataFrame([(slip, max(a, b), b) for slip, a, b in rows], columns=["misconception", "most", "last_made"])
    order = list(sort_by_frequency(frame).misconception)
    assert order[:3] == ["late a", "late b", "late c"] and order[3] == "early 0" and len(order) == 11


@pytest.mark.parametrize("category", ["", "probability", "physics"])
def test_what_the_first_sentence_calls_commonest_is_among_the_most_frequent(folder: Path, category: str):
    def late(turn: int, number: int, question: Question) -> str | None:
        """Many slips at first; in the last exam two of one other slip."""
        if turn < 4:
            return slip(question, number % 2)
        return slip(question, 1) if number < 2 else question.correct

    make_weak_run(folder, letter=late)
    app = visit(WEAKNESSES, run="weak", **({"category": category} if category else {}))
    shown = load_view(data.get_engine(), "weak").findings
    here = WeaknessesSelection("weak", category).filter(shown.judged_misconceptions)
    drawn = list(sort_by_frequency(here).head(MAX_MISCONCEPTIONS_DRAWN).misconception)
    named = [s for c in here.category.unique() for s in find_wrong_answer_causes(shown, c).top_misconceptions[:2]]
    assert not app.exception and named and drawn[0] in named
    if category:
        assert set(named) <= set(drawn)


def test_slips_of_one_fate_can_be_picked(folder: Path):
    def letter(turn: int, number: int, question: Question) -> str:
        if question.skill == PHYSICS:
            return slip(question, number % 2) if turn == 0 or number < 2 else question.correct
        return slip(question) if turn == 0 or number < 1 else question.correct

    make_weak_run(folder, letter=letter)
    app = visit(WEAKNESSES, run="weak")
    said = "Of 4 slips ever seen here, 2 were unlearnt. On the others the answers don't decide: 2 fewer now. All slips together"
    assert said in text_of(app)
    assert sum("fewer now, 1 of 12" in m.value for m in app.markdown) == 2
    picked = app.segmented_control(key="weaknesses.verdict")
    assert picked.options == ["Most frequent", "Fewer now (2)", "Unlearnt (2)"]
    picked.set_value("Unlearnt (2)").run()
    assert not app.exception and not app.error and "clearly less in the last" in text_of(app)


def test_where_luck_made_what_is_lowest_no_practice_is_ordered(folder: Path):
    make_weak_run(folder, letter=lambda turn, number, q: slip(q) if number < 4 + (q.skill == GAIN) else q.correct)
    app = visit(WEAKNESSES, run="weak")
    assert not app.exception and not app.error
    assert "Nothing is behind the rest by more than chance could make it, so this exam gives no reason" in text_of(app)
    assert "Practise " not in text_of(app) and "New simulation like this one" in link_labels(app)


def test_a_category_is_called_by_what_it_holds_where_its_name_does_not_say_it(folder: Path):
    make_weak_run(folder)
    app = visit(WEAKNESSES, run="weak")
    assert any(label.startswith("profit, discount, interest: ") for label in link_labels(app))
    assert "The data set's own names: gain (profit, discount, interest)." in text_of(app)
    app = visit(WEAKNESSES, run="weak", category="gain")
    assert "Profit, discount, interest" in link_labels(app) or "Profit, discount, interest: 11 of 12" in text_of(app)


def test_a_bank_of_one_s_own_keeps_its_names(folder: Path):
    asked = [replace(q, category={"gain": "general", "physics": "other"}.get(q.category, "sets")) for q in questions()]
    make_weak_run(folder, asked=asked)
    app = visit(WEAKNESSES, run="weak")
    assert any(label.startswith("general: ") for label in link_labels(app))
    assert "averages" not in text_of(app) and "own names" not in text_of(app)


def test_a_question_opens_from_its_link_with_what_each_option_drew(folder: Path):
    make_weak_run(folder)
    asked = questions()[12]
    app = visit(WEAKNESSES, run="weak", question=asked.id)
    assert not app.exception and not app.error
    texts = [t.value for t in app.text]
    assert asked.problem in texts
    assert any("(slip: gave the odds instead of the chance): 3 of 3" in text for text in texts)
    assert "after lesson 2: wrong" in text_of(app)


def test_choosing_a_question_makes_it_the_link(folder: Path):
    make_weak_run(folder)
    app = visit(WEAKNESSES, run="weak")
    box = app.selectbox(key="weaknesses.question.weak...")
    box.set_value(box.options[0] if box.options[0] in {q.id for q in questions()} else questions()[12].id).run()
    assert not app.exception and app.query_params["question"]


def test_what_a_question_holds_is_shown_literally(folder: Path):
    from dataclasses import replace

    asked = [replace(q, problem=f"{HOSTILE} {i}", options=tuple(replace(o, text=f"{HOSTILE} {o.letter}") for o in q.options))
             for i, q in enumerate(questions())]  # fmt: skip
    make_weak_run(folder, asked=asked)
    app = visit(WEAKNESSES, run="weak", question=asked[12].id)
    assert not app.exception
    assert f"{HOSTILE} 12" in [t.value for t in app.text]
    assert not any("<script>" in str(m.value) for m in app.markdown)


@pytest.mark.parametrize("value", ["nothing", "x" * 5000, "<script>alert(1)</script>", "a\0b", "7.5"])
def test_a_link_to_what_is_not_there_says_so_and_shows_the_run(folder: Path, value: str):
    make_weak_run(folder, turns=(0,))
    names = ("category", "skill", "slip", "lesson", "question")
    app = visit(WEAKNESSES, run="weak", **dict.fromkeys(names, value))
    assert not app.exception and not app.error
    assert [w.value.startswith("This run's exams know no") for w in app.warning] == [True] * len(names)
    assert "Which categories are still weak?" in text_of(app)


@pytest.mark.parametrize("run", ["nobody", "' OR 1=1--", "../../etc/passwd", "x" * 5000, "a\0b"])
def test_a_link_to_no_run_gives_a_friendly_page(folder: Path, run: str):
    app = visit(WEAKNESSES, run=run)
    assert not app.exception
    assert "There is no run" in app.error[0].value and "Go to Home" in link_labels(app)


def test_a_new_exam_appears_at_the_next_look(folder: Path):
    make_weak_run(folder, turns=(0, 2))
    assert "After 2 lessons" in text_of(visit(WEAKNESSES, run="weak"))
    data.close_engines()
    make_weak_run(folder, "again", turns=(0, 2, 4), letter=plain)
    assert "After 4 lessons" in text_of(visit(WEAKNESSES, run="again"))


def test_the_menu_leads_to_the_run_looked_at(folder: Path):
    make_weak_run(folder)
    assert links(visit(WEAKNESSES, run="weak").run())["Weaknesses"].endswith("run=weak")
