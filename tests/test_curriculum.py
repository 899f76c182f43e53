"""The built-in curriculum, held to what its issue promises: every skill, every split, by law."""

import hashlib
import re
from collections import Counter

import pytest

from studentsim.arithmetic import calculate, parse_number
from studentsim.curriculum import generator
from studentsim.curriculum.generator import MISCONCEPTIONS, SKILLS, generate_questions
from studentsim.curriculum.schema import render_solution
from studentsim.datasets.registry import open_bank
from studentsim.errors import BankError
from studentsim.rng import derive_rng
from studentsim.types import CATEGORIES, LETTERS, SPLITS

EVERY_SKILL = pytest.mark.parametrize("skill", SKILLS.values(), ids=SKILLS)


def test_there_are_at_least_36_skills_and_5_in_each_of_the_papers_categories():
    counts = Counter(s.category for s in SKILLS.values())
    assert set(counts) == set(CATEGORIES)
    assert len(SKILLS) >= 36 and min(counts.values()) >= 5


def test_ids_of_skills_and_misconceptions_are_unique():
    assert len(MISCONCEPTIONS) == sum(len(s.misconceptions) for s in SKILLS.values())


@EVERY_SKILL
def test_a_skill_has_phrasings_misconceptions_and_a_difficulty(skill):
    assert len(set(skill.phrasings)) >= 3 and skill.transfer not in skill.phrasings
    assert len(skill.misconceptions) >= 2 and skill.difficulty in (1, 2, 3)
    for slip in skill.misconceptions:
        assert slip.title and slip.explanation and slip.hint and slip.kind in ("concept", "careless")


@EVERY_SKILL
def test_workings_differ_in_words_so_that_text_tells_the_misconception(skill):
    numbers = generator.sample_numbers(skill, "study", derive_rng("test"))
    texts = [w.text for w in generator.render_all_solutions(skill, numbers)]
    assert len(set(texts)) == len(texts)


@EVERY_SKILL
def test_every_question_is_sound(skill):
    for question in generate_questions(skill.id, "study", 30):
        values = [parse_number(o.text) for o in question.options]
        assert [o.letter for o in question.options] == list(LETTERS)
        assert None not in values and len(set(values)) == 5 and min(values) > 0
        assert question.correct_option.solution == question.rationale and question.correct_option.misconception is None
        assert {s.id for s in skill.misconceptions} == {o.misconception for o in question.options if o.misconception}
        for option in question.options:
            if option.solution:
                assert _arithmetic_is_right(option.solution)
                assert option.solution.endswith(f"\nAnswer: {option.text}")


@EVERY_SKILL
def test_the_right_working_never_needs_rounding(skill):
    for question in generate_questions(skill.id, "study", 30):
        for line in question.rationale.splitlines()[:-1]:
            expression, _, result = line.partition(": ")[2].rpartition(" = ")
            # A million times the difference: the calculator itself would round a small one to 0.
            assert calculate(f"(({expression}) - {result}) × 1000000") == "0"


def _arithmetic_is_right(working: str) -> bool:
    *steps, last = working.splitlines()
    results = []
    for step in steps:
        expression, _, result = step.partition(": ")[2].rpartition(" = ")
        results.append(result)
        if calculate(expression) != result:
            return False
    return last == f"Answer: {results[-1]}"


@EVERY_SKILL
def test_no_question_of_a_split_is_in_another_by_text_or_by_numbers(skill):
    texts, numbers = {}, {}
    for split, count in zip(SPLITS, (40, 40, 4, 40), strict=True):
        questions = generate_questions(skill.id, split, count)
        texts[split] = {q.problem for q in questions}
        numbers[split] = {tuple(re.findall(r"\d+", q.problem)) for q in questions}
        assert len(texts[split]) == count
    for a in SPLITS:
        for b in SPLITS:
            if a < b:
                assert not texts[a] & texts[b] and not numbers[a] & numbers[b]


def test_right_answers_fall_evenly_on_the_letters():
    bank = open_bank("curriculum")
    for questions in (bank.study, bank.exam):
        share = Counter(q.correct for q in questions)
        assert all(abs(share[letter] / len(questions) - 0.2) < 0.01 for letter in LETTERS)


def test_the_right_value_does_not_stand_out_by_its_size():
    """A pupil who always ticks the middle value must not do much better than by guessing."""
    middle = 0
    questions = open_bank("curriculum").exam
    for question in questions:
        in_order = sorted(question.options, key=lambda o: parse_number(o.text))
        middle += in_order[2].letter == question.correct
    assert middle / len(questions) < 0.35


def test_a_question_is_the_same_every_time_it_is_made():
    before = generator.generate_question("average-of-three", "exam", 3)
    generator.generate_questions.cache_clear()
    assert generator.generate_question("average-of-three", "exam", 3) == before


def test_an_exam_covers_categories_and_skills_evenly_and_its_seed_decides_it():
    bank = open_bank("curriculum")
    exam = bank.sample_exam_questions(240, seed=0)
    assert exam == bank.sample_exam_questions(240, seed=0) != bank.sample_exam_questions(240, seed=1)
    assert len({q.id for q in exam}) == 240
    assert set(Counter(q.category for q in exam).values()) <= set(range(37, 44))
    assert set(Counter(q.skill for q in exam).values()) <= {4, 5, 6, 7}


def test_asking_for_more_questions_than_there_are_is_refused_with_the_number():
    with pytest.raises(BankError, match="1680"):
        open_bank("curriculum").sample_exam_questions(5000, seed=0)


def test_a_badly_written_working_is_an_authoring_error():
    with pytest.raises(ValueError, match="not a step"):
        render_solution("Add them {a} + {b}", {"a": 1, "b": 2})
    with pytest.raises(ValueError, match="unknown name"):
        render_solution("Add: {a} + {z} = [x]", {"a": 1})


def test_the_version_is_raised_when_a_question_changes():
    """If this fails, questions have changed: raise ``curriculum.CURRICULUM_VERSION`` and pin the new fingerprint beside it."""
    questions = [
        q
        for skill in generator.SKILLS
        for split in ("study", "exam")
        for q in generator.generate_questions(skill, split, 2)
    ]
    # Fields that came later, and that these questions have nothing in; one that has another name now.
    told = (
        repr(questions).replace(", topic=None", "").replace(", formula=None", "").replace(", solution=", ", working=")
    )
    fingerprint = hashlib.sha256(told.encode()).hexdigest()[:16]
    assert (generator.CURRICULUM_VERSION, fingerprint) == ("1", "46be744ce348ac11")
