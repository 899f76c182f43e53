"""Evaluates feedback: does it improve the embedded student's second attempts, and does a false "wrong" do harm?

    python -m studentsim evaluate-feedback --student balanced

The untrained student answers unseen questions. It answers those it got wrong again with the same seed after each level of feedback,
and those it got right again after the false feedback that they are wrong (sycophancy).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from studentsim.curriculum import generator
from studentsim.curriculum.feedback import FEEDBACK_LEVELS, feedback_for_misjudged_answer, feedback_for_wrong_answer
from studentsim.exam import Z95, wilson_interval
from studentsim.student.protocols import Student
from studentsim.teacher.answer_key import AnswerKeyGrader
from studentsim.teacher.teacher import sample_mistaken_key_option
from studentsim.types import CATEGORIES, Answer, Question

NO_FEEDBACK = "none"
"""No feedback: the question is asked again as if for the first time."""


@dataclass(frozen=True)
class SuccessRate:
    """``right`` of ``tried`` second attempts were correct after feedback of the level ``words``."""

    words: str
    tried: int
    right: int

    @property
    def accuracy(self) -> float:
        """Share of correct attempts, 0 to 1; 0 if there were none."""
        return self.right / self.tried if self.tried else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The accuracy's 95 % Wilson interval (low, high), 0 to 1."""
        return wilson_interval(self.right, self.tried)


@dataclass(frozen=True)
class FeedbackEffects:
    """Second attempts by level of feedback: after wrong first attempts, and after correct ones that were called wrong (of which one
    minus the accuracy has flipped). ``gain``: accuracy with a hint minus without feedback on the same questions, with its 95 %
    interval (paired, normal).
    """

    questions: int
    first_right: int
    after_wrong: tuple[SuccessRate, ...]
    after_right: tuple[SuccessRate, ...]
    gain: tuple[float, float, float]


def evaluate_feedback(student: Student, per_category: int = 200, *, seed: int = 0) -> FeedbackEffects:
    """Ask ``per_category`` exam questions of each category, grade, give feedback, and ask again.

    :raises BankError: the curriculum has fewer questions.
    """
    questions = [q for category in CATEGORIES for q in get_exam_questions(category, per_category)]
    by_id = {q.id: q for q in questions}
    grader = AnswerKeyGrader()
    first_answers = [(by_id[a.question_id], a) for a in student.answer(questions, seed_key=("second tries", seed, 1))]
    wrong_answers = [(q, a) for q, a in first_answers if not grader.grade(q, a).is_correct]
    correct_answers = [(q, a) for q, a in first_answers if grader.grade(q, a).is_correct]
    seed_key = ("second tries", seed, 2)

    def answer_again(rows: Sequence[tuple[Question, Answer]], level: str) -> dict[str, bool]:
        earlier = {q.id: [(a.text, _feedback_text(q, a, level, seed_key))] for q, a in rows if level != NO_FEEDBACK}
        answers = student.answer([q for q, _ in rows], seed_key=seed_key, earlier=earlier)
        return {a.question_id: grader.grade(by_id[a.question_id], a).is_correct for a in answers}

    after_wrong = {level: answer_again(wrong_answers, level) for level in (NO_FEEDBACK, *FEEDBACK_LEVELS)}
    after_right = {level: answer_again(correct_answers, level) for level in (NO_FEEDBACK, "mark", "hint")}
    return FeedbackEffects(
        len(first_answers),
        len(correct_answers),
        tuple(SuccessRate(level, len(grades), sum(grades.values())) for level, grades in after_wrong.items()),
        tuple(SuccessRate(level, len(grades), sum(grades.values())) for level, grades in after_right.items()),
        paired_gain_interval(after_wrong["hint"], after_wrong[NO_FEEDBACK]),
    )


def paired_gain_interval(treated: dict[str, bool], control: dict[str, bool]) -> tuple[float, float, float]:
    """Mean difference of two accuracies on the same questions with its 95 % normal interval, as (mean, low, high), -1 to 1."""
    differences = [treated[id] - control[id] for id in treated]
    n = len(differences)
    if n < 2:
        return 0.0, -1.0, 1.0
    mean = sum(differences) / n
    margin = Z95 * sqrt(sum((d - mean) ** 2 for d in differences) / (n - 1) / n)
    return mean, mean - margin, mean + margin


def _feedback_text(question: Question, answer: Answer, level: str, seed_key: Sequence[object]) -> str:
    option = question.option(answer.letter)
    if option is not None and option.letter == question.correct:
        believed_option = sample_mistaken_key_option(question, seed_key=seed_key)
        return feedback_for_misjudged_answer(question, believed_option, level).text
    return feedback_for_wrong_answer(question, option, level).text


def get_exam_questions(category: str, count: int) -> list[Question]:
    """Exam questions of a category, taken from its skills in rotation.

    :raises BankError: the curriculum has fewer questions.
    """
    skills = [s.id for s in generator.SKILLS.values() if s.category == category]
    per_skill = -(-count // len(skills))
    rounds = zip(*(generator.generate_questions(skill, "exam", per_skill) for skill in skills), strict=True)
    return [question for round_ in rounds for question in round_][:count]
