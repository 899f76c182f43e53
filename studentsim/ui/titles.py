"""What skills and slips are called, and the one order in which slips are told. No streamlit here."""

from __future__ import annotations

import pandas as pd

from studentsim.analysis.formula_errors import FORMULA_ERRORS, PREFIX, FormulaError
from studentsim.bank.curriculum import SKILLS, SLIPS
from studentsim.bank.skill import Slip
from studentsim.store.queries import NO_SLIP
from studentsim.ui.words import plural


def skill_title(skill: str) -> str:
    """A skill in a teacher's words; one of another bank by its id, none (blank) said so."""
    return SKILLS[skill].title if skill in SKILLS else skill or "questions of no named skill"


def slip_of(slip: str | None) -> Slip | FormulaError | None:
    """What is known of a slip: a misconception of the curriculum, or a kind of error that a question's formula tells."""
    return SLIPS.get(slip or "") or FORMULA_ERRORS.get(slip or "")


def is_formula_error(slip: str) -> bool:
    """Whether a slip was found by a question's formula: no option invites it, so any question may show it."""
    return slip.startswith(PREFIX)


def of_questions(slip: str, questions: int) -> str:
    """The questions in which a slip could be made: ``6 questions that invite it``; what a formula tells may be made in any."""
    return plural(questions, "question") if is_formula_error(slip) else f"{questions} questions that invite it"


def slip_title(slip: str) -> str:
    """A slip in a teacher's words; one of another bank by its id."""
    if slip == NO_SLIP:
        return "no known slip"
    known = slip_of(slip)
    return known.title if known else slip


def commonest_first(frame: pd.DataFrame, count: str, slip: str = "misconception") -> pd.DataFrame:
    """The rows of a table of slips in the order in which slips stand everywhere: the column ``count`` falling, then by title."""
    titles = frame[slip].map(slip_title)
    return frame.assign(_title=titles).sort_values([count, "_title"], ascending=[False, True]).drop(columns="_title")
