"""Evaluates a profile: does the untrained embedded student have the accuracies that its profile intends?

    python -m studentsim evaluate-profiles --student balanced

The student answers unseen questions, those of the curriculum's exam split, category by category.
"""

from __future__ import annotations

from dataclasses import dataclass

from studentsim.arithmetic import calculate, parse_number
from studentsim.config import RunConfig
from studentsim.curriculum import generator
from studentsim.exam import wilson_interval
from studentsim.student.embedded.model import load_embedded_model
from studentsim.student.embedded.profiles import category_mastery, get_run_profile
from studentsim.student.embedded.student import EmbeddedStudent
from studentsim.types import CATEGORIES, Answer, Question


@dataclass(frozen=True)
class CategoryResult:
    """A category's result: ``correct`` of ``questions``; accuracies and their 95 % Wilson interval (``low``, ``high``) as 0 to 1."""

    category: str
    questions: int
    correct: int
    accuracy: float
    low: float
    high: float
    intended: float
    """The profile's accuracy, 0 to 1."""


@dataclass(frozen=True)
class ProfileEvaluation:
    """A profile's results. ``well_formed_share`` is the share (0 to 1) of answers for which ``is_well_formed`` holds."""

    student: str
    category_results: tuple[CategoryResult, ...]
    well_formed_share: float


def evaluate_profile(config: RunConfig, per_category: int = 600, *, seed: int = 0) -> ProfileEvaluation:
    """Ask the run's untrained student ``per_category`` unseen questions in each category.

    :raises ConfigError: there is no such profile.
    :raises BankError: the curriculum has fewer questions.
    """
    student = EmbeddedStudent(*load_embedded_model(config.weights), config)
    intended_by_category = category_mastery(get_run_profile(config))
    category_results, well_formed_count, total = [], 0, 0
    for category in CATEGORIES:
        questions = _exam_questions(category, per_category)
        by_id = {q.id: q for q in questions}
        answers = [(by_id[a.question_id], a) for a in student.answer(questions, seed_key=("placement", seed))]
        correct = sum(a.letter == q.correct for q, a in answers)
        category_results.append(
            CategoryResult(
                category,
                len(answers),
                correct,
                correct / len(answers),
                *wilson_interval(correct, len(answers)),
                intended_by_category[category],
            )
        )
        well_formed_count += sum(is_well_formed(q, a) for q, a in answers)
        total += len(answers)
    return ProfileEvaluation(config.student, tuple(category_results), well_formed_count / total)


def is_well_formed(question: Question, answer: Answer) -> bool:
    """Whether the answer is a coherent solution: its steps have the words of the correct solution or of one misconception, every
    sum is right, the last result is the answer, and an option shows it.
    """
    *steps, last = answer.text.split("\n")
    result = None
    for step in steps:
        expression, equals, result = step.partition(": ")[2].rpartition(" = ")
        if not equals or calculate(expression) != result:
            return False
    solution_steps = [_step_descriptions(o.solution) for o in question.options if o.solution]
    has_option = any(parse_number(o.text) == parse_number(result or "") for o in question.options)
    return (
        bool(steps) and last == f"Answer: {result}" and _step_descriptions(answer.text) in solution_steps and has_option
    )


def _step_descriptions(solution: str) -> list[str]:
    """The words before the colon of each line."""
    return [line.partition(":")[0] for line in solution.split("\n")]


def _exam_questions(category: str, count: int) -> list[Question]:
    """Exam questions of a category, spread evenly over its skills."""
    skills = [s.id for s in generator.SKILLS.values() if s.category == category]
    per_skill, remainder = divmod(count, len(skills))
    return [
        q for k, s in enumerate(skills) for q in generator.generate_questions(s, "exam", per_skill + (k < remainder))
    ]
