"""The open book on the shipped student: a fitting passage helps where little is known, another skill's does no harm."""

import pytest

from studentsim.config import RunConfig
from studentsim.curriculum.generator import SKILLS, generate_questions
from studentsim.evaluation.open_book_eval import evaluate_open_book, sample_passage
from studentsim.student.embedded.model import load_embedded_model
from studentsim.student.embedded.student import EmbeddedStudent
from studentsim.types import CATEGORIES


@pytest.fixture(scope="module")
def beginner() -> EmbeddedStudent:
    table = {"categories": dict.fromkeys(CATEGORIES, 20)}
    return EmbeddedStudent(*load_embedded_model(), RunConfig.make(student="beginner", student_table=table))


def test_a_fitting_passage_helps_and_anothers_does_no_harm(beginner: EmbeddedStudent):
    found = evaluate_open_book(beginner, 35)
    assert found.questions == 210 and found.fitting_gain[0] > 0.1
    assert abs(found.other_gain[0]) <= 0.03


def test_the_student_tells_what_fits_and_lays_the_rest_aside(beginner: EmbeddedStudent):
    questions = [q for skill in list(SKILLS)[::3] for q in generate_questions(skill, "exam", 3)]
    fitting, other = ({q.id: sample_passage(q, fits, 1) for q in questions} for fits in (True, False))
    assert len(beginner._useful_passages(questions, fitting)) >= 0.95 * len(questions)
    taken = beginner._useful_passages(questions, other)
    assert len(taken) <= 0.05 * len(questions)
    texts = {a.question_id: a.text for a in beginner.answer(questions, seed_key=("laid aside",))}
    with_others = {a.question_id: a.text for a in beginner.answer(questions, seed_key=("laid aside",), passages=other)}
    assert {id for id in texts if texts[id] != with_others[id]} <= set(taken)


def test_a_passage_gives_no_answer_away_and_is_of_its_skill():
    for skill in list(SKILLS.values())[::7]:
        for question in generate_questions(skill.id, "exam", 6):
            fitting = sample_passage(question, True, 0)
            hints = {slip.hint for slip in skill.misconceptions}
            example = next((q for q in generate_questions(skill.id, "study", 20) if q.problem in fitting), None)
            assert fitting in hints or (example and example.split == "study")
            other = sample_passage(question, False, 0)
            assert other not in hints and not any(q.problem in other for q in generate_questions(skill.id, "study", 20))
