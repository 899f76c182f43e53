"""Titles of skills and misconceptions ("slips" on the pages), and the one order in which misconceptions are listed."""

from __future__ import annotations

import pandas as pd

from studentsim.curriculum.generator import MISCONCEPTIONS, SKILLS
from studentsim.curriculum.schema import Misconception
from studentsim.labels.formatting import pluralize
from studentsim.store.queries import UNKNOWN_MISCONCEPTION
from studentsim.teacher.formula_errors import FORMULA_ERROR_PREFIX, FORMULA_ERRORS, FormulaErrorKind


def skill_title(skill: str) -> str:
    """A skill's title; its id for a skill of another bank; a phrase for none (blank)."""
    return SKILLS[skill].title if skill in SKILLS else skill or "questions of no named skill"


def find_misconception(misconception: str | None) -> Misconception | FormulaErrorKind | None:
    """A misconception of the curriculum, or a kind of error detected by a question's formula; None: unknown."""
    return MISCONCEPTIONS.get(misconception or "") or FORMULA_ERRORS.get(misconception or "")


def is_formula_error(misconception: str) -> bool:
    """Whether it is detected by a question's formula: no option invites such an error, so any question may show it."""
    return misconception.startswith(FORMULA_ERROR_PREFIX)


def misconception_scope_label(misconception: str, questions: int) -> str:
    """The questions in which it can occur: ``6 questions that invite it``; a formula error can occur in any."""
    return (
        pluralize(questions, "question") if is_formula_error(misconception) else f"{questions} questions that invite it"
    )


def misconception_title(misconception: str) -> str:
    """A misconception's title; its id for one of another bank."""
    if misconception == UNKNOWN_MISCONCEPTION:
        return "no known slip"
    entry = find_misconception(misconception)
    return entry.title if entry else misconception


def sort_misconceptions(frame: pd.DataFrame, count_column: str, id_column: str = "misconception") -> pd.DataFrame:
    """Rows of misconceptions in the order used everywhere: by ``count_column``, the largest first, then by title."""
    titles = frame[id_column].map(misconception_title)
    return (
        frame.assign(_title=titles)
        .sort_values([count_column, "_title"], ascending=[False, True])
        .drop(columns="_title")
    )
