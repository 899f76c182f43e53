"""One question of the built-in curriculum by its id, without making the whole bank. No streamlit here."""

from __future__ import annotations

import re
from functools import cache

from studentsim.curriculum.generator import SKILLS, generate_questions
from studentsim.datasets.registry import QUESTIONS_PER_SKILL
from studentsim.types import Question

_ID_PATTERN = re.compile(rf"(?P<skill>.+)-(?P<split>{'|'.join(QUESTIONS_PER_SKILL)})-\d+")


def find_question(question_id: str, problem: str | None = None) -> Question | None:
    """The question of that id; None where the curriculum has none, or, if ``problem`` is given, another text under that id.

    A run of an earlier version, or on another bank, may have asked something else under the same id.
    """
    match = _ID_PATTERN.fullmatch(question_id)
    if not match or match["skill"] not in SKILLS:
        return None
    found = _questions_by_id(match["skill"], match["split"]).get(question_id)
    return found if found and problem in (None, found.problem) else None


@cache
def _questions_by_id(skill: str, split: str) -> dict[str, Question]:
    """One skill's questions of one split, as the bank holds them: made once, in a few hundredths of a second."""
    return {q.id: q for q in generate_questions(skill, split, QUESTIONS_PER_SKILL[split])}
