"""Practice with a teacher who errs, explains and lets the student try again; with the fake student."""

import pytest
from casts import bank, config, fake
from hypothesis import given, settings
from hypothesis import strategies as st

from studentsim.curriculum import generator
from studentsim.curriculum.feedback import (
    feedback_for_misjudged_answer,
    feedback_for_wrong_answer,
    first_step_hint,
    reveals_answer,
)
from studentsim.errors import ConfigError
from studentsim.events import AnswerRecorded, StageStarted
from studentsim.practice import run_practice
from studentsim.settings import TeacherSettings
from studentsim.simulation import simulate
from studentsim.student.testing import FakeStudent
from studentsim.teacher.teacher import Teacher, sample_mistaken_key_option
from studentsim.training.pairs import pairs_from_mistakes
from studentsim.types import Option, Question


def lesson(questions=None, *, turn=1, judge=None, seed=0, **teaching):
    """The events of one lesson's practice, and the attempts."""
    run = config(seed=seed, teacher=TeacherSettings(**teaching))
    questions = questions or bank().study[:60]
    events = []
    steps = run_practice(run, FakeStudent(), Teacher(run.teacher, grader=judge), questions, turn)
    try:
        while True:
            events.append(next(steps))
    except StopIteration as end:
        return events, end.value


def answers(events, phase):
    return [e for e in events if isinstance(e, AnswerRecorded) and e.phase == phase]


def test_without_further_attempts_nobody_hears_anything():
    events, attempts = lesson()
    assert [e.stage for e in events if isinstance(e, StageStarted)] == ["study"]
    assert all(
        not e.feedback and e.attempt == 1 and e.assigned_correct == e.is_correct for e in answers(events, "study")
    )
    assert len(attempts) == 60


def test_what_was_called_wrong_is_tried_again_after_the_teachers_words():
    events, attempts = lesson(attempts=3)
    first, later = answers(events, "study"), answers(events, "revision")
    wrong = {e.question_id for e in first if not e.is_correct}
    assert {e.question_id for e in later if e.attempt == 2} == wrong
    assert {e.question_id for e in later if e.attempt == 3} == {
        e.question_id for e in later if e.attempt == 2 and not e.is_correct
    }
    assert all(e.feedback.startswith("Not quite.") for e in first if not e.is_correct)
    assert not any(e.feedback for e in later if e.attempt == 3)  # nobody tries after them
    assert max(len(a.attempts) for a in attempts) == 3


def test_first_attempts_are_the_same_with_and_without_revision():
    plain, revised = lesson()[0], lesson(attempts=2, doubts=0.5)[0]
    assert [(e.question_id, e.text) for e in answers(plain, "study")] == [
        (e.question_id, e.text) for e in answers(revised, "study")
    ]


def test_words_help_and_silence_does_not():
    def mended(level):
        later = answers(lesson(bank().study, attempts=2, feedback=level)[0], "revision")
        return sum(e.is_correct for e in later) / len(later)

    assert mended("hint") > mended("none") + 0.2
    assert all(not e.feedback for e in answers(lesson(attempts=2, feedback="none")[0], "study"))


@given(rate=st.sampled_from([0.1, 0.2, 0.5]), seed=st.integers(0, 50))
@settings(max_examples=15, deadline=None)
def test_the_teacher_errs_at_its_rate_and_the_key_is_kept(rate, seed):
    events, _ = lesson(bank().study, error_rate=rate, seed=seed)
    first = answers(events, "study")
    errors = sum(e.assigned_correct != e.is_correct for e in first)
    assert abs(errors / len(first) - rate) < 4 * (rate * (1 - rate) / len(first)) ** 0.5
    assert all(e.graded_by == "key, in error" for e in first if e.assigned_correct != e.is_correct)
    assert first == answers(lesson(bank().study, error_rate=rate, seed=seed)[0], "study")


def test_a_teachers_error_reaches_the_pairs_in_both_directions():
    _, attempts = lesson(bank().study, error_rate=0.5)
    pairs = {p.question.id: p for p in pairs_from_mistakes(attempts, seed_key=("study", 0, 1))}
    for own in attempts:
        answer, mark = own.first
        pair = pairs.get(own.question.id)
        if mark.assigned_correct:  # called right, whatever it is: nothing to learn from
            assert pair is None
        elif mark.is_correct:  # what is right is dispreferred to what the teacher believes
            assert (
                pair.rejected == answer.text
                and pair.chosen == sample_mistaken_key_option(own.question, seed_key=("study", 0, 1)).solution
            )
        else:
            assert pair.chosen == own.question.rationale


def test_a_doubted_right_answer_gets_one_more_attempt_and_teaches_nothing():
    events, attempts = lesson(bank().study, attempts=4, doubts=1.0)
    first = answers(events, "study")
    assert all(e.challenged == e.is_correct for e in first)
    doubted = [a for a in attempts if a.challenged]
    assert doubted and all(len(a.attempts) == 2 for a in doubted)
    assert not {p.question.id for p in pairs_from_mistakes(attempts)} & {a.question.id for a in doubted}
    assert not any(e.challenged for e in answers(events, "revision"))


@pytest.mark.parametrize("chosen", ["revision", "revision-or-working"])
def test_pairs_may_be_made_of_the_students_own_revision(chosen):
    _, attempts = lesson(bank().study, attempts=2)
    pairs = {p.question.id: p for p in pairs_from_mistakes(attempts, chosen_source=chosen)}
    wrong = [a for a in attempts if not a.first[1].is_correct]
    for own in wrong:
        if own.last[1].is_correct:
            assert pairs[own.question.id].chosen == own.last[0].text
        elif chosen == "revision":
            assert own.question.id not in pairs
        else:
            assert pairs[own.question.id].chosen == own.question.rationale
    assert any(a.last[1].is_correct for a in wrong) and not all(a.last[1].is_correct for a in wrong)


class Contrary:
    """A marker that says the opposite of what the text's length suggests: any rule will do."""

    def judge(self, rows):
        return [type("V", (), {"is_correct": len(text) % 2 == 0})() for _, text in rows]


@pytest.mark.parametrize("source", ["key", "grader"])
def test_a_graders_verdict_is_kept_and_decides_where_it_is_to(source):
    first = answers(lesson(bank().study, judge=Contrary(), grader="embedded", grade_source=source)[0], "study")
    assert all(e.grader_correct == (len(e.text) % 2 == 0) for e in first)
    expected = [e.is_correct if source == "key" else e.grader_correct for e in first]
    assert [e.assigned_correct for e in first] == expected and any(e.is_correct != e.grader_correct for e in first)


def test_exams_are_marked_by_the_key_and_hear_no_feedback():
    settings = config(turns=2, teacher=TeacherSettings(attempts=2, error_rate=0.5))
    exam = answers(list(simulate(settings, fake(settings))), "exam")
    assert all(e.assigned_correct is None and e.graded_by == "key" and not e.feedback for e in exam)


@pytest.mark.parametrize(
    "question", [q for s in generator.SKILLS for q in generator.generate_questions(s, "study", 2)], ids=lambda q: q.id
)
def test_hints_of_the_curriculum_do_not_give_the_answer_away(question):
    for option in (*question.options, None):
        if option is None or option.letter != question.correct:
            words = feedback_for_wrong_answer(question, option, "hint")
            assert words.level == "hint"
            assert not reveals_answer(words.text.removeprefix("Not quite. "), question), words
            assert question.rationale in feedback_for_wrong_answer(question, option, "explanation").text


def plain(rationale, right="24"):
    options = (Option("a", "12"), Option("b", right), Option("c", "48"))
    return Question("q", "math_qa", "general", "How many?", options, "b", rationale)


@pytest.mark.parametrize(
    ("rationale", "hint"),
    [
        ("Speed is distance over time. So 48 / 2 = 24.", "Begin so: Speed is distance over time."),
        ("The answer is b. 48 / 2 = 24.", ""),  # tells it
        ("48 / 2 = 24. That is all.", ""),  # tells it
        ("explanation : halve 48 => 24 => b", "Begin so: explanation : halve 48"),
        ("halve 48", ""),  # a single step is the solution
        ("", ""),
    ],
)
def test_the_hint_of_other_questions_is_the_rationales_first_step_unless_it_tells(rationale, hint):
    assert first_step_hint(plain(rationale)) == hint


@pytest.mark.parametrize(
    ("words", "right", "tells"),
    [
        ("it is 1,000 then", "1000", True),
        ("one half is 0.5 of it", "1/2", True),
        ("look at option b", "7", True),
        ("he walks 70 km", "7", False),
        ("think of x + 1", "x + 1", True),
        ("count again", "24", False),
    ],
)  # fmt: skip
def test_giving_away(words, right, tells):
    assert reveals_answer(words, plain("", right)) == tells


def test_words_to_a_right_answer_called_wrong_argue_for_the_believed_option():
    question = bank().study[0]
    option = next(o for o in question.options if o.misconception)
    words = feedback_for_misjudged_answer(question, option, "explanation")
    assert option.solution in words.text and question.rationale not in words.text


@pytest.mark.parametrize(
    "wrong", [{"decides": "marker"}, {"doubts": 0.5}, {"pairs": "revision"}, {"error_rate": 0.6}, {"attempts": 0}]
)
def test_settings_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(ConfigError):
        config(teacher=wrong)
