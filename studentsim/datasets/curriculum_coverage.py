"""How many questions the built-in bank has of each kind, known without making one of them. No streamlit here."""

from __future__ import annotations

from functools import cache

import pandas as pd

from studentsim.curriculum.generator import SKILLS
from studentsim.datasets.registry import QUESTIONS_PER_SKILL
from studentsim.types import CATEGORIES

DIFFICULTY_LABELS = {1: "easy", 2: "middle", 3: "hard"}
SPLIT_LABELS = {"study": "practice", "exam": "exam", "validation": "held-out pairs"}
"""A split in plain words."""


@cache
def skill_coverage_frame() -> pd.DataFrame:
    """``category, skill, title, difficulty, study, exam, validation, slips``: one row a skill, by category and difficulty."""
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
    """``category, difficulty, skills, questions``: one row for each category and difficulty it has."""
    frame = skill_coverage_frame().assign(questions=lambda f: f.study + f.exam + f.validation)
    grouped = frame.groupby(["category", "difficulty"], as_index=False).agg(
        skills=("skill", "size"), questions=("questions", "sum")
    )
    order = grouped.category.map(CATEGORIES.index)
    return grouped.assign(order=order).sort_values(["order", "difficulty"]).drop(columns="order").reset_index(drop=True)
