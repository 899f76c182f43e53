"""Balanced rows of a student that is seldom right: from what there is, with what was given alone in validation and test."""

from __future__ import annotations

from dataclasses import replace

import pytest
from written_replies import replies

from studentsim.errors import ConfigError
from studentsim.grader.finetune_data import build_grader_dataset
from studentsim.grader.finetune_splits import target_label_counts
from studentsim.grader.student_answer import SPLITS, SplitSizes

ANSWERS = list(replies(400))
SIZES = SplitSizes(200, 20, 40)


def build(answers=ANSWERS, sizes=SIZES, *, seed=0):
    return build_grader_dataset(answers, lambda a: True, sizes, seed=seed, balanced=True)


def test_the_papers_share_of_right_ones_is_had_in_every_split():
    assert sum(a.is_correct for a in ANSWERS) / len(ANSWERS) < 0.25, "as small models are"
    dataset = build()
    for split in SPLITS:
        rows = getattr(dataset, split)
        assert len(rows) == getattr(SIZES, split)
        assert sum(a.is_correct for a in rows) == target_label_counts(len(rows))[True] == round(0.518 * len(rows))
    assert (dataset.correct_count, dataset.answer_count) == (sum(a.is_correct for a in ANSWERS), 400)


def test_validation_and_test_hold_answers_as_they_were_given_and_what_training_lacks_is_another_key():
    dataset, given = build(), set(map(id, ANSWERS))
    assert all(id(a) in given for a in (*dataset.validation, *dataset.test, *dataset.held_out))
    rekeyed = [a for a in dataset.train if id(a) not in given]
    assert len(rekeyed) == dataset.rekeyed_count > 0
    by_id = {a.question.id: a for a in ANSWERS}
    for a in rekeyed:
        source = by_id[a.question.id]
        assert not source.is_correct and a.is_correct and a.text == source.text
        assert a.question.correct == a.letter == source.letter != source.question.correct
        assert replace(a.question, correct=source.question.correct) == source.question
    used = [a.question.id for a in dataset.train]
    assert len(used) == len(set(used)), "while answers are left, none is taken twice"


def test_from_few_answers_come_as_many_training_rows_as_their_keys_give():
    few = ANSWERS[:150]
    dataset = build(few, SplitSizes(160, 10, 20))
    pairs = [(a.question.id, a.text, a.question.correct) for a in dataset.train]
    assert len(pairs) == len(set(pairs)) == 160 > len({a.text for a in dataset.train})
    assert all(a.is_correct is (a.letter == a.question.correct) for a in dataset.train)


def test_a_key_stands_once_with_an_answer_and_a_question_in_one_split():
    twice = [*ANSWERS, *(replace(a, text=f"{a.text}\n") for a in ANSWERS)]
    dataset = build(twice, SplitSizes(400, 40, 60))
    texts = [(a.question.id, a.text, a.question.correct) for split in SPLITS for a in getattr(dataset, split)]
    assert len(texts) == len(set(texts))
    train, validation, test = ({a.question.id for a in getattr(dataset, split)} for split in SPLITS)
    assert not train & validation and not train & test and not validation & test
    held_out = {a.question.id for a in dataset.held_out}
    assert test <= held_out and not held_out & (train | validation)
    assert len(dataset.held_out) > len(dataset.test)


def test_a_student_that_is_mostly_right_gets_wrong_rows_the_same_way():
    dataset = build(list(replies(400, right_every=1)))
    assert sum(a.is_correct for a in dataset.train) == 104 and dataset.rekeyed_count > 0
    assert all(a.letter != a.question.correct for a in dataset.train if not a.is_correct)


def test_the_same_seed_gives_the_same_rows():
    assert build(seed=1) == build(seed=1) != build(seed=2)


def test_too_few_right_answers_for_validation_and_test_are_refused_with_the_counts():
    right = sum(a.is_correct for a in ANSWERS)
    with pytest.raises(
        ConfigError, match=rf"need 114 right answers and 106 wrong ones.*there are {right} right and"
    ) as caught:
        build(sizes=SplitSizes(100, 110, 110))
    asked = str(caught.value).split("Or ask for fewer rows: ")[1].rstrip(".").split()
    sizes = SplitSizes(100, int(asked[1]), int(asked[3]))
    assert len(build(sizes=sizes).test) == sizes.test, "what is proposed does"
    with pytest.raises(ConfigError, match="there are 0 right") as caught:
        build([a for a in ANSWERS if not a.is_correct])
    assert "Or ask" not in str(caught.value)


def test_too_few_left_for_training_are_refused_with_what_there_is():
    with pytest.raises(
        ConfigError, match=r"leave (\d+) balanced rows for training, not 2000. .*--train-rows \d+"
    ) as caught:
        build(sizes=SplitSizes(2000, 20, 40))
    fewer = int(str(caught.value).split("--train-rows ")[1].rstrip("."))
    assert fewer > 200 and len(build(sizes=SplitSizes(fewer, 20, 40)).train) == fewer
