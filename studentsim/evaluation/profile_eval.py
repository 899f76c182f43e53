"""A placement test: is the student that was made the student that was meant?

python -m studentsim place --student balanced
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
    """One category: how many of ``questions`` were right; fractions 0 to 1."""

    category: str
    questions: int
    correct: int
    accuracy: float
    low: float
    high: float
    intended: float
    """The profile's own table."""


@dataclass(frozen=True)
class ProfileEvaluation:
    """The test's result. ``well_formed_share`` is the share of answers that are a coherent working with right arithmetic."""

    student: str
    category_results: tuple[CategoryResult, ...]
    well_formed_share: float
    verbatim_share: float
    """The share of answers that are, word for word, the right working or one of the misconceptions'."""

    @property
    def largest_gap(self) -> float:
        """Largest distance between measured and intended accuracy, 0 to 1."""
        return max(abs(r.accuracy - r.intended) for r in self.category_results)


def evaluate_profile(config: RunConfig, per_category: int = 600, *, seed: int = 0) -> ProfileEvaluation:
    """Ask the run's untrained student ``per_category`` questions it has never seen in each category.

    :raises ConfigError: an unknown profile. :raises BankError: more questions than the curriculum has.
    """
    student = EmbeddedStudent(*load_embedded_model(config.weights), config)
    intended_by_category = category_mastery(get_run_profile(config))
    category_results, well_formed_count, verbatim_count, total = [], 0, 0, 0
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
        verbatim_count += sum(a.text in {o.solution for o in q.options} for q, a in answers)
        total += len(answers)
    return ProfileEvaluation(config.student, tuple(category_results), well_formed_count / total, verbatim_count / total)


def is_well_formed(question: Question, answer: Answer) -> bool:
    """Whether the answer is a working of this question's kind: its steps in the words of the right working or of one
    misconception, every sum with its right result, the last result as the answer, and an option that shows it.
    """
    *steps, last = answer.text.split("\n")
    result = None
    for step in steps:
        expression, equals, result = step.partition(": ")[2].rpartition(" = ")
        if not equals or calculate(expression) != result:
            return False
    known_steps = [_step_descriptions(o.solution) for o in question.options if o.solution]
    has_option = any(parse_number(o.text) == parse_number(result or "") for o in question.options)
    return bool(steps) and last == f"Answer: {result}" and _step_descriptions(answer.text) in known_steps and has_option


def _step_descriptions(working: str) -> list[str]:
    return [line.partition(":")[0] for line in working.split("\n")]


def _exam_questions(category: str, count: int) -> list[Question]:
    """Exam questions of a category, its skills by turns."""
    skills = [s.id for s in generator.SKILLS.values() if s.category == category]
    share, rest = divmod(count, len(skills))
    return [q for k, s in enumerate(skills) for q in generator.generate_questions(s, "exam", share + (k < rest))]
