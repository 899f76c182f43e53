"""Finds a question of the built-in curriculum by its id, without generating the whole bank."""

from __future__ import annotations

import re
from functools import cache

from studentsim.curriculum.generator import SKILLS, generate_questions
from studentsim.datasets.registry import QUESTIONS_PER_SKILL
from studentsim.types import Question

_ID_PATTERN = re.compile(rf"(?P<skill>.+)-(?P<split>{'|'.join(QUESTIONS_PER_SKILL)})-\d+")


def find_question(question_id: str, problem: str | None = None) -> Question | None:
    """The question with this id; None if the curriculum has none, or one with another text than ``problem``.

    A run of an earlier version, or with another bank, may have asked a different question under the same id.
    """
    match = _ID_PATTERN.fullmatch(question_id)
    if not match or match["skill"] not in SKILLS:
        return None
    question = _questions_by_id(match["skill"], match["split"]).get(question_id)
    return question if question and problem in (None, question.problem) else None


@cache
def _questions_by_id(skill: str, split: str) -> dict[str, Question]:
    """The bank's questions of a skill in a split; generating them takes some 10 ms."""
    return {q.id: q for q in generate_questions(skill, split, QUESTIONS_PER_SKILL[split])}
