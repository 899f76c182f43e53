"""A test of the open book: does a passage beside the question help where it fits, and do no harm where it does not?

    python -m studentsim check-open-book --student balanced

The untrained student answers questions it has never seen three times, with the same luck: with nothing beside them, with a
passage of the question's own skill, and with one of another skill. A passage is a hint, or a worked example with other numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from studentsim import luck as lucks
from studentsim.bank import curriculum
from studentsim.records import CATEGORIES, Question
from studentsim.second_tries import exam_questions, paired_gain
from studentsim.student.corpus import worked_example
from studentsim.teacher.key import KeyTeacher

if TYPE_CHECKING:
    from studentsim.student.embedded import EmbeddedStudent


@dataclass(frozen=True)
class OpenBook:
    """Fractions right without a passage, with a fitting one, and with one of another skill, on the same ``questions``.

    ``fitting_gain`` and ``other_gain`` are the differences to none with their 95 % intervals (paired, normal).
    """

    questions: int
    none: float
    fitting: float
    other: float
    fitting_gain: tuple[float, float, float]
    other_gain: tuple[float, float, float]


def open_book(student: EmbeddedStudent, per_category: int = 200, *, seed: int = 0) -> OpenBook:
    """Ask ``per_category`` exam questions of each category, three times.

    :raises BankError: more questions than the curriculum has.
    """
    questions = [q for category in CATEGORIES for q in exam_questions(category, per_category)]
    by_id = {q.id: q for q in questions}
    key = KeyTeacher()

    def right(passages: dict[str, str]) -> dict[str, bool]:
        answers = student.answer(questions, luck=("open book", seed), passages=passages)
        return {a.question_id: key.mark(by_id[a.question_id], a).right for a in answers}

    found = [right({})] + [right({q.id: passage(q, fitting, seed) for q in questions}) for fitting in (True, False)]
    none, fitting, other = (sum(rights.values()) / len(questions) for rights in found)
    return OpenBook(
        len(questions), none, fitting, other, paired_gain(found[1], found[0]), paired_gain(found[2], found[0])
    )


def passage(question: Question, fitting: bool, seed: int) -> str:
    """A hint or a worked example (of the study split) of the question's skill, or of another one."""
    rng = lucks.stream("passage", seed, question.id, fitting)
    skill = curriculum.SKILLS[question.skill or ""]
    if not fitting:
        skill = rng.choice([s for s in curriculum.SKILLS.values() if s.id != skill.id])
    if rng.random() < 0.5:
        return rng.choice(skill.slips).hint
    shown = rng.choice(curriculum.pool(skill.id, "study", 20))
    return worked_example(shown.problem, shown.right.working or "")
