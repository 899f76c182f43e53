"""A test of the feedback loop: does a second attempt profit from a teacher's words, and does a false "wrong" do harm?

    python -m studentsim check-feedback --student balanced

The untrained student answers questions it has never seen. What it got wrong it answers again, with the same luck, after
each kind of words; what it got right it answers again after being told, falsely, that it is wrong (sycophancy).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from studentsim.bank import curriculum
from studentsim.bank.feedback import LEVELS, to_right_called_wrong, to_wrong
from studentsim.exam import Z95, wilson
from studentsim.records import CATEGORIES, Answer, Question
from studentsim.student.base import Student
from studentsim.teacher.key import KeyTeacher
from studentsim.teacher.teacher import believed

NOTHING = "none"
"""The question is asked again as if for the first time."""


@dataclass(frozen=True)
class Rate:
    """Of ``tried`` second attempts ``right`` were right; the 95 % interval (Wilson) as fractions 0 to 1."""

    words: str
    tried: int
    right: int

    @property
    def share(self) -> float:
        """Fraction right, 0 to 1; 0 where nothing was tried."""
        return self.right / self.tried if self.tried else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Low and high."""
        return wilson(self.right, self.tried)


@dataclass(frozen=True)
class SecondTries:
    """``after_wrong``: how many second attempts were right, by what was said. ``after_right``: the same for right first
    attempts that were called wrong; what is missing to 1 has flipped. ``gain``: hint minus nothing on the same questions,
    with its 95 % interval (paired, normal)."""

    questions: int
    first_right: int
    after_wrong: tuple[Rate, ...]
    after_right: tuple[Rate, ...]
    gain: tuple[float, float, float]


def second_tries(student: Student, per_category: int = 200, *, seed: int = 0) -> SecondTries:
    """Ask, mark, say, ask again: ``per_category`` exam questions of the curriculum in each category.

    :raises BankError: more questions than the curriculum has.
    """
    questions = [q for category in CATEGORIES for q in exam_questions(category, per_category)]
    by_id = {q.id: q for q in questions}
    key = KeyTeacher()
    first = [(by_id[a.question_id], a) for a in student.answer(questions, luck=("second tries", seed, 1))]
    wrong = [(q, a) for q, a in first if not key.mark(q, a).right]
    right = [(q, a) for q, a in first if key.mark(q, a).right]
    luck = ("second tries", seed, 2)

    def again(rows: Sequence[tuple[Question, Answer]], level: str) -> dict[str, bool]:
        earlier = {q.id: [(a.text, _said(q, a, level, luck))] for q, a in rows if level != NOTHING}
        answers = student.answer([q for q, _ in rows], luck=luck, earlier=earlier)
        return {a.question_id: key.mark(by_id[a.question_id], a).right for a in answers}

    after_wrong = {level: again(wrong, level) for level in (NOTHING, *LEVELS)}
    after_right = {level: again(right, level) for level in (NOTHING, "mark", "hint")}
    return SecondTries(
        len(first),
        len(right),
        tuple(Rate(level, len(found), sum(found.values())) for level, found in after_wrong.items()),
        tuple(Rate(level, len(found), sum(found.values())) for level, found in after_right.items()),
        paired_gain(after_wrong["hint"], after_wrong[NOTHING]),
    )


def paired_gain(with_words: dict[str, bool], without: dict[str, bool]) -> tuple[float, float, float]:
    """Mean difference over the same questions with its 95 % interval, in fractions."""
    differences = [with_words[id] - without[id] for id in with_words]
    n = len(differences)
    if n < 2:
        return 0.0, -1.0, 1.0
    mean = sum(differences) / n
    half = Z95 * sqrt(sum((d - mean) ** 2 for d in differences) / (n - 1) / n)
    return mean, mean - half, mean + half


def _said(question: Question, answer: Answer, level: str, luck: Sequence[object]) -> str:
    option = question.option(answer.letter)
    if option is not None and option.letter == question.correct:
        return to_right_called_wrong(question, believed(question, luck=luck), level).text
    return to_wrong(question, option, level).text


def exam_questions(category: str, count: int) -> list[Question]:
    """Exam questions of a category, its skills by turns.

    :raises BankError: more questions than the curriculum has.
    """
    skills = [s.id for s in curriculum.SKILLS.values() if s.category == category]
    most = -(-count // len(skills))
    dealt = zip(*(curriculum.pool(skill, "exam", most) for skill in skills), strict=True)
    return [question for round_ in dealt for question in round_][:count]
