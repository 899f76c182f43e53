"""What skills and slips are called, and the one order in which slips are told. No streamlit here."""

from __future__ import annotations

import pandas as pd

from studentsim.curriculum.generator import MISCONCEPTIONS, SKILLS
from studentsim.curriculum.schema import Misconception
from studentsim.labels.formatting import pluralize
from studentsim.store.queries import UNKNOWN_MISCONCEPTION
from studentsim.teacher.formula_errors import FORMULA_ERROR_PREFIX, FORMULA_ERRORS, FormulaErrorKind


def skill_title(skill: str) -> str:
    """A skill in a teacher's words; one of another bank by its id, none (blank) said so."""
    return SKILLS[skill].title if skill in SKILLS else skill or "questions of no named skill"


def find_misconception(misconception: str | None) -> Misconception | FormulaErrorKind | None:
    """What is known of a slip: a misconception of the curriculum, or a kind of error that a question's formula tells."""
    return MISCONCEPTIONS.get(misconception or "") or FORMULA_ERRORS.get(misconception or "")


def is_formula_error(misconception: str) -> bool:
    """Whether a slip was found by a question's formula: no option invites it, so any question may show it."""
    return misconception.startswith(FORMULA_ERROR_PREFIX)


def misconception_scope_label(misconception: str, questions: int) -> str:
    """The questions in which a slip could be made: ``6 questions that invite it``; what a formula tells may be made in any."""
    return (
        pluralize(questions, "question") if is_formula_error(misconception) else f"{questions} questions that invite it"
    )


def misconception_title(misconception: str) -> str:
    """A slip in a teacher's words; one of another bank by its id."""
    if misconception == UNKNOWN_MISCONCEPTION:
        return "no known slip"
    entry = find_misconception(misconception)
    return entry.title if entry else misconception


def sort_misconceptions(frame: pd.DataFrame, count_column: str, id_column: str = "misconception") -> pd.DataFrame:
    """The rows of a table of slips in the order in which slips stand everywhere: the column ``count_column`` falling, then by title."""
    titles = frame[id_column].map(misconception_title)
    return (
        frame.assign(_title=titles)
        .sort_values([count_column, "_title"], ascending=[False, True])
        .drop(columns="_title")
    )
