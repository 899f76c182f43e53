"""Evaluates the open book: does a relevant passage help the embedded student, and an irrelevant one do no harm?

    python -m studentsim check-open-book --student balanced

The untrained student answers unseen questions three times with the same seed: without a passage, with one of the question's own
skill, and with one of another skill. A passage is a hint, or a worked example with other numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from studentsim.curriculum import generator
from studentsim.evaluation.feedback_eval import get_exam_questions, paired_gain_interval
from studentsim.rng import derive_rng
from studentsim.student.embedded.pretraining.data import format_worked_example
from studentsim.teacher.answer_key import AnswerKeyGrader
from studentsim.types import CATEGORIES, Question

if TYPE_CHECKING:
    from studentsim.student.embedded.student import EmbeddedStudent


@dataclass(frozen=True)
class OpenBookEvaluation:
    """Accuracies (0 to 1) without a passage, with one of the question's skill and with one of another skill, on the same ``questions``.

    ``fitting_gain`` and ``other_gain`` are the differences to ``none``, each with its 95 % interval (paired, normal).
    """

    questions: int
    none: float
    fitting: float
    other: float
    fitting_gain: tuple[float, float, float]
    other_gain: tuple[float, float, float]


def evaluate_open_book(student: EmbeddedStudent, per_category: int = 200, *, seed: int = 0) -> OpenBookEvaluation:
    """Ask ``per_category`` exam questions of each category three times.

    :raises BankError: the curriculum has fewer questions.
    """
    questions = [q for category in CATEGORIES for q in get_exam_questions(category, per_category)]
    by_id = {q.id: q for q in questions}
    grader = AnswerKeyGrader()

    def grade_answers(passages: dict[str, str]) -> dict[str, bool]:
        answers = student.answer(questions, seed_key=("open book", seed), passages=passages)
        return {a.question_id: grader.grade(by_id[a.question_id], a).is_correct for a in answers}

    without = grade_answers({})
    relevant, irrelevant = (
        grade_answers({q.id: sample_passage(q, is_relevant, seed) for q in questions}) for is_relevant in (True, False)
    )
    none, fitting, other = (sum(grades.values()) / len(questions) for grades in (without, relevant, irrelevant))
    return OpenBookEvaluation(
        len(questions),
        none,
        fitting,
        other,
        fitting_gain=paired_gain_interval(relevant, without),
        other_gain=paired_gain_interval(irrelevant, without),
    )


def sample_passage(question: Question, is_relevant: bool, seed: int) -> str:
    """A hint or a worked example (of the study split) of the question's skill, or of another skill if not ``is_relevant``."""
    rng = derive_rng("passage", seed, question.id, is_relevant)
    skill = generator.SKILLS[question.skill or ""]
    if not is_relevant:
        skill = rng.choice([s for s in generator.SKILLS.values() if s.id != skill.id])
    if rng.random() < 0.5:
        return rng.choice(skill.misconceptions).hint
    example = rng.choice(generator.generate_questions(skill.id, "study", 20))
    return format_worked_example(example.problem, example.correct_option.solution or "")
