"""The open book on the shipped student: a fitting passage helps where little is known, another skill's does no harm."""

import pytest

from studentsim.bank.curriculum import SKILLS, pool
from studentsim.config import RunConfig
from studentsim.open_book import open_book, passage
from studentsim.records import CATEGORIES
from studentsim.student.embedded import EmbeddedStudent
from studentsim.student.model import load_embedded


@pytest.fixture(scope="module")
def beginner() -> EmbeddedStudent:
    table = {"categories": dict.fromkeys(CATEGORIES, 20)}
    return EmbeddedStudent(*load_embedded(), RunConfig.make(student="beginner", student_table=table))


def test_a_fitting_passage_helps_and_anothers_does_no_harm(beginner: EmbeddedStudent):
    found = open_book(beginner, 35)
    assert found.questions == 210 and found.fitting_gain[0] > 0.1
    assert (
        found.other_gain[1] <= 0.03 and found.other_gain[2] >= -0.03
    )  # the interval reaches within 3 points of nothing


def test_a_passage_gives_no_answer_away_and_is_of_its_skill():
    for skill in list(SKILLS.values())[::7]:
        for question in pool(skill.id, "exam", 6):
            fitting = passage(question, True, 0)
            hints = {slip.hint for slip in skill.slips}
            example = next((q for q in pool(skill.id, "study", 20) if q.problem in fitting), None)
            assert fitting in hints or (example and example.split == "study")
            other = passage(question, False, 0)
            assert other not in hints and not any(q.problem in other for q in pool(skill.id, "study", 20))
