"""Number of questions of each kind in the built-in bank, without generating any of them."""

from __future__ import annotations

from functools import cache

import pandas as pd

from studentsim.curriculum.generator import SKILLS
from studentsim.datasets.registry import QUESTIONS_PER_SKILL
from studentsim.types import CATEGORIES

DIFFICULTY_LABELS = {1: "easy", 2: "middle", 3: "hard"}
SPLIT_LABELS = {"study": "practice", "exam": "exam", "validation": "held-out pairs"}
"""A split as pages call it."""


@cache
def skill_coverage_frame() -> pd.DataFrame:
    """One row per skill, by category and difficulty: ``category, skill, title, difficulty, study, validation, exam, slips``. The
    splits' columns count questions, ``slips`` misconceptions."""
    rows = [
        {
            "category": s.category,
            "skill": s.id,
            "title": s.title,
            "difficulty": s.difficulty,
            **QUESTIONS_PER_SKILL,
            "slips": len(s.misconceptions),
        }
        for s in sorted(SKILLS.values(), key=lambda s: (CATEGORIES.index(s.category), s.difficulty, s.title))
    ]
    return pd.DataFrame(rows)


@cache
def category_coverage_frame() -> pd.DataFrame:
    """One row per category and difficulty: ``category, difficulty, skills, questions`` (the last two are counts)."""
    frame = skill_coverage_frame().assign(questions=lambda f: f.study + f.exam + f.validation)
    grouped = frame.groupby(["category", "difficulty"], as_index=False).agg(
        skills=("skill", "size"), questions=("questions", "sum")
    )
    order = grouped.category.map(CATEGORIES.index)
    return grouped.assign(order=order).sort_values(["order", "difficulty"]).drop(columns="order").reset_index(drop=True)
