"""Which bank a run's setting names: the built-in curriculum, MathQA from the hub, or a MathQA file."""

from __future__ import annotations

from functools import lru_cache

from studentsim.bank import curriculum
from studentsim.bank.bank import Bank

PER_SKILL = {"study": 120, "validation": 4, "exam": 40}
"""Questions the built-in bank holds for each skill: 20 turns of 40 on one category alone ask no question twice."""


@lru_cache(maxsize=4)
def open_bank(source: str) -> Bank:
    """The bank of that name: ``curriculum``, ``math_qa`` or the path of a MathQA JSON file.

    :raises BankError: it cannot be read.
    """
    if source == curriculum.NAME:
        questions = [
            question
            for split, count in PER_SKILL.items()
            for skill in curriculum.SKILLS
            for question in curriculum.pool(skill, split, count)
        ]
        return Bank.of(source, questions)
    from studentsim.bank import mathqa

    if source == "math_qa":
        return Bank.of(source, mathqa.load_math_qa_from_hub())
    return Bank.of(source, mathqa.load_mathqa(source))
