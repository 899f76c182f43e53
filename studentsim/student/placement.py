"""A placement test: is the student that was made the student that was meant?

python -m studentsim place --student balanced
"""

from __future__ import annotations

from dataclasses import dataclass

from studentsim.arithmetic import calculate, number
from studentsim.bank import curriculum
from studentsim.config import RunConfig
from studentsim.exam import wilson
from studentsim.records import CATEGORIES, Answer, Question
from studentsim.student.embedded import EmbeddedStudent
from studentsim.student.model import load_embedded
from studentsim.student.profiles import category_mastery, profile_of


@dataclass(frozen=True)
class Row:
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
class Placement:
    """The test's result. ``well_formed`` is the share of answers that are a coherent working with right arithmetic."""

    student: str
    rows: tuple[Row, ...]
    well_formed: float
    word_for_word: float
    """The share of answers that are, word for word, the right working or one of the misconceptions'."""

    @property
    def largest_gap(self) -> float:
        """Largest distance between measured and intended accuracy, 0 to 1."""
        return max(abs(r.accuracy - r.intended) for r in self.rows)


def place(config: RunConfig, per_category: int = 600, *, seed: int = 0) -> Placement:
    """Ask the run's untrained student ``per_category`` questions it has never seen in each category.

    :raises ConfigError: an unknown profile. :raises BankError: more questions than the curriculum has.
    """
    student = EmbeddedStudent(*load_embedded(config.weights), config)
    intended = category_mastery(profile_of(config))
    rows, formed, literal, total = [], 0, 0, 0
    for category in CATEGORIES:
        questions = _questions(category, per_category)
        by_id = {q.id: q for q in questions}
        answers = [(by_id[a.question_id], a) for a in student.answer(questions, luck=("placement", seed))]
        correct = sum(a.letter == q.correct for q, a in answers)
        rows.append(
            Row(
                category,
                len(answers),
                correct,
                correct / len(answers),
                *wilson(correct, len(answers)),
                intended[category],
            )
        )
        formed += sum(well_formed(q, a) for q, a in answers)
        literal += sum(a.text in {o.working for o in q.options} for q, a in answers)
        total += len(answers)
    return Placement(config.student, tuple(rows), formed / total, literal / total)


def well_formed(question: Question, answer: Answer) -> bool:
    """Whether the answer is a working of this question's kind: its steps in the words of the right working or of one
    misconception, every sum with its right result, the last result as the answer, and an option that shows it.
    """
    *steps, last = answer.text.split("\n")
    result = None
    for step in steps:
        expression, equals, result = step.partition(": ")[2].rpartition(" = ")
        if not equals or calculate(expression) != result:
            return False
    known = [_words(o.working) for o in question.options if o.working]
    shown = any(number(o.text) == number(result or "") for o in question.options)
    return bool(steps) and last == f"Answer: {result}" and _words(answer.text) in known and shown


def _words(working: str) -> list[str]:
    return [line.partition(":")[0] for line in working.split("\n")]


def _questions(category: str, count: int) -> list[Question]:
    """Exam questions of a category, its skills by turns."""
    skills = [s.id for s in curriculum.SKILLS.values() if s.category == category]
    share, rest = divmod(count, len(skills))
    return [q for k, s in enumerate(skills) for q in curriculum.pool(s, "exam", share + (k < rest))]
