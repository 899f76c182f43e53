"""What a pair's chosen text holds of a given working: all of it, its last step, or the answer alone; and what rehearsal keeps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import tiny

from studentsim import presets
from studentsim.analysis import setting_differences
from studentsim.cli import runner
from studentsim.config import RunConfig
from studentsim.curriculum import generator
from studentsim.datasets.mathqa import parse_options
from studentsim.errors import ConfigError
from studentsim.practice import Attempts
from studentsim.settings import TeacherSettings
from studentsim.student.huggingface.answer_form import apply_answer_form
from studentsim.training.pairs import build_held_out_pairs, pairs_from_mistakes
from studentsim.training.rehearsal import sample_rehearsal_pairs
from studentsim.training.solution_text import MAX_STEP_WORDS, correct_solution_text, extract_last_step
from studentsim.types import Answer, Grade, Option

MATHQA = [
    (
        '5 choices for each of the 4 questions , thus total r of 5 * 5 = 25 ways to answer them . answer : c .', "c", "25",
        "5 choices for each of the 4 questions , thus total r of 5 * 5 = 25 ways to answer them",
    ),
    ("44 + 28 + 10 = 82 % 100 - 82 = 18 % 650 * 18 / 100 = 117 answer : e", "e", "117", None),
    ("p ( a n b ) = 2 / 25 . d", "d", "2 / 25", "p ( a n b ) = 2 / 25"),
    ("half of 0 . 5 is 0 . 25 . hence , the correct answer is a ) 0.25", "a", "0.25", "half of 0 . 5 is 0 . 25"),
    ("the profit was rs . 350 in all . answer b", "b", "350", "the profit was rs . 350 in all"),
    ("we solve it . x = 4 . option ( b )", "b", "4", "x = 4"),
    ("we solve it by halves . 4 answer is a", "a", "4", "we solve it by halves 4"),
    ("answer : d .", "d", "7", ""),
    ("a", "a", "7", ""),
    ("", "a", "7", ""),
]  # fmt: skip


@pytest.mark.parametrize(("rationale", "letter", "text", "wanted"), MATHQA)
def test_the_last_step_is_the_last_sentence_without_the_letter(
    rationale: str, letter: str, text: str, wanted: str | None
):
    found = extract_last_step(rationale, Option(letter, text, None))
    assert found == (wanted if wanted is not None else rationale.removesuffix(" answer : e"))


def test_of_a_rationale_that_is_one_sentence_the_last_sum_stands():
    told = "we count them all , " * 8 + "number of copies required = 900 and so the time = 900 / 30 = 30 mins answer d"
    assert extract_last_step(told, Option("d", "30 mins", None)) == "the time = 900 / 30 = 30 mins"
    bare = "there are many many words here , " * 6 + "and in 1 day = 60 , answer : b"
    assert extract_last_step(bare, Option("b", "60", None)) == "and in 1 day = 60"


@pytest.mark.parametrize(
    "told", ["x " * 500, "a = b " * 300, "1 + 2 = 3 + " * 200, "so , " * 400 + "end", "word. " * 90, "= " * 90]
)
def test_it_is_never_longer_than_forty_words(told: str):
    assert len(extract_last_step(told, Option("b", "7", None)).split()) <= MAX_STEP_WORDS


def test_the_shipped_rows_of_mathqa_have_a_last_step():
    rows = json.loads((Path(__file__).parent / "fixtures" / "mathqa_small.json").read_text())
    for row in rows:
        option = Option(row["correct"], dict(parse_options(row["options"]))[row["correct"]], None)
        step = extract_last_step(row["Rationale"].strip('"'), option)
        assert len(step.split()) <= MAX_STEP_WORDS and not step.endswith("answer")


def plain_question():
    question = tiny.questions(1)[0]
    options = tuple(replace(o, solution=None) for o in question.options)
    return replace(question, options=options, rationale="One first .\n4 * 6 = 24 . answer : " + question.correct)


@pytest.mark.parametrize(
    ("form", "wanted"),
    [("full", "{r}\nAnswer: {l}) {t}"), ("short", "4 * 6 = 24\nAnswer: {l}) {t}"), ("option", "Answer: {l}) {t}")],
)
def test_a_question_without_workings_is_taught_in_the_form_that_is_set(form: str, wanted: str):
    question = plain_question()
    wanted = wanted.format(r=question.rationale, l=question.correct, t=question.correct_option.text)
    assert correct_solution_text(question, form) == wanted
    wrong = next(o for o in question.options if o.letter != question.correct)
    answer = Answer(question.id, "I guess", wrong.letter, None, -1.0, 1.0)
    made = pairs_from_mistakes([Attempts(question, [(answer, Grade(False, None))])], chosen_text=form)
    assert (made[0].chosen, made[0].rejected) == (wanted, "I guess")
    held = build_held_out_pairs([question], form)[0]
    assert held.chosen == wanted and held.rejected.startswith("Answer: ")


def test_a_working_of_the_curriculum_ends_in_its_value_in_every_form():
    question = next(q for q in tiny.questions(30) if len(q.correct_option.solution.split("\n")) > 2)
    lines = question.correct_option.solution.split("\n")
    assert correct_solution_text(question) == question.correct_option.solution
    assert correct_solution_text(question, "short").split("\n") == lines[-2:]
    assert correct_solution_text(question, "option") == lines[-1] == f"Answer: {question.correct_option.text}"


def test_both_texts_of_a_held_out_or_kept_pair_are_of_the_form():
    questions = tiny.questions(30)
    full, option = build_held_out_pairs(questions), build_held_out_pairs(questions, "option")
    assert [p.question for p in full] == [p.question for p in option]
    assert all(long.rejected.endswith(short.rejected) for long, short in zip(full, option, strict=True))
    assert all("\n" not in p.chosen + p.rejected for p in option) and any("\n" in p.rejected for p in full)
    kept = [p for pairs in sample_rehearsal_pairs(questions, 3, "option").values() for p in pairs]
    assert kept and all("\n" not in p.chosen for p in kept)
    assert [p.question for p in kept] == [
        p.question for pairs in sample_rehearsal_pairs(questions, 3).values() for p in pairs
    ]


def test_the_end_of_a_working_gets_the_letter_where_the_prompt_asks_for_it():
    question = tiny.questions(1)[0]
    for form in ("full", "short", "option"):
        assert apply_answer_form(question, correct_solution_text(question, form), "letter").endswith(
            f"Answer: ({question.correct})"
        )


def test_what_the_student_wrote_itself_is_never_cut():
    question, told = plain_question(), "First this .\nThen that .\nAnswer: yes"
    wrong = Answer(question.id, "no", None, None, -1.0, 1.0)
    better = Answer(question.id, told, question.correct, None, -1.0, 1.0)
    attempts = Attempts(question, [(wrong, Grade(False, None)), (better, Grade(True, None))])
    assert pairs_from_mistakes([attempts], chosen_source="revision", chosen_text="option")[0].chosen == told


def test_a_teacher_who_errs_prefers_the_wrong_option_in_the_same_form():
    question = plain_question()
    right = Answer(question.id, "it is so", question.correct, None, -1.0, 1.0)
    mark = Grade(True, None, assigned_override=False)
    made = pairs_from_mistakes([Attempts(question, [(right, mark)])], chosen_text="option")[0]
    assert made.chosen.startswith("Answer: ") and not made.chosen.startswith(f"Answer: {question.correct})")


def test_the_setting_is_an_option_of_the_command_line_and_a_departure_from_the_paper():
    config = runner.build_config("paper", {"chosen_text": "short"})
    assert config.teacher.chosen_text == "short"
    told = [d for d in presets.list_departures(config) if d.aspect == "what is learnt of a given working"]
    assert [(d.run_value, d.paper_value) for d in told] == [("short", "full")]
    assert not [
        d for d in presets.list_departures(RunConfig.paper()) if d.aspect == "what is learnt of a given working"
    ]
    assert setting_differences.format_setting("teacher.chosen_text", config) == "its last step and the answer"
    with pytest.raises(ConfigError, match="chosen_text"):
        runner.build_config("default", {"chosen_text": "none"})


def test_runs_of_before_learnt_the_whole_working():
    assert TeacherSettings().chosen_text == "full"
    assert RunConfig.from_json('{"teacher": {"chosen_source": "working"}}').teacher.chosen_text == "full"
    assert generator.BANK_NAME == RunConfig().bank
